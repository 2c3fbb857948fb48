import WireBytes

/// The input of a task, and what has to come out of it.
struct Fixture {
    var bytes: [UInt8] = []
    var units = 0
    var payloadBytes = 0
    var marks = 0

    var sum: UInt64 { Fixture.sum(units, payloadBytes, marks) }

    /// As `rival_sum`.
    static func sum(_ units: Int, _ bytes: Int, _ marks: Int) -> UInt64 {
        UInt64(bytes) &+ UInt64(units) << 32 &+ UInt64(marks) << 56
    }
}

/// SplitMix64: the same fixtures everywhere.
struct Seeded: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(limit)) }

    mutating func word(_ letters: ClosedRange<Int>) -> String {
        let count = letters.lowerBound + below(letters.count)
        return String(decoding: (0..<count).map { _ in UInt8(97 + below(26)) }, as: UTF8.self)
    }

    /// RFC 3339 with nanoseconds, trailing zeros dropped as Go does.
    mutating func timestamp() -> String {
        var digits = String(100_000_000 + below(900_000_000))
        while digits.last == "0" { digits.removeLast() }
        let second = below(60)
        return "2026-11-20T16:30:\(second < 10 ? "0" : "")\(second).\(digits)Z"
    }
}

extension Fixture {
    /// Lines of letters, LF ends.
    static func lines(_ lengths: ClosedRange<Int>, bytes: Int) -> Fixture {
        var random = Seeded(state: 1)
        var fixture = Fixture()
        while fixture.bytes.count < bytes {
            let count = lengths.lowerBound + random.below(lengths.count)
            for _ in 0..<count { fixture.bytes.append(UInt8(97 + random.below(26))) }
            fixture.bytes.append(0x0A)
            fixture.units += 1
            fixture.payloadBytes += count
        }
        return fixture
    }

    /// Events of one `data` line each.
    static func events(_ lengths: ClosedRange<Int>, bytes: Int) -> Fixture {
        var random = Seeded(state: 2)
        var fixture = Fixture()
        while fixture.bytes.count < bytes {
            let count = lengths.lowerBound + random.below(lengths.count)
            fixture.bytes += Array("data: ".utf8)
            for _ in 0..<count { fixture.bytes.append(UInt8(97 + random.below(26))) }
            fixture.bytes += [0x0A, 0x0A]
            fixture.units += 1
            fixture.payloadBytes += count
        }
        return fixture
    }

    /// The body of `lines`, each `size` bytes of it (nil: each line) a chunk, and the last chunk.
    static func chunked(_ lines: Fixture, size: Int?) -> Fixture {
        var fixture = lines
        fixture.bytes = []
        var rest = lines.bytes[...]
        while !rest.isEmpty {
            let line = (rest.firstIndex(of: 0x0A) ?? rest.endIndex - 1) + 1 - rest.startIndex
            let count = min(size ?? line, rest.count)
            fixture.bytes += Array("\(String(count, radix: 16))\r\n".utf8)
            fixture.bytes += rest.prefix(count) + [0x0D, 0x0A]
            rest = rest.dropFirst(count)
        }
        fixture.bytes += Array("0\r\n\r\n".utf8)
        return fixture
    }

    static func oneLine(bytes: Int) -> Fixture {
        Fixture(
            bytes: [UInt8](repeating: 0x61, count: bytes - 1) + [0x0A], units: 1,
            payloadBytes: bytes - 1, marks: 0)
    }

    /// One JSON text: arrays within arrays, again and again.
    static func nesting(bytes: Int) -> Fixture {
        let item = String(repeating: "[", count: 400) + String(repeating: "]", count: 400)
        let items = Array(repeating: item, count: bytes / 800).joined(separator: ",")
        let text = Array("[\(items)]".utf8)
        return Fixture(bytes: text, units: 1, payloadBytes: text.count, marks: 0)
    }

    /// One JSON text: a string of nothing but escapes and text beyond ASCII.
    static func escapes(bytes: Int) -> Fixture {
        let piece = #"\n\u00e9\ud83d\ude80日本語\""#
        let text = Array(
            "\"\(String(repeating: piece, count: bytes / piece.utf8.count))\"".utf8)
        return Fixture(bytes: text, units: 1, payloadBytes: text.count, marks: 0)
    }

    private mutating func addRecord(_ text: String, content: String, isMarked: Bool) {
        bytes += Array(text.utf8) + [0x0A]
        units += 1
        payloadBytes += content.utf8.count
        marks += isMarked ? 1 : 0
    }

    static let specialTokens = [
        #"\n"#, #" \u003cb\u003e"#, #"\u0026amp;"#, #"\u003c/p\u003e\n"#, "😀", " über", "日本語",
        " café", #" back\\slash"#, #"\""#, #"\t"#, #"\u2028"#, " —", #"\ud83d\ude80"#,
    ]

    /// One token as servers send it; every `special`th needs care.
    private static func token(_ random: inout Seeded, special: Int?) -> String {
        if let special, random.below(special) == 0 {
            return specialTokens[random.below(specialTokens.count)]
        }
        return " " + random.word(2...10)
    }

    private static func chatRecord(_ content: String, _ random: inout Seeded, isDone: Bool)
        -> String
    {
        #"{"model":"llama3.2","created_at":"\#(random.timestamp())","message":"#
            + #"{"role":"assistant","content":"\#(content)"},"done":\#(isDone)}"#
    }

    /// Ollama chat records of about 129 bytes.
    static func chat(bytes: Int, special: Int? = nil) -> Fixture {
        var random = Seeded(state: 3)
        var fixture = Fixture()
        while fixture.bytes.count < bytes {
            let content = token(&random, special: special)
            fixture.addRecord(
                chatRecord(content, &random, isDone: false), content: content, isMarked: false)
        }
        fixture.addRecord(chatRecord("", &random, isDone: true), content: "", isMarked: true)
        return fixture
    }

    /// The same records with their keys in any order.
    static func shuffledChat(bytes: Int) -> Fixture {
        var random = Seeded(state: 4)
        var fixture = Fixture()
        while fixture.bytes.count < bytes {
            let content = token(&random, special: nil)
            let message = [#""role":"assistant""#, #""content":"\#(content)""#]
                .shuffled(using: &random).joined(separator: ",")
            let members = [
                #""model":"llama3.2""#, #""created_at":"\#(random.timestamp())""#,
                #""message":{\#(message)}"#, #""done":false"#,
            ].shuffled(using: &random).joined(separator: ",")
            fixture.addRecord("{\(members)}", content: content, isMarked: false)
        }
        return fixture
    }

    /// Records of four forms in any order; some have no text.
    static func mixedChat(bytes: Int) -> Fixture {
        var random = Seeded(state: 5)
        var fixture = Fixture()
        while fixture.bytes.count < bytes {
            let content = token(&random, special: nil)
            let time = random.timestamp()
            switch random.below(4) {
            case 0:
                fixture.addRecord(
                    chatRecord(content, &random, isDone: false), content: content, isMarked: false)
            case 1:
                fixture.addRecord(
                    #"{"model":"llama3.2","created_at":"\#(time)","message":{"role":"assistant","#
                        + #""content":"","thinking":"\#(content)"},"done":false}"#,
                    content: "", isMarked: false)
            case 2:
                fixture.addRecord(
                    #"{"model":"llama3.2","created_at":"\#(time)","response":"\#(content)","#
                        + #""done":false}"#, content: "", isMarked: false)
            default:
                fixture.addRecord(
                    #"{"status":"pulling","digest":"sha256:6a0746a1ec1a","total":4661211808,"#
                        + #""completed":\#(random.below(4_000_000_000)),"done":true}"#,
                    content: "", isMarked: true)
            }
        }
        return fixture
    }

    /// OpenAI chat completion chunks of about 196 bytes.
    static func chunks(bytes: Int) -> Fixture {
        var random = Seeded(state: 6)
        var fixture = Fixture()
        func record(_ content: String, _ finish: String) -> String {
            #"{"id":"chatcmpl-417","object":"chat.completion.chunk","created":1795192207,"#
                + #""model":"llama3.2","system_fingerprint":"fp_ollama","choices":[{"index":0,"#
                + #""delta":{"content":"\#(content)"},"finish_reason":\#(finish)}]}"#
        }
        while fixture.bytes.count < bytes {
            let content = token(&random, special: nil)
            fixture.addRecord(record(content, "null"), content: content, isMarked: false)
        }
        fixture.addRecord(record("", #""stop""#), content: "", isMarked: true)
        return fixture
    }

    static func head(_ fields: [(String, String)]) -> Fixture {
        var text = "HTTP/1.1 200 OK\r\n"
        for (name, value) in fields { text += "\(name): \(value)\r\n" }
        return Fixture(
            bytes: Array((text + "\r\n").utf8), units: fields.count,
            payloadBytes: fields.reduce(0) { $0 + $1.0.utf8.count + $1.1.utf8.count }, marks: 1)
    }

    /// What Ollama sends.
    static let ollamaHead = head([
        ("Content-Type", "application/x-ndjson"), ("Date", "Fri, 20 Nov 2026 07:09:37 GMT"),
        ("Transfer-Encoding", "chunked"),
    ])

    /// What a proxy in front of it makes of that.
    static let proxyHead = head([
        ("Server", "nginx/1.25.3"), ("Date", "Fri, 20 Nov 2026 07:09:37 GMT"),
        ("Content-Type", "application/json; charset=utf-8"), ("Transfer-Encoding", "chunked"),
        ("Connection", "keep-alive"), ("Vary", "Accept-Encoding, Origin"),
        ("Cache-Control", "no-cache, no-store, max-age=0, must-revalidate"),
        ("X-Request-Id", "9f3c2b1e-7d54-4c06-a1f8-0e6d2c9b8a71"),
        ("X-Frame-Options", "DENY"), ("X-Content-Type-Options", "nosniff"),
        ("Strict-Transport-Security", "max-age=31536000; includeSubDomains; preload"),
        ("Access-Control-Allow-Origin", "*"),
        ("Access-Control-Expose-Headers", "X-Request-Id, X-RateLimit-Remaining"),
        ("X-RateLimit-Limit", "10000"), ("X-RateLimit-Remaining", "9999"),
        ("X-RateLimit-Reset", "6ms"), ("Alt-Svc", #"h3=":443"; ma=86400"#),
        ("CF-Cache-Status", "DYNAMIC"), ("CF-RAY", "8f2d6a7b3c1e0d9a-FRA"),
        ("Set-Cookie", "__cf_bm=Zk3vPq9; path=/; expires=Fri, 20-Nov-26 07:39:37 GMT; HttpOnly"),
    ])
}
