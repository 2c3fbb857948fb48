public import CWireKernels

/// Byte classes and numbers of the text protocols.
public enum ASCII {
    @inlinable public static var tab: UInt8 { 0x09 }
    @inlinable public static var lf: UInt8 { 0x0A }
    @inlinable public static var cr: UInt8 { 0x0D }
    @inlinable public static var space: UInt8 { 0x20 }

    @inlinable public static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

    /// The value of a hexadecimal digit, or nil.
    @inlinable @inline(__always)
    public static func hexValue(_ byte: UInt8) -> UInt8? {
        let value = cwk_hex_value(byte)
        return value == 0xFF ? nil : value
    }

    @inlinable public static func lowercased(_ byte: UInt8) -> UInt8 {
        byte &- 0x41 < 26 ? byte | 0x20 : byte
    }

    /// `1*DIGIT` as a non-negative Int64: nil when empty, when another byte is there, on overflow.
    public static func decimal(_ bytes: Span<UInt8>) -> Int64? {
        if bytes.isEmpty { return nil }
        var value: Int64 = 0
        // Eighteen digits cannot overflow.
        let safe = min(bytes.count, 18)
        for index in 0..<safe {
            let digit = bytes[index] &- 0x30
            guard digit < 10 else { return nil }
            value = value &* 10 &+ Int64(digit)
        }
        for index in safe..<bytes.count {
            guard isDigit(bytes[index]) else { return nil }
            let (tens, over) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = tens.addingReportingOverflow(Int64(bytes[index] - 0x30))
            if over || carry { return nil }
            value = sum
        }
        return value
    }

    /// Whether the bytes are `text`, ASCII letters compared without case. `text` is ASCII in lower case.
    public static func equalsIgnoringCase(_ bytes: Span<UInt8>, _ text: StaticString) -> Bool {
        let count = text.utf8CodeUnitCount
        guard bytes.count == count else { return false }
        // Safe because the count was just compared and a static string lives for ever.
        let wanted = unsafe UnsafeRawPointer(text.utf8Start)
        if count < 4 {
            for index in 0..<count {
                let byte = unsafe wanted.load(fromByteOffset: index, as: UInt8.self)
                if lowercased(bytes[index]) != byte { return false }
            }
            return true
        }
        return unsafe bytes.withUnsafeBytes { bytes in
            // Safe because both have `count` bytes.
            unsafe count < 8
                ? equalsIgnoringCase(bytes, wanted, by: UInt32.self)
                : equalsIgnoringCase(bytes, wanted, by: UInt64.self)
        }
    }

    /// Word by word; the last, aligned with the end, may overlap the one before it.
    @inline(__always)
    private static func equalsIgnoringCase<Word: FixedWidthInteger & BitwiseCopyable>(
        _ bytes: UnsafeRawBufferPointer, _ wanted: UnsafeRawPointer, by type: Word.Type
    ) -> Bool {
        let last = bytes.count &- MemoryLayout<Word>.size
        var at = 0
        while true {
            // Safe because the caller has checked that there is a word at least.
            let word = unsafe wanted.loadUnaligned(fromByteOffset: at, as: type)
            let found = unsafe bytes.loadUnaligned(fromByteOffset: at, as: type)
            if found | letterCases(of: word) != word { return false }
            if at == last { return true }
            at = min(at &+ MemoryLayout<Word>.size, last)
        }
    }

    /// Of ASCII bytes: 0x20 where a lower-case letter is, else 0.
    @inline(__always)
    private static func letterCases<Word: FixedWidthInteger>(of word: Word) -> Word {
        let each = Word(truncatingIfNeeded: 0x0101_0101_0101_0101 as UInt64)
        let (fromA, beyondZ) = (word &+ (0x1F &* each), word &+ (0x05 &* each))
        return (fromA & ~beyondZ & (0x80 &* each)) &>> 2
    }

    /// Whether the bytes are a token (RFC 9110 5.6.2): not empty, and nothing else in them.
    public static func isToken(_ bytes: Span<UInt8>) -> Bool {
        bytes.count > 0 && ByteScan.tokenRun(in: bytes, from: 0) == bytes.count
    }

    /// Whether the bytes are exactly `text`.
    public static func equals(_ bytes: Span<UInt8>, _ text: StaticString) -> Bool {
        guard bytes.count == text.utf8CodeUnitCount else { return false }
        // Safe as above.
        let start = unsafe text.utf8Start
        for index in bytes.indices where unsafe bytes[index] != start[index] { return false }
        return true
    }

    /// The stretch of `bytes` without spaces and tabs at its ends (RFC 9110 5.6.3 OWS).
    public static func trimmed(_ bytes: Span<UInt8>) -> Range<Int> {
        var start = 0
        var end = bytes.count
        while start < end, isBlank(bytes[start]) { start += 1 }
        while end > start, isBlank(bytes[end - 1]) { end -= 1 }
        return start..<end
    }

    @inlinable public static func isBlank(_ byte: UInt8) -> Bool { byte == space || byte == tab }
}
