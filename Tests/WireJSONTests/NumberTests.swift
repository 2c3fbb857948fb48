import TestSupport
import Testing
import WireBytes
import WireJSON

@Suite("Numbers")
struct NumberTests {
    struct Facts: Equatable {
        var isInteger: Bool
        var int64: Int64?
        var uint64: UInt64?
        var double: Double
        var raw: String
    }

    static func facts(_ text: String) throws -> Facts {
        let bytes = Array(" \(text) ".utf8)
        var cursor = JSONCursor(bytes.span)
        let number = try cursor.number()
        try cursor.finish()
        return Facts(
            isInteger: number.isInteger, int64: number.int64, uint64: number.uint64,
            double: cursor.double(of: number), raw: String(decoding: cursor.bytes(of: number)))
    }

    @Test(
        "integers are exact to their last digit",
        arguments: [
            "0", "1", "9", "10", "-1", "9007199254740991", "9007199254740993", "999999999999999999",
            "1000000000000000000", "9223372036854775806", "9223372036854775807",
            "9223372036854775808",
            "9999999999999999999", "10000000000000000000", "18446744073709551614",
            "18446744073709551615", "18446744073709551616", "18446744073709551617",
            "19999999999999999999", "20000000000000000000", "28446744073709551616",
            "36893488147419103231", "99999999999999999999", "100000000000000000000",
            "118446744073709551615", "-9223372036854775807", "-9223372036854775808",
            "-9223372036854775809", "-18446744073709551615", "-18446744073709551616",
            "123456789012345678901234567890",
        ])
    func integers(text: String) throws {
        let facts = try Self.facts(text)
        let double = try #require(Double(text))
        #expect(
            facts
                == Facts(
                    isInteger: true, int64: Int64(text), uint64: UInt64(text), double: double,
                    raw: text))
    }

    @Test("minus zero is the integer 0 and the double -0.0")
    func minusZero() throws {
        let facts = try Self.facts("-0")
        #expect(facts.int64 == 0)
        #expect(facts.uint64 == 0)
        #expect(facts.double.sign == .minus)
        #expect(try JSONValue(parsing: "-0".utf8.span).doubleValue?.sign == .minus)
        #expect(try Self.facts("-0.0").double.sign == .minus)
        #expect(try Self.facts("-0e5").double.sign == .minus)
    }

    @Test(
        "fractions and exponents make no integers",
        arguments: ["1.0", "1e2", "0.0", "-1E0", "10e-1"])
    func nonIntegers(text: String) throws {
        let facts = try Self.facts(text)
        #expect(!facts.isInteger)
        #expect(facts.int64 == nil)
        #expect(facts.uint64 == nil)
        #expect(facts.double == Double(text))
        var cursor = JSONCursor(text.utf8.span)
        #expect(throws: JSONError(.notInt64, at: 0)) { try cursor.int64() }
        #expect(cursor.position == 0)
    }

    @Test("an integer out of range is refused as an Int64 and still there")
    func outOfRange() throws {
        let text = Array("[9223372036854775808]".utf8)
        var cursor = JSONCursor(text.span)
        try cursor.beginArray()
        #expect(try cursor.nextElement())
        #expect(throws: JSONError(.notInt64, at: 1)) { try cursor.int64() }
        #expect(try cursor.number().uint64 == 9_223_372_036_854_775_808)
    }

    @Test(
        "doubles are rounded correctly",
        arguments: [
            "0.1", "0.2", "0.3", "1e22", "1e23", "1e-22", "1e-23", "9007199254740992e22",
            "9007199254740993e0", "9007199254740993.0", "123456789012345678e-5",
            "1.7976931348623157e308",
            "1.7976931348623159e308", "1e308", "1e309", "-1e309", "1e999",
            "-1e999999999999999999999",
            "1e-999", "1e-400", "4.9406564584124654e-324", "2.4703282292062327e-324",
            "2.4703282292062328e-324", "2.2250738585072011e-308", "2.2250738585072014e-308",
            "0.000000000000000000000000000001", "100000000000000000000000000000000000000000e-41",
            "1e+0000000000000000000000000000000000005", "0e999999999999", "8.41e21", "9.5e-1",
            "0.30000000000000004", "3.141592653589793238462643383279502884197169399375105820974944",
            "179769313486231580793728971405303415079934132710037826936173778980444968292764750946649017",
            "1.00000000000000011102230246251565404236316680908203125",
            "1.00000000000000011102230246251565404236316680908203126",
        ])
    func doubles(text: String) throws {
        let double = try #require(Double(text))
        #expect(try Self.facts(text).double.bitPattern == double.bitPattern)
        #expect(try Self.facts("-" + text.drop { $0 == "-" }).double.magnitude == double.magnitude)
    }

    @Test("out of range is an infinity or a zero, never a fault")
    func infinities() throws {
        #expect(try Self.facts("1e999").double == .infinity)
        #expect(try Self.facts("-1e999").double == -.infinity)
        #expect(try Self.facts("1e-999").double == 0)
        let long = String(repeating: "9", count: 5000)
        #expect(try Self.facts(long).double == .infinity)
        #expect(try Self.facts("0.\(String(repeating: "0", count: 5000))1").double == 0)
        #expect(try Self.facts("1e\(long)").double == .infinity)
        #expect(try Self.facts("1e-\(long)").double == 0)
        #expect(try Self.facts("0.\(String(repeating: "0", count: 99))1e100").double == 1)
    }

    @Test("random decimals agree with the standard library", arguments: [1, 2, 3, 4] as [UInt64])
    func random(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<2000 {
            let text = Self.randomNumber(&generator)
            let facts = try Self.facts(text)
            let double = try #require(Double(text))
            #expect(facts.double.bitPattern == double.bitPattern, "\(text), seed \(seed)")
            #expect(facts.raw == text)
            if facts.isInteger, text != "-0" {
                #expect(facts.int64 == Int64(text), "\(text), seed \(seed)")
                #expect(facts.uint64 == UInt64(text), "\(text), seed \(seed)")
            }
        }
    }

    static func randomNumber(_ generator: inout SeededGenerator) -> String {
        var text = Bool.random(using: &generator) ? "-" : ""
        text += digits(Int.random(in: 1...21, using: &generator), &generator)
        if Bool.random(using: &generator) {
            text +=
                "."
                + String(
                    (0..<Int.random(in: 1...21, using: &generator)).map { _ in
                        "0123456789".randomElement(using: &generator) ?? "0"
                    })
        }
        if Int.random(in: 0..<3, using: &generator) == 0 {
            text += ["e", "E", "e+", "e-"].randomElement(using: &generator) ?? "e"
            text += String(Int.random(in: 0...330, using: &generator))
        }
        return text
    }

    /// An integer without leading zeros.
    private static func digits(_ count: Int, _ generator: inout SeededGenerator) -> String {
        let first = String(Int.random(in: (count == 1 ? 0 : 1)...9, using: &generator))
        return first
            + String((1..<count).map { _ in "0123456789".randomElement(using: &generator) ?? "0" })
    }
}
