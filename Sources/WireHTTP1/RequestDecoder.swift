public import WireBytes

/// Request line and fields of a request as a server received it (RFC 9112 3).
public struct ReceivedRequest: Sendable {
    public let method: String
    /// As sent, in whatever form (RFC 9112 3.2): printable ASCII without spaces.
    public let target: String
    /// `1.0`, `1.1`, ... as sent.
    public let minorVersion: Int
    public let fields: Fields

    /// Whether the client wants the connection kept (RFC 9112 9.3).
    public var allowsKeepAlive: Bool {
        if fields.list(.connection, contains: "close") { return false }
        if minorVersion == 0 { return fields.list(.connection, contains: "keep-alive") }
        return true
    }

    /// Whether the client waits for `100 Continue` before it sends the body (RFC 9110 10.1.1).
    public var expectsContinue: Bool {
        minorVersion > 0 && fields.list("expect", contains: "100-continue")
    }
}

/// One request: the head, the body, the end (RFC 9112): the server's side of `ResponseDecoder`.
/// Sans-IO: bytes come in the raw part of a receive buffer, body bytes leave as its content.
///
///     state   | bytes                       | step, next state
///     --------+-----------------------------+---------------------------------
///     line    | empty lines                 | line (dropped, RFC 9112 2.2)
///             | a complete head             | .head, body
///     body    | body bytes                  | .content, body
///             | the body's last byte        | .end, ended
///     any     | not enough bytes            | .needsBytes, the same
///     any     | what the rules forbid       | throws, failed: every later call throws it again
///
/// Bytes behind the end stay raw: they are the next request, which a new decoder reads.
///
/// Stricter than RFC 9112 where servers that guess have been led to see another request than a
/// proxy before them did: Transfer-Encoding with Content-Length or in HTTP/1.0 is an error.
public struct RequestDecoder: Sendable {
    public enum Step: Equatable, Sendable {
        /// `request` and `framing` are there now.
        case head
        /// So many bytes have become content of the receive buffer.
        case content(Int)
        /// The request is complete; further calls say so again.
        case end
        case needsBytes
    }

    private enum State: Sendable { case line, fields, body, ended, failed(HTTP1Error) }

    private var state = State.line
    private var line: RequestLine?
    private var reader: HeadReader
    private var body: BodyDecoder
    /// Bytes of an incomplete request line that have been found to be a method's.
    private var methodBytesChecked = 0
    /// How much has been taken off the raw bytes.
    private var offset = 0

    public private(set) var request: ReceivedRequest?
    public private(set) var framing: BodyFraming?

    public init(limits: HTTP1Limits) {
        reader = HeadReader(limits: limits, section: limits.head)
        body = BodyDecoder(limits: limits)
    }

    private var limits: HTTP1Limits { body.limits }

    /// Trailer fields of a chunked body; complete at the end. They are kept apart from the head's.
    public var trailers: Fields { body.trailers }

    public var isComplete: Bool {
        if case .ended = state { return true }
        return false
    }

    /// Bytes of the request decoded so far, framing included.
    public var bytesTaken: Int { offset }

    /// Takes what it can off the raw bytes, up to one step.
    public mutating func advance(_ buffer: inout ReceiveBuffer) throws(HTTP1Error) -> Step {
        do throws(HTTP1Error) {
            return try takeStep(&buffer)
        } catch {
            state = .failed(error)
            throw error
        }
    }

    /// The peer will send nothing more; call when the raw bytes are used up.
    ///
    /// - Throws: `closedEarly` unless the request is complete; no request ends by a close.
    public mutating func endOfInput() throws(HTTP1Error) {
        do throws(HTTP1Error) {
            switch state {
            case .line where offset == 0:
                throw HTTP1Error(.closedEarly, at: 0, "closed without a request")
            case .line, .fields:
                throw HTTP1Error(.closedEarly, at: offset, "closed inside the request head")
            case .body:
                try body.endOfInput(at: offset)
                state = .ended
            case .ended: return
            case .failed(let error): throw error
            }
        } catch {
            state = .failed(error)
            throw error
        }
    }

    private mutating func takeStep(_ buffer: inout ReceiveBuffer) throws(HTTP1Error) -> Step {
        switch state {
        case .body:
            switch try body.advance(&buffer, offset: &offset) {
            case .content(let count): return .content(count)
            case .needsBytes: return .needsBytes
            case .end:
                state = .ended
                return .end
            }
        case .line:
            guard try takeRequestLine(&buffer) else { return .needsBytes }
            state = .fields
            return try takeFields(&buffer)
        case .fields: return try takeFields(&buffer)
        case .ended: return .end
        case .failed(let error): throw error
        }
    }

    private mutating func takeRequestLine(
        _ buffer: inout ReceiveBuffer
    ) throws(HTTP1Error) -> Bool {
        while true {
            try checkMethod(buffer.raw)
            guard
                let range = try reader.nextLine(
                    in: buffer, limit: limits.startLine, at: offset, kind: RequestLine.errorKind)
            else { return false }
            if range.count > 0 { line = try RequestLine(buffer.bytes(in: range), at: offset) }
            offset += reader.consumeLine(range, in: &buffer)
            if range.count > 0 { return true }
        }
    }

    /// What a line has to begin with, as far as it goes. A peer that speaks something else (TLS,
    /// say) is found out without waiting for a line end that may never come.
    private mutating func checkMethod(_ raw: Span<UInt8>) throws(HTTP1Error) {
        if raw.isEmpty || raw[0] == ASCII.cr || raw[0] == ASCII.lf { return }
        methodBytesChecked += ByteScan.tokenRun(in: raw, from: methodBytesChecked)
        if methodBytesChecked < raw.count, raw[methodBytesChecked] != ASCII.space {
            throw HTTP1Error(
                RequestLine.errorKind, at: offset + methodBytesChecked,
                "the request does not begin with a method")
        }
    }

    private mutating func takeFields(_ buffer: inout ReceiveBuffer) throws(HTTP1Error) -> Step {
        guard try reader.readFields(in: &buffer, offset: &offset), let line else {
            return .needsBytes
        }
        let fields = reader.fields
        let hosts = fields.count(of: "host")
        if hosts > 1 || hosts == 0 && line.minorVersion > 0 {
            throw HTTP1Error(.badHeader, at: offset, "\(hosts) Host fields, not one")
        }
        let framing = try BodyFraming.ofRequest(fields, at: offset)
        if framing == .chunked {
            if fields.contains(.contentLength) {
                throw HTTP1Error(
                    .badFraming, at: offset, "both Transfer-Encoding and Content-Length")
            }
            if line.minorVersion == 0 {
                throw HTTP1Error(.badFraming, at: offset, "Transfer-Encoding in HTTP/1.0")
            }
        }
        request = ReceivedRequest(
            method: line.method, target: line.target, minorVersion: line.minorVersion,
            fields: fields)
        self.framing = framing
        body.start(framing)
        state = .body
        return .head
    }
}

/// `method SP target SP HTTP/1.x` (RFC 9112 3), single spaces only.
private struct RequestLine: Sendable {
    /// The kind of a start line that is none.
    static let errorKind = HTTP1Error.Kind.badRequestLine

    let method: String
    let target: String
    let minorVersion: Int

    init(_ line: Span<UInt8>, at offset: Int) throws(HTTP1Error) {
        func fail(_ at: Int, _ message: String) -> HTTP1Error {
            HTTP1Error(RequestLine.errorKind, at: offset + at, message)
        }
        var index = ByteScan.tokenRun(in: line, from: 0)
        guard index > 0, index < line.count, line[index] == ASCII.space else {
            throw fail(index, "expected a method and a space")
        }
        let methodEnd = index
        index += 1
        while index < line.count, line[index] > ASCII.space, line[index] < 0x7F { index += 1 }
        guard index > methodEnd + 1, index < line.count, line[index] == ASCII.space else {
            throw fail(index, "expected a target of printable ASCII and a space")
        }
        let version = line.extracting(index + 1..<line.count)
        let isHTTP =
            version.count == 8 && ASCII.equals(version.extracting(0..<5), "HTTP/")
            && ASCII.isDigit(version[5]) && version[6] == UInt8(ascii: ".")
            && ASCII.isDigit(version[7])
        guard isHTTP else { throw fail(index + 1, "expected HTTP/1.x") }
        if version[5] != UInt8(ascii: "1") {
            throw HTTP1Error(
                .unsupported, at: offset + index + 6, "the version \(String(decoding: version))")
        }
        method = String(decoding: line.extracting(0..<methodEnd))
        target = String(decoding: line.extracting(methodEnd + 1..<index))
        minorVersion = Int(version[7] - 0x30)
    }
}
