internal import FuzzSupport

@c(LLVMFuzzerTestOneInput)
public func fuzzChunked(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = unsafe FuzzInput(start, count)
    input.requireSame { ChunkedVerdict(input.bytes, in: $0) }
    let verdict = ChunkedVerdict(input.bytes, in: [0..<count])
    if let body = ChunkedOracle.body(input.bytes) {
        precondition(verdict.body == body, "\(verdict), not \(body)")
    } else {
        precondition(verdict.end == nil, "\(verdict), though it is not complete")
    }
    return 0
}
