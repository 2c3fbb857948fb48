import TestSupport
import Testing
import WireJSON

@Suite("Nesting")
struct DepthTests {
    static func nested(_ depth: Int, objects: Bool) -> [UInt8] {
        let (open, close) = objects ? ("{\"k\":", "}") : ("[", "]")
        let inner = objects ? "{}" : "[]"
        return Array(
            (String(repeating: open, count: depth - 1) + inner
                + String(repeating: close, count: depth - 1)).utf8)
    }

    @Test("512 deep is read, 513 is too deep", arguments: [true, false])
    func limit(objects: Bool) {
        #expect(Verdicts(Self.nested(512, objects: objects)).validate == nil)
        let verdicts = Verdicts(Self.nested(513, objects: objects))
        #expect(verdicts.validate == JSONError(.tooDeep, at: 512 * (objects ? 5 : 1)))
        #expect(verdicts.agree)
    }

    @Test("every depth around the words of the stack", arguments: 1...200)
    func depths(depth: Int) {
        for objects in [true, false] {
            let verdicts = Verdicts(Self.nested(depth, objects: objects))
            #expect(verdicts.validate == nil)
            #expect(verdicts.agree)
        }
    }

    @Test("containers of both kinds in any order close as they were opened")
    func mixed() {
        var generator = SeededGenerator(seed: 7)
        for depth in stride(from: 1, through: 512, by: 17) {
            let kinds = (0..<depth).map { _ in Bool.random(using: &generator) }
            let opening = kinds.map { $0 ? "{\"k\":" : "[" }.joined()
            let closing = kinds.reversed().map { $0 ? "}" : "]" }.joined()
            #expect(Verdicts(Array((opening + "0" + closing).utf8)).validate == nil)
            var wrong = Array((opening + "0" + closing).utf8)
            wrong[wrong.count - 1] ^= UInt8(ascii: "]") ^ UInt8(ascii: "}")
            let error = JSONError(.expectedCommaOrEnd, at: wrong.count - 1)
            #expect(Verdicts(wrong).validate == error)
        }
    }

    @Test("a million opening brackets", arguments: ["[", "{\"k\":"])
    func flood(open: String) {
        let text = Array(String(repeating: open, count: 1_000_000).utf8)
        let verdicts = Verdicts(text)
        #expect(verdicts.validate?.code == .tooDeep)
        #expect(verdicts.agree)
    }

    @Test("a lower limit holds, a higher one means the maximum")
    func otherLimits() {
        let text = Array("[[0]]".utf8)
        #expect(
            failure { () throws(JSONError) in
                _ = try JSON.validate(text.span, depthLimit: 1)
            } == JSONError(.tooDeep, at: 1))
        #expect(
            failure { () throws(JSONError) in
                _ = try JSONValue(parsing: text.span, depthLimit: 2)
            } == nil)
        #expect(
            failure { () throws(JSONError) in
                _ = try JSON.validate("[]".utf8.span, depthLimit: 0)
            } == JSONError(.tooDeep, at: 0))
        #expect(
            failure { () throws(JSONError) in
                _ = try JSON.validate("0".utf8.span, depthLimit: 0)
            } == nil)
        let deep = Self.nested(513, objects: false)
        #expect(
            failure { () throws(JSONError) in
                _ = try JSON.validate(deep.span, depthLimit: 10_000)
            } == JSONError(.tooDeep, at: 512))
    }
}
