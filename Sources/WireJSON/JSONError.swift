/// Why a text was refused, or a call: the first offence and where it lies.
public struct JSONError: Error, Equatable, Sendable {
    public enum Code: UInt8, Sendable {
        /// The text stops inside a value; more bytes could have continued it.
        case unexpectedEnd
        case byteOrderMark
        case expectedValue
        case expectedKey
        case expectedColon
        /// After a value: neither a comma nor the end of the container.
        case expectedCommaOrEnd
        case invalidLiteral
        case invalidNumber
        case invalidEscape
        case loneSurrogate
        /// A byte below 0x20 unescaped in a string.
        case controlCharacter
        case invalidUTF8
        case tooDeep
        /// Something other than blanks follows the value at the top.
        case trailingBytes
        /// A well-formed value, but of another type than was asked for.
        case typeMismatch
        /// A number, but not an integer that `Int64` holds.
        case notInt64
        /// An object without a member that it has to have.
        case missingMember
        /// More than whoever reads it takes.
        case tooLong
        /// The caller's fault: this call does not fit where the cursor stands.
        case outOfOrder
    }

    public let code: Code
    /// Offset in the text of the offending byte; the length of the text when it stops too early. An
    /// escape or a UTF-8 sequence that is wrong as a whole is given by its first byte.
    public let at: Int

    @inlinable public init(_ code: Code, at: Int) {
        self.code = code
        self.at = at
    }
}

extension JSONError: CustomStringConvertible {
    public var description: String { "\(code.description) at byte \(at)" }
}

extension JSONError.Code: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unexpectedEnd: "JSON text ends too early"
        case .byteOrderMark: "byte order mark"
        case .expectedValue: "expected a value"
        case .expectedKey: "expected a key"
        case .expectedColon: "expected a colon"
        case .expectedCommaOrEnd: "expected a comma or the end of the container"
        case .invalidLiteral: "invalid literal"
        case .invalidNumber: "invalid number"
        case .invalidEscape: "invalid escape"
        case .loneSurrogate: "surrogate without its partner"
        case .controlCharacter: "unescaped control character"
        case .invalidUTF8: "invalid UTF-8"
        case .tooDeep: "nested too deep"
        case .trailingBytes: "bytes after the value"
        case .typeMismatch: "value of another type"
        case .notInt64: "not a 64-bit integer"
        case .missingMember: "a member is missing"
        case .tooLong: "too long"
        case .outOfOrder: "call out of order"
        }
    }
}
