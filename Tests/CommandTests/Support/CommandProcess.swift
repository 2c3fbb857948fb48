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

    /// - Parameter input: standard input, closed here afterwards; nil is an empty one.
    init(_ arguments: [String], input: Int32? = nil) throws(SystemError) {
        directory = try TemporaryDirectory()
        let input = if let input { input } else { try Files.open("/dev/null") }
        let errors = try Files.create("\(directory.path)/errors")
        defer {
            Files.closeDescriptor(input)
            Files.closeDescriptor(errors)
        }
        child = try ChildProcess(CommandProcess.path, arguments, input: input, errors: errors)
    }

    /// Runs to the end.
    static func run(_ arguments: [String], input: String? = nil) throws -> CommandResult {
        let directory = try TemporaryDirectory()
        let input = try input.map { try Files.open(try directory.file("input", $0)) }
        return try CommandProcess(arguments, input: input).finish()
    }

    /// What has been printed so far, as soon as it ends with `end`.
    func readOutput(until end: String) throws -> String {
        var piece = [UInt8](repeating: 0, count: 4096)
        while !output.reversed().starts(with: end.utf8.reversed()) {
            let count = try Files.readSome(descriptor: child.output, into: &piece)
            if count == 0 { break }
            output += piece[..<count]
        }
        return String(decoding: output, as: UTF8.self)
    }

    func closeOutput() { child.closeOutput() }

    func send(signal: Int32) { child.send(signal: signal) }

    /// Reads what is left to read and waits for the end.
    func finish() throws -> CommandResult {
        if child.output >= 0 {
            output += try Files.read(descriptor: child.output, limit: 1 << 30, name: "output")
        }
        let status = child.wait()
        return CommandResult(
            status: status, output: String(decoding: output, as: UTF8.self),
            errors: try directory.content("errors"))
    }
}
