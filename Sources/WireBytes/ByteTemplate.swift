internal import CWireKernels

/// A record that was checked once, taken as the form of those that follow: its bytes, with holes
/// where the contents of some JSON strings were.
///
/// A text that matches has been checked by that, byte for byte: outside the holes it equals bytes
/// that a parser has passed, and a hole holds only bytes that stand for themselves in a string, so
/// a parser would come out of it as it came out of the other one.
public struct ByteTemplate: Sendable {
    public static var holeLimit: Int { 4 }

    private var fixed: [UInt8] = []
    private var stretches: InlineArray<5, Int> = .init(repeating: 0)
    private var holeCount = 0

    /// Matches nothing.
    public init() {}

    /// Learns a record anew.
    ///
    /// - Parameters:
    ///   - record: one that a parser has accepted.
    ///   - holes: contents of strings without escapes, in order, at most `holeLimit`.
    public mutating func learn(_ record: Span<UInt8>, holes: InlineArray<4, ByteRange>, count: Int)
    {
        precondition(count <= ByteTemplate.holeLimit, "too many holes")
        fixed.removeAll(keepingCapacity: true)
        holeCount = count
        var start = 0
        for index in 0...count {
            let end = index < count ? holes[index].start : record.count
            fixed.append(copying: record.extracting(start..<end))
            stretches[index] = end - start
            if index < count { start = holes[index].end }
        }
    }

    /// Whether `text` has the form; if so, `holes` says where its own strings lie.
    public func matches(_ text: Span<UInt8>, _ holes: inout InlineArray<4, ByteRange>) -> Bool {
        if fixed.isEmpty { return false }
        var found: InlineArray<4, cwk_range> = .init(repeating: cwk_range(start: 0, count: 0))
        let matches = unsafe text.withUnsafeBufferPointer { text in
            unsafe fixed.withUnsafeBufferPointer { fixed in
                unsafe withUnsafeBytes(of: stretches) { stretches in
                    unsafe withUnsafeMutableBytes(of: &found) { found in
                        // Safe because the stretches add up to `fixed`, there is room for a range
                        // between each two of them, and the text's length is its own.
                        unsafe cwk_match_template(
                            text.baseAddress, text.count, fixed.baseAddress,
                            stretches.baseAddress!.assumingMemoryBound(to: Int.self), holeCount + 1,
                            found.baseAddress!.assumingMemoryBound(to: cwk_range.self))
                    }
                }
            }
        }
        if matches == 0 { return false }
        for index in 0..<holeCount {
            holes[index] = ByteRange(start: found[index].start, count: found[index].count)
        }
        return true
    }
}
