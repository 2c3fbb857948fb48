internal import CTokenWireHeader
internal import OllamaProtocol
internal import WireExchange
internal import WireTime

/// An error in the header's terms.
struct Failure: Error {
    var kind: tw_error_kind
    var phase = TW_PHASE_NONE
    var httpStatus: Int32 = 0
    var message: String

    static func invalidArgument(_ message: String) -> Failure {
        Failure(kind: TW_ERROR_INVALID_ARGUMENT, message: message)
    }

    init(
        kind: tw_error_kind, phase: tw_phase = TW_PHASE_NONE, httpStatus: Int32 = 0, message: String
    ) {
        self.kind = kind
        self.phase = phase
        self.httpStatus = httpStatus
        self.message = message
    }

    init(_ error: StreamError) {
        let message = error.description
        switch error {
        case .request(let error): self.init(.request(error), message)
        case .connect(let attempts):
            self.init(.connect(attempts, Progress()), message)
            phase = TW_PHASE_CONNECT
        case .timeout(let timeout):
            self.init(kind: TW_ERROR_TIMEOUT, phase: tw_phase(timeout.phase), message: message)
        case .server(let failure):
            self.init(
                kind: TW_ERROR_SERVER,
                phase: failure.isInsideStream ? TW_PHASE_BODY : TW_PHASE_HEAD,
                httpStatus: Int32(failure.status), message: message)
        case .incomplete:
            self.init(kind: TW_ERROR_INCOMPLETE, phase: TW_PHASE_BODY, message: message)
        case .malformed:
            self.init(kind: TW_ERROR_MALFORMED_RECORD, phase: TW_PHASE_BODY, message: message)
        case .stopped:
            self.init(kind: TW_ERROR_STOPPED, phase: TW_PHASE_BODY, message: message)
        case .cancelled: self.init(kind: TW_ERROR_CANCELLED, message: message)
        case .transport(let error, _): self.init(error, message)
        }
    }

    private init(_ error: TransportError, _ message: String) {
        self.init(kind: tw_error_kind(error.kind), phase: tw_phase(error.phase), message: message)
    }
}

extension tw_error_kind {
    init(_ kind: TransportError.Kind) {
        self =
            switch kind {
            case .invalidURL: TW_ERROR_INVALID_URL
            case .invalidRequest: TW_ERROR_INVALID_REQUEST
            case .resolveFailed: TW_ERROR_RESOLVE_FAILED
            case .connectRefused: TW_ERROR_CONNECT_REFUSED
            case .connectFailed: TW_ERROR_CONNECT_FAILED
            case .tlsFailed: TW_ERROR_TLS_FAILED
            case .tlsVerifyFailed: TW_ERROR_TLS_VERIFY_FAILED
            case .timeout: TW_ERROR_TIMEOUT
            case .closedEarly: TW_ERROR_CLOSED_EARLY
            case .reset: TW_ERROR_RESET
            case .badStatusLine: TW_ERROR_BAD_STATUS_LINE
            case .badHeader: TW_ERROR_BAD_HEADER
            case .badFraming: TW_ERROR_BAD_FRAMING
            case .badChunk: TW_ERROR_BAD_CHUNK
            case .tooLarge: TW_ERROR_TOO_LARGE
            case .badContentCoding: TW_ERROR_BAD_CONTENT_ENCODING
            // The C interface follows none.
            case .tooManyRedirects: TW_ERROR_OTHER
            case .unsupported: TW_ERROR_UNSUPPORTED
            case .cancelled: TW_ERROR_CANCELLED
            }
    }
}

extension tw_phase {
    init(_ phase: Phase) {
        self =
            switch phase {
            case .resolve: TW_PHASE_RESOLVE
            case .connect: TW_PHASE_CONNECT
            case .tls: TW_PHASE_TLS
            case .request: TW_PHASE_REQUEST
            case .head: TW_PHASE_HEAD
            case .firstContent: TW_PHASE_FIRST_CONTENT
            case .body: TW_PHASE_BODY
            case .content: TW_PHASE_CONTENT
            case .total: TW_PHASE_TOTAL
            case .pool: TW_PHASE_POOL
            }
    }
}

extension tw_error {
    /// Success, for any `tw_error` that a caller gave.
    static func clear(_ pointer: UnsafeMutablePointer<tw_error>?) {
        guard let pointer = unsafe pointer else { return }
        // Safe because the caller owns the struct for the length of the call. Not all of it is set:
        // this runs once for each record.
        unsafe pointer.pointee.kind = TW_ERROR_NONE
        unsafe pointer.pointee.phase = TW_PHASE_NONE
        unsafe pointer.pointee.http_status = 0
        unsafe pointer.pointee.message.0 = 0
    }

    static func set(_ pointer: UnsafeMutablePointer<tw_error>?, to failure: Failure) {
        guard let pointer = unsafe pointer else { return }
        // Safe because the caller owns the struct for the length of the call.
        unsafe pointer.pointee.kind = failure.kind
        unsafe pointer.pointee.phase = failure.phase
        unsafe pointer.pointee.http_status = failure.httpStatus
        // Safe because the array's own size bounds the copy.
        unsafe withUnsafeMutableBytes(of: &pointer.pointee.message) { buffer in
            let text = oneLine(failure.message, limit: buffer.count - 1)
            unsafe buffer.copyBytes(from: text)
            unsafe buffer[text.count] = 0
        }
    }

    /// The text without control characters, cut before the character that would pass the limit. (A
    /// server's words are in it: neither a line feed nor an escape sequence may reach a terminal.)
    private static func oneLine(_ text: String, limit: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        for scalar in text.unicodeScalars {
            let isControl = scalar.value < 0x20 || (0x7F..<0xA0).contains(scalar.value)
            let encoded = UTF8.encode(isControl ? " " : scalar)!
            if bytes.count + encoded.count > limit { break }
            bytes += encoded
        }
        return bytes
    }
}
