#if TLS
import TestSupport
import WireBytes
import WireTLS

/// An engine and a server that talk, their bytes delivered in pieces.
struct Conversation: ~Copyable {
    var engine: TLSEngine
    let peer: TestPeer
    /// How many bytes reach the engine at once.
    var pieceBytes = Int.max
    /// From the server, not yet delivered.
    var pending: [UInt8] = []
    /// Which byte that the server sends is changed, and by which bits.
    var damage: (place: Int, bits: UInt8)?
    private var taken = 0
    private var sink = ReceiveBuffer(limit: .mebibytes(64))

    init(
        _ context: TLSContext, _ server: TLSTestServer, name: String = "a.test",
        sessionKey: String? = nil
    ) throws(TLSError) {
        engine = try TLSEngine(context, server: name, sessionKey: sessionKey)
        peer = server.accept()
    }

    /// The handshake to its end on both sides.
    mutating func connect() throws(TLSError) {
        while true {
            var done = false
            do throws(TLSError) { done = try engine.handshake() == .done } catch {
                deliverToPeer()
                _ = peer.handshake()
                throw error
            }
            deliverToPeer()
            _ = peer.handshake()
            if done { return }
            if !deliverToEngine() { engine.endOfInput() }
        }
    }

    mutating func deliverToPeer() {
        peer.put(engine.outgoing)
        let count = engine.outgoingCount
        engine.consumeOutgoing(count)
    }

    /// One piece; false when there is nothing.
    @discardableResult
    mutating func deliverToEngine() -> Bool {
        let new = peer.take()
        pending += new
        if let damage, (taken..<taken + new.count).contains(damage.place) {
            pending[pending.count - new.count + damage.place - taken] ^= damage.bits
        }
        taken += new.count
        let count = min(pending.count, pieceBytes)
        if count == 0 { return false }
        let piece = Array(pending[..<count])
        pending.removeFirst(engine.receive(piece.span))
        return true
    }

    /// Reads until nothing more comes: the text, and whether it ended with `close_notify`.
    mutating func readAll(room: Int = 65_536) throws(TLSError) -> (bytes: [UInt8], closed: Bool) {
        var closed = false
        while !closed {
            switch try readOnce(room: room) {
            case .bytes: continue
            case .closed: closed = true
            case .needsBytes: if !deliverToEngine() { return (takeRead(), false) }
            }
        }
        return (takeRead(), closed)
    }

    mutating func readOnce(room: Int = 65_536) throws(TLSError) -> TLSReadResult {
        var storage = [UInt8](repeating: 0, count: room)
        var result: Result<TLSReadResult, TLSError> = .success(.needsBytes)
        let count = unsafe storage.withUnsafeMutableBytes { memory in
            // Safe because the span does not leave the call.
            var output = unsafe OutputRawSpan(buffer: memory, initializedCount: 0)
            do throws(TLSError) { result = .success(try engine.read(into: &output)) } catch {
                result = .failure(error)
            }
            return unsafe output.finalize(for: memory)
        }
        sink.appendContent(storage.span.extracting(..<count))
        return try result.get()
    }

    mutating func takeRead() -> [UInt8] {
        defer { sink.removeAll() }
        return Array(copying: sink.content)
    }

    mutating func write(_ bytes: [UInt8]) throws(TLSError) {
        var taken = 0
        while taken < bytes.count {
            taken += try engine.write(bytes.span.extracting(taken...))
            deliverToPeer()
        }
    }
}

extension TLSConfiguration {
    static func trusting(_ authorities: Credential...) -> TLSConfiguration {
        var configuration = TLSConfiguration()
        configuration.trust = .only(authorities.map { .bytes($0.certificate) })
        return configuration
    }
}

/// How a handshake ended.
func outcome(
    _ configuration: TLSConfiguration, _ server: TLSTestServer, name: String = "a.test"
) -> Result<TLSFacts, TLSError> {
    do throws(TLSError) {
        var conversation = try Conversation(TLSContext(configuration), server, name: name)
        try conversation.connect()
        return .success(conversation.engine.facts()!)
    } catch {
        return .failure(error)
    }
}

extension Result where Failure == TLSError {
    var error: TLSError? {
        if case .failure(let error) = self { return error }
        return nil
    }

    /// The rule that the server's certificate broke.
    var brokenRule: TLSVerificationFailure.Rule? {
        if case .verification(let failure)? = error { return failure.rule }
        return nil
    }
}
#endif
