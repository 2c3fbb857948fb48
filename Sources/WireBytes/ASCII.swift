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
        for index in bytes.indices {
            guard isDigit(bytes[index]) else { return nil }
            let (tens, over) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = tens.addingReportingOverflow(Int64(bytes[index] - 0x30))
            if over || carry { return nil }
            value = sum
        }
        return value
    }

    /// Whether the bytes are `text`, ASCII letters compared without case. `text` is lower case.
    public static func equalsIgnoringCase(_ bytes: Span<UInt8>, _ text: StaticString) -> Bool {
        guard bytes.count == text.utf8CodeUnitCount else { return false }
        // Safe because the count was just compared and a static string lives for ever.
        let start = unsafe text.utf8Start
        for index in bytes.indices where unsafe lowercased(bytes[index]) != start[index] {
            return false
        }
        return true
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
