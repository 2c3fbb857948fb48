internal import CWireKernels

/// Searches over whole spans. The loops are C (see CWireKernels); the bounds are Swift's.
public enum ByteScan {
    /// Index of the first `byte` at or after `start`, or nil.
    public static func firstIndex(
        of byte: UInt8, in bytes: Span<UInt8>, from start: Int = 0
    ) -> Int? {
        let found = unsafe start + run(in: bytes, from: start) { unsafe cwk_find_byte($0, $1, byte) }
        return found == bytes.count ? nil : found
    }

    /// Index of the first `a` or `b` at or after `start`, or nil.
    public static func firstIndex(
        of a: UInt8, or b: UInt8, in bytes: Span<UInt8>, from start: Int
    ) -> Int? {
        let found = unsafe start + run(in: bytes, from: start) { unsafe cwk_find_either($0, $1, a, b) }
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

    /// Length of the run from `start` of bytes that a field value may hold (RFC 9110 5.5).
    public static func fieldValueRun(in bytes: Span<UInt8>, from start: Int) -> Int {
        unsafe run(in: bytes, from: start) { unsafe cwk_field_value_run($0, $1) }
    }

    @inline(__always)
    private static func run(
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
