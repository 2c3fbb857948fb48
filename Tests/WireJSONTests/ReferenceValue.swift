internal import WireBytes
internal import WireJSON

/// The value of a text that `ReferenceJSON` accepts, read as plainly as possible: by recursion over an
/// array, numbers by the standard library.
struct ReferenceValue {
    private let text: [UInt8]
    private var at = 0

    static func of(_ text: [UInt8]) -> JSONValue {
        var reader = ReferenceValue(text: text)
        return reader.value()
    }

    private init(text: [UInt8]) { self.text = text }

    /// The next byte behind blanks.
    private mutating func next() -> UInt8 {
        while " \t\r\n".utf8.contains(text[at]) { at += 1 }
        return text[at]
    }

    private mutating func value() -> JSONValue {
        switch next() {
        case UInt8(ascii: "{"):
            return .object(
                items { reader in
                    let key = reader.string()
                    _ = reader.next()
                    reader.at += 1
                    return JSONValue.Member(key: key, value: reader.value())
                })
        case UInt8(ascii: "["): return .array(items { $0.value() })
        case UInt8(ascii: "\""): return .string(string())
        case UInt8(ascii: "t"):
            at += 4
            return .bool(true)
        case UInt8(ascii: "f"):
            at += 5
            return .bool(false)
        case UInt8(ascii: "n"):
            at += 4
            return .null
        default: return number()
        }
    }

    private mutating func items<Item>(_ item: (inout Self) -> Item) -> [Item] {
        var items: [Item] = []
        at += 1
        while !"]}".utf8.contains(next()) {
            items.append(item(&self))
            if next() == UInt8(ascii: ",") { at += 1 }
        }
        at += 1
        return items
    }

    private mutating func number() -> JSONValue {
        let start = at
        while at < text.count, "+-.eE0123456789".utf8.contains(text[at]) { at += 1 }
        let digits = String(decoding: text[start..<at], as: UTF8.self)
        if digits != "-0" {
            if let value = Int64(digits) { return .int(value) }
            if let value = UInt64(digits) { return .uint(value) }
        }
        return .double(Double(digits)!)
    }

    private mutating func string() -> String {
        var units: [UInt16] = []
        _ = next()
        let end = text[(at + 1)...]
        var rest = Array(String(decoding: end, as: UTF8.self).utf16)[...]
        let before = rest.count
        while let unit = rest.popFirst(), unit != 0x22 {
            if unit != 0x5C {
                units.append(unit)
                continue
            }
            let letter = rest.popFirst()!
            switch UInt8(letter) {
            case UInt8(ascii: "u"):
                units.append(UInt16(String(decoding: rest.prefix(4), as: UTF16.self), radix: 16)!)
                rest = rest.dropFirst(4)
            case UInt8(ascii: "b"): units.append(8)
            case UInt8(ascii: "f"): units.append(12)
            case UInt8(ascii: "n"): units.append(10)
            case UInt8(ascii: "r"): units.append(13)
            case UInt8(ascii: "t"): units.append(9)
            default: units.append(letter)
            }
        }
        let passed = Array(String(decoding: end, as: UTF8.self).utf16)[..<(before - rest.count)]
        at += 1 + String(decoding: passed, as: UTF16.self).utf8.count
        return String(decoding: units, as: UTF16.self)
    }
}

/// The same value by the public steps of a document's elements.
func walked(_ element: JSONElement) -> JSONValue {
    switch element.type {
    case .null: return .null
    case .bool: return .bool(element.bool!)
    case .string: return .string(element.string!)
    case .number:
        if let value = element.int64 { return .int(value) }
        if let value = element.uint64 { return .uint(value) }
        return .double(element.double!)
    case .array:
        var elements: [JSONValue] = []
        var children = element.children
        while let child = children.next() {
            elements.append(walked(child))
            guard let again = element[elements.count - 1] else { preconditionFailure("no element") }
            precondition(
                String(decoding: again.raw) == String(decoding: child.raw), "another element")
        }
        precondition(elements.count == element.count, "another number of elements")
        return .array(elements)
    case .object:
        var members: [JSONValue.Member] = []
        var children = element.children
        while let child = children.next() {
            members.append(JSONValue.Member(key: child.key!, value: walked(child)))
        }
        precondition(members.count == element.count, "another number of members")
        for member in members {
            let last = members.last { $0.key.utf8.elementsEqual(member.key.utf8) }?.value
            guard let found = element[member.key] else { preconditionFailure("no such key") }
            precondition(JSONValue(found) == last, "another value by its key")
        }
        return .object(members)
    }
}
