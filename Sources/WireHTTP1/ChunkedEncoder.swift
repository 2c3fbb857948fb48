internal import WireBytes

/// The chunked transfer coding (RFC 9112 7.1), outgoing: what goes between the pieces of a body.
///
///     state  | event       | next   | what goes on the wire
///     -------+-------------+--------+-----------------------------
///     first  | piece(size) | inside | SIZE CRLF (then the piece)
///     inside | piece(size) | inside | CRLF SIZE CRLF (then the piece)
///     first  | end         | ended  | 0 CRLF CRLF
///     inside | end         | ended  | CRLF 0 CRLF CRLF
public struct ChunkedEncoder: Sendable {
    private enum State { case first, inside, ended }

    private var state = State.first

    public init() {}

    /// What goes in front of the next piece. A piece of no bytes would end the body: leave it out.
    public mutating func piece(size: Int) -> [UInt8] {
        precondition(state != .ended, "a piece behind the end")
        defer { state = .inside }
        return (state == .first ? [] : ChunkedEncoder.separator) + ChunkedEncoder.header(size: size)
    }

    /// What goes behind the last piece; no trailers.
    public mutating func end() -> [UInt8] {
        precondition(state != .ended, "ends twice")
        defer { state = .ended }
        return (state == .first ? [] : ChunkedEncoder.separator) + ChunkedEncoder.end
    }

    /// `SIZE CRLF` for the piece that follows. Size 0 would end the body: use `end`.
    public static func header(size: Int) -> [UInt8] {
        var header: [UInt8] = []
        appendHeader(size: size, to: &header)
        return header
    }

    /// The same behind what is in `out`.
    public static func appendHeader(size: Int, to out: inout [UInt8]) {
        precondition(size > 0, "a chunk of no bytes ends the body")
        var shift = (UInt64.bitWidth - 1 - size.leadingZeroBitCount) & ~3
        while shift >= 0 {
            let digit = UInt8(size >> shift & 0xF)
            out.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
            shift -= 4
        }
        out.append(ASCII.cr)
        out.append(ASCII.lf)
    }

    public static var separator: [UInt8] { [ASCII.cr, ASCII.lf] }
    public static var end: [UInt8] { [UInt8]("0\r\n\r\n".utf8) }
}
