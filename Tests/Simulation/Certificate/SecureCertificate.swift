#if TLS
import TestSupport
import WireBlocking
import WireBytes
import WireDriver
import WireExchange
import WireFraming
import WireHTTP1
import WireHTTPClient
import WireSecurity
import WireTime

/// The same over TLS: the peer stops behind each byte of what its TLS sends, handshake and all. What the
/// client can know by then is told by where the peer's own records end.
package final class SecureCertificate {
    package typealias Outcome = Certificate.Outcome

    private let system = StoppingSystem()
    private let server: TLSTestServer
    private var blocking: Held
    private let async: HTTPClient

    private final class Held {
        var client: BlockingHTTPClient
        init(_ client: consuming BlockingHTTPClient) { self.client = client }
    }

    package init() {
        let authority = Credential.authority()
        // No tickets: a resumed handshake would have another length.
        server = TLSTestServer(
            Credential("peer", by: authority, names: "DNS:peer"), version: .tls13, tickets: 0)
        var options = ClientOptions()
        options.deadlines = SecureCertificate.deadlines
        options.tls.trust = .only([.bytes(authority.certificate)])
        options.idleConnectionLimit = 0
        blocking = Held(BlockingHTTPClient(options, system: system))
        async = HTTPClient(options, system: system)
    }

    private static let deadlines = Certificate.deadlines(0)
        .with(\.tlsHandshake, .seconds(8)).with(\.connect, .seconds(1))

    /// How many bytes the peer sends for a recording; a few more or less each time, for signatures
    /// differ in length.
    func length(of certificate: Certificate) -> Int {
        _ = run(certificate, after: .max, .stall, .blocking)
        return system.peer?.produced.count ?? 0
    }

    /// - Returns: what came of it, and what had to.
    func run(
        _ certificate: Certificate, after limit: Int, _ stop: Certificate.Stop, _ driver: Driver
    ) -> (Outcome, expected: Outcome) {
        let (server, bytes) = (server, certificate.answer)
        let closes = certificate.shape.end == nil
        system.prepare {
            StoppingPeer(server.accept(), answer: bytes, closesBehind: closes, limit: limit, stop)
        }
        var request = certificate.request
        request.url = HTTPURL(
            scheme: .https, host: "peer", port: 443, target: certificate.request.url.target)
        var outcome = Outcome()
        if driver == .blocking {
            do throws(TransportError) {
                var response = try blocking.client.send(request)
                try read(&response, certificate.shape.unit, &outcome)
                outcome.received = response.progress.bytesReceived
            } catch { outcome.take(error) }
        } else {
            let reader = CertificateReader(certificate.shape.unit)
            async.start(request, with: reader)
            outcome.content = reader.content
            outcome.records = reader.records
            if let error = reader.error { outcome.take(error) } else { outcome.received = -1 }
        }
        outcome.elapsed = system.elapsed
        outcome.isClosed = system.peer?.isClosed != false
        outcome.written = 0
        if !system.problems.isEmpty {
            outcome.ending += ": " + system.problems.joined(separator: "; ")
        }
        var expected = expected(certificate, limit, stop)
        if driver == .async, expected.ending == "complete" { expected.received = -1 }
        return (outcome, expected)
    }

    private func read(
        _ response: inout BlockingResponse, _ unit: CertificateUnit, _ outcome: inout Outcome
    ) throws(TransportError) {
        switch unit {
        case .pieces: while let piece = try response.nextBytes() { outcome.content += piece.count }
        case .lines: while try response.nextLine() != nil { outcome.records += 1 }
        case .events: while try response.nextEvent() != nil { outcome.records += 1 }
        }
    }

    private func expected(
        _ certificate: Certificate, _ limit: Int, _ stop: Certificate.Stop
    ) -> Outcome {
        guard let peer = system.peer else { return Outcome(ending: "no connection") }
        let shape = certificate.shape
        var outcome = Outcome(isClosed: true)
        let deadlines = SecureCertificate.deadlines
        func ends(_ kind: String, _ phase: String) -> Outcome {
            (outcome.ending, outcome.phase, outcome.elapsed) = (kind, phase, .milliseconds(5))
            return outcome
        }
        func passes(_ deadline: Deadline, _ timeout: Timeout) -> Outcome {
            (outcome.ending, outcome.phase) = ("timeout", deadline.phase.rawValue)
            (outcome.deadline, outcome.waited, outcome.elapsed) = ("\(deadline)", timeout, timeout)
            return outcome
        }
        if limit < peer.handshakeEnd {
            return switch stop {
            case .stall: passes(.tlsHandshake, deadlines.tlsHandshake)
            case .fin: ends("tls-failed", "tls")
            case .reset: ends("reset", "tls")
            }
        }
        let plain = peer.records.last { $0.end <= limit }?.plain ?? 0
        let hasClosed = peer.closeEnd.map { $0 <= limit } ?? false
        let isWhole = shape.end.map { plain >= $0 } ?? (hasClosed && plain >= shape.headEnd)
        let part = shape.part(plain, atEnd: isWhole)
        outcome.received = plain
        outcome.content = shape.unit == .pieces ? part.content : 0
        outcome.records = part.records
        if isWhole { return outcome }
        let hasHead = plain >= shape.headEnd
        let phase = !hasHead ? "head" : part.carrying == 0 ? "first-content" : "body"
        switch stop {
        case .reset: return ends("reset", phase)
        // An end that TLS has not told may be anybody's.
        case .fin where hasHead && shape.end == nil: return ends("tls-failed", phase)
        case .fin: return ends("closed-early", phase)
        case .stall:
            if !hasHead { return passes(.responseHead, deadlines.responseHead) }
            if part.carrying == 0, deadlines.firstContent < deadlines.bodyIdle {
                return passes(.firstContent, deadlines.firstContent)
            }
            let content = part.carrying > 0 ? deadlines.contentIdle : .never
            return deadlines.bodyIdle <= content
                ? passes(.bodyIdle, deadlines.bodyIdle) : passes(.contentIdle, content)
        }
    }
}

/// Counts what comes of a response, and keeps how it ended. Unchecked: a case runs on one thread.
private final class CertificateReader: ResponseHandler, @unchecked Sendable {
    private let unit: CertificateUnit
    private(set) var content = 0
    private(set) var records = 0
    private(set) var error: TransportError?

    init(_ unit: CertificateUnit) { self.unit = unit }

    func begin(_ head: ResponseHead) -> BodyUnit? {
        switch unit {
        case .pieces: .piece
        case .lines: .line
        case .events: .event
        }
    }

    func receive(_ record: borrowing SSEFramer.Event) -> StreamVerdict {
        if unit == .pieces { content += record.data.count } else { records += 1 }
        return .goOn
    }

    func end(_ end: ResponseEnd) {
        if case .failed(let failure) = end.outcome { error = failure }
    }
}

extension Certificate.Outcome {
    fileprivate mutating func take(_ error: TransportError) {
        ending = error.kind.rawValue
        phase = error.phase.rawValue
        if case .timeout(let deadline, let waited, _) = error {
            (self.deadline, self.waited) = ("\(deadline)", waited)
        }
        received = error.progress.bytesReceived
    }
}
#endif
