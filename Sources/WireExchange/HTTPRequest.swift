internal import WireBytes
public import WireHTTP1

/// A request with all of its body.
public struct HTTPRequest: Sendable {
    public var url: HTTPURL { didSet { prepared = nil } }
    public var method: String { didSet { prepared = nil } }
    public var fields: [(name: String, value: String)] { didSet { prepared = nil } }
    /// Nil sends none; empty sends `Content-Length: 0`.
    public var body: [UInt8]? { didSet { prepared = nil } }
    /// Sends the body in the chunked coding.
    public var sendsChunked = false { didSet { prepared = nil } }
    private var prepared: OutgoingRequest?

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

    /// Checks the request and brings it into its wire form now, once for all sends of this value and
    /// its copies; without this each send does it. Setting anything undoes it.
    ///
    /// - Throws: `TransportError.request` for what must not be sent.
    public mutating func prepare() throws(TransportError) {
        prepared = try outgoing()
    }

    /// The request as it goes on the wire.
    ///
    /// - Throws: `TransportError.request` for what must not be sent.
    package func outgoing() throws(TransportError) -> OutgoingRequest {
        if let prepared { return prepared }
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
///
/// An object, so that a request takes its form along at the price of one reference.
package final class OutgoingRequest: Sendable {
    package let origin: Origin
    package let head: [UInt8]
    package let body: [UInt8]
    package let toHEAD: Bool
    package let mayRepeat: Bool

    init(origin: Origin, head: [UInt8], body: [UInt8], toHEAD: Bool, mayRepeat: Bool) {
        self.origin = origin
        self.head = head
        self.body = body
        self.toHEAD = toHEAD
        self.mayRepeat = mayRepeat
    }

    package var count: Int { head.count + body.count }

    /// In place of one that must not be sent.
    package static let none = OutgoingRequest(
        origin: Origin(scheme: "", host: "", port: 0), head: [], body: [], toHEAD: false,
        mayRepeat: false)
}
