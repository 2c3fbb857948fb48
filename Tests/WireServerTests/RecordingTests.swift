import TestSupport
import Testing
import WireHTTP1
import WireJSON
import WireServer
import WireSystem
import WireTime

@Suite struct RecordingTests {
    /// What the manifest, which other parsers wrote, says of the recordings.
    struct Expected {
        let name: String
        let methods: [String]
        let ends: [Int]
        let records: [Int?]
        let hasRequest: Bool
    }

    static func manifest() throws -> [Expected] {
        let text = try Files.read("\(Fixtures.recordings)/manifest.json", limit: 64 << 20)
        let root = try JSONValue(parsing: text.span)
        return try #require(root["recordings"]?.arrayValue).map { entry in
            let requests = entry["requests"]?.arrayValue ?? []
            let responses = entry["responses"]?.arrayValue ?? []
            return Expected(
                name: entry["name"]?.stringValue ?? "",
                methods: requests.map { $0["method"]?.stringValue ?? "" },
                ends: responses.map { Int($0["end"]?.int64Value ?? -1) },
                records: responses.map { $0["ndjson"]?["records"]?.int64Value.map { Int($0) } },
                hasRequest: !requests.contains { $0["inferred"] != nil })
        }
    }

    /// Requests that no server takes for HTTP/1.1, and those that were not kept.
    static let withoutExchanges: Set = [
        "bad-header", "bad-request-line", "chunked-and-length", "chunked-bad-size",
        "header-space-before-colon", "host-missing", "http-0.9", "http20-version", "lf-only",
        "blob-post-tiny", "huge-header", "large-body-64M", "large-body-cors-refused",
        "large-body-unknown-path",
    ]

    @Test func everyRecordingIsReadAsTheManifestSays() throws {
        let recordings = try Recording.all(in: Fixtures.recordings)
        let manifest = try RecordingTests.manifest()
        #expect(recordings.count == manifest.count)
        #expect(recordings.count > 200)
        for (recording, expected) in zip(recordings, manifest.sorted { $0.name < $1.name }) {
            #expect(recording.name == expected.name)
            #expect(recording.request.isEmpty == !expected.hasRequest, "\(recording.name)")
            let unknown = RecordingTests.withoutExchanges.contains(recording.name)
            #expect(recording.exchanges.isEmpty == unknown, "\(recording.name)")
            if !unknown { check(recording, expected) }
        }
    }

    private func check(_ recording: Recording, _ expected: Expected) {
        let exchanges = recording.exchanges
        #expect(exchanges.map(\.request.method) == expected.methods, "\(recording.name)")
        let ends = exchanges.filter { !$0.response.isEmpty }.map(\.response.endIndex)
        #expect(ends == expected.ends, "\(recording.name)")
        for (exchange, records) in zip(exchanges, expected.records) {
            #expect(exchange.pieces.flatMap(\.bytes) == Array(exchange.response))
            if let records { #expect(exchange.recordEnds.count == records, "\(recording.name)") }
            for end in exchange.recordEnds {
                #expect(exchange.response[exchange.response.startIndex + end - 1] == 0x0A)
            }
        }
    }

    @Test func timesAreKept() throws {
        let recording = try Fixtures.recording("chat-stream")
        let exchange = try #require(recording.exchanges.first)
        #expect(recording.reads.count == 13)
        #expect(recording.reads.first == Recording.Read(at: .microseconds(16_975), offset: 0))
        #expect(exchange.pieces.count == 13)
        #expect(exchange.pieces[1].at == .microseconds(18_425))
        #expect(exchange.pieces[1].bytes == recording.response[247..<411])
        #expect(exchange.recordEnds.count == 13)
        #expect(!exchange.closesConnection)
    }

    @Test func aLaterResponsesTimesBeginWhereTheOneBeforeEnded() {
        let request = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n"
        let response = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"
        let bytes = [UInt8](("\(response)aa\(response)bb").utf8)
        let size = response.utf8.count + 2
        let recording = Recording(
            name: "two", request: [UInt8]((request + request).utf8), response: bytes,
            reads: [
                .init(at: .milliseconds(1), offset: 0),
                .init(at: .milliseconds(3), offset: size - 1),
                .init(at: .milliseconds(7), offset: size + 5),
            ])
        #expect(recording.exchanges.count == 2)
        #expect(recording.exchanges[0].pieces.map(\.at) == [.milliseconds(1), .milliseconds(3)])
        // The second response came in two reads, the first of which ended the first response too.
        #expect(recording.exchanges[1].pieces.map(\.at) == [.zero, .milliseconds(4)])
        #expect(recording.exchanges[1].pieces.map(\.bytes.count) == [5, size - 5])
        #expect(recording.exchanges[1].pieces.flatMap(\.bytes) == Array(bytes[size...]))
    }

    @Test func whatClosesIsKnown() throws {
        for (name, closes) in [
            ("chat-stream", false), ("http11-close", true), ("http10-generate-stream", true),
            ("expect-100-404-path", true), ("half-close-immediate-stream", true),
            ("blob-head-missing", false),
        ] {
            let recording = try Fixtures.recording(name)
            #expect(recording.exchanges.last?.closesConnection == closes, "\(name)")
        }
        let cut = Recording(
            name: "cut", request: [UInt8](get("/").utf8),
            response: [UInt8]("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc".utf8), reads: [])
        #expect(cut.exchanges.first?.closesConnection == true)
    }

    @Test func informationalResponsesBelongToTheirResponse() throws {
        let waited = try #require(try Fixtures.recording("expect-100").exchanges.first)
        #expect(waited.informationalBytes == 25)
        #expect(waited.bodyIsComplete)
        let refused = try #require(try Fixtures.recording("expect-100-404-path").exchanges.first)
        #expect(refused.informationalBytes == 0)
        #expect(!refused.bodyIsComplete)
    }

    @Test(arguments: [
        "", "{}", "[1]", "[[1]]", "[[1,2,3]]", "[[\"1\",2]]", "[[1,2.5]]", "[[-1,0]]", "[[0,-1]]",
        "[[2,0],[1,1]]", "[[1,1],[1,0]]", "[[0,11]]", "[[1e999,0]]", "[[0,0]] x",
    ])
    func timesThatAreNoneAreRefused(_ text: String) {
        let error = #expect(throws: RecordingError.self) {
            try Recording.reads(from: [UInt8](text.utf8), name: "x", responseBytes: 10)
        }
        if case .timing("x", let reason) = error {
            #expect(!reason.isEmpty)
        } else {
            Issue.record("another error: \(String(describing: error))")
        }
    }

    @Test func timesAreReadExactly() throws {
        let text = [UInt8]("[[0, 0], [0.000244, 3], [1.5e1, 10], [15.0, 10]]".utf8)
        let reads = try Recording.reads(from: text, name: "x", responseBytes: 10)
        #expect(reads.map(\.at.nanoseconds) == [0, 244_000, 15_000_000_000, 15_000_000_000])
        #expect(reads.map(\.offset) == [0, 3, 10, 10])
        #expect(try Recording.reads(from: [91, 93], name: "x", responseBytes: 0).isEmpty)
    }

    @Test func aMissingRecordingIsAnError() {
        #expect(throws: RecordingError.self) { try Recording(path: "/nowhere/nothing") }
        #expect(throws: RecordingError.self) { try Recording.all(in: "/nowhere") }
    }

    @Test func replaysKeepEveryByteAndTime() throws {
        for name in ["chat-stream", "pipelined-3", "expect-100", "generate-slow-200"] {
            for exchange in try Fixtures.recording(name).exchanges {
                let bytes = Array(exchange.response)
                for pace in [Pace.recorded, .factor(0.5), .full] {
                    #expect(Script.replaying(exchange, pace: pace).sentBytes == bytes)
                    let skipped = Script.replaying(exchange, pace: pace, skipping: 20)
                    #expect(skipped.sentBytes == Array(bytes.dropFirst(20)))
                }
                #expect(waits(.replaying(exchange, pace: .full)) == 0)
                let last = Double(exchange.pieces.last?.at.nanoseconds ?? 0)
                #expect(waits(.replaying(exchange, pace: .recorded)) == Int64(last))
                let half = waits(.replaying(exchange, pace: .factor(0.5)))
                #expect(half == Int64((last / 2).rounded()))
            }
        }
        let recording = try Fixtures.recording("bad-request-line")
        let raw = Script.replaying(recording, pace: .recorded)
        #expect(raw.sentBytes == recording.response)
        #expect(raw.steps.last == .finish)
    }

    private func waits(_ script: Script) -> Int64 {
        script.steps.reduce(0) { sum, step in
            if case .wait(let time) = step { sum + time.nanoseconds } else { sum }
        }
    }
}
