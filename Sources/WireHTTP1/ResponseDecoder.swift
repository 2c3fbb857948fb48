public import WireBytes

/// One response: informational heads, the head, the body, the end (RFC 9112). Sans-IO: bytes come
/// in the raw part of a receive buffer, body bytes leave as its content.
///
///     state   | bytes                       | step, next state
///     --------+-----------------------------+---------------------------------
///     head    | a complete 1xx head         | .informational, head
///             | a complete head             | .head, body
///     body    | body bytes                  | .content, body
///             | the body's last byte        | .end, ended
///     any     | not enough bytes            | .needsBytes, the same
///     any     | what the rules forbid       | throws, failed: every later call throws it again
///
/// Bytes behind the end stay raw: they are surplus, and the connection must not be used again.
public struct ResponseDecoder: ~Copyable, Sendable {
    public enum Step: Equatable, Sendable {
        /// A 1xx response: its status.
        case informational(Int)
        /// `head` and `framing` are there now.
        case head
        /// So many bytes have become content of the receive buffer.
        case content(Int)
        /// The response is complete; further calls say so again.
        case end
        case needsBytes
    }

    @usableFromInline enum State: Sendable { case statusLine, fields, body, ended, failed }

    private let toHEAD: Bool
    private let leniencies: HTTP1Leniencies
    @usableFromInline var state = State.statusLine
    private var failure: HTTP1Error?
    private var statusLine: StatusLine?
    private var reader: HeadReader
    @usableFromInline var body: BodyDecoder
    private var informationalCount = 0
    private var informationalBytes = 0
    /// How much has been taken off the raw bytes.
    @usableFromInline var offset = 0

    public private(set) var head: ResponseHead?
    public private(set) var framing: BodyFraming?

    /// - Parameters:
    ///   - toHEAD: the request's method was HEAD, so no body follows.
    ///   - leniencies: what heads may have that the rules forbid.
    public init(toHEAD: Bool, limits: HTTP1Limits, leniencies: HTTP1Leniencies = []) {
        self.leniencies = leniencies
        self.toHEAD = toHEAD
        reader = HeadReader(
            limits: limits, section: limits.head, leniencies: leniencies)
        body = BodyDecoder(limits: limits)
    }

    private var limits: HTTP1Limits { body.limits }

    /// Trailer fields of a chunked body; complete at the end. They are kept apart from the head's.
    public var trailers: Fields { body.trailers }

    /// Bytes of the body still to be decoded; nil where its length was not told.
    public var remainingLength: Int? { state == .body ? body.remainingLength : nil }

    /// Of a chunked body that is not complete.
    package var chunkPlace: ChunkedDecoder.Place? { state == .body ? body.chunkPlace : nil }

    @inlinable public var isComplete: Bool { state == .ended }

    /// Bytes of the response decoded so far, framing included.
    public var bytesTaken: Int { offset }

    /// Whether another exchange may follow on the connection, as far as the response decides that
    /// (RFC 9112 9.3): it is complete, its end did not depend on the close, and the peer agrees.
    ///
    /// - Parameter buffer: what was received; surplus bytes behind the response forbid it.
    public func allowsReuse(of buffer: borrowing ReceiveBuffer) -> Bool {
        guard isComplete, buffer.rawCount == 0, let head, let framing else { return false }
        if framing == .untilClose { return false }
        // A 1.0 message with a transfer coding counts as framed by guesswork (RFC 9112 6.1).
        if head.minorVersion == 0, framing == .chunked { return false }
        return head.allowsKeepAlive
    }

    /// Takes what it can off the raw bytes, up to one step.
    public mutating func advance(_ buffer: inout ReceiveBuffer) throws(HTTP1Error) -> Step {
        let count = takePlainChunk(&buffer)
        return count > 0 ? .content(count) : try advanceByState(&buffer)
    }

    /// The part of `advance` that costs a call nothing: the next chunk of the body, if it is there
    /// whole and framed plainly, becomes content.
    ///
    /// - Returns: how much that was; with 0 nothing has changed, and `advance` tells why.
    @inlinable @inline(__always)
    package mutating func takePlainChunk(_ buffer: inout ReceiveBuffer) -> Int {
        state == .body ? body.takePlainChunk(&buffer, offset: &offset) : 0
    }

    private mutating func advanceByState(
        _ buffer: inout ReceiveBuffer
    ) throws(HTTP1Error) -> Step {
        do throws(HTTP1Error) {
            if state != .body { return try takeHeadStep(&buffer) }
            switch try body.advance(&buffer, offset: &offset) {
            case .content(let count): return .content(count)
            case .needsBytes: return .needsBytes
            case .end:
                state = .ended
                return .end
            }
        } catch {
            throw fail(error)
        }
    }

    /// The peer will send nothing more; call when the raw bytes are used up.
    ///
    /// - Throws: `closedEarly` unless that completes the response.
    public mutating func endOfInput() throws(HTTP1Error) {
        do throws(HTTP1Error) {
            switch state {
            case .statusLine where offset == 0:
                throw HTTP1Error(.closedEarly, at: 0, "closed without a response")
            case .statusLine, .fields:
                throw HTTP1Error(.closedEarly, at: offset, "closed inside the response head")
            case .body:
                try body.endOfInput(at: offset)
                state = .ended
            case .ended: return
            case .failed: throw failure!
            }
        } catch {
            throw fail(error)
        }
    }

    private mutating func fail(_ error: HTTP1Error) -> HTTP1Error {
        state = .failed
        failure = error
        return error
    }

    private mutating func takeHeadStep(_ buffer: inout ReceiveBuffer) throws(HTTP1Error) -> Step {
        switch state {
        case .statusLine:
            let whole = reader.takeWholeHead(
                in: &buffer, startLine: limits.startLine, offset: &offset)
            if let whole { return try takeHead(whole) }
            try StatusLine.checkPrefix(buffer.raw, at: offset)
            guard try takeStatusLine(&buffer) else { return .needsBytes }
            state = .fields
            return try takeFields(&buffer)
        case .fields: return try takeFields(&buffer)
        case .body, .ended: return .end
        case .failed: throw failure!
        }
    }

    private mutating func takeStatusLine(_ buffer: inout ReceiveBuffer) throws(HTTP1Error) -> Bool {
        guard
            let range = try reader.nextLine(
                in: buffer, limit: limits.startLine, at: offset, kind: .badStatusLine)
        else { return false }
        var line = try StatusLine(buffer.bytes(in: range), at: offset)
        line.move(to: reader.keep(buffer.bytes(in: range).extracting(line.reason)).lowerBound)
        statusLine = line
        offset += reader.consumeLine(range, in: &buffer)
        return true
    }

    private mutating func takeFields(_ buffer: inout ReceiveBuffer) throws(HTTP1Error) -> Step {
        guard try reader.readFields(in: &buffer, offset: &offset), let statusLine else {
            return .needsBytes
        }
        return try takeHead(ResponseHead(statusLine, reader.fields))
    }

    private mutating func takeHead(_ head: consuming ResponseHead) throws(HTTP1Error) -> Step {
        let framing = try BodyFraming.ofResponse(head, toHEAD: toHEAD, at: offset)
        if head.status < 200 { return try takeInformational(head.status) }
        self.framing = framing
        body.start(framing)
        state = .body
        self.head = head
        return .head
    }

    private mutating func takeInformational(_ status: Int) throws(HTTP1Error) -> Step {
        if status == 101 {
            throw HTTP1Error(.unsupported, at: offset, "101 Switching Protocols, unasked")
        }
        informationalCount += 1
        informationalBytes += reader.sectionBytes
        if informationalCount > limits.informationalCount
            || informationalBytes > limits.informational.bytes
        {
            throw HTTP1Error(
                .tooLarge, at: offset,
                "more than \(limits.informationalCount) informational "
                    + "responses or \(limits.informational.bytes) bytes of them")
        }
        reader = HeadReader(
            limits: limits, section: limits.head, leniencies: leniencies)
        state = .statusLine
        return .informational(status)
    }
}
