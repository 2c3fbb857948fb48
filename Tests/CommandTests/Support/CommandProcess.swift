import TestSupport
import Glibc
import WireSockets
import WireSystem

struct CommandResult: Equatable {
    let status: Int32
    let output: String
    let errors: String

    var outputLines: [String] { output.split(separator: "\n").map(String.init) }
    var errorLines: [String] { errors.split(separator: "\n").map(String.init) }
}

/// The built `tokenwire`, running.
final class CommandProcess {
    /// Tests and executables are built into one directory, and the tests run from there.
    static let path: String = {
        let tests = Environment.executablePath
        let directory = tests[..<(tests.lastIndex(of: "/") ?? tests.startIndex)]
        return "\(directory)/tokenwire"
    }()

    private let child: ChildProcess
    private let directory: TemporaryDirectory
    private var output: [UInt8] = []

    /// The driver that the subcommands with a connection are to use; the command's own choice when
    /// the variable is not set. The whole suite runs once for each.
    private static let driver = Environment["TOKENWIRE_TEST_DRIVER"]

    private static func driven(_ arguments: [String]) -> [String] {
        let connecting = [
            "http", "chat", "generate", "embed", "list", "show", "ps", "pull", "push", "create",
            "copy", "rm", "load", "unload", "version",
        ]
        guard let driver, let name = arguments.first, connecting.contains(name),
            !arguments.contains("--driver"), !arguments.contains("--help")
        else { return arguments }
        return [name, "--driver", driver] + arguments.dropFirst()
    }

    /// - Parameter input: standard input, closed here afterwards; nil is an empty one.
    convenience init(_ arguments: [String], input: Int32? = nil) throws(SystemError) {
        try self.init(program: CommandProcess.path, CommandProcess.driven(arguments), input)
    }

    private init(
        program: String, _ arguments: [String], _ input: Int32?
    ) throws(SystemError) {
        directory = try TemporaryDirectory()
        let input = if let input { input } else { try Files.open("/dev/null") }
        let errors = try Files.create("\(directory.path)/errors")
        defer {
            Files.closeDescriptor(input)
            Files.closeDescriptor(errors)
        }
        child = try ChildProcess(program, arguments, input: input, errors: errors)
    }

    /// Runs to the end.
    static func run(_ arguments: [String], input: String? = nil) throws -> CommandResult {
        let directory = try TemporaryDirectory()
        let input = try input.map { try Files.open(try directory.file("input", $0)) }
        return try CommandProcess(arguments, input: input).finish()
    }

    /// Runs a shell script in which `"$0"` is the command.
    static func runInShell(_ script: String, _ arguments: [String] = []) throws -> CommandResult {
        let words = ["-c", script, CommandProcess.path] + arguments
        return try CommandProcess(program: "/bin/sh", words, nil).finish()
    }

    /// Reads until `text` has been printed; more may have come with it.
    func readOutput(with text: String) throws {
        while !String(decoding: output, as: UTF8.self).contains(text), try readMore() {}
    }

    /// What has been printed so far, as soon as it ends with `end`: for output that pauses there.
    func readOutput(until end: String) throws -> String {
        while !output.reversed().starts(with: end.utf8.reversed()), try readMore() {}
        return String(decoding: output, as: UTF8.self)
    }

    /// False at the end. A command that hangs is killed, so that its test fails and does not hang too.
    private func readMore() throws -> Bool {
        var entry = pollfd(fd: child.output, events: Int16(POLLIN), revents: 0)
        // Safe because one entry is given.
        guard unsafe poll(&entry, 1, CommandProcess.patienceInMilliseconds) == 1 else {
            child.send(signal: SIGKILL)
            throw SystemError("waiting for output", ETIMEDOUT)
        }
        var piece = [UInt8](repeating: 0, count: 64 << 10)
        let count = try Files.readSome(descriptor: child.output, into: &piece)
        output += piece[..<count]
        return count > 0
    }

    private static let patienceInMilliseconds: Int32 = 60_000

    func closeOutput() { child.closeOutput() }

    func send(signal: Int32) { child.send(signal: signal) }

    /// Waits for the end while nobody takes the output.
    func waitWithoutReading() -> Int32 { child.wait() }

    /// Reads what is left to read and waits for the end.
    func finish() throws -> CommandResult {
        while child.output >= 0, try readMore() {}
        let status = child.wait()
        return CommandResult(
            status: status, output: String(decoding: output, as: UTF8.self),
            errors: try directory.content("errors"))
    }
}
