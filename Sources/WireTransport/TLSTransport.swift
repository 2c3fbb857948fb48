public import WireSecurity
public import WireSockets
public import WireTLS
public import WireTime

/// TLS over another connection: what is sent and received here is plain text.
///
/// `@unchecked Sendable`: like every transport it has one user at a time, who owns the engine.
public final class TLSTransport: ByteTransport, @unchecked Sendable {
    public enum Handshake {
        case done
        /// Wait until the connection is readable, or writable while `hasPendingOutput`.
        case waits
        case failed(TLSError)
        case broken(SystemError)
    }

    private let lower: any ByteTransport
    private var engine: TLSEngine
    public private(set) var tlsFailure: TLSError?
    public private(set) var tlsFacts: TLSFacts?
    public private(set) var isTruncated = false

    /// - Parameters:
    ///   - lower: connected.
    ///   - server: the name or address that the certificate has to be for.
    ///   - sessionKey: connections with the same key may resume each other's sessions.
    public init(
        over lower: any ByteTransport, _ context: TLSContext, server: String, sessionKey: String
    ) throws(TLSError) {
        engine = try TLSEngine(context, server: server, sessionKey: sessionKey)
        self.lower = lower
    }

    public var peer: String { lower.peer }
    public var interruptible: any Interruptible { lower.interruptible }
    public var waitable: any ByteTransport { lower.waitable }
    public var longestReceive: Timeout? { lower.longestReceive }
    public var receiveStamp: ReceiveStamp? { lower.receiveStamp }
    public var facts: ConnectionFacts { lower.facts }
    public var hasReachedEnd: Bool { engine.hasReachedEnd }
    /// The peer has sent more than the handshake that has been done: read it before waiting.
    public var hasBufferedInput: Bool { engine.hasBufferedInput }
    public var hasPendingOutput: Bool { engine.outgoingCount > 0 }

    /// The lower connection's: it stands before TLS begins.
    public func finishConnecting() -> ConnectResult { lower.finishConnecting() }

    /// Goes on with the handshake as far as the connection allows.
    public func handshake() -> Handshake {
        while true {
            let progress: TLSHandshakeProgress
            do throws(TLSError) { progress = try engine.handshake() } catch {
                // The alert: whether it leaves or not, this has failed.
                _ = flush()
                tlsFailure = error
                return .failed(error)
            }
            if progress == .done {
                tlsFacts = engine.facts()
                // What is outgoing goes with the request.
                return .done
            }
            if case .failed(let error) = flush() { return .broken(error) }
            let received = engine.refill { output in lower.receive(into: &output) }
            switch received {
            case .bytes?: continue
            case .wouldBlock?, nil: return .waits
            case .end?: engine.endOfInput()
            case .failed(let error)?: return .broken(error)
            }
        }
    }

    public func receive(into output: inout OutputRawSpan) -> ReceiveResult {
        receive(into: &output, waits: false)
    }

    public func receiveWaiting(into output: inout OutputRawSpan) -> ReceiveResult {
        receive(into: &output, waits: true)
    }

    /// Fills `output`, or reads the connection empty: less than `output` has room for means that there
    /// is nothing more, as with a socket.
    private func receive(into output: inout OutputRawSpan, waits: Bool) -> ReceiveResult {
        let before = output.byteCount
        var mayWait = waits
        var isDrained = false
        while true {
            if let end = decrypt(into: &output) {
                // What came before it is delivered before it; it stays.
                return output.byteCount > before ? .bytes(output.byteCount - before) : end
            }
            if output.freeCapacity == 0 || isDrained { break }
            mayWait = mayWait && output.byteCount == before
            let (result, room) = fill(waiting: mayWait)
            mayWait = false
            if case .bytes(let count) = result {
                isDrained = count < room
            } else {
                isDrained = result != .end
                if result == .wouldBlock { break }
                if case .failed = result, output.byteCount == before { return result }
            }
        }
        let count = output.byteCount - before
        return count > 0 ? .bytes(count) : .wouldBlock
    }

    /// Nil while there may be more.
    private func decrypt(into output: inout OutputRawSpan) -> ReceiveResult? {
        do throws(TLSError) {
            let result = try engine.read(into: &output)
            // An answer to what was read: a key update.
            if hasPendingOutput, hasSent, case .failed(let error) = flush() {
                return .failed(error)
            }
            return result == .closed ? .end : nil
        } catch { return failed(error) }
    }

    /// - Returns: what the connection brought, `.wouldBlock` also when the engine takes no more.
    private func fill(waiting: Bool) -> (ReceiveResult, room: Int) {
        var room = 0
        let received = engine.refill { input in
            room = input.freeCapacity
            return waiting ? lower.receiveWaiting(into: &input) : lower.receive(into: &input)
        }
        if case .end? = received { engine.endOfInput() }
        return (received ?? .wouldBlock, room)
    }

    private func failed(_ error: TLSError) -> ReceiveResult {
        if error == .truncated {
            isTruncated = true
            return .end
        }
        tlsFailure = error
        _ = flush()
        return .failed(SystemError("SSL_read", TLSTransport.protocolError))
    }

    private static let protocolError: Int32 = 71  // EPROTO

    /// Takes what fits behind what is being sent; the connection may still have to take it.
    public func send(_ first: Span<UInt8>, _ second: Span<UInt8>) -> SendResult {
        // What was taken before has to leave first; the end of the handshake goes with the first bytes.
        if hasSent {
            switch flush() {
            case .bytes: break
            case let result: return result
            }
        }
        hasSent = true
        do throws(TLSError) {
            var taken = try engine.write(first)
            if taken == first.count { taken += try engine.write(second) }
            if case .failed(let error) = flush() { return .failed(error) }
            return taken == 0 && first.count + second.count > 0 ? .wouldBlock : .bytes(taken)
        } catch {
            tlsFailure = error
            _ = flush()
            return .failed(SystemError("SSL_write", TLSTransport.protocolError))
        }
    }

    private var hasSent = false

    /// Sends what TLS has to send.
    public func flush() -> SendResult {
        while engine.outgoingCount > 0 {
            let result = engine.withOutgoing { lower.send($0, Span()) }
            guard case .bytes(let count) = result else { return result }
            engine.consumeOutgoing(count)
        }
        return .bytes(0)
    }

    public func wait(for interest: Readiness, until deadline: Instant) -> Readiness {
        lower.wait(for: interest, until: deadline)
    }

    /// What an idle server may say without saying anything, session tickets, is taken in.
    public func isReadable() -> Bool {
        if tlsFailure != nil { return true }
        if !engine.hasBufferedInput, !lower.isReadable() { return false }
        let (result, _) = fill(waiting: false)
        switch result {
        case .bytes, .wouldBlock: return !engine.isSilent()
        case .end, .failed: return true
        }
    }

    /// Gives back the memory of buffers until the next use.
    public func becomeIdle() { engine.releaseBuffers() }

    /// Says so to the peer, if that costs no waiting, and closes.
    public func close() {
        if tlsFailure == nil, engine.isEstablished { engine.close() }
        _ = flush()
        lower.close()
    }
}

extension TLSEngine {
    fileprivate borrowing func withOutgoing<Result>(
        _ body: (Span<UInt8>) -> Result
    ) -> Result {
        body(outgoing)
    }
}
