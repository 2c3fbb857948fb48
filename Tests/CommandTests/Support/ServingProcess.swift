import Testing
import WireSockets

/// A subcommand that serves on a free port.
struct ServingProcess {
    let process: CommandProcess
    let port: UInt16

    var address: SocketAddress { .loopback(port: port) }

    init(_ arguments: [String]) throws {
        process = try CommandProcess(arguments + ["--listen", ":0"])
        let line = try process.readOutput(until: "\n")
        let found = try #require(line.firstMatch(of: /listening http:\/\/127\.0\.0\.1:(\d+)\n/))
        port = try #require(UInt16(found.1))
    }
}
