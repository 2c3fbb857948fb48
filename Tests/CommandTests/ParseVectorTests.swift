import TestSupport
import Testing
import WireJSON
import WireSystem

/// The golden vectors through the command, whole and byte by byte.
@Suite struct ParseVectorTests {
    /// One case of a vector file.
    struct Vector {
        let name: String
        let input: [UInt8]
        let json: JSONValue
    }

    static func vectors(_ file: String) throws -> [Vector] {
        let path = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let text = try Files.read("/\(path)/Fixtures/vectors/\(file).json", limit: 64 << 20)
        let cases = try #require(try JSONValue(parsing: text.span)["cases"]?.arrayValue)
        return try cases.map { json in
            Vector(
                name: json["name"]?.stringValue ?? "", input: try input(of: json), json: json)
        }
    }

    /// Each character of an input is one byte.
    private static func input(of json: JSONValue) throws -> [UInt8] {
        if let text = json["input"]?.stringValue { return bytes(text) }
        var input: [UInt8] = []
        for part in try #require(json["input_parts"]?.arrayValue) {
            if let text = part.stringValue {
                input += bytes(text)
            } else {
                let piece = bytes(try #require(part["repeat"]?.stringValue))
                for _ in 0..<(try #require(part["count"]?.int64Value)) { input += piece }
            }
        }
        return input
    }

    private static func bytes(_ text: String) -> [UInt8] {
        text.unicodeScalars.map { UInt8($0.value) }
    }

    /// The same result whole and byte by byte; what is large in larger steps, for the time it takes.
    private func run(_ mode: String, _ vector: Vector, _ options: [String] = []) throws
        -> CommandResult
    {
        let directory = try TemporaryDirectory()
        let path = try directory.file("input", vector.input)
        let arguments = ["parse", mode, path] + options
        let step = vector.input.count <= 64 << 10 ? "1" : "61"
        let whole = try CommandProcess.run(arguments)
        let bytewise = try CommandProcess.run(arguments + ["--chunk", step])
        #expect(whole == bytewise, "\(vector.name)")
        return whole
    }

    @Test func lines() throws {
        let vectors = try ParseVectorTests.vectors("lines")
        #expect(vectors.count >= 50)
        for vector in vectors {
            let limit = vector.json["max_line"]?.int64Value
            let options = limit.map { ["--max-line", "\($0)"] } ?? []
            let result = try run("lines", vector, options)
            let expected = try #require(vector.json["expected"])
            #expect(result.status == (expected["ok"] == true ? 0 : 6), "\(vector.name)")
            let lines = try #require(expected["lines"]?.arrayValue).map { line in
                let (offset, bytes) = (line[0]?.int64Value ?? -1, line[1]?.int64Value ?? -1)
                return #"{"offset":\#(offset),"bytes":\#(bytes)}"#
            }
            #expect(result.outputLines == lines, "\(vector.name)")
        }
    }

    @Test func events() throws {
        let vectors = try ParseVectorTests.vectors("sse")
        #expect(vectors.count >= 100)
        for vector in vectors {
            let result = try run("sse", vector)
            #expect(result.status == 0, "\(vector.name)")
            let found = try result.outputLines.map { try JSONValue(parsing: Array($0.utf8).span) }
            #expect(.array(found) == vector.json["expected"], "\(vector.name)")
        }
    }

    @Test func texts() throws {
        let vectors = try ParseVectorTests.vectors("json")
        #expect(vectors.count >= 300)
        for vector in vectors {
            let result = try run("json", vector)
            let isValid = vector.json["valid"] == true
            #expect(result.status == (isValid ? 0 : 6), "\(vector.name)")
            let found = try JSONValue(parsing: Array(result.output.utf8).span)
            #expect(found["valid"]?.boolValue == isValid, "\(vector.name)")
            if isValid {
                #expect(found["type"] == vector.json["type"], "\(vector.name)")
            } else if let at = vector.json["at"], !at.isNull {
                #expect(found["at"] == at, "\(vector.name)")
            }
        }
    }
}
