public import WireBytes

/// Where a checked string lies; what it says is asked of the cursor that returned it.
public struct JSONString: Equatable, Sendable {
    /// The bytes between the quotes.
    public let range: ByteRange
    public let hasEscapes: Bool

    /// A string known to be checked and without escapes.
    @inlinable public init(plain range: ByteRange) { self.init(range: range, hasEscapes: false) }

    @inlinable init(range: ByteRange, hasEscapes: Bool) {
        self.range = range
        self.hasEscapes = hasEscapes
    }
}

/// A checked number: where its text lies, and its digits, read in passing.
///
/// `cursor.bytes(of:)` is its exact text, `cursor.double(of:)` the nearest `Double`.
public struct JSONNumber: Equatable, Sendable {
    public let range: ByteRange
    /// All digits, those of the fraction too, as one integer; modulo 2^64 unless `isExact`.
    let significand: UInt64
    /// The power of ten that the digits are to be multiplied by; meaningful when `isExact`.
    let exponent: Int32
    public let isNegative: Bool
    /// Whether it is written without fraction and exponent. `1.0` and `1e2` are not.
    public let isInteger: Bool
    let isExact: Bool

    /// The exact value, or nil when this is not an integer or does not fit. `-0` gives 0.
    public var int64: Int64? {
        guard isInteger, isExact else { return nil }
        if !isNegative { return Int64(exactly: significand) }
        guard significand <= Int64.min.magnitude else { return nil }
        return Int64(truncatingIfNeeded: 0 &- significand)
    }

    /// The exact value, or nil when this is not an integer, is negative or does not fit.
    public var uint64: UInt64? {
        guard isInteger, isExact, !isNegative || significand == 0 else { return nil }
        return significand
    }

    /// The nearest `Double` where one multiplication or division of two exact ones gives it: digits
    /// below 2^53 and a power of ten up to 10^22 (Clinger, "How to Read Floating Point Numbers
    /// Accurately").
    var doubleFromDigits: Double? {
        guard isExact, significand <= 1 << 53, exponent.magnitude <= 22 else { return nil }
        let digits = isNegative ? -Double(significand) : Double(significand)
        let power = JSONNumber.powersOfTen[Int(exponent.magnitude)]
        return exponent < 0 ? digits / power : digits * power
    }

    private static let powersOfTen: InlineArray<23, Double> = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
        1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
    ]
}
