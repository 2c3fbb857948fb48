public import WireBytes

/// One input of the fuzzer, owned.
public struct FuzzInput: Sendable {
    public let bytes: [UInt8]

    public init(_ start: UnsafePointer<UInt8>?, _ count: Int) {
        // Safe because the fuzzer passes `count` readable bytes.
        bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    }

    /// The ways in which an input is cut: whole, in two at a place that depends on its bytes, and,
    /// if it is short, byte by byte.
    public var segmentations: [[Range<Int>]] {
        let mixed = bytes.reduce(5_381) { ($0 &* 33) & 0xFFFF_FFFF ^ Int($1) }
        let cut = mixed % (bytes.count + 1)
        var all = [[0..<bytes.count], [0..<cut, cut..<bytes.count]]
        if bytes.count <= 256 { all.append(bytes.indices.map { $0..<$0 + 1 }) }
        return all
    }

    /// Stops the fuzzer unless what `replay` says is the same for every segmentation.
    public func requireSame<Verdict: Equatable>(_ replay: ([Range<Int>]) -> Verdict) {
        let all = segmentations
        let whole = replay(all[0])
        for pieces in all.dropFirst() {
            let found = replay(pieces)
            precondition(found == whole, "in \(pieces.count) pieces \(found), whole \(whole)")
        }
    }
}

extension ReceiveBuffer {
    /// Appends bytes that the buffer's limit has room for.
    public mutating func mustAppend(_ bytes: Span<UInt8>) {
        do { try append(bytes) } catch { preconditionFailure("\(error)") }
    }
}
