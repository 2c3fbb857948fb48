public import WireJSON
internal import WireBytes
internal import WireSystem

/// One golden vector: an input and, in `json`, what must come of it. The format stands in
/// `Fixtures/vectors/README.md`.
public struct VectorCase: Sendable, CustomStringConvertible {
    public let name: String
    /// The rule that the case stands for.
    public let why: String
    public let input: [UInt8]
    public let json: JSONValue

    public var description: String { name }

    public subscript(key: String) -> JSONValue? { json[key] }
}

/// A file of vectors could not be used; says where and why.
public struct VectorError: Error, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }
}

public enum VectorFile {
    /// - Parameter name: of a file in `Fixtures/vectors`, with `.json`.
    /// - Throws: `VectorError` or `SystemError`; also when the file holds no case.
    public static func load(_ name: String) throws -> [VectorCase] {
        let bytes = try Files.read(Fixtures.path("vectors/\(name)"), limit: 64 << 20)
        let document = try JSONValue(parsing: bytes.span)
        guard document["format"]?.int64Value == 1, let cases = document["cases"]?.arrayValue,
            !cases.isEmpty
        else { throw VectorError("\(name): no cases of format 1") }
        return try cases.map { try read($0, of: name) }
    }

    private static func read(_ json: JSONValue, of file: String) throws -> VectorCase {
        guard let name = json["name"]?.stringValue, let why = json["why"]?.stringValue else {
            throw VectorError("\(file): a case without name and why")
        }
        var input: [UInt8] = []
        if let text = json["input"]?.stringValue {
            input = try bytes(ofLatin1: text)
        } else if let parts = json["input_parts"]?.arrayValue {
            for part in parts { input += try bytes(ofPart: part) }
        } else {
            throw VectorError("\(file): \(name) has no input")
        }
        return VectorCase(name: name, why: why, input: input, json: json)
    }

    private static func bytes(ofPart part: JSONValue) throws -> [UInt8] {
        if let text = part.stringValue { return try bytes(ofLatin1: text) }
        guard let text = part["repeat"]?.stringValue, let count = part["count"]?.int64Value else {
            throw VectorError("an input part that is neither text nor a repetition")
        }
        let once = try bytes(ofLatin1: text)
        var all: [UInt8] = []
        all.reserveCapacity(once.count * Int(count))
        for _ in 0..<count { all += once }
        return all
    }

    /// A string in which each character stands for one byte.
    public static func bytes(ofLatin1 text: String) throws -> [UInt8] {
        try text.unicodeScalars.map { scalar in
            guard let byte = UInt8(exactly: scalar.value) else {
                throw VectorError("U+\(String(scalar.value, radix: 16)) stands for no byte")
            }
            return byte
        }
    }

    /// Whether a stated text, given in full or as `{"sha256": HEX, "bytes": N}`, is `found`.
    public static func states(_ expected: JSONValue, _ found: [UInt8]) throws -> Bool {
        if let text = expected.stringValue { return try bytes(ofLatin1: text) == found }
        guard let digest = expected["sha256"]?.stringValue,
            let count = expected["bytes"]?.int64Value
        else { throw VectorError("an expectation that is neither text nor a digest") }
        return found.count == count && ManifestSHA256.hex(found) == digest
    }
}
