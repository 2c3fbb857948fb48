/// A small JSON reader for the manifest: a test must not read its expectations with the parser
/// that it tests. It trusts its input and traps on what it does not expect.
public enum ManifestJSON: Equatable, Sendable {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case array([ManifestJSON])
    case object([String: ManifestJSON])

    public init(parsing bytes: [UInt8]) {
        var reader = Reader(bytes: bytes)
        self = reader.value()
        reader.skipBlanks()
        precondition(reader.index == bytes.count, "text behind the JSON value")
    }

    public subscript(key: String) -> ManifestJSON {
        guard case .object(let members) = self else { preconditionFailure("no object: \(key)") }
        return members[key] ?? .null
    }

    public var string: String? {
        if case .string(let text) = self { return text }
        return nil
    }

    public var integer: Int? {
        if case .number(let value) = self { return Int(value) }
        return nil
    }

    public var double: Double? {
        if case .number(let value) = self { return value }
        return nil
    }

    public var bool: Bool? {
        if case .bool(let value) = self { return value }
        return nil
    }

    public var array: [ManifestJSON]? {
        if case .array(let elements) = self { return elements }
        return nil
    }

    public var isNull: Bool { self == .null }

    private struct Reader {
        let bytes: [UInt8]
        var index = 0

        mutating func skipBlanks() {
            while index < bytes.count, [0x20, 0x0A, 0x0D, 0x09].contains(bytes[index]) {
                index += 1
            }
        }

        mutating func value() -> ManifestJSON {
            skipBlanks()
            switch bytes[index] {
            case UInt8(ascii: "{"): return object()
            case UInt8(ascii: "["): return array()
            case UInt8(ascii: "\""): return .string(string())
            case UInt8(ascii: "t"): return word(4, .bool(true))
            case UInt8(ascii: "f"): return word(5, .bool(false))
            case UInt8(ascii: "n"): return word(4, .null)
            default: return number()
            }
        }

        mutating func word(_ count: Int, _ value: ManifestJSON) -> ManifestJSON {
            index += count
            return value
        }

        mutating func number() -> ManifestJSON {
            let start = index
            while index < bytes.count, "+-.eE0123456789".utf8.contains(bytes[index]) { index += 1 }
            return .number(Double(String(decoding: bytes[start..<index], as: UTF8.self))!)
        }

        mutating func next(_ byte: UInt8) -> Bool {
            skipBlanks()
            guard bytes[index] == byte else { return false }
            index += 1
            return true
        }

        mutating func array() -> ManifestJSON {
            index += 1
            var elements: [ManifestJSON] = []
            if next(UInt8(ascii: "]")) { return .array(elements) }
            repeat { elements.append(value()) } while next(UInt8(ascii: ","))
            precondition(next(UInt8(ascii: "]")), "an array without its end")
            return .array(elements)
        }

        mutating func object() -> ManifestJSON {
            index += 1
            var members: [String: ManifestJSON] = [:]
            if next(UInt8(ascii: "}")) { return .object(members) }
            repeat {
                skipBlanks()
                let key = string()
                precondition(next(UInt8(ascii: ":")), "a key without a value")
                members[key] = value()
            } while next(UInt8(ascii: ","))
            precondition(next(UInt8(ascii: "}")), "an object without its end")
            return .object(members)
        }

        mutating func string() -> String {
            index += 1
            var units: [UInt16] = []
            var plain: [UInt8] = []
            while bytes[index] != UInt8(ascii: "\"") {
                if bytes[index] == UInt8(ascii: "\\") {
                    units += String(decoding: plain, as: UTF8.self).utf16
                    plain = []
                    units.append(escape())
                } else {
                    plain.append(bytes[index])
                    index += 1
                }
            }
            index += 1
            units += String(decoding: plain, as: UTF8.self).utf16
            return String(decoding: units, as: UTF16.self)
        }

        mutating func escape() -> UInt16 {
            let letter = bytes[index + 1]
            index += 2
            switch letter {
            case UInt8(ascii: "u"):
                let digits = String(decoding: bytes[index..<index + 4], as: UTF8.self)
                index += 4
                return UInt16(digits, radix: 16)!
            case UInt8(ascii: "n"): return 0x0A
            case UInt8(ascii: "r"): return 0x0D
            case UInt8(ascii: "t"): return 0x09
            case UInt8(ascii: "b"): return 0x08
            case UInt8(ascii: "f"): return 0x0C
            default: return UInt16(letter)
            }
        }
    }
}
