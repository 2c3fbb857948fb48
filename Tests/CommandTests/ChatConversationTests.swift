import Glibc
import TestSupport
import Testing
import WireServer
import WireSockets
import WireSystem

/// `tokenwire chat MODEL` on a terminal: turn by turn.
@Suite struct ChatConversationTests {
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

    /// What is pasted at once is not lost, and several lines can be one message.
    @Test func severalLines() throws {
        let server = try ChatServer(ChatServer.stream("Well."))
        let terminal = try Terminal()
        defer { terminal.close() }
        let process = try server.start(["chat", "m"], input: terminal.program)
        _ = try process.readOutput(until: ">>> ")
        try terminal.type("one\ntwo\n\"\"\"three\n\n  four\"\"\"\n/bye\nnever\n")
        let result = try process.finish()
        #expect(result.status == 0)
        let last = ManifestJSON(parsing: try #require(server.requests.last).body)
        let said = last["messages"].array?.filter { $0["role"].string == "user" }
        #expect(said?.map { $0["content"].string } == ["one", "two", "three\n\nfour"])
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
