import Glibc
import TestSupport
import Testing
import WireBlocking
import WireExchange
import WireHTTPClient
import WireSockets
import WireTime

/// What sockets are told, as the kernel has it then.
@Suite(.serialized) struct SocketSetupTests {
    private func value(
        _ socket: StreamSocket, _ level: Int32, _ option: Int32
    ) -> Int32 {
        var value: Int32 = -1
        var size = socklen_t(MemoryLayout<Int32>.size)
        // Safe because the options asked for are ints.
        _ = unsafe getsockopt(socket.descriptor.rawValue, level, option, &value, &size)
        return value
    }

    private let tcp = Int32(IPPROTO_TCP)

    @Test func plain() throws {
        let listener = try StreamSocket.listen(on: .loopback(port: 0))
        let socket = try StreamSocket.connect(to: listener.localAddress!)
        #expect(value(socket, tcp, TCP_NODELAY) == 1)
        #expect(value(socket, SOL_SOCKET, SO_KEEPALIVE) == 0)
        #expect(fcntl(socket.descriptor.rawValue, F_GETFD) & FD_CLOEXEC != 0)
        listener.descriptor.close()
    }

    @Test(arguments: ConnectingTests.families) func each(_ address: SocketAddress) throws {
        let listener = try StreamSocket.listen(on: address)
        let options =
            SocketOption.keepAlive(idle: .seconds(30), interval: .milliseconds(100), count: 3)
            + [.userTimeout(.milliseconds(1_500)), .receiveBuffer(20_000), .sendBuffer(30_000)]
            + SocketOption.trafficClass(0x28)
        let socket = try StreamSocket.connect(
            to: listener.localAddress!, SocketSetup(options: options))
        #expect(value(socket, tcp, TCP_NODELAY) == 1)
        #expect(value(socket, SOL_SOCKET, SO_KEEPALIVE) == 1)
        #expect(value(socket, tcp, TCP_KEEPIDLE) == 30)
        #expect(value(socket, tcp, TCP_KEEPINTVL) == 1, "at least one second")
        #expect(value(socket, tcp, TCP_KEEPCNT) == 3)
        #expect(value(socket, tcp, TCP_USER_TIMEOUT) == 1_500)
        #expect(value(socket, SOL_SOCKET, SO_RCVBUF) == 40_000)
        #expect(value(socket, SOL_SOCKET, SO_SNDBUF) == 60_000)
        let isIPv4 = address.family == .ipv4
        #expect(
            value(
                socket, Int32(isIPv4 ? IPPROTO_IP : IPPROTO_IPV6), isIPv4 ? IP_TOS : IPV6_TCLASS)
                == 0x28)
        listener.descriptor.close()
    }

    @Test func anOptionThatTheKernelRefuses() throws {
        let listener = try StreamSocket.listen(on: .loopback(port: 0))
        let idle = SocketOption.keepAlive(idle: .minutes(60 * 24), interval: .never, count: 1)
        #expect(throws: SystemError("setsockopt", EINVAL, subject: "TCP_KEEPIDLE")) {
            try StreamSocket.connect(to: listener.localAddress!, SocketSetup(options: idle))
        }
        listener.descriptor.close()
    }
}

/// The same through a client.
@Suite(.serialized, .eachDriver) struct SocketOptionTests {
    @Test func theNameOfTheOptionThatFailed() throws {
        var options = ClientOptions()
        options.socket.device = "no-such-device0"
        var client = TestClient(options)
        let error = client.error(of: loopback(9))
        guard case .connect(let attempts, _) = error else { return fail("\(error!)") }
        #expect(attempts.map(\.cause) == [.option("SO_BINDTODEVICE")])
        #expect("\(error!)".contains("SO_BINDTODEVICE"))
        #expect(client.connections == (0, 0))
    }

    @Test func allAtOnce() throws {
        let server = try LoopbackServer { peer in
            while !peer.readHead().isEmpty { peer.send(okResponse) }
        }
        do {
            var options = ClientOptions()
            options.deadlines = patientDeadlines
            options.socket.keepAlive = .init()
            options.socket.userTimeout = .seconds(20)
            options.socket.receiveBuffer = 100_000
            options.socket.sendBuffer = 100_000
            options.socket.trafficClass = 0x10
            options.socket.device = "lo"
            var client = TestClient(options)
            #expect(try client.text(loopback(server.port)) == "ok")
            #expect(try client.text(loopback(server.port)) == "ok")
            #expect(client.counts.reused == 1)
        }
        server.stop()
    }
}

/// Rule (7): EMFILE is typed, nothing leaks, and the client goes on when there are descriptors again.
@Suite struct DescriptorShortageTests {
    @Test(
        .disabled(if: Sanitizers.hasThread, "the sanitizer's runtime opens files"),
        arguments: Driver.allCases)
    func emfile(_ driver: Driver) async {
        await #expect(processExitsWith: .success) { [driver = driver.rawValue as String] in
            let fault = try await DescriptorShortage.run(isAsync: driver == Driver.async.rawValue)
            if let fault { fail("\(driver): \(fault)") }
        }
    }
}

/// In a process of its own: nobody else opens anything.
enum DescriptorShortage {
    static func run(isAsync: Bool) async throws -> String? {
        let port = RefusingPort.number
        let tasks = HTTPClient(ClientOptions())
        var blocking = BlockingHTTPClient(ClientOptions())
        var seen: [[ConnectAttempt.Cause]] = []
        var open: [String] = []
        var limit: Limit?
        for round in 0..<5 {
            // Whatever is opened once is open behind the first round.
            if round == 1 {
                open = DescriptorCheck.openSockets()
                limit = Limit()
            }
            if round == 4 { limit?.restore() }
            do throws(TransportError) {
                if isAsync {
                    _ = try await tasks.send(loopback(port))
                } else {
                    _ = try blocking.send(loopback(port))
                }
            } catch {
                if case .connect(let attempts, _) = error { seen.append(attempts.map(\.cause)) }
            }
        }
        let shortage: [ConnectAttempt.Cause] = [.noDescriptors]
        if seen != [[.refused], shortage, shortage, shortage, [.refused]] { return "\(seen)" }
        if tasks.connections.open + blocking.connections.open > 0 { return "still counted" }
        let after = DescriptorCheck.openSockets()
        return after == open ? nil : "open before: \(open), after: \(after)"
    }

    /// Lets no more descriptors be opened.
    private struct Limit {
        private let before: rlimit

        init() {
            let next = dup(2)
            close(next)
            // Safe because both are values of this function.
            var now = rlimit()
            unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &now)
            before = now
            now.rlim_cur = rlim_t(next)
            unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &now)
        }

        func restore() {
            var before = before
            // Safe because the value is this function's.
            unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &before)
        }
    }
}
