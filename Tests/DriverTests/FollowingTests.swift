import TestSupport
import Testing
import WireBlocking
import WireBytes
import WireExchange
import WireHTTP1
import WireSockets
import WireTime

/// Redirects and retries: one call, several exchanges.
@Suite(.eachDriver) struct FollowingTests {
    private func redirect(_ status: Int, _ location: String) -> String {
        "HTTP/1.1 \(status) Moved\r\nLocation: \(location)\r\nContent-Length: 5\r\n\r\nmoved"
    }

    private func following(_ system: ScriptedSystem, _ deadlines: Deadlines = shortDeadlines)
        -> TestClient
    {
        makeClient(system, deadlines: deadlines) { $0.redirects = RedirectPolicy(limit: 3) }
    }

    private func sent(_ system: ScriptedSystem, _ connection: Int = 0) -> String {
        String(decoding: system.connections[connection].sent, as: UTF8.self)
    }

    @Test func followedOnOneConnection() throws {
        let system = ScriptedSystem(.responses(redirect(302, "/x"), okResponse))
        var client = following(system)
        #expect(try client.text(post()) == "ok")
        #expect(sent(system).contains("GET /x HTTP/1.1\r\nHost: peer\r\n\r\n"))
        system.expectFinished()
    }

    /// Off by default, and for a request that says so.
    @Test func notFollowed() throws {
        let system = ScriptedSystem(.responses(redirect(302, "/x"), redirect(302, "/x")))
        var client = makeClient(system)
        #expect(try client.text(get()) == "moved")
        client = following(ScriptedSystem(.responses(redirect(302, "/x"))))
        var request = get()
        request.followsRedirects = false
        #expect(try client.text(request) == "moved")
    }

    @Test func capped() throws {
        let system = ScriptedSystem(
            .responses(
                redirect(302, "/1"), redirect(307, "/2"), redirect(308, "/3"), redirect(302, "/4")))
        var client = following(system)
        let error = client.error(of: get())
        guard case .redirect(.tooMany(limit: 3), status: 302, _) = error else {
            return fail("\(error as Any)")
        }
        #expect(error?.kind == .tooManyRedirects)
        #expect(system.connections.count == 1 && system.connections[0].isClosed)
        #expect(client.error(of: get()) != nil, "the client is usable, its script is not")
    }

    /// M (CVE-2018-1000007, CVE-2024-45336): credentials stay with their origin, and do not come back
    /// later in the chain.
    @Test func credentialsStayWithTheirOrigin() throws {
        let system = ScriptedSystem(
            .responses(redirect(307, "http://other/x"), okResponse),
            .responses(redirect(307, "http://peer/y")))
        var client = following(system)
        var request = get()
        request.fields = [
            ("Authorization", "secret"), ("Cookie", "secret"), ("Proxy-Authorization", "secret"),
            ("Host", "secret"), ("X-API-Key", "secret"), ("api-key", "secret"), ("X-Kept", "yes"),
        ]
        #expect(try client.text(request) == "ok")
        let kept = sent(system).split(separator: "GET /")
        try #require(kept.count == 2)
        #expect(sent(system, 1).contains("Host: other\r\n"))
        let all = [kept[0], Substring(sent(system, 1)), kept[1]]
        #expect(all.map { $0.contains("secret") } == [true, false, false])
        let areKept = all.allSatisfy { $0.contains("X-Kept: yes") }
        #expect(areKept && all[2].contains("Host: peer\r\n"))
    }

    @Test func bodiesGoAlongWhenTheyCan() throws {
        var system = ScriptedSystem(.responses(redirect(307, "/x"), okResponse))
        var client = following(system)
        #expect(try client.text(post([UInt8]("body".utf8))) == "ok")
        #expect(sent(system).contains("POST /x HTTP/1.1"))
        #expect(sent(system).hasSuffix("\r\n\r\nbody"))
        // One that cannot be had again stays, and the response is the caller's.
        system = ScriptedSystem(.responses(redirect(307, "/x")))
        client = following(system)
        var request = post()
        request.body = .pieces { nil }
        #expect(try client.text(request) == "moved")
    }

    /// The total deadline spans the chain; others begin anew.
    @Test func deadlinesSpanTheChain() throws {
        let system = ScriptedSystem(
            ConnectionScript([
                .request, .pause(.seconds(3)), .text(redirect(302, "/1")), .request,
                .pause(.seconds(3)), .text(redirect(302, "/2")), .request, .pause(.seconds(3)),
                .text(okResponse),
            ]))
        var client = following(system, shortDeadlines.with(\.total, .seconds(8)))
        let error = client.error(of: get())
        #expect(error?.timeout?.deadline == .total && error?.timeout?.waited == .seconds(8))
        #expect(system.elapsed == .seconds(8))
    }

    /// A redirect's body that is not there yet is not waited for.
    @Test func aBodyThatDripsIsLeft() throws {
        let system = ScriptedSystem(
            ConnectionScript([
                .request, .text("HTTP/1.1 302 X\r\nLocation: /x\r\nContent-Length: 9\r\n\r\nmov"),
            ]),
            .responses(okResponse))
        var client = following(system)
        #expect(try client.text(get()) == "ok")
        #expect(system.connections[0].isClosed)
        #expect(system.elapsed == .zero)
    }

    @Test(arguments: ["ftp://peer/", "javascript:x", "http://"])
    func badLocations(_ location: String) throws {
        let system = ScriptedSystem(.responses(redirect(302, location)))
        var client = following(system)
        let error = client.error(of: get())
        guard case .redirect(.badLocation, _, _) = error else { return fail("\(error as Any)") }
        #expect(error?.kind == .badHeader)
        #expect(system.connections[0].isClosed)
    }

    /// M: never from https to http.
    @Test func neverOutOfTLS() throws {
        let request = try HTTPRequest("GET", url: "https://peer/")
        var reader = MessageReader(toHEAD: false, limits: .standard, recordLimit: .mebibytes(1))
        let bytes = [UInt8]("HTTP/1.1 301 X\r\nLocation: http://peer/\r\n\r\n".utf8)
        _ = try reader.refill { output in for byte in bytes { output.append(byte) } }
        #expect(try reader.readHead() == .head)
        guard case .refused(.leavesTLS) = Redirection(of: request, by: reader.head!) else {
            return fail("followed")
        }
    }

    // MARK: Retries

    private func retrying(
        _ system: ScriptedSystem, _ deadlines: Deadlines = shortDeadlines
    ) -> TestClient {
        makeClient(system, deadlines: deadlines) {
            var policy = RetryPolicy()
            policy.jitter = 0
            $0.retries = policy
        }
    }

    private let busy = "HTTP/1.1 503 Busy\r\nRetry-After: 2\r\nContent-Length: 4\r\n\r\nbusy"

    @Test func askedAgainOverTheSameConnection() throws {
        let system = ScriptedSystem(.responses(busy, busy, okResponse))
        var client = retrying(system)
        #expect(try client.text(post()) == "ok")
        #expect(system.elapsed == .seconds(4))
        system.expectFinished()
    }

    @Test func untilTheLimit() throws {
        let system = ScriptedSystem(.responses(busy, busy, busy, busy))
        var client = retrying(system)
        #expect(try client.text(get()) == "busy", "the last answer is the caller's")
        system.expectFinished()
    }

    @Test func onlyWhenAsked() throws {
        let system = ScriptedSystem(.responses(busy))
        var client = makeClient(system)
        #expect(try client.text(get()) == "busy")
    }

    @Test func connectionsThatFail() throws {
        let refused = ConnectionScript(
            [], opening: .fails(SystemError("connect", 111), after: .zero))
        let system = ScriptedSystem(refused, refused, .responses(okResponse))
        var client = retrying(system)
        #expect(try client.text(post()) == "ok")
        #expect(system.elapsed == .milliseconds(1_500))
    }

    @Test func aResetBeforeAnAnswer() throws {
        let reset = ConnectionScript([.request, .reset])
        var system = ScriptedSystem(reset, .responses(okResponse))
        var client = retrying(system)
        #expect(try client.text(get()) == "ok")
        system = ScriptedSystem(reset, .responses(okResponse))
        client = retrying(system)
        #expect(client.error(of: post())?.kind == .reset, "it may have been acted upon")
        #expect(system.connections.count == 1)
    }

    /// A server that closes what it has promised to keep: at once, if any request may be sent again.
    @Test func aKeptConnectionThatIsClosed() throws {
        for repeats in [false, true] {
            let system = ScriptedSystem(
                ConnectionScript([.request, .text(okResponse), .request, .end]),
                .responses(okResponse))
            var client = makeClient(system) {
                var policy = RetryPolicy()
                policy.repeatsAnyMethod = repeats
                $0.retries = policy
            }
            #expect(try client.text(post()) == "ok")
            if repeats {
                #expect(try client.text(post()) == "ok")
                system.expectFinished()
            } else {
                #expect(client.error(of: post())?.kind == .closedEarly)
            }
            #expect(system.elapsed == .zero)
        }
    }

    /// Never after content.
    @Test func neverOnceAnAnswerHasBegun() throws {
        let system = ScriptedSystem(
            ConnectionScript([.request, .text(chunkedHead + chunk("line\n")), .reset]),
            .responses(okResponse))
        var client = retrying(system)
        #expect(client.error(of: get())?.kind == .reset)
        #expect(system.connections.count == 1)
    }

    /// A delay that would outlast `total` is not begun.
    @Test func noTimeLeft() throws {
        let system = ScriptedSystem(.responses(busy, busy))
        var client = retrying(system, shortDeadlines.with(\.total, .seconds(3)))
        #expect(try client.text(get()) == "busy")
        #expect(system.elapsed == .seconds(2))
    }
}
