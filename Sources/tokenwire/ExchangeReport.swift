import WireDigest
import WireExchange
import WireHTTP1
import WireJSON
import WireSecurity
import WireTime

/// All that is known of an exchange, as far as it came.
struct ExchangeReport {
    struct Failure {
        let kind: TransportError.Kind
        let phase: Phase
        let message: String
        let offset: Int?
        let bytesReceived: Int
        let elapsed: Timeout
        let code: ExitCode
    }

    var failure: Failure?
    var status: Int?
    var reason: String?
    var version: String?
    var fields = Fields()
    var trailers = Fields()
    var bodyBytes = 0
    /// Of what was received of the body; nil when this build has no digests.
    var bodySHA256 = SHA256().hexDigest()
    var isConnectionKept = false
    var isReused = false
    var timings: ExchangeTimings?
    var tls: TLSFacts?

    init() {}

    /// Of an exchange that never began.
    init(_ error: TransportError) { fail(error) }

    /// The response's head is there.
    mutating func take<Response: ReadableResponse & ~Copyable>(_ response: borrowing Response) {
        status = response.head.status
        reason = response.head.reason
        version = response.head.version
        fields = response.head.fields
        isReused = response.isReusedConnection
        tls = response.tls
    }

    /// The response's end is there, or nothing more will come of it.
    mutating func finish<Response: ReadableResponse & ~Copyable>(_ response: borrowing Response) {
        trailers = response.trailers
        isConnectionKept = response.wasConnectionKept
        timings = response.timings
    }

    mutating func fail(_ error: TransportError) {
        let progress = error.progress
        if case .redirect(_, let redirecting, _) = error { status = redirecting }
        failure = Failure(
            kind: error.kind, phase: error.phase, message: error.description,
            offset: error.offset, bytesReceived: progress.bytesReceived,
            elapsed: progress.elapsed, code: ExitCode(error))
        // An exchange that sends without having connected got a connection that stood already.
        if status == nil, let timings {
            isReused = timings.connected == nil && progress.bytesWritten > 0
        }
    }

    var exitCode: ExitCode {
        if let failure { return failure.code }
        return (status ?? 0) >= 400 ? .serverError : .success
    }
}

extension ExchangeReport {
    /// One line, its keys in the contract's order.
    func json(includesReuse: Bool) -> [UInt8] {
        var writer = JSONWriter(reserving: 1024)
        writer.beginObject()
        writer.field("outcome", failure == nil ? "ok" : "error")
        writer.key("error")
        write(failure, to: &writer)
        writer.key("status")
        write(status, to: &writer)
        writer.key("reason")
        write(reason, to: &writer)
        writer.key("http_version")
        write(version, to: &writer)
        writer.key("headers")
        write(fields, to: &writer)
        writer.key("trailers")
        write(trailers, to: &writer)
        writer.field("body_bytes", bodyBytes)
        writer.key("body_sha256")
        write(bodySHA256, to: &writer)
        writer.field("connection", isConnectionKept ? "reusable" : "closed")
        writer.key("tls")
        write(tls, to: &writer)
        writer.key("timings_us")
        writeTimings(to: &writer)
        if includesReuse { writer.field("reused", isReused) }
        writer.endObject()
        return writer.bytes
    }

    private func write(_ failure: Failure?, to writer: inout JSONWriter) {
        guard let failure else { return writer.null() }
        writer.beginObject()
        writer.field("kind", failure.kind.rawValue)
        writer.field("phase", failure.phase.rawValue)
        writer.field("message", failure.message)
        writer.key("offset")
        write(failure.offset, to: &writer)
        writer.field("bytes_received", failure.bytesReceived)
        writer.field("elapsed_ms", Int(failure.elapsed.wholeMilliseconds))
        writer.endObject()
    }

    private func write(_ tls: TLSFacts?, to writer: inout JSONWriter) {
        guard let tls else { return writer.null() }
        writer.beginObject()
        writer.field("version", tls.version)
        writer.field("cipher", tls.cipher)
        writer.key("peer")
        write(tls.peerSubject, to: &writer)
        writer.endObject()
    }

    private func write(_ fields: Fields, to writer: inout JSONWriter) {
        writer.beginArray()
        for index in 0..<fields.count {
            writer.beginArray()
            writer.string(fields.name(at: index))
            writer.string(fields.value(at: index))
            writer.endArray()
        }
        writer.endArray()
    }

    private func writeTimings(to writer: inout JSONWriter) {
        let instants: [(name: String, instant: Instant?)] = [
            ("resolve", timings?.resolved), ("connect", timings?.connected),
            ("tls", timings?.secured), ("request_sent", timings?.requestSent),
            ("first_byte", timings?.firstByte), ("head", timings?.head),
            ("first_content", timings?.firstContent),
        ]
        writer.beginObject()
        for (name, instant) in instants {
            writer.key(name)
            write(microseconds(instant), to: &writer)
        }
        writer.field("end", microseconds(timings?.end) ?? 0)
        writer.endObject()
    }

    private func microseconds(_ instant: Instant?) -> Int? {
        guard let instant, let timings else { return nil }
        return Int(instant.since(timings.start).wholeMicroseconds)
    }

    private func write(_ number: Int?, to writer: inout JSONWriter) {
        if let number { writer.integer(number) } else { writer.null() }
    }

    private func write(_ text: String?, to writer: inout JSONWriter) {
        if let text { writer.string(text) } else { writer.null() }
    }
}
