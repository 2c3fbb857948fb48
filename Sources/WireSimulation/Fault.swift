public import WireTime

/// Something that goes wrong with a reply, or with a connection.
public struct Fault: Sendable, Equatable {
    public enum Kind: String, Sendable, CaseIterable {
        /// Nothing listens, for a time.
        case refuse
        /// Accepts, reads, and says nothing.
        case silent
        /// RST.
        case reset
        /// FIN, with the body not ended.
        case fin
        /// Nothing more.
        case stall
        /// The body ends well, but before its last record.
        case truncate
        /// Bytes that are no HTTP; behind the head, bytes that are no chunk.
        case garbage
        /// A chunk that is no record: no JSON, or an event without a meaning.
        case badRecord = "bad-record"
        /// Byte by byte, slowly.
        case drip
        /// Blank lines or comments for ever.
        case pings
        /// An error status instead of the reply.
        case status
        /// The engine fails in the midst of a stream.
        case error
        /// The same as the OpenAI-compatible API shows it: an empty chunk and a clean end.
        case swallowed
        /// Every byte is handed to the network by itself.
        case oneByte = "one-byte"
        /// Several records at once.
        case batch
        /// The head long before the first record.
        case earlyHead = "early-head"
        /// The reply so much later.
        case lateHead = "late-head"
        /// Fields without an end.
        case endlessHead = "endless-head"
        /// One field line without an end.
        case endlessField = "endless-field"
        /// 1xx responses without an end.
        case informational
        /// A chunk extension without an end.
        case chunkExtension = "chunk-extension"
        /// Takes a TLS ClientHello and says nothing, or only the beginning of its answer.
        case tlsStall = "tls-stall"
        /// A gzip stream of zeros without an end, a thousandth of their size.
        case gzipBomb = "gzip-bomb"
    }

    /// Where in a reply.
    public enum Position: Sendable, Equatable {
        /// In front of everything.
        case start
        /// Behind the head.
        case head
        /// Behind so many records.
        case records(Int)
        /// Behind so many bytes of the response.
        case bytes(Int)
        /// In front of the last record.
        case last
        /// Behind the last record, in front of the body's end.
        case end
    }

    public var kind: Kind
    public var position: Position
    /// Between bytes, pings, refusals.
    public var every: Timeout
    /// How long nothing listens; by how much the reply is late.
    public var time: Timeout
    /// Records at once; how many bytes of a TLS answer come.
    public var count: Int
    public var status = 503
    /// Seconds; nil: the field is left out.
    public var retryAfter: Int?

    public init(_ kind: Kind) {
        self.kind = kind
        switch kind {
        case .reset, .fin, .stall, .truncate, .garbage, .badRecord, .pings, .error, .swallowed:
            position = .records(1)
        case .chunkExtension: position = .head
        default: position = .start
        }
        switch kind {
        case .drip: every = .milliseconds(10)
        case .pings: every = .milliseconds(100)
        case .refuse: every = .never
        default: every = .zero
        }
        time = .seconds(kind == .refuse ? 2 : 5)
        count = kind == .batch ? 10 : 0
    }
}

/// A fault, and when it happens.
public struct FaultRule: Sendable, Equatable {
    public var fault: Fault
    /// Of the requests (or connections) that it is for, which part.
    public var probability = 1.0
    /// Every so many-th of them; 0: all.
    public var every = 0
    /// The path has to begin so.
    public var path = ""
    /// The model's name has to be this.
    public var model: String?
    /// From the server's start to the first time that nothing listens; for `refuse` only.
    public var after = Timeout.zero
    /// Happens to connections when they are accepted, not to requests.
    public var atAccept = false

    public init(_ fault: Fault) {
        self.fault = fault
        atAccept = fault.kind == .tlsStall
    }
}

/// A fault that could not be read: says what of it, and what it could be.
public struct FaultSyntaxError: Error, Equatable, Sendable, CustomStringConvertible {
    public let description: String
}

extension FaultRule {
    /// Reads `stall:after=37records,p=0.01`: a kind, and what differs from its defaults.
    ///
    /// `after=` `start`, `head`, `Nrecords`, `Nbytes`, `last` or `end`; `every=`, `for=` and `by=` a
    /// duration; `records=` and `bytes=` a count; `code=` a status; `retry-after=` seconds; `p=` a
    /// probability, `nth=` a count, `path=` a prefix, `model=` a name, `at=accept`.
    public init(parsing text: String) throws(FaultSyntaxError) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        // `status:429` for `status:code=429`.
        guard let kind = Fault.Kind(rawValue: String(parts[0])) else {
            let known = Fault.Kind.allCases.map(\.rawValue).joined(separator: ", ")
            throw FaultSyntaxError(description: "no fault is called '\(parts[0])'; known: \(known)")
        }
        self.init(Fault(kind))
        guard parts.count == 2 else { return }
        for part in parts[1].split(separator: ",", omittingEmptySubsequences: false) {
            if kind == .status, let code = Int(part) {
                try setCode(code, part)
                continue
            }
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard pair.count == 2 else {
                throw FaultSyntaxError(description: "expected key=value, not '\(part)'")
            }
            try set(String(pair[0]), String(pair[1]), part)
        }
    }

    private mutating func setCode(_ code: Int, _ part: Substring) throws(FaultSyntaxError) {
        guard (400...599).contains(code) else { throw FaultRule.bad(part, "a status of an error") }
        fault.status = code
    }

    private mutating func set(
        _ key: String, _ value: String, _ part: Substring
    ) throws(FaultSyntaxError) {
        switch key {
        case "after" where fault.kind == .refuse: after = try FaultRule.duration(value, part)
        case "after": fault.position = try FaultRule.position(value, part)
        case "every": fault.every = try FaultRule.duration(value, part)
        case "for", "by": fault.time = try FaultRule.duration(value, part)
        case "records", "bytes": fault.count = try FaultRule.count(value, part)
        case "code": try setCode(try FaultRule.count(value, part), part)
        case "retry-after": fault.retryAfter = try FaultRule.count(value, part)
        case "nth": every = try FaultRule.count(value, part)
        case "path": path = value
        case "model": model = value
        case "p":
            guard let number = Double(value), (0...1).contains(number) else {
                throw FaultRule.bad(part, "a number from 0 to 1")
            }
            probability = number
        case "at":
            let possible: Set<Fault.Kind> = [.silent, .reset, .fin, .garbage, .tlsStall]
            guard value == "accept", possible.contains(fault.kind) else {
                throw FaultRule.bad(
                    part, "accept, for silent, reset, fin, garbage and tls-stall")
            }
            atAccept = true
        default:
            throw FaultSyntaxError(
                description: "no key is called '\(key)'; known: after, at, by, bytes, code, every, "
                    + "for, model, nth, p, path, records, retry-after")
        }
    }

    private static func bad(_ part: Substring, _ wanted: String) -> FaultSyntaxError {
        FaultSyntaxError(description: "'\(part)': expected \(wanted)")
    }

    private static func count(_ text: String, _ part: Substring) throws(FaultSyntaxError) -> Int {
        guard let count = Int(text), (0...1_000_000_000).contains(count) else {
            throw bad(part, "a number")
        }
        return count
    }

    private static func duration(
        _ text: String, _ part: Substring
    ) throws(FaultSyntaxError) -> Timeout {
        if text == "never" { return .never }
        guard let nanoseconds = GoText.duration(text), (0...9e18).contains(nanoseconds) else {
            throw bad(part, "a duration such as 10ms or 2s")
        }
        return Timeout(nanoseconds: Int64(nanoseconds))
    }

    private static func position(
        _ text: String, _ part: Substring
    ) throws(FaultSyntaxError) -> Fault.Position {
        switch text {
        case "start": return .start
        case "head": return .head
        case "last": return .last
        case "end": return .end
        default:
            let digits = text.prefix { $0.isASCII && $0.isNumber }
            let count = Int(digits)
            switch (count, text.dropFirst(digits.count)) {
            case (let count?, "records"), (let count?, "record"): return .records(count)
            case (let count?, "bytes"), (let count?, "byte"), (let count?, "B"):
                return .bytes(count)
            default:
                throw bad(part, "start, head, Nrecords, Nbytes, last or end")
            }
        }
    }
}
