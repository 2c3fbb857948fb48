public import WireBytes

/// The chunked transfer coding (RFC 9112 7.1), decoded in place and resumable at any byte.
///
///     state      | byte                | next
///     -----------+---------------------+---------------------------------------------
///     sizeStart  | HEXDIG              | size
///     size       | HEXDIG (to 16)      | size
///                | CR                  | sizeLF
///                | SP HTAB             | blank
///                | ;                   | extension
///     blank      | SP HTAB / ;         | blank / extension
///     extension  | field-value byte    | extension (counted: chunkOverhead)
///                | CR                  | sizeLF
///     sizeLF     | LF                  | data, or trailers after the size 0
///     data       | the chunk's bytes   | dataCR once all have come
///     dataCR/LF  | CR / LF             | dataLF / sizeStart
///     trailers   | field lines, empty  | end
///
/// Any other byte is `bad-chunk`. Data is released as it arrives, never held for its chunk's end.
public struct ChunkedDecoder: Sendable {
    @usableFromInline enum State: Sendable {
        case sizeStart, size, blank, `extension`, sizeLF, data, dataCR, dataLF, trailers, end
    }

    @usableFromInline var state = State.sizeStart
    /// In `size`: the value so far; in `data`: bytes still to come.
    private var remaining = 0
    private var digits = 0
    private var lineBytes = 0
    private var overhead = 0
    let limits: HTTP1Limits
    /// One behind the last chunk, if something comes there: nearly all are spared its size.
    private var trailerReader: [HeadReader] = []

    public init(limits: HTTP1Limits) {
        self.limits = limits
    }

    /// Where between the chunks the decoder stands: where somebody who passes the bytes on may put in a
    /// chunk of their own.
    package enum Place: Sendable {
        case boundary
        /// Behind a chunk's data, before its line end.
        case dataEnd
        case inside
    }

    package var place: Place {
        switch state {
        case .sizeStart: .boundary
        case .dataCR: .dataEnd
        default: .inside
        }
    }

    /// Fields behind the last chunk; complete once the decoder has ended.
    public var trailers: Fields { trailerReader.first?.fields ?? Fields() }

    /// Moves raw bytes to content up to one piece of data, or to the end.
    ///
    /// - Parameter offset: where the raw bytes start in the message; moves along.
    public mutating func advance(
        _ buffer: inout ReceiveBuffer, offset: inout Int
    ) throws(HTTP1Error) -> BodyStep {
        let count = takePlainChunk(&buffer, offset: &offset)
        return count > 0 ? .content(count) : try advanceByState(&buffer, offset: &offset)
    }

    /// The chunk that nearly all are, at one go: the CRLF of the one before, one to four digits,
    /// CRLF, the data, and all of that there; its own CRLF too, if that is there.
    ///
    /// - Returns: how much data became content; 0 leaves everything to `advanceByState`, which also
    ///   finds the errors.
    @inlinable @inline(__always)
    mutating func takePlainChunk(_ buffer: inout ReceiveBuffer, offset: inout Int) -> Int {
        let lineEnd: UInt16 = 0x0A0D
        guard buffer.rawCount >= 8 else { return 0 }
        var rest = buffer.raw.word(at: 0)
        var size = 0
        var header = 2
        if state == .dataCR {
            guard UInt16(truncatingIfNeeded: rest) == lineEnd else { return 0 }
            rest >>= 16
            header = 4
        } else if state != .sizeStart {
            return 0
        }
        let last = header &+ 4
        while header < last, let digit = ASCII.hexValue(UInt8(truncatingIfNeeded: rest)) {
            size = size &<< 4 | Int(digit)
            rest >>= 8
            header &+= 1
        }
        guard size > 0, UInt16(truncatingIfNeeded: rest) == lineEnd,
            header &+ size <= buffer.rawCount
        else { return 0 }
        state = .dataCR
        offset &+= header &+ size
        buffer.skip(header)
        buffer.expose(size)
        // A chunk that comes alone leaves nothing behind.
        if buffer.rawCount == 2, buffer.raw[0] == ASCII.cr, buffer.raw[1] == ASCII.lf {
            state = .sizeStart
            offset &+= 2
            buffer.skip(2)
        }
        return size
    }

    private mutating func advanceByState(
        _ buffer: inout ReceiveBuffer, offset: inout Int
    ) throws(HTTP1Error) -> BodyStep {
        if state != .data, state != .trailers, state != .end {
            let taken = try readFraming(buffer.raw, at: offset)
            buffer.skip(taken)
            offset += taken
        }
        switch state {
        case .data:
            let count = min(remaining, buffer.rawCount)
            if count == 0 { return .needsBytes }
            buffer.expose(count)
            offset += count
            remaining -= count
            if remaining == 0 { state = .dataCR }
            return .content(count)
        case .trailers:
            return try readTrailers(&buffer, offset: &offset)
        case .end:
            return .end
        default:
            return .needsBytes
        }
    }

    private mutating func readTrailers(
        _ buffer: inout ReceiveBuffer, offset: inout Int
    ) throws(HTTP1Error) -> BodyStep {
        if trailerReader.isEmpty {
            // Nearly always there are none.
            if buffer.rawCount >= 2, buffer.raw[0] == ASCII.cr, buffer.raw[1] == ASCII.lf {
                buffer.skip(2)
                offset += 2
                state = .end
                return .end
            }
            trailerReader = [HeadReader(limits: limits, section: limits.trailers)]
        }
        guard try trailerReader[0].readFields(in: &buffer, offset: &offset) else {
            return .needsBytes
        }
        state = .end
        return .end
    }

    /// Reads up to the next chunk's data or the trailers; returns how many bytes that took.
    private mutating func readFraming(
        _ raw: Span<UInt8>, at offset: Int
    ) throws(HTTP1Error) -> Int {
        var index = 0
        while index < raw.count {
            let byte = raw[index]
            switch state {
            case .sizeStart:
                guard let digit = ASCII.hexValue(byte) else {
                    throw bad(offset + index, "a chunk size has to begin with a hex digit")
                }
                remaining = Int(digit)
                digits = 1
                lineBytes = 0
                state = .size
            case .size:
                try takeSizeByte(byte, at: offset + index)
            case .blank:
                if byte == UInt8(ascii: ";") {
                    state = .extension
                } else if !ASCII.isBlank(byte) {
                    throw bad(offset + index, "white space after a chunk size")
                }
            case .extension:
                try takeExtensionByte(byte, at: offset + index)
            case .sizeLF:
                guard byte == ASCII.lf else { throw bad(offset + index, "CR without LF") }
                lineBytes += 1
                try checkOverhead(at: offset + index)
                overhead += excess
                state = remaining == 0 ? .trailers : .data
                return index + 1
            case .dataCR:
                guard byte == ASCII.cr else {
                    throw bad(offset + index, "chunk data is not followed by CRLF")
                }
                state = .dataLF
            case .dataLF:
                guard byte == ASCII.lf else {
                    throw bad(offset + index, "chunk data is not followed by CRLF")
                }
                state = .sizeStart
            case .data, .trailers, .end:
                return index
            }
            lineBytes += 1
            if state == .extension || state == .blank || state == .sizeLF {
                try checkOverhead(at: offset + index)
            }
            index += 1
        }
        return index
    }

    private mutating func takeSizeByte(_ byte: UInt8, at offset: Int) throws(HTTP1Error) {
        if let digit = ASCII.hexValue(byte) {
            // 63 bits: what still fits an Int after a shift by one digit.
            if digits == 16 || remaining > Int.max >> 4 {
                throw bad(offset, "a chunk size too big")
            }
            remaining = remaining << 4 | Int(digit)
            digits += 1
        } else if byte == ASCII.cr {
            state = .sizeLF
        } else if byte == UInt8(ascii: ";") {
            state = .extension
        } else if ASCII.isBlank(byte) {
            state = .blank
        } else {
            throw bad(offset, "a chunk size holds a byte that is no hex digit")
        }
    }

    private mutating func takeExtensionByte(_ byte: UInt8, at offset: Int) throws(HTTP1Error) {
        if byte == ASCII.cr {
            state = .sizeLF
        } else if byte < ASCII.space && byte != ASCII.tab || byte == 0x7F {
            throw bad(offset, "a chunk extension holds the control byte \(byte)")
        }
    }

    /// What this chunk's line has beyond 16 bytes and twice its data.
    private var excess: Int {
        let (allowance, over) = remaining.multipliedReportingOverflow(by: 2)
        return over ? 0 : max(0, lineBytes - 16 - min(allowance, Int.max - 16))
    }

    private func checkOverhead(at offset: Int) throws(HTTP1Error) {
        if overhead + excess > limits.chunkOverhead.bytes {
            throw HTTP1Error(
                .tooLarge, at: offset,
                "chunk extensions of more than \(limits.chunkOverhead.bytes) bytes")
        }
    }

    private func bad(_ offset: Int, _ message: String) -> HTTP1Error {
        HTTP1Error(.badChunk, at: offset, message)
    }
}
