internal import FuzzSupport

@c(LLVMFuzzerTestOneInput)
public func fuzzRequest(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = unsafe FuzzInput(start, count)
    input.requireSame { RequestVerdict(input.bytes, in: $0) }
    return 0
}
