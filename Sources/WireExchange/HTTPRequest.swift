internal import WireBytes
public import WireHTTP1

/// A request: the head, and the body or where it comes from.
public struct HTTPRequest: Sendable {
    public var url: HTTPURL { didSet { prepared = nil } }
    public var method: String { didSet { prepared = nil } }
    public var fields: [(name: String, value: String)] { didSet { prepared = nil } }
    /// Nil sends none; empty sends `Content-Length: 0`.
    public var body: RequestBody? { didSet { prepared = nil } }
    /// Sends the body in the chunked coding, whether its length is known or not.
    public var sendsChunked = false { didSet { prepared = nil } }
    /// Sends `Expect: 100-continue`, and the body only when the peer says so or has not said anything
    /// for `Deadlines.expectContinue` (RFC 9110 10.1.1). A final answer that comes first spares the
    /// body, and closes the connection. Without a body it does nothing.
    public var expectsContinue = false { didSet { prepared = nil } }
    /// False keeps this one from being redirected where the client would follow.
    public var followsRedirects = true
    /// Offers `gzip, deflate` for the response's body, and undoes what comes (RFC 9110 8.4): for
    /// whole answers. A stream's records may be held back in an encoder. Without this, as with an
    /// Accept-Encoding or a Range among `fields`, the body is passed on as it comes.
    public var offersContentCoding = false { didSet { prepared = nil } }
    /// Requests of one origin in different lanes share no connections: `PoolLimits.perOrigin` holds for
    /// each lane by itself.
    public var lane: String? { didSet { prepared = nil } }
    private var prepared: OutgoingRequest?

    public init(
        _ method: String, _ url: HTTPURL, fields: [(name: String, value: String)] = [],
        body: [UInt8]? = nil
    ) {
        self.method = method
        self.url = url
        self.fields = fields
        self.body = body.map { .bytes($0) }
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
    /// its copies; without this each send does it. Setting anything undoes it. Does nothing for a body
    /// that is not in memory.
    ///
    /// - Throws: `TransportError.request` for what must not be sent.
    public mutating func prepare() throws(TransportError) {
        switch body?.source {
        case nil, .bytes: prepared = try outgoing { _ throws(TransportError) in nil }
        case .file, .pieces: break
        }
    }

    /// The request as it goes on the wire.
    ///
    /// - Parameter open: opens a file, and says how long it is.
    /// - Throws: `TransportError.request` for what must not be sent.
    package func outgoing(
        opening open: (_ path: String) throws(TransportError) -> (any BodySource, length: Int?)?
    ) throws(TransportError) -> OutgoingRequest {
        if let prepared { return prepared }
        let body = try OutgoingBody(body, chunked: sendsChunked, opening: open)
        do throws(RequestError) {
            var fields = fields
            if let user = url.userInfo, !has("authorization") {
                fields.append(("Authorization", "Basic \(Base64.encode(Array(user.utf8)))"))
            }
            // A part of a coded body cannot be decoded.
            let decodes = offersContentCoding && !has("accept-encoding") && !has("range")
            if decodes { fields.append(("Accept-Encoding", "gzip, deflate")) }
            let asksToContinue = has("expect", "100-continue")
            let waits = !body.isEmpty && (expectsContinue || asksToContinue)
            if waits, !asksToContinue { fields.append(("Expect", "100-continue")) }
            let head = try RequestHead(
                method: method, target: url.target, authority: url.authority, fields: fields)
            return OutgoingRequest(
                origin: Origin(
                    scheme: url.scheme.rawValue, host: url.host, port: url.port, lane: lane),
                head: try head.encoded(body: body.framing), body: body, toHEAD: method == "HEAD",
                mayRepeat: head.isIdempotent, decodesContent: decodes, awaitsContinue: waits)
        } catch { throw .request(error) }
    }

    private func has(_ name: String, _ value: String? = nil) -> Bool {
        fields.contains { field in
            field.name.lowercased() == name
                && (value ?? field.value).lowercased() == field.value.lowercased()
        }
    }
}
