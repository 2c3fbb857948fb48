internal import FuzzSupport

@c(LLVMFuzzerTestOneInput)
public func fuzzLines(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = unsafe FuzzInput(start, count)
    for limit in [4, 1 << 20] {
        input.requireSame { LinesVerdict(input.bytes, in: $0, limit: limit) }
    }
    return 0
}
