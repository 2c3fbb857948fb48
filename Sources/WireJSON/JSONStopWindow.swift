internal import WireBytes

/// The 64 bytes last looked at for the end of a string, one bit each (`ByteScan.jsonStops`). Most
/// strings are short: their ends come out of one window, by a few operations on bits.
@usableFromInline
struct JSONStopWindow {
    @usableFromInline var start = -64
    @usableFromInline var stops: UInt64 = 0
    /// The stops behind the last string found.
    @usableFromInline var ahead: UInt64 = 0

    @inlinable init() {}

    /// The first stop behind the quote at `quote`.
    ///
    /// In plain text the stops are the quotes in turn, so it is the second of those ahead. That makes
    /// the bits, not the offsets, what each string has to wait for: the shorter chain.
    @inlinable @inline(__always)
    mutating func next(behind quote: Int, in text: Span<UInt8>) -> Int {
        let behind = ahead & (ahead &- 1)
        if behind != 0, start &+ ahead.trailingZeroBitCount == quote {
            ahead = behind & (behind &- 1)
            return start &+ behind.trailingZeroBitCount
        }
        return next(from: quote &+ 1, in: text)
    }

    /// The first stop from `index` on: a byte that does not stand for itself, or the end of the text.
    @usableFromInline
    mutating func next(from index: Int, in text: Span<UInt8>) -> Int {
        // Unsigned, so that an offset before the window counts as one behind it.
        var offset = UInt(bitPattern: index &- start)
        if offset >= 64 {
            load(from: offset < 128 ? start &+ 64 : index, in: text)
            offset = UInt(bitPattern: max(index &- start, 0))
        }
        var bits = stops & (~0 &<< UInt64(offset))
        if bits == 0 {
            load(from: start &+ 64, in: text)
            bits = stops
        }
        ahead = bits & (bits &- 1)
        return start &+ bits.trailingZeroBitCount
    }

    private mutating func load(from index: Int, in text: Span<UInt8>) {
        (start, stops) = ByteScan.jsonStops(in: text, from: index)
    }
}
