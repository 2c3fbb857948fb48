import WireTime

/// Values as the command line writes them.
enum OptionValue {
    private static let durationUnits: [(name: String, nanoseconds: Int64)] = [
        ("us", 1_000), ("ms", 1_000_000), ("s", 1_000_000_000), ("m", 60_000_000_000),
        ("h", 3_600_000_000_000),
    ]
    private static let sizeUnits: [(name: String, bytes: Int)] = [
        ("", 1), ("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30),
    ]

    /// `250ms`, `10s`, `1.5s`, `2m`, `1h`, `never`; nil for anything else.
    static func duration(_ text: String) -> Timeout? {
        if text == "never" { return .never }
        guard let (whole, fraction, unitName) = split(text),
            let unit = durationUnits.first(where: { $0.name == unitName })
        else { return nil }
        let (nanoseconds, isTooLong) = whole.multipliedReportingOverflow(by: unit.nanoseconds)
        let rest = Int64(fraction * Double(unit.nanoseconds))
        let (sum, isTooLongBySum) = nanoseconds.addingReportingOverflow(rest)
        return isTooLong || isTooLongBySum ? nil : Timeout(nanoseconds: sum)
    }

    /// `4096`, `64KiB`, `4MiB`, `1GiB`; nil for anything else.
    static func size(_ text: String) -> Int? {
        guard let (whole, fraction, unitName) = split(text), fraction == 0,
            let unit = sizeUnits.first(where: { $0.name == unitName })
        else { return nil }
        let (bytes, isTooLarge) = Int(whole).multipliedReportingOverflow(by: unit.bytes)
        return isTooLarge ? nil : bytes
    }

    /// `12.5ms` as 12, 0.5 and `ms`; nil without digits in front of the unit or behind the point.
    private static func split(
        _ text: String
    ) -> (whole: Int64, fraction: Double, unit: String)? {
        let isDigit = { (character: Character) in character >= "0" && character <= "9" }
        let digits = text.prefix(while: isDigit)
        guard let whole = Int64(digits) else { return nil }
        var rest = text[digits.endIndex...]
        guard rest.first == "." else { return (whole, 0, String(rest)) }
        rest.removeFirst()
        let decimals = rest.prefix(while: isDigit)
        guard !decimals.isEmpty, let fraction = Double("0.\(decimals)") else { return nil }
        return (whole, fraction, String(rest[decimals.endIndex...]))
    }
}
