internal import WireBytes

/// Walks forward over one complete JSON text and reads what is asked for.
///
///     var cursor = JSONCursor(line)
///     try cursor.beginObject()
///     while let key = try cursor.nextKey() {
///         if cursor.matches(key, "done") {
///             done = try cursor.bool()
///         } else {
///             try cursor.skipValue()
///         }
///     }
///     try cursor.finish()
///
/// Where the cursor stands, and the calls that fit there:
///
///     expecting a value       peek, beginObject, beginArray, string, number, int64, bool, null,
///                             skipValue (at the start, behind a key, behind a true nextElement)
///     in an object            nextKey: behind a key a value is expected; nil leaves the object
///     in an array             nextElement: true expects a value; false leaves the array
///     behind the top value    finish
///
/// A call that does not fit throws `outOfOrder`. A call that throws leaves the cursor where it was:
/// after `typeMismatch` the value can be read as what it is, any other error comes back each time.
/// Bytes not yet passed are not yet checked: only `finish` says that the text is JSON.
public struct JSONCursor: ~Copyable, ~Escapable {
    @usableFromInline let text: Span<UInt8>
    @usableFromInline var next = 0
    @usableFromInline var place = JSONPlace.value
    /// `nesting.placeBehindValue`, at hand.
    @usableFromInline var placeBehindValue = JSONPlace.end
    @usableFromInline var window = JSONStopWindow()
    var nesting = JSONNesting()
    let depthLimit: Int

    /// Offset of the first byte not yet passed.
    @inlinable public var position: Int { next }

    /// - Parameter depthLimit: how many containers may be open at once, up to `JSON.maximumDepth`.
    @_lifetime(copy text)
    public init(_ text: Span<UInt8>, depthLimit: Int = JSON.maximumDepth) {
        self.text = text
        self.depthLimit = min(depthLimit, JSON.maximumDepth)
    }

    /// The type of the value that comes next, judged by its first byte.
    public mutating func peek() throws(JSONError) -> JSONType {
        let start = try startOfValue()
        guard let type = JSONType(startingWith: text[start]) else { throw notAValue(at: start) }
        return type
    }

    public mutating func beginObject() throws(JSONError) {
        let start = try startOfValue()
        guard text[start] == UInt8(ascii: "{") else { throw mismatch(at: start) }
        try open(at: start, isObject: true)
    }

    public mutating func beginArray() throws(JSONError) {
        let start = try startOfValue()
        guard text[start] == UInt8(ascii: "[") else { throw mismatch(at: start) }
        try open(at: start, isObject: false)
    }

    /// The next key of the object, or nil when that ends here.
    @inlinable @inline(__always)
    public mutating func nextKey() throws(JSONError) -> JSONString? {
        if let key = nextPlainKey() { return key }
        if closeAtOnce() { return nil }
        return try nextKeyOfAnyForm()
    }

    /// Whether the array has another element; if so, it comes next.
    public mutating func nextElement() throws(JSONError) -> Bool {
        guard place == .firstElement || place == .nextElement else { throw outOfOrder }
        var index = scanner.skipBlanks(from: next)
        let byte = try scanner.byte(at: index)
        if byte == UInt8(ascii: "]") {
            close(at: index)
            return false
        }
        if place == .nextElement {
            guard byte == UInt8(ascii: ",") else { throw JSONError(.expectedCommaOrEnd, at: index) }
            index += 1
        }
        next = index
        place = .value
        return true
    }

    @inlinable
    public mutating func string() throws(JSONError) -> JSONString {
        if let string = nextPlainString() { return string }
        return try stringOfAnyForm()
    }

    public mutating func number() throws(JSONError) -> JSONNumber {
        let start = try startOfValue()
        guard JSONType(startingWith: text[start]) == .number else { throw mismatch(at: start) }
        let number = try scanner.number(at: start)
        pass(to: number.range.end)
        return number
    }

    /// A number that `Int64` holds exactly.
    public mutating func int64() throws(JSONError) -> Int64 {
        let start = try startOfValue()
        guard JSONType(startingWith: text[start]) == .number else { throw mismatch(at: start) }
        let number = try scanner.number(at: start)
        guard let value = number.int64 else { throw JSONError(.notInt64, at: start) }
        pass(to: number.range.end)
        return value
    }

    public mutating func bool() throws(JSONError) -> Bool {
        if let bool = nextPlainBool() { return bool }
        let start = try startOfValue()
        let first = text[start]
        guard first == UInt8(ascii: "t") || first == UInt8(ascii: "f") else {
            throw mismatch(at: start)
        }
        pass(to: try scanner.endOfLiteral(at: start))
        return first == UInt8(ascii: "t")
    }

    public mutating func null() throws(JSONError) {
        let start = try startOfValue()
        guard text[start] == UInt8(ascii: "n") else { throw mismatch(at: start) }
        pass(to: try scanner.endOfLiteral(at: start))
    }

    /// Checks that nothing but blanks follows the value at the top: the text was one JSON text.
    public mutating func finish() throws(JSONError) {
        guard place == .end else { throw outOfOrder }
        let index = scanner.skipBlanks(from: next)
        guard index == text.count else { throw JSONError(.trailingBytes, at: index) }
        next = index
    }
}

extension JSONCursor {
    var scanner: JSONScanner {
        @_lifetime(copy self)
        @inline(__always)
        get { JSONScanner(text) }
    }

    @usableFromInline
    mutating func nextKeyOfAnyForm() throws(JSONError) -> JSONString? {
        guard place == .firstKey || place == .nextKey else { throw outOfOrder }
        var index = scanner.skipBlanks(from: next)
        var byte = try scanner.byte(at: index)
        if byte == UInt8(ascii: "}") {
            close(at: index)
            return nil
        }
        if place == .nextKey {
            guard byte == UInt8(ascii: ",") else { throw JSONError(.expectedCommaOrEnd, at: index) }
            index = scanner.skipBlanks(from: index + 1)
            byte = try scanner.byte(at: index)
        }
        guard byte == UInt8(ascii: "\"") else { throw JSONError(.expectedKey, at: index) }
        let key = try scanString(at: index)
        index = scanner.skipBlanks(from: key.range.end + 1)
        guard try scanner.byte(at: index) == UInt8(ascii: ":") else {
            throw JSONError(.expectedColon, at: index)
        }
        next = index + 1
        place = .value
        return key
    }

    @usableFromInline
    mutating func stringOfAnyForm() throws(JSONError) -> JSONString {
        let start = try startOfValue()
        guard text[start] == UInt8(ascii: "\"") else { throw mismatch(at: start) }
        let string = try scanString(at: start)
        pass(to: string.range.end + 1)
        return string
    }

    /// The string whose opening quote is at `quote`.
    mutating func scanString(at quote: Int) throws(JSONError) -> JSONString {
        let stop = window.next(from: quote + 1, in: text)
        let scanner = scanner
        return try scanner.string(from: quote + 1, stoppedAt: stop, window: &window)
    }

    /// Where the value begins that is expected here.
    @inline(__always)
    func startOfValue() throws(JSONError) -> Int {
        guard place == .value else { throw outOfOrder }
        let start = scanner.skipBlanks(from: next)
        guard start < text.count else { throw JSONError(.unexpectedEnd, at: start) }
        return start
    }

    @inlinable @inline(__always)
    mutating func pass(to end: Int) {
        next = end
        place = placeBehindValue
    }

    @inline(__always)
    mutating func open(at index: Int, isObject: Bool) throws(JSONError) {
        guard nesting.depth < depthLimit else { throw JSONError(.tooDeep, at: index) }
        nesting.push(isObject: isObject)
        next = index + 1
        place = isObject ? .firstKey : .firstElement
        placeBehindValue = isObject ? .nextKey : .nextElement
    }

    @inline(__always)
    mutating func close(at index: Int) {
        nesting.pop()
        placeBehindValue = nesting.placeBehindValue
        pass(to: index + 1)
    }

    var outOfOrder: JSONError { JSONError(.outOfOrder, at: next) }

    /// Why the byte at `start` does not begin the value that was asked for.
    func mismatch(at start: Int) -> JSONError {
        if JSONType(startingWith: text[start]) == nil { return notAValue(at: start) }
        return JSONError(.typeMismatch, at: start)
    }

    func notAValue(at start: Int) -> JSONError {
        let isMark =
            start == 0 && text.count >= 3 && text[0] == 0xEF && text[1] == 0xBB && text[2] == 0xBF
        return JSONError(isMark ? .byteOrderMark : .expectedValue, at: start)
    }
}
