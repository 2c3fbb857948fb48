import TestSupport
import Testing

/// The command itself: help, version, and what is refused.
@Suite struct UsageTests {
    @Test(arguments: [["--help"], ["-h"], ["help"]])
    func overview(arguments: [String]) throws {
        let result = try CommandProcess.run(arguments)
        #expect(result.status == 0)
        #expect(result.errors == "")
        for word in ["Usage:", "http", "parse", "Exit status:", "130, 143"] {
            #expect(result.output.contains(word))
        }
    }

    /// Every subcommand that the overview names.
    @Test func helpOfSubcommands() throws {
        let overview = try CommandProcess.run(["--help"]).outputLines
        let start = try #require(overview.firstIndex(of: "Subcommands:"))
        let names = overview[(start + 1)...].prefix { $0.hasPrefix("  ") }
            .filter { !$0.hasPrefix("   ") }.map { $0.split(separator: " ")[0] }
        #expect(names.count >= 2)
        for name in names.map(String.init) {
            let result = try CommandProcess.run([name, "--help"])
            #expect(result.status == 0)
            #expect(result.output.hasPrefix("tokenwire \(name): "))
            #expect(result.output.contains("\nUsage: tokenwire \(name)"))
            #expect(result.output.contains("\nExamples:\n"))
            #expect(result.outputLines.allSatisfy { $0.count <= 100 })
            #expect(try CommandProcess.run(["help", name]) == result)
        }
    }

    @Test func helpNamesOnlyWhatWorks() throws {
        let help = try CommandProcess.run(["http", "--help"]).output
        for option in UsageTests.notYet { #expect(!help.contains(option + " ")) }
    }

    @Test func version() throws {
        let result = try CommandProcess.run(["--version"])
        #expect(result.status == 0)
        #expect(result.output.wholeMatch(of: /tokenwire \d+\.\d+\.\d+\n/) != nil)
    }

    private static let notYet = ["--proxy", "--no-proxy"]

    /// One line on standard error, status 2, nothing on standard output.
    @Test(arguments: [
        ([], "no subcommand"), (["htpp"], "did you mean http?"), (["--nope"], "--nope"),
        (["help", "nope"], "'nope'"), (["line\nbreak\u{1B}[1m"], #"'line\nbreak\u{1B}[1m'"#),
        (["http"], "no URL"), (["http", "GET", "u", "v"], "'v'"),
        (["http", "u", "--folow"], "did you mean --follow?"), (["http", "u", "-x"], "-x"),
        (["http", "u", "--data"], "--data"), (["http", "u", "--follow=yes"], "--follow"),
        (["http", "u", "--chunked"], "--chunked"),
        (["http", "u", "--data", "a", "--data-file", "b"], "--data-file"),
        (["http", "u", "--data-file", "/nonexistent"], "/nonexistent: No such file"),
        (["http", "u", "--data-file", "/"], "/: Is a directory"),
        (["http", "u", "--report", "xml"], "'xml'"),
        (["http", "u", "--header", "x"], "--header takes"),
        (["http", "u", "--timeout", "5"], "'5'"), (["http", "u", "--timeout", "-1s"], "'-1s'"),
        (["http", "u", "--timeout", "1.s"], "'1.s'"), (["http", "u", "--timeout", "s"], "'s'"),
        (["http", "u", "--timeout", "9999999999999h"], "--timeout"),
        (["http", "u", "--max-body", "1KB"], "'1KB'"),
        (["http", "u", "--max-body", "1.5MiB"], "--max-body"),
        (["http", "u", "--max-head", "0"], "--max-head"), (["http", "u", "--driver", "x"], "'x'"),
        (["parse"], "sse or json"), (["parse", "xml"], "'xml'"),
        (["parse", "json", "a", "b"], "'b'"),
        (["parse", "json", "/nonexistent"], "/nonexistent: No such file"),
        (["parse", "json", "/"], "/: Is a directory"),
        (["parse", "lines", "--chunk", "0"], "--chunk"),
        (["parse", "lines", "--split", "1,,2"], "'1,,2'"),
        (["parse", "lines", "--chunk", "1", "--split", "1"], "only one"),
    ])
    func refused(arguments: [String], mention: String) throws {
        let result = try CommandProcess.run(arguments)
        #expect(result.status == 2)
        #expect(result.output == "")
        #expect(result.errorLines.count == 1)
        #expect(result.errors.hasSuffix("\n"))
        #expect(result.errors.contains(mention), "\(result.errors)")
    }

    @Test(arguments: notYet)
    func notSupportedYet(option: String) throws {
        for word in [option, "\(option)=x"] {
            let result = try CommandProcess.run(["http", "http://127.0.0.1:9/", word, "x"])
            #expect(result.status == 2)
            #expect(result.errors.contains("\(option) is not supported yet"))
        }
    }

    @Test(arguments: [
        "1us", "250ms", "1.5s", "2m", "1h", "0.5h", "never", "0s", "10.000001s",
    ])
    func durations(text: String) throws {
        let port = RefusingPort.number
        let result = try CommandProcess.run(
            ["http", "http://127.0.0.1:\(port)/", "--idle-timeout", text])
        #expect(result.status == 3)
    }

    @Test func doubleDashEndsTheOptions() throws {
        let result = try CommandProcess.run(["http", "--", "--follow"])
        #expect(result.status == 2)
        #expect(result.errors.contains("invalid URL"))
    }

    /// Otherwise a socket would get the number, and with it what is printed.
    @Test(arguments: [
        (#""$0" parse lines </dev/null >&-"#, Int32(0), ""),
        (#"echo one | "$0" parse lines >&-"#, 2, "cannot write standard output"),
        (#""$0" parse lines <&-"#, 2, "cannot read standard input"),
        (#""$0" --help >&-"#, 2, "cannot write standard output"),
        (#""$0" --nope 2>&-"#, 2, ""),
        (#""$0" --help >/dev/full"#, 2, "No space left"),
    ])
    func standardDescriptors(script: String, status: Int32, mention: String) throws {
        let result = try CommandProcess.runInShell(script)
        #expect(result.status == status)
        #expect(result.output == "")
        #expect(mention.isEmpty ? result.errors == "" : result.errors.contains(mention))
    }
}
