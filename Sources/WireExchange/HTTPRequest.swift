internal import WireBytes
public import WireHTTP1

/// A request with all of its body.
public struct HTTPRequest: Sendable {
    public var url: HTTPURL
    public var method: String
    public var fields: [(name: String, value: String)]
    /// Nil sends none; empty sends `Content-Length: 0`.
    public var body: [UInt8]?
    /// Sends the body in the chunked coding.
    public var sendsChunked = false

    public init(
        _ method: String, _ url: HTTPURL, fields: [(name: String, value: String)] = [],
        body: [UInt8]? = nil
    ) {
        self.method = method
        self.url = url
        self.fields = fields
        self.body = body
    }

    /// - Throws: `TransportError.request` when the URL is none.
    public init(
        _ method: String, url: String, fields: [(name: String, value: String)] = [],
        body: [UInt8]? = nil
    ) throws(TransportError) {
        do throws(RequestError) {
            self.init(method, try HTTPURL(url), fields: fields, body: body)
        } catch { throw .request(error) }
    }

    /// The request as it goes on the wire.
    ///
    /// - Throws: `TransportError.request` for what must not be sent.
    package func outgoing() throws(TransportError) -> OutgoingRequest {
        if url.scheme == .https { throw .unsupported("https") }
        do throws(RequestError) {
            var fields = fields
            if let user = url.userInfo,
                !fields.contains(where: { $0.name.lowercased() == "authorization" })
            {
                fields.append(("Authorization", "Basic \(Base64.encode(Array(user.utf8)))"))
            }
            let head = try RequestHead(
                method: method, target: url.target, authority: url.authority, fields: fields)
            return OutgoingRequest(
                origin: Origin(scheme: url.scheme.rawValue, host: url.host, port: url.port),
                head: try head.encoded(body: framing), body: encodedBody,
                toHEAD: method == "HEAD", mayRepeat: head.isIdempotent)
        } catch { throw .request(error) }
    }

    private var framing: RequestHead.Body {
        guard let body else { return .none }
        return sendsChunked ? .chunked : .contentLength(body.count)
    }

    private var encodedBody: [UInt8] {
        guard let body else { return [] }
        if !sendsChunked { return body }
        if body.isEmpty { return ChunkedEncoder.end }
        return ChunkedEncoder.header(size: body.count) + body + ChunkedEncoder.separator
            + ChunkedEncoder.end
    }
}

/// What a request is made of, ready for the wire; kept for as long as it may be sent again.
package struct OutgoingRequest: Sendable {
    package let origin: Origin
    package let head: [UInt8]
    package let body: [UInt8]
    package let toHEAD: Bool
    package let mayRepeat: Bool

    package var count: Int { head.count + body.count }

    /// In place of one that must not be sent.
    package static let none = OutgoingRequest(
        origin: Origin(scheme: "", host: "", port: 0), head: [], body: [], toHEAD: false,
        mayRepeat: false)
}
