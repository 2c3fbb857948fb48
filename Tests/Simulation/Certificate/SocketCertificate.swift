import Synchronization
import TestSupport
import WireBlocking
import WireExchange
import WireServer
import WireSockets
import WireSystem
import WireTime

/// Cases of the certificate over real sockets, in real time.
///
/// What cannot be told there, and is left to virtual time: exact instants (a deadline passes not before
/// its time); a peer that takes no more of the request (the kernel takes it); how much of what came before a
/// reset the kernel still gives out.
package struct SocketCertificate: Sendable {
    private let certificate: Certificate
    private let one: Certificate.Case
    private let driver: Driver
    /// Over TLS: only what ends there as it does without.
    private let isSecure: Bool

    /// Deadlines are so many times shorter than in virtual time: still far from one another.
    private static let haste: Int64 = 4

    private var name: String {
        "\(driver), \(certificate.name), \(one)\(isSecure ? ", TLS" : "")"
    }

    // MARK: A sample

    /// - Parameter isSecure: every fourth goes over TLS.
    package static func sample(
        of certificates: [Certificate], count: Int, seed: UInt64
    ) -> [SocketCertificate] {
        var random = SeededGenerator(seed: seed)
        var sample: [SocketCertificate] = []
        while sample.count < count {
            let certificate = random.pick(certificates)
            let one = random.pick(certificate.cases)
            #if TLS
            let isSecure = one.side == .answer && one.stop != .reset && random.chance(1, in: 4)
            #else
            let isSecure = false
            #endif
            if one.side == .request, one.stop == .stall { continue }
            sample.append(
                SocketCertificate(
                    certificate: certificate, one: one, driver: random.pick(Driver.allCases),
                    isSecure: isSecure))
        }
        return sample
    }

    /// Runs them, many at a time: most of them wait.
    ///
    /// - Returns: what is wrong.
    package static func problems(of sample: [SocketCertificate]) -> [String] {
        let left = Lock(sample)
        let problems = Lock<[String]>([])
        let peer = TLSPeer()
        let threads = (0..<48).map { _ in
            PlainThread {
                while let next = left.withLock({ $0.popLast() }) {
                    let problem = Driver.$current.withValue(next.driver) { next.problem(peer) }
                    if let problem { problems.withLock { $0.append(problem) } }
                }
            }
        }
        for thread in threads { thread.join() }
        return problems.withLock { $0 }
    }

    // MARK: One

    private func problem(_ peer: TLSPeer) -> String? {
        do {
            let server = try ReplayServer(behaviour)
            server.start()
            defer { server.stop() }
            guard isSecure else { return problem(.http, server.port, ClientOptions()) }
            return try peer.inFront(of: server.port) { port, options in
                problem(.https, port, options)
            }
        } catch { return "\(name): \(error)" }
    }

    private var behaviour: ServerBehaviour {
        if one.side == .request {
            return .raw(afterBytes: max(1, one.after)) { [one] _ in
                Script([one.stop == .fin ? .finish : .reset])
            }
        }
        let (answer, one) = (certificate.answer, one)
        let script: Script =
            one.stop == .stall
            ? .stalling(after: one.after, of: answer)
            : .cut(after: one.after, of: answer, byReset: one.stop == .reset)
        return .requests(OneScript(script: script))
    }

    private func problem(
        _ scheme: HTTPURL.Scheme, _ port: UInt16, _ options: ClientOptions
    ) -> String? {
        var options = options
        options.deadlines = deadlines
        var client = TestClient(options)
        let outcome = certificate.outcome(
            of: certificate.request(to: scheme, port: port), by: &client)
        let expected = certificate.expected(one)
        let isRight = one.side == .request ? isRightOfRequest(outcome) : isRight(outcome, expected)
        if !isRight { return "\(name): \(outcome), not \(expected)" }
        return client.connections.leased == 0 ? nil : "\(name): a connection is held"
    }

    private var deadlines: Deadlines {
        var deadlines = Certificate.deadlines(one.after)
        for field in [
            \Deadlines.responseHead, \.firstContent, \.bodyIdle, \.contentIdle,
        ] {
            deadlines[keyPath: field] = Timeout(
                nanoseconds: deadlines[keyPath: field].nanoseconds / SocketCertificate.haste)
        }
        deadlines.requestWrite = .minutes(5)
        return deadlines
    }

    /// The kernel has taken all of the request by then, or had no time to.
    private func isRightOfRequest(_ outcome: Certificate.Outcome) -> Bool {
        let endings = one.stop == .fin ? ["closed-early", "reset"] : ["reset"]
        return endings.contains(outcome.ending) && ["request", "head"].contains(outcome.phase)
            && outcome.received == 0
    }

    private func isRight(_ outcome: Certificate.Outcome, _ expected: Certificate.Outcome) -> Bool {
        if one.stop == .reset {
            let phases = ["request", "head", "first-content", "body"]
            if outcome.ending == "complete" { return expected.ending == "complete" }
            return outcome.ending == "reset" && outcome.received <= one.after
                && phases.firstIndex(of: outcome.phase) ?? .max
                    <= (expected.ending == "complete"
                        ? .max : phases.firstIndex(of: expected.phase) ?? -1)
        }
        let isLateEnough =
            expected.waited.map { expected in
                outcome.elapsed.nanoseconds >= expected.nanoseconds / SocketCertificate.haste
            } ?? true
        return isLateEnough && outcome.ending == expected.ending
            && outcome.phase == expected.phase && outcome.deadline == expected.deadline
            && outcome.content == expected.content && outcome.records == expected.records
            && outcome.received == expected.received
    }
}

private struct OneScript: RequestHandler {
    let script: Script
    func script(for request: ServedRequest) -> Script { script }
}

/// A TLS server, made once.
private struct TLSPeer: Sendable {
    #if TLS
    private let authority = Credential.authority("An authority")
    private let server: TLSTestServer

    init() {
        server = TLSTestServer(Credential("peer", by: authority, names: "IP:127.0.0.1"))
    }

    /// It says in TLS that it ends, as a good server does.
    func inFront<Result>(
        of port: UInt16, _ body: (UInt16, ClientOptions) -> Result
    ) throws -> Result {
        let frontend = try TLSFrontend(server, to: port)
        defer { frontend.stop() }
        var options = ClientOptions()
        options.tls.trust = .only([.bytes(authority.certificate)])
        return body(frontend.port, options)
    }
    #else
    func inFront<Result>(
        of port: UInt16, _ body: (UInt16, ClientOptions) -> Result
    ) throws -> Result { body(port, ClientOptions()) }
    #endif
}
