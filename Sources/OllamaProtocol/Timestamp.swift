/// A point in time as the server writes it, RFC 3339: `2026-11-20T16:29:45.022801159Z`, or with an offset.
///
/// Records keep their times as text; this is for those who ask.
public struct Timestamp: Comparable, Hashable, Sendable {
    /// Seconds since 1970-01-01T00:00:00Z, without leap seconds.
    public let seconds: Int64
    /// 0 to 999,999,999; what is finer is cut off.
    public let nanoseconds: Int32

    /// Seconds since 1970, and nanoseconds of that second, 0 to 999,999,999.
    public init(seconds: Int64, nanoseconds: Int32 = 0) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    /// - Returns: nil for what is no time of RFC 3339.
    public init?(_ text: String) {
        var digits = Digits(rest: Array(text.utf8)[...])
        guard let year = digits.number(4), digits.skip("-"),
            let month = digits.number(2), (1...12).contains(month), digits.skip("-"),
            let day = digits.number(2), (1...31).contains(day),
            digits.skip("T") || digits.skip("t"),
            let hour = digits.number(2), hour < 24, digits.skip(":"),
            let minute = digits.number(2), minute < 60, digits.skip(":"),
            let second = digits.number(2), second <= 60
        else { return nil }
        var fraction: Int32 = 0
        if digits.skip(".") {
            guard let nanoseconds = digits.fraction() else { return nil }
            fraction = nanoseconds
        }
        guard let offset = digits.offset(), digits.rest.isEmpty else { return nil }
        let days = Timestamp.days(year, month, day)
        self.init(
            seconds: days * 86400 + Int64(hour * 3600 + minute * 60 + second) - offset,
            nanoseconds: fraction)
    }

    public static func < (a: Timestamp, b: Timestamp) -> Bool {
        (a.seconds, a.nanoseconds) < (b.seconds, b.nanoseconds)
    }

    /// From 1970-01-01 to a day of the Gregorian calendar.
    private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int64 {
        // The year begins in March: the leap day is its last.
        let year = month > 2 ? year : year - 1
        let monthsSinceMarch = (month + 9) % 12
        let dayOfYear = (153 * monthsSinceMarch + 2) / 5 + day - 1
        let leapDays = year / 4 - year / 100 + year / 400
        return Int64(365 * year + leapDays + dayOfYear - 719_468)
    }
}

private struct Digits {
    var rest: ArraySlice<UInt8>

    mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard rest.first == UInt8(ascii: character) else { return false }
        rest.removeFirst()
        return true
    }

    mutating func number(_ count: Int) -> Int? {
        let digits = rest.prefix(count)
        guard digits.count == count, digits.allSatisfy({ (0x30...0x39).contains($0) })
        else { return nil }
        rest = rest.dropFirst(count)
        return digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
    }

    /// At least one digit, in nanoseconds.
    mutating func fraction() -> Int32? {
        let digits = rest.prefix { (0x30...0x39).contains($0) }
        guard !digits.isEmpty else { return nil }
        rest = rest.dropFirst(digits.count)
        var value: Int32 = 0
        for place in 0..<9 {
            let digit = place < digits.count ? digits[digits.startIndex + place] - 0x30 : 0
            value = value * 10 + Int32(digit)
        }
        return value
    }

    /// `Z` or `+hh:mm`, in seconds.
    mutating func offset() -> Int64? {
        if skip("Z") || skip("z") { return 0 }
        let isNegative = rest.first == UInt8(ascii: "-")
        guard skip("+") || skip("-"), let hour = number(2), hour < 24, skip(":"),
            let minute = number(2), minute < 60
        else { return nil }
        return Int64((hour * 60 + minute) * 60) * (isNegative ? -1 : 1)
    }
}
