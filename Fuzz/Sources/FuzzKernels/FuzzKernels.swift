internal import CWireKernels
internal import FuzzSupport
internal import WireBytes

/// Every width of the kernels says what a loop over bytes says.
@c(LLVMFuzzerTestOneInput)
public func fuzzKernels(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = unsafe FuzzInput(start, count)
    let bytes = input.bytes
    let from = bytes.first.map { Int($0) % (bytes.count + 1) } ?? 0
    let expected = KernelVerdict(slowly: bytes, from: from)
    for width in [CWK_PORTABLE_WIDTH, CWK_SSE2_WIDTH, CWK_AVX2_WIDTH, CWK_AVX512_WIDTH]
    where cwk_use(width) != 0 {
        let found = KernelVerdict(bytes.span, from: from)
        precondition(found == expected, "width \(width.rawValue): \(found), not \(expected)")
    }
    return 0
}
