internal import FuzzSupport
internal import WireGzip

/// The first byte chooses the coding; room is plenty or little.
@c(LLVMFuzzerTestOneInput)
public func fuzzContent(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard count > 0 else { return 0 }
    let choice = unsafe start![0]
    let input = unsafe FuzzInput(start! + 1, count - 1)
    let coding = choice & 1 == 0 ? ContentCoding.gzip : .deflate
    input.requireSame {
        ContentVerdict(input.bytes, coding, in: $0, room: $0.count == 1 ? 1 << 17 : 100)
    }
    return 0
}
