internal import WireBytes

/// What cannot be written as JSON: the fault of the values given.
public enum JSONWriteError: Error, Equatable, Sendable {
    /// JSON has neither infinities nor NaN.
    case nonFiniteNumber
    case invalidUTF8
    /// More than `JSON.maximumDepth` containers within each other.
    case tooDeep
}

/// Puts one JSON text together: compact, with commas and colons set by itself.
///
///     var writer = JSONWriter()
///     writer.beginObject()
///     writer.field("model", "tiny")
///     writer.key("messages")
///     writer.beginArray()
///     ...
///     writer.endArray()
///     writer.endObject()
///     let body = writer.bytes
///
/// Strings are escaped where RFC 8259 requires it and nowhere else. Calls that do not fit together (a
/// key in an array, a value without a key, a second value at the top) are faults of the program and
/// trap. Keys are not compared: writing one twice writes it twice.
public struct JSONWriter: Sendable {
    /// What has been written so far: one JSON text when `isComplete`.
    public private(set) var bytes: [UInt8]
    private var nesting = JSONNesting()
    private var place = JSONPlace.value

    public init(reserving capacity: Int = 0) {
        bytes = []
        bytes.reserveCapacity(capacity)
    }

    /// Whether one value stands there with all its containers closed.
    public var isComplete: Bool { place == .end }

    /// How many containers are open.
    public var depth: Int { nesting.depth }

    /// Forgets what was written and keeps the memory.
    public mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        nesting = JSONNesting()
        place = .value
    }

    // MARK: Containers

    /// - Precondition: fewer than `JSON.maximumDepth` containers are open; so for `beginArray`.
    public mutating func beginObject() {
        begin("{", isObject: true)
    }

    public mutating func endObject() {
        precondition(place == .firstKey || place == .nextKey, "ends no object")
        end("}")
    }

    public mutating func beginArray() {
        begin("[", isObject: false)
    }

    public mutating func endArray() {
        precondition(place == .firstElement || place == .nextElement, "ends no array")
        end("]")
    }

    public mutating func key(_ name: String) {
        precondition(place == .firstKey || place == .nextKey, "a key outside an object")
        if place == .nextKey { bytes.append(UInt8(ascii: ",")) }
        appendQuoted(name.utf8.span)
        bytes.append(UInt8(ascii: ":"))
        place = .value
    }

    // MARK: Values

    public mutating func string(_ value: String) {
        beginValue()
        appendQuoted(value.utf8.span)
    }

    /// A string given as its bytes.
    ///
    /// - Throws: `invalidUTF8`, with nothing written, when they are not UTF-8.
    public mutating func string(utf8 value: Span<UInt8>) throws(JSONWriteError) {
        do { _ = try UTF8Span(validating: value) } catch { throw .invalidUTF8 }
        beginValue()
        appendQuoted(value)
    }

    public mutating func integer(_ value: some FixedWidthInteger) {
        beginValue()
        bytes.append(copying: String(value).utf8.span)
    }

    /// The shortest text that reads back as the same number.
    ///
    /// - Throws: `nonFiniteNumber`, with nothing written.
    public mutating func double(_ value: Double) throws(JSONWriteError) {
        guard value.isFinite else { throw .nonFiniteNumber }
        beginValue()
        bytes.append(copying: value.description.utf8.span)
    }

    public mutating func bool(_ value: Bool) {
        raw(value ? "true" : "false")
    }

    public mutating func null() {
        raw("null")
    }

    /// A value that is JSON already. It is not checked.
    public mutating func raw(_ json: Span<UInt8>) {
        beginValue()
        bytes.append(copying: json)
    }

    public mutating func raw(_ json: [UInt8]) {
        raw(json.span)
    }

    private mutating func raw(_ json: String) {
        raw(json.utf8.span)
    }
}

// MARK: Members

extension JSONWriter {
    public mutating func field(_ name: String, _ value: String) {
        key(name)
        string(value)
    }

    public mutating func field(_ name: String, _ value: Int) {
        key(name)
        integer(value)
    }

    public mutating func field(_ name: String, _ value: Bool) {
        key(name)
        bool(value)
    }

    /// - Throws: `nonFiniteNumber`, with nothing written.
    public mutating func field(_ name: String, _ value: Double) throws(JSONWriteError) {
        guard value.isFinite else { throw .nonFiniteNumber }
        key(name)
        try double(value)
    }
}

// MARK: Parts

extension JSONWriter {
    private mutating func begin(_ brace: Unicode.Scalar, isObject: Bool) {
        precondition(nesting.depth < JSON.maximumDepth, "nested too deep")
        beginValue()
        bytes.append(UInt8(ascii: brace))
        nesting.push(isObject: isObject)
        place = isObject ? .firstKey : .firstElement
    }

    private mutating func end(_ brace: Unicode.Scalar) {
        bytes.append(UInt8(ascii: brace))
        nesting.pop()
        place = nesting.placeBehindValue
    }

    /// Sets the comma in front of a value and stands behind it.
    private mutating func beginValue() {
        switch place {
        case .nextElement: bytes.append(UInt8(ascii: ","))
        case .value, .firstElement: break
        case .firstKey, .nextKey: preconditionFailure("a value without a key")
        case .end: preconditionFailure("a second value at the top")
        }
        place = nesting.placeBehindValue
    }

    private mutating func appendQuoted(_ text: Span<UInt8>) {
        bytes.append(UInt8(ascii: "\""))
        var index = 0
        while true {
            let run = ByteScan.jsonUnescapedRun(in: text, from: index)
            bytes.append(copying: text.extracting(index..<index + run))
            index += run
            if index == text.count { break }
            appendEscaped(text[index])
            index += 1
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func appendEscaped(_ byte: UInt8) {
        bytes.append(UInt8(ascii: "\\"))
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes.append(byte)
        case 0x08: bytes.append(UInt8(ascii: "b"))
        case 0x09: bytes.append(UInt8(ascii: "t"))
        case 0x0A: bytes.append(UInt8(ascii: "n"))
        case 0x0C: bytes.append(UInt8(ascii: "f"))
        case 0x0D: bytes.append(UInt8(ascii: "r"))
        default:
            let digit = byte & 15
            bytes.append(copying: "u00".utf8.span)
            bytes.append(UInt8(ascii: "0") + (byte >> 4))
            bytes.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
        }
    }
}
