internal import WireExchange
internal import WireHTTP1
internal import WireSockets
package import WireTime
internal import WireTransport

/// What an exchange tells those who watch it.
extension ExchangeDriver {
    /// Tells the client's observer when it is over, while the connection still stands.
    func tell(_ watch: ExchangeWatch, _ actions: ExchangeActions) {
        if !machine.isEnded { return }
        let connection = lease?.transport.map { ConnectionSummary($0.facts) }
        if let error = actions.error {
            return watch.tell(facts(.failed(error), isKept: false, connection: connection))
        }
        watch.tell(
            facts(
                reader.isComplete ? .complete : .left, isKept: actions.contains(.release),
                connection: connection))
    }

    func facts(
        _ outcome: ExchangeFacts.Outcome, isKept: Bool, connection: ConnectionSummary?
    ) -> ExchangeFacts {
        ExchangeFacts(
            origin: request.origin, outcome: outcome, status: reader.head?.status,
            timings: machine.timings, progress: progress, isReused: isReused, isKept: isKept,
            connection: connection, tls: tlsFacts)
    }

    mutating func noteRead() {
        guard let stamp = lease?.transport?.receiveStamp else { return }
        arrivals.read(stamp: stamp.instant, emptied: stamp.bytesLeft == 0, end: lastReturn)
    }

    /// When the record returned last came; nil where nothing is stamped.
    package var arrival: Arrival? { arrivals.arrival(endsRead: reader.isAllTaken) }
}

/// Who is told of an exchange: once, at the latest when it is dropped, then what was known at the last
/// read. (The exchange itself cannot say that it is dropped: a `deinit` would have it copied about.)
///
/// `@unchecked Sendable`: used by whoever drives the exchange, one at a time.
final class ExchangeWatch: @unchecked Sendable {
    private let observer: any ExchangeObserver
    private var last: ExchangeFacts?
    private var isTold = false

    init(_ observer: any ExchangeObserver) { self.observer = observer }

    deinit { if let last, !isTold { observer.exchangeEnded(last) } }

    func note(_ facts: ExchangeFacts) { last = facts }

    func tell(_ facts: ExchangeFacts) {
        if isTold { return }
        isTold = true
        observer.exchangeEnded(facts)
    }
}

extension ConnectionSummary {
    fileprivate init(_ facts: ConnectionFacts) {
        self.init(
            localAddress: facts.local, peerAddress: facts.peer,
            roundTrip: facts.kernel?.roundTrip,
            roundTripVariation: facts.kernel?.roundTripVariation,
            retransmissions: facts.kernel?.retransmissions,
            congestionWindow: facts.kernel?.congestionWindow)
    }
}
