internal import WireBytes

/// Bytes on their way, in order: taken off at the front as they go. Its memory is given back when it
/// has been emptied of much.
struct PendingBytes {
    private static let keptCapacity = 64 << 10

    private var bytes: [UInt8] = []
    private var start = 0

    var count: Int { bytes.count - start }
    var isEmpty: Bool { start == bytes.count }
    var all: ArraySlice<UInt8> { bytes[start...] }

    func prefix(_ count: Int) -> ArraySlice<UInt8> { all.prefix(count) }

    mutating func append(_ more: some Sequence<UInt8>) { bytes += more }

    mutating func append(copying more: Span<UInt8>) { bytes.append(copying: more) }

    mutating func consume(_ count: Int) {
        start += count
        if start == bytes.count {
            removeAll()
        } else if start > PendingBytes.keptCapacity {
            bytes.removeFirst(start)
            start = 0
        }
    }

    mutating func removeAll() {
        bytes.removeAll(keepingCapacity: bytes.capacity <= PendingBytes.keptCapacity)
        start = 0
    }
}
