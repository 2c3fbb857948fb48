import OllamaProtocol
import TestSupport
import Testing
import WireSystem

/// What runs away is stopped, at the same place however the text is cut; what only looks alike goes
/// on.
@Suite struct GuardTests {
    private typealias Verdict = OutputGuard.Verdict

    /// The verdict, and how many bytes had been taken when it fell.
    private func verdict(
        of text: String, characters: Int? = nil, repetition: Bool = true,
        pieces: (Int) -> Int = { _ in 1 }
    ) -> (verdict: Verdict, after: Int) {
        var outputGuard = OutputGuard(characters: characters, repetition: repetition)
        let bytes = Array(text.utf8)
        var start = 0
        while start < bytes.count {
            let end = min(bytes.count, start + pieces(start))
            let verdict = outputGuard.feed(bytes.span.extracting(start..<end))
            if verdict != .goOn { return (verdict, end) }
            start = end
        }
        return (.goOn, start)
    }

    // MARK: Length

    @Test(arguments: [
        ("", 1), ("a", 1), ("abcde", 5), ("\u{E9}\u{E9}\u{E9}", 3), ("👩‍🚀", 3),
        ("日本語", 3), ("\r\n", 2),
    ])
    func asLongAsAllowed(text: String, characters: Int) {
        #expect(verdict(of: text, characters: characters).verdict == .goOn)
        let longer = verdict(of: text + "x", characters: characters)
        let isLonger = text.unicodeScalars.count == characters
        #expect(longer.verdict == (isLonger ? .tooLong(characters: characters + 1) : .goOn))
    }

    @Test func lengthAlone() {
        let text = String(repeating: "x", count: 5000)
        #expect(verdict(of: text, repetition: false).verdict == .goOn)
        let stopped = verdict(of: text, characters: 4000, repetition: false)
        #expect(stopped.verdict == .tooLong(characters: 4001))
        #expect(stopped.after == 4001)
    }

    @Test func aLongPieceIsMeasuredToo() {
        let text = String(repeating: "ab ", count: 100) + "."
        let whole = verdict(of: text, characters: 10, repetition: false, pieces: { _ in 1000 })
        #expect(whole.verdict == .tooLong(characters: 11))
    }

    // MARK: Repetition

    /// A unit that is not itself a repetition of a shorter one.
    private func unit(_ count: Int) -> String {
        var generator = SeededGenerator(seed: UInt64(count))
        let letters = (1..<count).map { _ in UInt8(ascii: "a") + UInt8(generator.below(26)) }
        return String(decoding: letters + [UInt8(ascii: "~")], as: UTF8.self)
    }

    @Test(arguments: Array(1...40) + [80, 160, 161, 250, 333, 400])
    func eightUnitsAndTwoHundredCharacters(count: Int) {
        let unit = unit(count)
        let units = max(8, (200 + count - 1) / count)
        let start = "Once upon a time: "
        let stopped = verdict(of: start + String(repeating: unit, count: units + 2))
        #expect(stopped.verdict == .repeats(bytes: count))
        #expect(stopped.after == start.utf8.count + units * count)
        let short = String(repeating: unit, count: units).dropLast()
        #expect(verdict(of: start + short).verdict == .goOn)
    }

    @Test func aLongerUnitGoesOn() {
        let text = String(repeating: unit(401), count: 60)
        #expect(verdict(of: text).verdict == .goOn)
    }

    @Test func repetitionOfManyByteCharacters() {
        let parrots = verdict(of: String(repeating: "🦜", count: 1000))
        #expect(parrots.verdict == .repeats(bytes: 4))
        #expect(parrots.after == 800)
        let accents = verdict(of: String(repeating: "\u{E9}a", count: 1000))
        #expect(accents.verdict == .repeats(bytes: 3))
        #expect(accents.after == 300)
    }

    @Test func repetitionAfterALongText() {
        var generator = SeededGenerator(seed: 7)
        var text = ""
        for _ in 0..<5_000 { text += "w\(generator.below(10_000)) " }
        let stopped = verdict(of: text + String(repeating: "again ", count: 100))
        #expect(stopped.verdict == .repeats(bytes: 6))
        #expect(stopped.after <= text.utf8.count + 34 * 6)
    }

    @Test func anInterruptedRepetitionGoesOn() {
        let almost = String(repeating: "na ", count: 60)
        let text = (0..<50).map { "\(almost)batman \($0). " }.joined()
        #expect(verdict(of: text).verdict == .goOn)
    }

    // MARK: However it is cut

    @Test(arguments: [UInt64](1...20))
    func cutsDoNotMatter(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var text = ""
        while text.utf8.count < 3000 {
            if generator.chance(1, in: 12) {
                let unit = unit(1 + generator.below(160))
                text += String(repeating: unit, count: 1 + generator.below(12))
            } else {
                text += "word\(generator.below(1000)) \u{E9}🦜 "
            }
        }
        let limit = generator.chance(1, in: 2) ? 500 + generator.below(3000) : nil
        let byByte = verdict(of: text, characters: limit).verdict
        let whole = verdict(of: text, characters: limit, pieces: { _ in Int.max >> 1 }).verdict
        #expect(whole == byByte, "seed \(seed)")
        for _ in 0..<20 {
            let most = 1 + generator.below(400)
            var cuts = generator
            let cut = verdict(of: text, characters: limit, pieces: { _ in 1 + cuts.below(most) })
            #expect(cut.verdict == byByte, "seed \(seed), pieces of up to \(most) bytes")
        }
    }

    // MARK: Other guards

    private func verdict(_ guards: [Guard], _ pieces: [String]) -> Verdict {
        var outputGuard = OutputGuard(guards)
        for piece in pieces {
            let bytes = Array(piece.utf8)
            let verdict = outputGuard.feed(bytes.span)
            if verdict != .goOn { return verdict }
        }
        return .goOn
    }

    @Test func bytesTokensAndPredicates() {
        #expect(verdict([.bytes(max: 4)], ["\u{E9}", "\u{E9}"]) == .goOn)
        #expect(verdict([.bytes(max: 4)], ["\u{E9}", "\u{E9}x"]) == .tooManyBytes(5))
        #expect(verdict([.tokens(max: 2)], ["a", "", "b"]) == .goOn)
        #expect(verdict([.tokens(max: 2)], ["a", "b", "c"]) == .tooManyTokens(3))
        let stop = Guard.when("STOP") { piece, counts in
            counts.tokens > 1 && piece.count == 4
        }
        #expect(verdict([stop], ["STOP", "more"]) == .refused("STOP"))
        #expect(verdict([stop, .characters(max: 5)], ["STOP", "xx"]) == .tooLong(characters: 6))
    }

    /// Text and thinking are looked at apart, and counted together.
    @Test func thinking() {
        var outputGuard = OutputGuard([.repetition(), .characters(max: 1000)])
        let unit = Array("ab cd ef ".utf8)
        for round in 0..<200 {
            let verdict = outputGuard.feed(unit.span, thinking: round % 2 == 0)
            if verdict != .goOn {
                #expect(verdict == .repeats(bytes: 9))
                // 23 units in one of them.
                #expect(round == 44)
                return
            }
        }
        Issue.record("went on")
    }

    /// The texts in this repository: prose, Swift, C, Python, tables, recorded answers of a model that
    /// speaks at random. Vectors that repeat on purpose are none.
    @Test func realTexts() throws {
        let root = ManifestRecording.directory + "/../../"
        var bytes = 0
        var alarms: [String] = []
        var directories = ["Sources", "Tests", "Docs", "Examples", "Benchmarks", "Fuzz"]
        while let directory = directories.popLast() {
            for name in (try? Files.names(in: root + directory)) ?? [] where !name.hasPrefix(".") {
                let path = "\(directory)/\(name)"
                guard let dot = name.lastIndex(of: ".") else {
                    directories.append(path)
                    continue
                }
                guard
                    ["swift", "md", "c", "h", "py", "sh", "inc"].contains(
                        name[name.index(after: dot)...]),
                    let text = try? Files.read(root + path, limit: 1 << 20)
                else { continue }
                bytes += text.count
                var outputGuard = OutputGuard([.repetition()])
                let verdict = outputGuard.feed(text.span)
                if verdict != .goOn { alarms.append("\(path): \(verdict)") }
            }
        }
        #expect(bytes > 1_000_000)
        #expect(alarms == [])
    }

    // MARK: No false alarm

    static let harmless: [(name: String, text: String)] = [
        ("numbered list", (1...200).map { "\($0). An item of the list\n" }.joined()),
        (
            "equal bullets but for a word",
            ["a", "b", "c", "d", "e", "f"].map {
                "- The \($0) way is the best way to do it, as everybody knows.\n"
            }.joined()
        ),
        ("seven equal lines", String(repeating: "- same line here, and rather long\n", count: 7)),
        ("markdown ruler", String(repeating: "-", count: 120) + "\n"),
        ("ruler of box drawings", String(repeating: "\u{2500}", count: 180) + "\n"),
        ("table", "|" + String(repeating: "---|", count: 40) + "\n"),
        ("spaces", "x" + String(repeating: " ", count: 160) + "// comment"),
        ("code", (0..<40).map { "        case \($0): return table[\($0)].value\n" }.joined()),
        (
            "closing braces",
            (0..<20).map { String(repeating: " ", count: 4 * (20 - $0)) + "}\n" }.joined()
        ),
        ("matrix", (0..<30).map { "[0, 0, 0, \($0), 0, 0],\n" }.joined()),
        ("zeros of a number", "1" + String(repeating: "0", count: 100)),
        ("blank lines", String(repeating: "\n", count: 50)),
        (
            "poem's refrain",
            (0..<7).map { "Verse \($0)\nRow, row, row your boat, gently down the stream\n" }
                .joined()
        ),
    ]

    @Test(arguments: harmless.indices)
    func goesOn(index: Int) {
        let (name, text) = GuardTests.harmless[index]
        #expect(verdict(of: text).verdict == .goOn, "\(name)")
        #expect(verdict(of: text, pieces: { _ in 7 }).verdict == .goOn, "\(name)")
    }
}
