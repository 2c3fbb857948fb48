/// A request's body: what it is, or where its pieces come from.
public struct RequestBody: Sendable {
    package enum Source: Sendable {
        case bytes([UInt8])
        case file(path: String)
        /// - length: in bytes; nil sends it in the chunked coding.
        case pieces(any BodySource, length: Int?)
    }

    package let source: Source

    package init(_ source: Source) { self.source = source }

    /// It can be had more than once.
    package var isRepeatable: Bool {
        if case .pieces = source { return false }
        return true
    }

    /// All of it, in memory for as long as the request is.
    public static func bytes(_ bytes: [UInt8]) -> RequestBody { RequestBody(.bytes(bytes)) }

    /// A file, opened when the request is sent and read as the peer takes it, on the thread that sends.
    /// A regular file goes with the length that it has then; anything else in the chunked coding.
    public static func file(_ path: String) -> RequestBody { RequestBody(.file(path: path)) }

    /// Pieces from a closure, asked for one by one as the peer takes them. It may block; what it takes
    /// is not counted as the peer's. It serves one request: one that could be repeated is not.
    ///
    /// - Parameters:
    ///   - length: of all pieces together, in bytes; nil sends them in the chunked coding.
    ///   - next: the next piece (an empty one is skipped), or nil behind the last.
    public static func pieces(
        length: Int? = nil, _ next: @escaping @Sendable () throws -> [UInt8]?
    ) -> RequestBody {
        RequestBody(.pieces(ClosureSource(next), length: length))
    }
}

/// Where the pieces of a body come from. One exchange uses it at a time.
package protocol BodySource: AnyObject, Sendable {
    /// The next piece. Asked for when the one before has been sent, so one at most is held.
    func next() throws -> BodySupply
    /// After `.later`: calls `wake` once, from any thread, when `next` has more to say.
    func whenReady(_ wake: @escaping @Sendable () -> Void)
    /// Back to the first piece.
    ///
    /// - Returns: false when that cannot be had again.
    func rewind() -> Bool
    /// Nobody asks any more.
    func stop()
}

package enum BodySupply: Sendable {
    case piece([UInt8])
    case end
    /// Not yet.
    case later
}

extension BodySource {
    package func whenReady(_ wake: @escaping @Sendable () -> Void) { wake() }
    package func rewind() -> Bool { false }
    package func stop() {}
}

private final class ClosureSource: BodySource {
    private let produce: @Sendable () throws -> [UInt8]?

    init(_ produce: @escaping @Sendable () throws -> [UInt8]?) { self.produce = produce }

    func next() throws -> BodySupply { try produce().map { .piece($0) } ?? .end }
}
