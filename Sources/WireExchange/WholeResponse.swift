public import WireHTTP1

/// A response with all of its body, decoded.
public struct WholeResponse: Sendable {
    public let head: ResponseHead
    public let body: [UInt8]
    public let trailers: Fields
    public let timings: ExchangeTimings

    package init(
        head: ResponseHead, body: [UInt8], trailers: Fields, timings: ExchangeTimings
    ) {
        self.head = head
        self.body = body
        self.trailers = trailers
        self.timings = timings
    }

    public var status: Int { head.status }

    /// The body as text; bytes that are not UTF-8 become U+FFFD.
    public var text: String { String(decoding: body, as: UTF8.self) }
}
