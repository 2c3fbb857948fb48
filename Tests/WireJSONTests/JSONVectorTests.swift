import TestSupport
import Testing
import WireBytes
import WireJSON

/// Every case of `json.json` and `json-values.json`, through every way of reading a text, the text
/// ending at a guard page.
@Suite struct JSONVectorTests {
    static let texts = (try? VectorFile.load("json.json")) ?? []
    static let values = (try? VectorFile.load("json-values.json")) ?? []

    @Test func allCasesAreRead() {
        #expect(Self.texts.count >= 302)
        #expect(Self.values.count >= 89)
    }

    @Test(arguments: texts)
    func text(_ vector: VectorCase) throws {
        #expect(Verdicts(vector.input).agree)
        var guarded = GuardedBytes(capacity: vector.input.count)
        let span = guarded.place(vector.input.span)
        let isValid = try #require(vector["valid"]?.boolValue as Bool?)
        do throws(JSONError) {
            let type = try JSON.validate(span)
            #expect(isValid)
            #expect(vector["type"]?.stringValue == Self.name(type))
        } catch {
            #expect(!isValid)
            // Null where good parsers may differ: inside literals, numbers, escapes, characters.
            if let at = vector["at"]?.int64Value { #expect(Int64(error.at) == at) }
            #expect(error.at <= vector.input.count)
        }
    }

    /// A text cut off anywhere is none, by every way of reading it, unless only blanks are missing; what
    /// is left of a number may be another.
    @Test(arguments: texts)
    func truncation(_ vector: VectorCase) throws {
        let whole = try? JSON.validate(vector.input.span)
        for count in 0..<min(vector.input.count, 600) {
            let text = Array(vector.input[..<count])
            let verdicts = Verdicts(text)
            try #require(verdicts.agree, "\(count) bytes")
            if let whole, whole != .number, verdicts.validate == nil {
                let rest = vector.input[count...]
                try #require(rest.allSatisfy { Array(" \t\r\n".utf8).contains($0) })
            }
        }
    }

    private static func name(_ type: JSONType) -> String { type == .bool ? "boolean" : "\(type)" }

    @Test(arguments: values)
    func value(_ vector: VectorCase) throws {
        let expected = try #require(vector["expected"])
        var guarded = GuardedBytes(capacity: vector.input.count)
        let span = guarded.place(vector.input.span)
        var cursor = JSONCursor(span)
        if let text = expected["string"]?.stringValue {
            let string = try cursor.string()
            let found = cursor.text(of: string)
            #expect(Array(found.utf8) == Array(text.utf8))
        } else {
            let number = try cursor.number()
            let double = cursor.double(of: number)
            if let text = expected["int64"]?.stringValue { #expect(number.int64 == Int64(text)) }
            if let text = expected["uint64"]?.stringValue {
                #expect(number.uint64 == UInt64(text))
                #expect(number.int64 == nil)
            }
            if let text = expected["double"]?.stringValue {
                let stated = try #require(Double(text))
                #expect(double == stated && double.sign == stated.sign)
            }
            #expect((expected["int64"] == nil) == (number.int64 == nil))
        }
        try cursor.finish()
    }
}
