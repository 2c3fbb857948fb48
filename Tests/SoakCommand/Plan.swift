import OllamaProtocol
import WireExchange
import WireTime

/// One request of the soak: what is asked for, and what its user does.
struct Plan {
    /// Faults after which no answer may be taken for whole.
    private static let breaking = [
        "silent", "stall:after=head", "stall:after=3records", "stall:after=500bytes",
        "stall:after=last", "reset:after=start", "reset:after=3records", "fin:after=start",
        "fin:after=head", "fin:after=3records", "fin:after=last", "truncate:after=3records",
        "garbage:after=3records", "bad-record:after=2records", "error:after=3records", "status:503",
        "pings:after=2records,every=50ms", "endless-head:every=1ms", "informational:every=1ms",
        "chunk-extension:every=1ms", "endless-field:every=1ms",
    ]
    private static let harmless = [
        "one-byte", "batch:records=4", "early-head", "late-head:by=50ms",
    ]

    let prompt: Int
    let fault: String?
    let mayBeWhole: Bool
    /// Leaves behind so many records.
    let leavesAfter: Int?
    /// Somebody else ends the call after so many milliseconds.
    let cancelledAfter: Int?

    init(using random: inout SplitMix) {
        prompt = random.below(16)
        let draw = random.below(100)
        if draw < 35 {
            fault = Plan.breaking[random.below(Plan.breaking.count)]
        } else {
            fault = draw < 45 ? Plan.harmless[random.below(Plan.harmless.count)] : nil
        }
        mayBeWhole = draw >= 35
        leavesAfter = random.below(8) == 0 ? 1 + random.below(6) : nil
        cancelledAfter = random.below(12) == 0 ? random.below(400) : nil
    }

    var request: ChatRequest {
        ChatRequest(
            model: fault.map { "sim+\($0)" } ?? "sim",
            messages: [Message(.user, "prompt \(prompt)")])
    }

    static var options: OllamaClientOptions {
        var options = OllamaClientOptions()
        options.http.deadlines.resolve = .seconds(3)
        options.http.deadlines.connect = .seconds(3)
        options.http.deadlines.requestWrite = .seconds(4)
        options.http.deadlines.responseHead = .seconds(4)
        options.http.deadlines.firstContent = .seconds(4)
        options.http.deadlines.bodyIdle = .seconds(3)
        options.http.deadlines.contentIdle = .seconds(4)
        options.http.deadlines.total = total
        return options
    }

    static let total = Timeout.seconds(30)
}

/// SplitMix64.
struct SplitMix {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func below(_ bound: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return Int((z ^ (z >> 31)) % UInt64(bound))
    }
}

/// FNV-1a over the text of an answer.
struct TextHash {
    private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

    mutating func add(_ bytes: borrowing Span<UInt8>) {
        for index in bytes.indices {
            value = (value ^ UInt64(bytes[index])) &* 0x100_0000_01B3
        }
    }
}

extension StreamError {
    /// In a word or two.
    var outcome: String {
        switch self {
        case .request: "refused by us"
        case .connect: "no connection"
        case .timeout(let timeout): "timeout \(timeout.deadline)"
        case .server: "server's error"
        case .incomplete: "incomplete"
        case .malformed: "malformed"
        case .stopped: "stopped"
        case .cancelled: "cancelled"
        case .transport(let error, _): "\(error.kind.rawValue)"
        }
    }
}
