internal import WireBytes
internal import WireFraming

/// All that a line framer says about one input.
struct LinesVerdict: Equatable {
    var error: FramingError?
    var lines: [[UInt8]] = []
    var offsets: [Int] = []

    init(_ input: [UInt8], in pieces: [Range<Int>], limit: Int) {
        var framer = LineFramer(limit: .bytes(limit))
        do throws(FramingError) {
            for piece in pieces {
                framer.append(input.span.extracting(piece))
                try takeAll(&framer)
            }
            framer.finish()
            try takeAll(&framer)
        } catch { self.error = error }
        if error == nil { precondition(lines == LinesVerdict.split(input), "\(lines)") }
    }

    private mutating func takeAll(_ framer: inout LineFramer) throws(FramingError) {
        while let line = try framer.next() {
            lines.append([UInt8](copying: line.bytes))
            offsets.append(line.offset)
        }
    }

    /// The same by the standard library.
    private static func split(_ input: [UInt8]) -> [[UInt8]] {
        var lines = input.split(separator: 0x0A, omittingEmptySubsequences: false).map { Array($0) }
        let rest = lines.removeLast()
        lines = lines.map { $0.last == 0x0D ? $0.dropLast() : $0 }
        return rest.isEmpty ? lines : lines + [rest]
    }
}
