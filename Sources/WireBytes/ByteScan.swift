public import CWireKernels

/// Searches over whole spans. The loops are C (see CWireKernels); the bounds are Swift's.
public enum ByteScan {
    /// Index of the first `byte` at or after `start`, or nil.
    @inlinable @inline(__always)
    public static func firstIndex(
        of byte: UInt8, in bytes: Span<UInt8>, from start: Int = 0
    ) -> Int? {
        let found =
            unsafe start + run(in: bytes, from: start) { unsafe cwk_find_byte($0, $1, byte) }
        return found == bytes.count ? nil : found
    }

    /// Index of the first `a` or `b` at or after `start`, or nil.
    public static func firstIndex(
        of a: UInt8, or b: UInt8, in bytes: Span<UInt8>, from start: Int
    ) -> Int? {
        let found =
            unsafe start + run(in: bytes, from: start) { unsafe cwk_find_either($0, $1, a, b) }
        return found == bytes.count ? nil : found
    }

    /// Length of the run from `start` of ASCII bytes that stand for themselves in a JSON string.
    public static func jsonPlainRun(in bytes: Span<UInt8>, from start: Int) -> Int {
        unsafe run(in: bytes, from: start) { unsafe cwk_json_plain_run($0, $1) }
    }

    /// Length of the run from `start` of bytes below 0x80.
    public static func asciiRun(in bytes: Span<UInt8>, from start: Int) -> Int {
        unsafe run(in: bytes, from: start) { unsafe cwk_ascii_run($0, $1) }
    }

    /// Length of the run from `start` of bytes that a token may hold (RFC 9110 5.6.2 `tchar`).
    public static func tokenRun(in bytes: Span<UInt8>, from start: Int) -> Int {
        unsafe run(in: bytes, from: start) { unsafe cwk_token_run($0, $1) }
    }

    /// Length of the run from `start` of bytes that a field value may hold (RFC 9110 5.5).
    public static func fieldValueRun(in bytes: Span<UInt8>, from start: Int) -> Int {
        unsafe run(in: bytes, from: start) { unsafe cwk_field_value_run($0, $1) }
    }

    /// Length of the run from `start` of bytes that need no escape in a JSON string.
    public static func jsonUnescapedRun(in bytes: Span<UInt8>, from start: Int) -> Int {
        unsafe run(in: bytes, from: start) { unsafe cwk_json_unescaped_run($0, $1) }
    }

    /// Length of the valid UTF-8 (RFC 3629) from `start`: up to the end, or to the first sequence
    /// that is wrong or cut off.
    public static func utf8Run(in bytes: Span<UInt8>, from start: Int) -> Int {
        unsafe run(in: bytes, from: start) { unsafe cwk_utf8_run($0, $1) }
    }

    /// The JSON string whose content starts at `start`, checked: where its closing quote is, and
    /// whether it has escapes. Nil when it has no end or is wrong somewhere.
    public static func jsonString(
        in bytes: Span<UInt8>, from start: Int
    ) -> (end: Int, hasEscapes: Bool)? {
        precondition(start >= 0 && start <= bytes.count, "scan outside the span")
        return unsafe bytes.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return nil }
            // Safe as for `run`.
            let string = unsafe cwk_json_string_at(base + start, buffer.count - start)
            return string.is_valid == 0 ? nil : (start + string.count, string.has_escapes != 0)
        }
    }

    /// The next window of up to 64 bytes, at `start` or a multiple of 64 behind it, that holds a
    /// byte which does not stand for itself in a JSON string: bit k of `stops` is byte `start + k`.
    /// The end of the span counts as such a byte.
    public static func jsonStops(
        in bytes: Span<UInt8>, from start: Int
    ) -> (start: Int, stops: UInt64) {
        precondition(start >= 0 && start <= bytes.count, "scan outside the span")
        return unsafe bytes.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return (0, 1) }
            // Safe because `start` was checked and the kernel reads only the count it is given.
            let window = unsafe cwk_json_stops(base, buffer.count, start)
            return (window.start, window.stops)
        }
    }

    /// Whether the bytes of `range` are exactly `text`. Inlined, so that a literal becomes a few
    /// words to compare with.
    @inlinable @inline(__always)
    public static func equals(
        _ range: ByteRange, of bytes: Span<UInt8>, _ text: StaticString
    ) -> Bool {
        let count = text.utf8CodeUnitCount
        guard range.count == count else { return false }
        let found = bytes.extracting(range.start..<range.start &+ count)
        return unsafe found.withUnsafeBytes { found in
            // Safe because both have `count` bytes, and a static string lives for ever.
            let wanted = unsafe UnsafeRawBufferPointer(start: text.utf8Start, count: count)
            if count >= 8 { return unsafe equalEnds(found, wanted, by: UInt64.self) }
            if count >= 4 { return unsafe equalEnds(found, wanted, by: UInt32.self) }
            if count >= 2 { return unsafe equalEnds(found, wanted, by: UInt16.self) }
            return unsafe count == 0 || found[0] == wanted[0]
        }
    }

    /// Whether the bytes of `range` are exactly those of `text`.
    @inlinable @inline(__always)
    public static func equals(
        _ range: ByteRange, of bytes: Span<UInt8>, _ text: Span<UInt8>
    ) -> Bool {
        guard range.count == text.count else { return false }
        let found = bytes.extracting(range.start..<range.start &+ range.count)
        return unsafe found.withUnsafeBytes { found in
            unsafe text.withUnsafeBytes { wanted in
                // Safe because both have the same number of bytes.
                if found.count >= 8 { return unsafe equalEnds(found, wanted, by: UInt64.self) }
                if found.count >= 4 { return unsafe equalEnds(found, wanted, by: UInt32.self) }
                if found.count >= 2 { return unsafe equalEnds(found, wanted, by: UInt16.self) }
                return unsafe found.count == 0 || found[0] == wanted[0]
            }
        }
    }

    /// Compares word by word; the last word, aligned with the end, may overlap the one before it.
    @inlinable @inline(__always)
    static func equalEnds<Word: FixedWidthInteger & BitwiseCopyable>(
        _ found: UnsafeRawBufferPointer, _ wanted: UnsafeRawBufferPointer, by type: Word.Type
    ) -> Bool {
        let size = MemoryLayout<Word>.size
        let last = found.count &- size
        var offset = 0
        // Safe because the caller has checked that both are equally long and at least one word.
        while offset < last {
            let word = unsafe found.loadUnaligned(fromByteOffset: offset, as: type)
            guard unsafe word == wanted.loadUnaligned(fromByteOffset: offset, as: type) else {
                return false
            }
            offset &+= size
        }
        return unsafe found.loadUnaligned(fromByteOffset: last, as: type)
            == wanted.loadUnaligned(fromByteOffset: last, as: type)
    }

    @inlinable @inline(__always)
    static func run(
        in bytes: Span<UInt8>, from start: Int, _ scan: (UnsafePointer<UInt8>, Int) -> Int
    ) -> Int {
        precondition(start >= 0 && start <= bytes.count, "scan outside the span")
        return unsafe bytes.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return 0 }
            // Safe because `start` was checked and the kernels read only the count they are given.
            return unsafe scan(base + start, buffer.count - start)
        }
    }
}

extension String {
    /// A string of at most `capacity` bytes of UTF-8, written in place: one allocation. What is not
    /// UTF-8 is repaired.
    public init(utf8Capacity capacity: Int, _ write: (inout OutputSpan<UInt8>) -> Void) {
        unsafe self.init(unsafeUninitializedCapacity: capacity) { memory in
            // Safe because `memory` outlives the span and `finalize` tells how much was written.
            var output = unsafe OutputSpan(buffer: memory, initializedCount: 0)
            write(&output)
            return unsafe output.finalize(for: memory)
        }
    }
}

extension OutputSpan<UInt8> {
    /// Appends a copy of the bytes; there must be room for them.
    @inlinable @inline(__always)
    @_lifetime(self: copy self)
    public mutating func append(copying bytes: Span<UInt8>) {
        unsafe bytes.withUnsafeBufferPointer { source in
            unsafe withUnsafeMutableBufferPointer { memory, count in
                precondition(source.count <= memory.count - count, "no room")
                guard let from = source.baseAddress, let to = memory.baseAddress else { return }
                // Safe because the room was checked, and nobody else can hold it.
                unsafe (to + count).initialize(from: from, count: source.count)
                count += source.count
            }
        }
    }
}
