internal import WireBytes
internal import WireExchange
internal import WireGzip
internal import WireHTTP1

/// What an exchange keeps of its client's options for reading responses.
struct ReaderLimits {
    private let http: HTTP1Limits
    private let record: ByteLimit
    private let content: ContentLimits
    private let leniencies: HTTP1Leniencies

    init(_ options: ClientOptions) {
        http = options.limits
        record = options.recordLimit
        content = options.content
        leniencies = options.leniencies
    }

    fileprivate func reader(for request: OutgoingRequest) -> MessageReader {
        MessageReader(
            toHEAD: request.toHEAD, limits: http, recordLimit: record,
            contentLimits: request.decodesContent ? content : nil, leniencies: leniencies)
    }
}

extension MessageReader {
    init(to request: OutgoingRequest, _ limits: ReaderLimits) { self = limits.reader(for: request) }
}
