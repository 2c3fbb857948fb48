internal import Glibc
public import WireBytes

/// Bytes that end exactly where a page without access begins: reading one byte too many is a fault,
/// not a wrong answer that may go unnoticed.
@safe public struct GuardedBytes: ~Copyable {
    /// Safe because the mapping is made in `init`, unmapped once in `deinit`, and only lent out as
    /// spans that cannot outlive `self`.
    private let mapping: UnsafeMutableRawPointer
    private let mappedBytes: Int
    /// Bytes in front of the guard page.
    public let capacity: Int

    /// - Parameter capacity: how many bytes have to fit.
    public init(capacity: Int) {
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        let usable = max(1, (capacity + page - 1) / page) * page
        self.capacity = usable
        mappedBytes = usable + page
        let found = unsafe mmap(
            nil, mappedBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let found = unsafe found, unsafe found != MAP_FAILED else {
            fatalError("mmap of \(usable + page) bytes failed: errno \(errno)")
        }
        unsafe mapping = found
        guard unsafe mprotect(found + usable, page, PROT_NONE) == 0 else {
            fatalError("mprotect failed: errno \(errno)")
        }
    }

    deinit { unsafe munmap(mapping, mappedBytes) }

    /// Puts `bytes` at the end and lends them out.
    @_lifetime(&self)
    public mutating func place(_ bytes: Span<UInt8>) -> Span<UInt8> {
        precondition(bytes.count <= capacity, "more bytes than the guarded memory holds")
        let start = unsafe mapping + (capacity - bytes.count)
        // Safe because the bytes fit in front of the guard page, as just checked.
        unsafe bytes.withUnsafeBytes { source in
            if let base = source.baseAddress {
                unsafe start.copyMemory(from: base, byteCount: source.count)
            }
        }
        return tail(bytes.count)
    }

    /// The last `count` bytes in front of the guard page.
    @_lifetime(borrow self)
    public borrowing func tail(_ count: Int) -> Span<UInt8> {
        precondition(count >= 0 && count <= capacity, "more bytes than the guarded memory holds")
        let start = unsafe mapping + (capacity - count)
        let bytes = unsafe Span<UInt8>(
            _unsafeStart: UnsafePointer(start.assumingMemoryBound(to: UInt8.self)), count: count)
        return unsafe _overrideLifetime(bytes, borrowing: self)
    }

    /// Makes the last `count` bytes a buffer's memory, which has none, and may not be filled with
    /// more: there is no padding behind it.
    public borrowing func lend(_ count: Int, to buffer: inout ReceiveBuffer) {
        precondition(buffer.capacity == 0 && count <= capacity)
        if count == 0 { return }
        unsafe buffer.base = mapping + (capacity - count)
        buffer.capacity = count
    }

    /// Before the buffer ends, or frees what is not its own.
    public borrowing func takeBack(from buffer: inout ReceiveBuffer) {
        buffer.capacity = 0
    }
}
