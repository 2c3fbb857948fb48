internal import WireExchange
internal import WireSockets
internal import WireTransport

/// The request on its way to the kernel.
extension ExchangeDriver {
    /// Sends as much as the connection takes; of a body from a source one piece at most, so that what
    /// the peer says meanwhile is read, and others have their turn.
    mutating func write() throws(TransportError) {
        guard let transport = lease?.transport else { return }
        // What waits to leave goes first, with what follows; what comes of it shows when more is sent or
        // received.
        defer { if transport.hasPendingOutput { _ = transport.flush() } }
        while machine.isSending {
            if machine.unwrittenBytes == 0 {
                guard machine.wantsBody || awaitsBody, try supply() else { return }
            }
            let result = writer.withUnsent(most: machine.unwrittenBytes) {
                transport.send($0, $1)
            }
            switch result {
            case .bytes(let count):
                lastReturn = system.now
                writer.advance(count)
                machine.wrote(count, at: lastReturn)
                if writer.isStreaming, machine.unwrittenBytes == 0 { return }
                // A peer that takes all at once must not keep `total` from being looked at.
                if machine.isSending, machine.nextDeadline <= lastReturn { return }
            case .wouldBlock:
                isWritable = false
                return
            case .failed:
                let now = system.now
                try checkCancellation(at: now)
                return machine.writeFailed(at: now)
            }
        }
    }

    /// There is more to send, and nothing to wait for.
    @inline(__always)
    var hasTurnToWrite: Bool { isWritable && machine.interest.write }

    /// The next piece of the request, and what the peer says meanwhile.
    mutating func writeAndReceive() throws(TransportError) {
        try checkCancellation()
        lastReturn = system.now
        try write()
        try receive()
    }

    /// The body's source has said that there will be more, later.
    @inline(__always)
    var awaitsBody: Bool { writer.isPending && machine.isSending }

    /// - Returns: whether there is more to send now.
    private mutating func supply() throws(TransportError) -> Bool {
        let supply: RequestWriter.Supply
        do throws(RequestWriter.Failure) { supply = try writer.supply() } catch {
            guard case .body(let message) = error else { return false }
            try settle(machine.failed(at: system.now) { .local(message: message, $0) })
            return false
        }
        // What the source took is its own time.
        let now = system.now
        switch supply {
        case .bytes(let count): machine.bodyGrew(by: count, at: now)
        case .end(let count):
            if count > 0 { machine.bodyGrew(by: count, at: now) }
            machine.bodyEnded(at: now)
        case .later: machine.bodyPending()
        }
        return machine.unwrittenBytes > 0
    }
}
