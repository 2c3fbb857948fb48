internal import FuzzSupport

@c(LLVMFuzzerTestOneInput)
public func fuzzChunked(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = unsafe FuzzInput(start, count)
    input.requireSame { ChunkedVerdict(input.bytes, in: $0) }
    return 0
}
