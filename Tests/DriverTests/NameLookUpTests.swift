import Synchronization
import TestSupport
import Testing
import WireDriver
import WireExchange
import WireHTTP1
import WireSockets
import WireSystem
import WireTime
import WireTransport

/// A resolver that answers when it is told to, and counts who is in it.
private final class HeldResolver: Sendable {
    private struct State {
        var inside = 0
        var most = 0
        var asked: [String] = []
    }

    private let state = Lock(State())
    private let gate: Latch
    let entered: Latch
    private let port: UInt16?

    /// - Parameter port: of the server that every name stands for.
    init(port: UInt16? = nil) throws {
        gate = try Latch()
        entered = try Latch()
        self.port = port
    }

    var most: Int { state.withLock { $0.most } }
    var asked: [String] { state.withLock { $0.asked } }

    func open() { gate.open() }

    func resolve(_ host: String, _ port: UInt16) -> NameLookUp.Answer {
        state.withLock { state in
            state.inside += 1
            state.most = max(state.most, state.inside)
            state.asked.append(host)
        }
        entered.open()
        _ = gate.wait(until: patience)
        state.withLock { $0.inside -= 1 }
        if host == "nobody" { return .failure(ResolveFailure(host: host, message: "unknown")) }
        return .success([.loopback(port: self.port ?? port)])
    }
}

private var patience: Instant { MonotonicClock.now + LoopbackServer.patience }

@Suite struct NameLookUpTests {
    @Test func answers() throws {
        let resolver = try HeldResolver()
        resolver.open()
        let lookUps = NameLookUps(resolver.resolve)
        for host in ["somebody", "nobody"] {
            let ended = try Latch()
            let lookUp = lookUps.start(host, port: 9) { ended.open() }
            #expect(ended.wait(until: patience))
            switch lookUp.answer {
            case .success(let addresses): #expect(addresses == [.loopback(port: 9)])
            case .failure(let failure): #expect(host == "nobody" && failure.message == "unknown")
            case nil: Issue.record("no answer for \(host)")
            }
        }
    }

    /// The system's own, of a name that cannot be (RFC 6761 6.4): whatever it says, it says something.
    @Test func theSystemsOwn() throws {
        let ended = try Latch()
        let lookUp = NameLookUps.shared.start("127.0.0.1", port: 81) { ended.open() }
        #expect(ended.wait(until: patience))
        #expect(try lookUp.answer?.get() == [.loopback(port: 81)])
    }

    /// Many names, few threads; all are answered.
    @Test func noMoreThreadsThanItsLimit() throws {
        let resolver = try HeldResolver()
        let lookUps = NameLookUps(resolver.resolve)
        let ended = try (0..<50).map { _ in try Latch() }
        let all = ended.enumerated().map { number, latch in
            lookUps.start("a", port: UInt16(number)) { latch.open() }
        }
        #expect(resolver.entered.wait(until: patience))
        resolver.open()
        for (number, latch) in ended.enumerated() {
            #expect(latch.wait(until: patience))
            #expect(try all[number].answer?.get() == [.loopback(port: UInt16(number))])
        }
        #expect(resolver.most <= NameLookUps.most)
    }

    /// No thread to be had: an error, not a wait for ever; and the next look-up tries again.
    @Test func noThread() throws {
        let resolver = try HeldResolver()
        resolver.open()
        let refuses = Mutex(true)
        let lookUps = NameLookUps(resolver.resolve) { body throws(SystemError) in
            if refuses.withLock({ $0 }) { throw SystemError("pthread_create", 11) }
            try PlainThread.start(body).detach()
        }
        for isRefused in [true, false] {
            refuses.withLock { $0 = isRefused }
            let ended = try Latch()
            let lookUp = lookUps.start("a", port: 1) { ended.open() }
            #expect(ended.wait(until: patience))
            switch lookUp.answer {
            case .failure(let failure):
                #expect(isRefused && failure.message.hasPrefix("pthread_create"))
            case .success: #expect(!isRefused)
            case nil: Issue.record("no answer")
            }
        }
    }

    /// Names that nobody waits for any more do not keep the threads from the others.
    @Test func whatWasGivenUpIsNotAskedFor() throws {
        let resolver = try HeldResolver()
        let lookUps = NameLookUps(resolver.resolve)
        for number in 0..<20 {
            lookUps.start("old \(number)", port: 1) { Issue.record("nobody wants to hear") }
                .giveUp()
        }
        let ended = try Latch()
        let last = lookUps.start("last", port: 2) { ended.open() }
        resolver.open()
        #expect(ended.wait(until: patience))
        #expect(last.answer != nil)
        #expect(resolver.asked.count <= NameLookUps.most + 1)
        #expect(resolver.asked.last == "last")
    }
}

/// Rule (7): a look-up has its own timeout, and an answer that comes late touches nothing that is gone.
@Suite(.serialized, .eachDriver) struct LookUpDeadlineTests {
    private func client(_ resolver: HeldResolver, resolve: Timeout) -> TestClient {
        var options = ClientOptions()
        options.deadlines = patientDeadlines.with(\.resolve, resolve)
        return TestClient(options, lookUps: NameLookUps(resolver.resolve))
    }

    private func request(_ host: String) -> HTTPRequest {
        HTTPRequest("GET", HTTPURL(scheme: .http, host: host, port: 80, target: "/"))
    }

    @Test func aNameIsLookedUp() throws {
        let server = try LoopbackServer { peer in
            peer.readHead()
            peer.send(okResponse)
        }
        let resolver = try HeldResolver(port: server.port)
        resolver.open()
        do {
            var client = client(resolver, resolve: .seconds(30))
            #expect(try client.text(request("somebody")) == "ok")
            #expect(client.error(of: request("nobody"))?.kind == .resolveFailed)
        }
        #expect(resolver.asked == ["somebody", "nobody"])
        server.stop()
    }

    @Test func theDeadlineDoesNotWaitForGetaddrinfo() throws {
        let resolver = try HeldResolver()
        do {
            var client = client(resolver, resolve: .milliseconds(20))
            let error = client.error(of: request("slow"))
            #expect(error?.timeout?.deadline == .resolve)
            #expect(error?.phase == .resolve)
            #expect(client.connections == (0, 0))
        }
        // Client and exchange are gone; the answer finds nobody.
        resolver.open()
    }

    @Test func cancellationDoesNotWaitForGetaddrinfo() throws {
        let resolver = try HeldResolver()
        let cancellation = Cancellation()
        let canceller = PlainThread {
            _ = resolver.entered.wait(until: patience)
            cancellation.cancel()
        }
        do {
            var client = client(resolver, resolve: .never)
            let error = client.error(of: request("slow"), cancellation: cancellation)
            #expect(error?.kind == .cancelled)
            #expect(error?.phase == .resolve)
        }
        canceller.join()
        resolver.open()
    }

    /// Literals and localhost ask nobody.
    @Test(arguments: ["127.0.0.1", "localhost", "api.localhost", "localhost."])
    func whatNeedsNoLookUp(_ host: String) throws {
        let server = try LoopbackServer { peer in
            peer.readHead()
            peer.send(okResponse)
        }
        let resolver = try HeldResolver()
        do {
            var client = client(resolver, resolve: .seconds(30))
            let url = HTTPURL(scheme: .http, host: host, port: server.port, target: "/")
            #expect(try client.text(HTTPRequest("GET", url)) == "ok")
        }
        #expect(resolver.asked == [])
        server.stop()
    }
}
