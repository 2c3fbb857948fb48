import TestSupport
import Testing
import WireServer

/// `tokenwire list`, `ps` and `version`.
@Suite struct ChatModelTests {
    @Test func list() throws {
        let server = try ChatServer(recordings: "tags")
        let result = try server.run(["list"])
        #expect(result.status == 0)
        #expect(result.errors == "")
        #expect(result.outputLines.count == 11)
        #expect(
            result.outputLines[0].split(separator: " ") == ["NAME", "ID", "SIZE", "MODIFIED"])
        #expect(
            result.outputLines[1].split(separator: " ") == [
                "tiny-think:latest", "a240f376ba90", "733.2", "KB",
                "2026-11-20T16:29:45.042091749Z",
            ])
        // One column under the other.
        let column = try #require(result.outputLines[0].firstRange(of: "ID")).lowerBound
        let indent = result.outputLines[0].distance(
            from: result.outputLines[0].startIndex, to: column)
        #expect(result.outputLines[5].dropFirst(indent).hasPrefix("43578fb531e6 "))
        #expect(result.outputLines.allSatisfy { $0.last != " " })
    }

    @Test func listOfNothing() throws {
        let server = try ChatServer(recordings: "tags-empty")
        #expect(
            try server.run(["list"])
                == CommandResult(status: 0, output: "NAME  ID  SIZE  MODIFIED\n", errors: ""))
        #expect(try server.run(["list", "--json"]).output == "[]\n")
    }

    @Test func listAsJSON() throws {
        let server = try ChatServer(recordings: "tags-one")
        let result = try server.run(["list", "--json"])
        #expect(result.outputLines.count == 1)
        let models = ManifestJSON(parsing: Array(result.output.utf8)).array
        #expect(models?.count == 1)
        #expect(models?.first?["name"].string == "127.0.0.1:5999/library/pulled:latest")
        #expect(models?.first?["details"]["parent_model"].string == "")
    }

    @Test func ps() throws {
        let server = try ChatServer(recordings: "ps-loaded")
        let result = try server.run(["ps"])
        #expect(result.status == 0)
        #expect(result.outputLines.count == 4)
        #expect(
            result.outputLines[0].split(separator: " ") == [
                "NAME", "ID", "SIZE", "CONTEXT", "UNTIL",
            ])
        #expect(
            result.outputLines[1].split(separator: " ") == [
                "tiny:latest", "4bf9da3366ef", "8.1", "MB", "4096",
                "2026-11-20T16:34:45.450888201Z",
            ])
        let json = ManifestJSON(parsing: Array(try server.run(["ps", "--json"]).output.utf8))
        #expect(json.array?.count == 3)
    }

    @Test func version() throws {
        let server = try ChatServer(recordings: "version")
        #expect(
            try server.run(["version"])
                == CommandResult(status: 0, output: "0.33.0-rc2\n", errors: ""))
    }

    @Test(arguments: ["list", "ps", "version"])
    func failures(command: String) throws {
        let refusing = try ChatServer(.error("no", status: 500)).run([command])
        #expect(refusing.status == 1)
        #expect(refusing.errors == "tokenwire: the server failed (status 500): no\n")
        #expect(try ChatServer(.json("[]")).run([command]).status == 6)
        #expect(try ChatServer(.silent).run([command, "--head-timeout", "50ms"]).status == 5)
        let port = RefusingPort.number
        #expect(try CommandProcess.run([command, "--host", ":\(port)"]).status == 3)
    }
}
