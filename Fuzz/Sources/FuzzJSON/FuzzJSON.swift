internal import FuzzSupport
internal import WireJSON

@c(LLVMFuzzerTestOneInput)
public func fuzzJSON(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = unsafe FuzzInput(start, count)
    let verdict = JSONVerdict(input.bytes)
    precondition(verdict.validated == verdict.skipped, "\(verdict)")
    precondition(verdict.validated == verdict.parsed, "\(verdict)")
    precondition((verdict.validated?.at ?? 0) <= count, "\(verdict)")
    precondition((verdict.validated == nil) == ReferenceJSON.accepts(input.bytes), "\(verdict)")
    verdict.value?.requireRoundTrip()
    return 0
}
