internal import WireBytes

/// How a message's end is found (RFC 9112 6.3).
public enum BodyFraming: Equatable, Sendable {
    case none
    case contentLength(Int)
    case chunked
    case untilClose

    public var name: String {
        switch self {
        case .none: "none"
        case .contentLength: "content-length"
        case .chunked: "chunked"
        case .untilClose: "until-close"
        }
    }

    /// The rules of RFC 9112 6.3 for a response, in their order. Stricter where a client that guesses
    /// could be led to see another message than a proxy before it did:
    /// Transfer-Encoding with Content-Length, and codings other than one `chunked`, are errors.
    ///
    /// - Parameters:
    ///   - toHEAD: the request's method was HEAD.
    ///   - offset: where the head ends, for errors.
    public static func ofResponse(
        _ head: ResponseHead, toHEAD: Bool, at offset: Int
    ) throws(HTTP1Error) -> BodyFraming {
        let coded = try isChunked(head.fields, at: offset)
        let length = try contentLength(head.fields, at: offset)
        if coded, length != nil {
            throw HTTP1Error(
                .badFraming, at: offset, "both Transfer-Encoding and Content-Length")
        }
        if toHEAD || head.status < 200 || head.status == 204 || head.status == 304 { return .none }
        if coded { return .chunked }
        if let length { return .contentLength(length) }
        return .untilClose
    }

    /// The rules of RFC 9112 6.3 for a request.
    public static func ofRequest(
        _ fields: Fields, at offset: Int
    ) throws(HTTP1Error) -> BodyFraming {
        if try isChunked(fields, at: offset) { return .chunked }
        return try contentLength(fields, at: offset).map { .contentLength($0) } ?? .none
    }

    private static func isChunked(_ fields: Fields, at offset: Int) throws(HTTP1Error) -> Bool {
        guard let first = fields.first(.transferEncoding) else { return false }
        // What nearly all say.
        if fields.isOnly(.transferEncoding),
            ASCII.equalsIgnoringCase(fields.valueBytes(at: first), "chunked")
        {
            return true
        }
        var chunked = 0
        var field: Int? = first
        while let index = field {
            let value = fields.valueBytes(at: index)
            var rest = 0..<value.count
            while let element = nextListElement(in: value, &rest) {
                let coding = value.extracting(element)
                if ASCII.equalsIgnoringCase(coding, "chunked") {
                    chunked += 1
                } else if chunked > 0 || isChunkedWithParameter(coding) {
                    throw HTTP1Error(.badFraming, at: offset, "chunked is not the last coding")
                } else {
                    throw HTTP1Error(
                        .unsupported, at: offset,
                        "the transfer coding \(String(decoding: coding))")
                }
            }
            field = fields.next(.transferEncoding, after: index)
        }
        if chunked != 1 {
            throw HTTP1Error(.badFraming, at: offset, "Transfer-Encoding is not one chunked")
        }
        return true
    }

    private static func isChunkedWithParameter(_ coding: Span<UInt8>) -> Bool {
        guard let end = ByteScan.firstIndex(of: UInt8(ascii: ";"), in: coding) else { return false }
        let name = coding.extracting(ASCII.trimmed(coding.extracting(0..<end)))
        return ASCII.equalsIgnoringCase(name, "chunked")
    }

    /// The one length that all Content-Length fields and list elements agree on.
    private static func contentLength(
        _ fields: Fields, at offset: Int
    ) throws(HTTP1Error) -> Int? {
        guard let first = fields.first(.contentLength) else { return nil }
        // What nearly all say.
        if fields.isOnly(.contentLength),
            let number = ASCII.decimal(fields.valueBytes(at: first))
        {
            return Int(number)
        }
        var length: Int64?
        var field: Int? = first
        while let index = field {
            let value = fields.valueBytes(at: index)
            var rest = 0..<value.count
            var empty = true
            while let element = nextListElement(in: value, &rest) {
                empty = false
                guard let number = ASCII.decimal(value.extracting(element)) else {
                    throw HTTP1Error(.badFraming, at: offset, "Content-Length is no number")
                }
                if let length, length != number {
                    throw HTTP1Error(.badFraming, at: offset, "different Content-Length values")
                }
                length = number
            }
            if empty { throw HTTP1Error(.badFraming, at: offset, "Content-Length is empty") }
            field = fields.next(.contentLength, after: index)
        }
        return length.map { Int($0) }
    }
}
