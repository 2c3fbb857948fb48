internal import FuzzSupport

@c(LLVMFuzzerTestOneInput)
public func fuzzEvents(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = unsafe FuzzInput(start, count)
    for limit in [24, 1 << 20] {
        input.requireSame { EventsVerdict(input.bytes, in: $0, limit: limit) }
    }
    EventsVerdict(input.bytes, in: [0..<count], limit: 1 << 20).requireSame(
        as: SSEOracle.read(input.bytes))
    return 0
}
