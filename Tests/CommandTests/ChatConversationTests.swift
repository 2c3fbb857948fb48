import Glibc
import TestSupport
import Testing
import WireServer
import WireSockets
import WireSystem

/// `tokenwire chat MODEL` on a terminal: turn by turn.
@Suite struct ChatConversationTests {
    /// The two sides of a terminal that echoes nothing.
    private struct Terminal {
        let user: Int32
        let program: Int32

        init() throws(SystemError) {
            user = unsafe Glibc.open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
            var locked: Int32 = 0
            // Safe because the kernel reads one number. (What pty.h has is out of reach.)
            guard user >= 0, unsafe ioctl(user, Terminal.setLock, &locked) == 0 else {
                throw SystemError("open /dev/ptmx", errno)
            }
            program = ioctl(user, Terminal.openPeer, O_RDWR | O_NOCTTY | O_CLOEXEC)
            if program < 0 { throw SystemError("open a terminal", errno) }
            var settings = termios()
            unsafe tcgetattr(program, &settings)
            settings.c_lflag &= ~tcflag_t(ECHO)
            unsafe tcsetattr(program, TCSANOW, &settings)
        }

        /// TIOCSPTLCK, TIOCGPTPEER (ioctl_tty(2)).
        private static let setLock: UInt = 0x4004_5431
        private static let openPeer: UInt = 0x5441

        func type(_ text: String) throws {
            try Files.writeAll(Array(text.utf8).span, to: user, name: "terminal")
        }

        func close() { Files.closeDescriptor(user) }
    }

    @Test func turns() throws {
        let server = try ChatServer(ChatServer.stream("Well."))
        let terminal = try Terminal()
        defer { terminal.close() }
        let process = try server.start(["chat", "m", "--system", "s"], input: terminal.program)
        _ = try process.readOutput(until: ">>> ")
        try terminal.type("Hello\n")
        _ = try process.readOutput(until: "Well.\n\n>>> ")
        // Nothing said, nothing asked.
        try terminal.type("\n")
        _ = try process.readOutput(until: ">>> >>> ")
        try terminal.type("And?\n")
        _ = try process.readOutput(until: "Well.\n\n>>> ")
        try terminal.type("/bye\n")
        let result = try process.finish()
        #expect(result.status == 0)
        #expect(result.errors == "")
        let turns = server.requests.map { request in
            ManifestJSON(parsing: request.body)["messages"].array!.map {
                "\($0["role"].string!): \($0["content"].string!)"
            }
        }
        let first = ["system: s", "user: Hello"]
        #expect(turns == [first, first + ["assistant: Well.", "user: And?"]])
        // All on one connection.
        #expect(server.server.log.connections.count == 1)
    }

    @Test func theEndOfInput() throws {
        let server = try ChatServer(ChatServer.stream("Well."))
        let terminal = try Terminal()
        defer { terminal.close() }
        let process = try server.start(["chat", "m"], input: terminal.program)
        _ = try process.readOutput(until: ">>> ")
        // Ctrl-D.
        try terminal.type("\u{4}")
        #expect(try process.finish() == CommandResult(status: 0, output: ">>> \n", errors: ""))
    }

    /// A turn that failed is not part of what is said.
    @Test func aTurnWithoutAnAnswer() throws {
        let server = try ChatServer(.error("busy", status: 503))
        let terminal = try Terminal()
        defer { terminal.close() }
        let process = try server.start(["chat", "m"], input: terminal.program)
        _ = try process.readOutput(until: ">>> ")
        try terminal.type("one\n")
        _ = try process.readOutput(until: "\n>>> ")
        try terminal.type("two\n")
        _ = try process.readOutput(until: "\n>>> \n>>> ")
        try terminal.type("/bye\n")
        let result = try process.finish()
        #expect(result.status == 0)
        #expect(result.errorLines.count == 2)
        let last = ManifestJSON(parsing: try #require(server.requests.last).body)
        #expect(last["messages"].array?.map { $0["content"].string } == ["two"])
    }

    @Test func interruptedBetweenTurns() throws {
        let server = try ChatServer(ChatServer.stream("Well."))
        let terminal = try Terminal()
        defer { terminal.close() }
        let process = try server.start(["chat", "m"], input: terminal.program)
        _ = try process.readOutput(until: ">>> ")
        process.send(signal: SIGINT)
        #expect(try process.finish().status == 130)
    }

    @Test func interruptedInATurn() throws {
        let server = try ChatServer(ChatServer.stalling("so far"))
        let terminal = try Terminal()
        defer { terminal.close() }
        let process = try server.start(["chat", "m"], input: terminal.program)
        _ = try process.readOutput(until: ">>> ")
        try terminal.type("one\n")
        _ = try process.readOutput(until: "far")
        process.send(signal: SIGINT)
        #expect(try process.finish().status == 130)
        #expect(server.leaving() != nil)
    }
}
