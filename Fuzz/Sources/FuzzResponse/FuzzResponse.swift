internal import FuzzSupport

@c(LLVMFuzzerTestOneInput)
public func fuzzResponse(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = unsafe FuzzInput(start, count)
    for toHEAD in [false, true] {
        input.requireSame { ResponseVerdict(input.bytes, in: $0, toHEAD: toHEAD) }
    }
    return 0
}
