import Synchronization
import TestSupport
import Testing
import WireExchange
import WireTime

/// Who watches is told of every exchange, once, with what is known.
@Suite(.eachDriver) struct ObserverTests {
    private final class Log: ExchangeObserver {
        private let told = Mutex<[ExchangeFacts]>([])

        func exchangeEnded(_ facts: ExchangeFacts) { told.withLock { $0.append(facts) } }

        var facts: [ExchangeFacts] { told.withLock { $0 } }
    }

    private let log = Log()

    private func client(_ system: ScriptedSystem) -> TestClient {
        var options = ClientOptions()
        options.observer = log
        return TestClient(options, system: system)
    }

    private static let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

    @Test func complete() throws {
        let system = ScriptedSystem(
            ConnectionScript([.request, .text(ObserverTests.ok), .request, .text(ObserverTests.ok)])
        )
        var client = client(system)
        for round in 0..<2 {
            var response = try client.send(get())
            while try response.nextBytes() != nil {}
            #expect(log.facts.count == round + 1)
            let facts = log.facts[round]
            #expect(facts.outcome == .complete)
            #expect(facts.status == 200)
            #expect(facts.isReused == (round > 0))
            #expect(facts.isKept)
            #expect(facts.progress.bytesReceived == ObserverTests.ok.utf8.count)
            #expect(facts.timings.end != nil)
            #expect(facts.connection?.peerAddress == system.connections[0].peer)
        }
    }

    @Test func left() throws {
        let system = ScriptedSystem(
            ConnectionScript([
                .request,
                .text("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\na\n\r\n"),
            ]))
        var client = client(system)
        do {
            var response = try client.send(get())
            #expect(try response.nextLine() != nil)
            #expect(log.facts.isEmpty)
        }
        #expect(log.facts.count == 1)
        #expect(log.facts[0].outcome == .left)
        #expect(!log.facts[0].isKept)
    }

    @Test func failed() {
        var client = client(
            ScriptedSystem(ConnectionScript([.request, .text("rubbish\r\n"), .end])))
        let error = client.error(of: get())
        #expect(log.facts.count == 1)
        #expect(log.facts[0].outcome == error.map { .failed($0) })
        #expect(log.facts[0].status == nil)
    }

    /// One exchange, though it took two connections.
    @Test func repeated() throws {
        let system = ScriptedSystem(
            ConnectionScript([.request, .text(ObserverTests.ok), .request, .end]),
            ConnectionScript([.request, .text(ObserverTests.ok)]))
        var client = client(system)
        for _ in 0..<2 {
            var response = try client.send(get())
            while try response.nextBytes() != nil {}
        }
        #expect(log.facts.count == 2)
        #expect(log.facts.allSatisfy { $0.outcome == .complete })
        #expect(!log.facts[1].isReused)
    }
}
