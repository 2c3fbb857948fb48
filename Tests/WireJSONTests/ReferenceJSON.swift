/// The grammar of RFC 8259 written down as plainly as possible, by recursion over an array: an oracle
/// for the verdict (not for the error).
struct ReferenceJSON {
    private let text: [UInt8]
    private var at = 0

    static func accepts(_ text: [UInt8]) -> Bool {
        guard String(validating: text, as: UTF8.self) != nil else { return false }
        var reference = ReferenceJSON(text: text)
        reference.blanks()
        guard reference.value(depth: 0) else { return false }
        reference.blanks()
        return reference.at == text.count
    }

    private init(text: [UInt8]) { self.text = text }

    private var byte: UInt8? { at < text.count ? text[at] : nil }

    private mutating func take(_ literal: String) -> Bool {
        guard text[at...].starts(with: literal.utf8) else { return false }
        at += literal.utf8.count
        return true
    }

    private mutating func blanks() {
        while let byte, " \t\r\n".utf8.contains(byte) { at += 1 }
    }

    private mutating func value(depth: Int) -> Bool {
        if take("{") { return depth < 512 && items("}") { $0.member(depth: depth + 1) } }
        if take("[") { return depth < 512 && items("]") { $0.value(depth: depth + 1) } }
        if byte == UInt8(ascii: "\"") { return string() }
        return take("true") || take("false") || take("null") || number()
    }

    private mutating func items(_ end: String, _ item: (inout Self) -> Bool) -> Bool {
        blanks()
        if take(end) { return true }
        while true {
            blanks()
            guard item(&self) else { return false }
            blanks()
            if take(end) { return true }
            guard take(",") else { return false }
        }
    }

    private mutating func member(depth: Int) -> Bool {
        guard string() else { return false }
        blanks()
        guard take(":") else { return false }
        blanks()
        return value(depth: depth)
    }

    private mutating func number() -> Bool {
        _ = take("-")
        let first = byte
        guard let count = digits(), count == 1 || first != UInt8(ascii: "0") else { return false }
        if take("."), digits() == nil { return false }
        if take("e") || take("E") {
            _ = take("+") || take("-")
            return digits() != nil
        }
        return true
    }

    private mutating func digits() -> Int? {
        let start = at
        while let byte, UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte { at += 1 }
        return at > start ? at - start : nil
    }

    private mutating func string() -> Bool {
        guard take("\"") else { return false }
        while let byte {
            if take("\"") { return true }
            if byte < 0x20 { return false }
            if take("\\u") {
                guard unicodeEscape() else { return false }
            } else if take("\\") {
                guard let letter = self.byte, "\"\\/bfnrt".utf8.contains(letter) else {
                    return false
                }
                at += 1
            } else {
                at += 1
            }
        }
        return false
    }

    private mutating func unicodeEscape() -> Bool {
        guard let unit = hex() else { return false }
        switch unit {
        case 0xD800...0xDBFF:
            guard take("\\u"), let low = hex() else { return false }
            return 0xDC00...0xDFFF ~= low
        case 0xDC00...0xDFFF: return false
        default: return true
        }
    }

    private mutating func hex() -> UInt16? {
        guard at + 4 <= text.count else { return nil }
        let digits = String(decoding: text[at..<at + 4], as: UTF8.self)
        guard digits.allSatisfy(\.isHexDigit), let value = UInt16(digits, radix: 16) else {
            return nil
        }
        at += 4
        return value
    }
}
