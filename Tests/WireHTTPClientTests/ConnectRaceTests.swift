import Testing
import WireHTTPClient
import WireServer
import WireSockets
import WireTime
import WireTransport

@testable import WireReactor

/// Several addresses at once on a loop, none of which answers: listeners whose queues are full.
@Suite struct ConnectRaceTests {
    private final class BlackHoles: Sendable {
        let listeners: [StreamSocket]
        let fillers: [StreamSocket]
        let addresses: [SocketAddress]

        init(_ count: Int) throws {
            listeners = try (0..<count).map { _ in
                try StreamSocket.listen(on: .loopback(port: 0), backlog: 0)
            }
            addresses = listeners.map { $0.localAddress! }
            fillers = try addresses.map { try StreamSocket.connect(to: $0) }
            for filler in fillers {
                let isFull = Poll.wait(
                    filler.descriptor, for: Readiness(read: false, write: true),
                    until: MonotonicClock.now + StreamServer.patience
                ).write
                #expect(isFull)
            }
        }
    }

    enum Ending: CaseIterable { case task, cancellation, deadline }

    @Test(arguments: Ending.allCases, [1, 2]) func ended(_ ending: Ending, _ loops: Int)
        async throws
    {
        let streams = try StreamServer()
        let reactor = Reactor(loops: loops)
        let holes = try BlackHoles(3)
        var options = ClientOptions()
        options.connecting.attemptDelay = .milliseconds(10)
        options.deadlines.connect = ending == .deadline ? .milliseconds(100) : StreamServer.patience
        let lookUps = NameLookUps { _, _ in .success(holes.addresses) }
        let system = ReactorSystem(reactor, LinuxSystem(lookUps))
        let client = HTTPClient(options, system: system)
        let request = HTTPRequest(
            "GET", HTTPURL(scheme: .http, host: "holes.test", port: 80, target: "/"))
        let cancellation = Cancellation()
        let connecting = Task {
            try await client.withResponse(to: request, cancellation: cancellation) { $0.status }
        }
        if ending != .deadline {
            // All three are under way.
            while try reactor.loops().reduce(0, { $0 + $1.connectionCount }) < 3 {
                await Task.yield()
            }
        }
        if ending == .task { connecting.cancel() }
        if ending == .cancellation { cancellation.cancel() }
        switch await connecting.result {
        case .success(let status): Issue.record("status \(status)")
        case .failure(let error):
            let error = error as? TransportError
            #expect(error?.kind == (ending == .deadline ? .timeout : .cancelled))
            #expect(error?.phase == .connect)
        }
        #expect(client.connections.open == 0)
        #expect(try reactor.loops().allSatisfy { $0.connectionCount == 0 })
        reactor.shutDown()
        streams.stop()
    }

    /// The one that answers is on another loop than the one that the race waits on.
    @Test(arguments: [1, 2, 3]) func theLastOneAnswers(_ loops: Int) async throws {
        let streams = try StreamServer()
        let reactor = Reactor(loops: loops)
        let holes = try BlackHoles(2)
        let addresses = holes.addresses + [.loopback(port: streams.server.port)]
        var options = ClientOptions()
        options.connecting.attemptDelay = .milliseconds(10)
        options.deadlines.connect = StreamServer.patience
        let lookUps = NameLookUps { _, _ in .success(addresses) }
        let client = HTTPClient(
            options, system: ReactorSystem(reactor, LinuxSystem(lookUps)))
        let request = HTTPRequest(
            "GET", HTTPURL(scheme: .http, host: "some.test", port: 80, target: "/short"))
        for _ in 0..<5 {
            let text = try await client.withResponse(to: request) {
                try await $0.text(limit: .kibibytes(4))
            }
            #expect(text.contains("three"))
            client.closeIdleConnections()
        }
        #expect(try reactor.loops().allSatisfy { $0.connectionCount == 0 })
        reactor.shutDown()
        streams.stop()
    }
}
