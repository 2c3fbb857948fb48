import Testing
import WireExchange
import WireHTTP1
import WireTime

@Suite struct RouteTests {
    // MARK: Unix sockets

    @Test(arguments: [
        ("/run/ollama.sock", "/run/ollama.sock", "unix:/run/ollama.sock"),
        ("unix:/run/ollama.sock", "/run/ollama.sock", "unix:/run/ollama.sock"),
        ("relative", "relative", "unix:relative"),
        ("unix:@name", "\u{0}name", "unix:@name"),
        ("@name", "\u{0}name", "unix:@name"),
        ("\u{0}name", "\u{0}name", "unix:@name"),
        ("@a\u{0}b", "\u{0}a\u{0}b", "unix:@a\u{0}b"),
    ]) func unixSocketPaths(_ text: String, _ bytes: String, _ shown: String) throws {
        let path = try UnixSocketPath(text)
        #expect(path.bytes == Array(bytes.utf8))
        #expect(path.description == shown)
    }

    /// Rule (7): at most 107 bytes, checked before the kernel would cut them.
    @Test(arguments: ["", "unix:", "@", "unix:@", "/a\u{0}b"])
    func noUnixSocketPath(_ text: String) {
        #expect(throws: RequestError.self) { try UnixSocketPath(text) }
    }

    @Test func theLongestPath() throws {
        for first in ["/", "@"] {
            let longest = first + String(repeating: "x", count: 106)
            #expect(try UnixSocketPath(longest).bytes.count == 107)
            #expect(throws: RequestError.self) { try UnixSocketPath(longest + "x") }
        }
    }

    // MARK: The pool's key

    /// Rule (2): a connection is used again only for the same scheme, host, port, Unix path, local
    /// address, socket options and TLS configuration.
    @Test func whatKeepsConnectionsApart() throws {
        var options = SocketOptions()
        options.receiveBuffer = 4096
        let routes: [Route?] = [
            nil,
            Route(unixSocket: try UnixSocketPath("/a")),
            Route(unixSocket: try UnixSocketPath("/b")),
            Route(localAddress: LocalAddress(host: "127.0.0.1")),
            Route(localAddress: LocalAddress(host: "127.0.0.1", port: 9)),
            Route(socketOptions: options),
            Route(tlsIdentity: 1),
            Route(tlsIdentity: 2),
        ]
        let origins =
            routes.map { Origin(scheme: "http", host: "h", port: 1, route: $0) } + [
                Origin(scheme: "https", host: "h", port: 1),
                Origin(scheme: "http", host: "g", port: 1),
                Origin(scheme: "http", host: "h", port: 2),
            ]
        #expect(Set(origins).count == origins.count)
        var pool = PoolMachine(limits: PoolLimits())
        let now = Instant(nanoseconds: 0)
        for origin in origins {
            guard case .lease(.connect(let id), nil) = pool.acquire(origin, at: now) else {
                Issue.record("\(origin) got a connection of another")
                continue
            }
            _ = pool.release(id, at: now)
        }
        // Equal, though not the same objects.
        let again = Origin(
            scheme: "http", host: "h", port: 1, route: Route(unixSocket: try UnixSocketPath("/a")))
        guard case .lease(.reuse, nil) = pool.acquire(again, at: now) else {
            Issue.record("not used again")
            return
        }
    }

    // MARK: Attempts

    @Test(
        arguments: [
            (111, ConnectAttempt.Cause.refused), (101, .unreachable), (113, .unreachable),
            (110, .unanswered), (99, .noLocalAddress), (98, .localAddressInUse),
            (23, .noDescriptors),
            (24, .noDescriptors), (1, .denied), (13, .denied), (2, .noSuchSocket), (11, .queueFull),
            (5, .other),
        ] as [(Int32, ConnectAttempt.Cause)])
    func causes(_ number: Int32, _ cause: ConnectAttempt.Cause) {
        let attempt = ConnectAttempt(address: "a", errorNumber: number, message: "m")
        #expect(attempt.cause == cause)
        let error = TransportError.connect([attempt], Progress())
        #expect(error.kind == (cause == .refused ? .connectRefused : .connectFailed))
        #expect(error.description.contains("a: m"))
        if let advice = cause.advice { #expect(error.description.contains(advice)) }
    }
}
