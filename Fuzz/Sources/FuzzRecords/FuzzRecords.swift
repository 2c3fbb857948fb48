internal import FuzzSupport
internal import WireBytes

/// The input's lines are the records of one stream: a reader that learns from each says of the next what
/// one says that has learnt nothing, one that reads by the cursor alone, and one that knows lines.
@c(LLVMFuzzerTestOneInput)
public func fuzzRecords(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = unsafe FuzzInput(start, count)
    var learned = RecordVerdicts()
    var irregular = RecordVerdicts()
    for step in 0..<9 { _ = irregular.verdict(Array("{\"\(step * step)\":null}".utf8)) }
    var knowing = RecordVerdicts()
    var run = RecordRun()
    var start = 0
    // Often enough for lines to be known many at once.
    let repeated = Array(input.bytes + [0x0A])
    let text = repeated + repeated + repeated
    for line in text.split(separator: 0x0A, omittingEmptySubsequences: false).dropLast() {
        let line = Array(line)
        var slow = RecordVerdicts(byCursor: true)
        let expected = slow.verdict(line)
        let found = knowing.verdict(
            startOf: text.span.extracting(start..<text.count), line, &run)
        precondition(found == expected, "\(found), not \(expected)")
        start += line.count + 1
    }
    for line in input.bytes.split(separator: 0x0A, omittingEmptySubsequences: false) {
        let text = Array(line)
        var fresh = RecordVerdicts()
        var slow = RecordVerdicts(byCursor: true)
        let expected = slow.verdict(text)
        let first = fresh.verdict(text)
        precondition(first == expected, "\(first), not \(expected)")
        let other = irregular.verdict(text)
        precondition(other == expected, "\(other), not \(expected)")
        // Twice, so that the form is known the second time.
        for _ in 0..<2 {
            let found = learned.verdict(text)
            precondition(found == expected, "\(found), not \(expected)")
        }
    }
    return 0
}
