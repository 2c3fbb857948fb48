internal import CWireKernels
internal import FuzzSupport
internal import WireBytes
internal import WireJSON

/// A document holds, at every width of the kernels, what a slow reader finds in the text, and is refused
/// for the reason that the cursor has.
@c(LLVMFuzzerTestOneInput)
public func fuzzValues(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = unsafe FuzzInput(start, count)
    let text = input.bytes
    let isValid = ReferenceJSON.accepts(text)
    let expected = isValid ? ReferenceValue.of(text) : .null
    var reason: JSONError?
    do throws(JSONError) { try JSON.validate(text.span) } catch { reason = error }
    var document = JSONDocument()
    for width in [CWK_PORTABLE_WIDTH, CWK_SSE2_WIDTH, CWK_AVX2_WIDTH, CWK_AVX512_WIDTH]
    where cwk_use(width) != 0 {
        do throws(JSONError) {
            try document.parse(text.span)
            precondition(isValid, "width \(width.rawValue): accepted")
            precondition(walked(document.root) == expected, "width \(width.rawValue)")
            precondition(JSONValue(document.root) == expected, "width \(width.rawValue)")
        } catch {
            precondition(!isValid && error == reason, "width \(width.rawValue): \(error)")
        }
    }
    return 0
}
