import WireBytes
import WireDigest
import WireHTTP1

/// Where a body's pieces go: on to the output at once, counted, digested.
struct BodySink: ~Copyable {
    enum Stop {
        /// The body goes on behind the limit. What lies before it has been taken, however the
        /// body was cut.
        case limit(ByteLimit)
        case output(CommandError)
    }

    private let output: Output?
    private let limit: ByteLimit?
    private let digests: Bool
    private var digest = SHA256()
    private(set) var count = 0

    init(output: Output?, limit: ByteLimit?, digests: Bool) {
        self.output = output
        self.limit = limit
        self.digests = digests
    }

    /// Puts the head in front, a line each.
    func include(_ head: ResponseHead) throws(CommandError) {
        guard let output else { return }
        let reason = head.reason.isEmpty ? "" : " \(head.reason)"
        try output.writeLine("HTTP/\(head.version) \(head.status)\(reason)")
        for index in 0..<head.fields.count {
            try output.writeLine("\(head.fields.name(at: index)): \(head.fields.value(at: index))")
        }
        try output.writeLine("")
        try output.flush()
    }

    /// Why to stop, or nil.
    mutating func take(_ piece: Span<UInt8>) -> Stop? {
        let room = limit.map { $0.bytes - count } ?? .max
        let taken = piece.extracting(first: min(room, piece.count))
        count += taken.count
        if digests { digest.update(taken) }
        if let output {
            do throws(CommandError) {
                try output.write(taken)
                try output.flush()
            } catch { return .output(error) }
        }
        if let limit, piece.count > room { return .limit(limit) }
        return nil
    }

    /// The digest of all that was taken; nil when none was asked for or can be had.
    consuming func finish() -> String? { digests ? digest.hexDigest() : nil }
}
