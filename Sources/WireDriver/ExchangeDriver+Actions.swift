internal import WireBytes
internal import WireExchange
internal import WireHTTP1
internal import WireTime
internal import WireTransport

/// The machine's decisions, made deeds.
extension ExchangeDriver {
    mutating func checkCancellation(at now: Instant? = nil) throws(TransportError) {
        guard let cancellation, cancellation.isCancelled else { return }
        try settle(machine.cancelled(at: now ?? system.now))
    }

    mutating func failure(of failure: MessageReader.Failure) -> ExchangeActions {
        countContent()
        let now = system.now
        switch failure {
        case .http(let error) where error.kind == .closedEarly:
            return machine.inputEnded(error, at: now)
        case .http(let error): return machine.failed(at: now) { .http(error, $0) }
        case .framing(let error): return machine.failed(at: now) { .framing(error, $0) }
        case .content(let error): return machine.failed(at: now) { .content(error, $0) }
        case .buffer(let error):
            return machine.failed(at: now) { .tooLarge(error.limit, what: "unread input", $0) }
        }
    }

    mutating func settle(_ actions: ExchangeActions) throws(TransportError) {
        perform(actions)
        if let error = actions.error, !isRetried(error) {
            failure = error
            hasFailed = true
            throw error
        }
    }

    mutating func perform(_ actions: ExchangeActions) {
        if let watch { tell(watch, actions) }
        for index in 0..<actions.count {
            switch actions[index] {
            case .release:
                lease?.giveBack(reader.takeBuffer(), serverLimit: idleLimit)
                lease = nil
                wasReleased = true
            case .close:
                lease?.close()
                lease = nil
                writer.stop()
                // A place in the queue, or attempts to connect.
                if case .exchanging = stage {} else { stage = .start(fresh: false) }
            case .retry:
                stage = .start(fresh: true)
                // The rule asks for no retry that would need what is gone.
                _ = writer.rewind()
                reader = MessageReader(to: request, limits)
            case .stopWriting: writer.stop()
            case .fail: break
            }
        }
    }
}
