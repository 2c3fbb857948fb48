internal import WireJSON

/// What Go's standard library makes of values, byte for byte: the server is written in it.
enum GoText {
    /// `<`, `>`, `&` and U+2028, U+2029 escaped, as json.Marshal does. In a JSON text they stand only
    /// within strings.
    static func escaped(_ json: [UInt8]) -> [UInt8] {
        let special: (UInt8) -> Bool = {
            $0 == UInt8(ascii: "<") || $0 == UInt8(ascii: ">") || $0 == UInt8(ascii: "&")
                || $0 == 0xE2
        }
        guard json.contains(where: special) else { return json }
        var out: [UInt8] = []
        out.reserveCapacity(json.count + 32)
        var index = 0
        while index < json.count {
            switch json[index] {
            case UInt8(ascii: "<"): out += "\\u003c".utf8
            case UInt8(ascii: ">"): out += "\\u003e".utf8
            case UInt8(ascii: "&"): out += "\\u0026".utf8
            case 0xE2
            where index + 2 < json.count && json[index + 1] == 0x80
                && json[index + 2] & 0xFE == 0xA8:
                out += (json[index + 2] == 0xA8 ? "\\u2028" : "\\u2029").utf8
                index += 2
            default: out.append(json[index])
            }
            index += 1
        }
        return out
    }

    /// `"text"` as JSON.
    static func quoted(_ text: [UInt8]) -> [UInt8] {
        var writer = JSONWriter(reserving: text.count + 8)
        do throws(JSONWriteError) { try writer.string(utf8: text.span) } catch {
            writer.string(String(decoding: text, as: UTF8.self))
        }
        return escaped(writer.bytes)
    }

    /// The same behind what is in `out`.
    static func putQuoted(_ text: [UInt8], to out: inout [UInt8]) {
        if text.allSatisfy(isPlain) {
            out.append(UInt8(ascii: "\""))
            out += text
            out.append(UInt8(ascii: "\""))
        } else {
            out += quoted(text)
        }
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "<"), UInt8(ascii: ">"),
            UInt8(ascii: "&"):
            false
        default: byte >= 0x20 && byte < 0x7F
        }
    }

    /// RFC 3339 in UTC with nanoseconds, trailing zeros cut.
    static func timestamp(_ nanoseconds: Int64) -> [UInt8] {
        var out: [UInt8] = []
        var text = Timestamp()
        text.put(nanoseconds, to: &out)
        return out
    }

    /// Appends a number in decimal.
    static func put(_ number: UInt32, to out: inout [UInt8]) {
        var divisor: UInt32 = 1
        while number / divisor >= 10 { divisor *= 10 }
        while divisor > 0 {
            out.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: number / divisor % 10))
            divisor /= 10
        }
    }

    /// `Date: ` of HTTP (RFC 9110 5.6.7).
    static func httpDate(_ nanoseconds: Int64) -> String {
        let date = CivilDate(secondsSince1970: Int(nanoseconds / 1_000_000_000))
        let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
        let months = [
            "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
        ]
        func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
        let time = date.secondOfDay
        return "\(days[date.daysSince1970 % 7]), \(two(date.day)) \(months[date.month - 1]) "
            + "\(date.year) \(two(time / 3600)):\(two(time / 60 % 60)):\(two(time % 60)) GMT"
    }

    /// `300ms`, `-1.5h`, `2h45m`: time.ParseDuration. Nil for anything else.
    static func duration(_ text: String) -> Double? {
        var rest = text[...]
        var sign = 1.0
        if let first = rest.first, first == "-" || first == "+" {
            sign = first == "-" ? -1 : 1
            rest.removeFirst()
        }
        if rest == "0" { return 0 }
        if rest.isEmpty { return nil }
        let units: [(String, Double)] = [
            ("ns", 1), ("us", 1e3), ("µs", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 6e10),
            ("h", 3.6e12),
        ]
        var total = 0.0
        while !rest.isEmpty {
            let number = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            rest.removeFirst(number.count)
            let name = rest.prefix { $0.isLetter }
            rest.removeFirst(name.count)
            guard let value = Double(number), let unit = units.first(where: { $0.0 == name })
            else { return nil }
            total += value * unit.1
        }
        return sign * total
    }
}

/// Writes times, and works a date out only once a second.
struct Timestamp {
    private static let fractionStart = 20

    private var second = Int64.min
    /// `2026-11-27T10:40:30.123456789`: what is written is a part of it, and `Z`.
    private var text: [UInt8] = []

    mutating func put(_ nanoseconds: Int64, to out: inout [UInt8]) {
        let seconds = nanoseconds / 1_000_000_000
        if seconds != second { set(seconds) }
        var rest = UInt32(nanoseconds % 1_000_000_000)
        if rest == 0 {
            out += text[..<(Timestamp.fractionStart - 1)]
        } else {
            var digits = text.mutableSpan
            var end = Timestamp.fractionStart
            for index in stride(from: digits.count - 1, through: Timestamp.fractionStart, by: -1) {
                let digit = UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
                digits[index] = UInt8(ascii: "0") &+ digit
                if digit != 0, end == Timestamp.fractionStart { end = index + 1 }
            }
            out += text[..<end]
        }
        out.append(UInt8(ascii: "Z"))
    }

    private mutating func set(_ seconds: Int64) {
        second = seconds
        let date = CivilDate(secondsSince1970: Int(seconds))
        text.removeAll(keepingCapacity: true)
        put(date.year, 4, before: "-")
        put(date.month, 2, before: "-")
        put(date.day, 2, before: "T")
        put(date.secondOfDay / 3600, 2, before: ":")
        put(date.secondOfDay / 60 % 60, 2, before: ":")
        put(date.secondOfDay % 60, 2, before: ".")
        text += "000000000".utf8
    }

    private mutating func put(_ value: Int, _ digits: Int, before mark: Unicode.Scalar) {
        var divisor = 1
        for _ in 1..<digits { divisor *= 10 }
        while divisor > 0 {
            text.append(UInt8(ascii: "0") + UInt8(value / divisor % 10))
            divisor /= 10
        }
        text.append(UInt8(ascii: mark))
    }
}

/// A day of the Gregorian calendar in UTC.
struct CivilDate {
    let year: Int
    let month: Int
    let day: Int
    let secondOfDay: Int
    let daysSince1970: Int

    /// For times from 1970 on; years are counted from March, so that a leap day is the last.
    init(secondsSince1970 seconds: Int) {
        daysSince1970 = max(0, seconds) / 86_400
        secondOfDay = max(0, seconds) % 86_400
        let z = daysSince1970 + 719_468
        let era = z / 146_097
        let dayOfEra = z % 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * shifted + 2) / 5 + 1
        month = shifted < 10 ? shifted + 3 : shifted - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }
}
