import TestSupport
import Testing
import WireBlocking
import WireExchange
import WireHTTPClient
import WireSystem

/// Bodies into files.
@Suite struct SavingTests {
    private static let answer = okHead + "ok"

    @Test func intoAFile() async throws {
        let directory = try TemporaryDirectory()
        var blocking = BlockingHTTPClient(system: ScriptedSystem(.responses(SavingTests.answer)))
        var response = try blocking.send(get())
        _ = try directory.file("a", "what was there before")
        #expect(try response.save(to: "\(directory.path)/a") == 2)
        let http = HTTPClient(
            ClientOptions(), system: ScriptedSystem(.responses(SavingTests.answer)))
        var other = try await http.send(get())
        let count = try await other.save(to: "\(directory.path)/b")
        #expect(count == 2)
        #expect(try directory.content("a") == "ok" && directory.content("b") == "ok")
        let wasKept = response.wasConnectionKept && other.wasConnectionKept
        #expect(wasKept)
    }

    /// The disk is full: the connection closes, and the error is not the peer's.
    @Test func aFileThatTakesNoMore() throws {
        let system = ScriptedSystem(.responses(SavingTests.answer), .responses(SavingTests.answer))
        var client = BlockingHTTPClient(system: system)
        for path in ["/dev/full", "/nonexistent/file"] {
            do throws(TransportError) {
                var response = try client.send(get())
                try response.save(to: path)
                fail("saved")
            } catch {
                guard case .local(let message, _) = error else { return fail("\(error)") }
                #expect(message.contains(path))
            }
        }
        let areClosed = system.connections.allSatisfy { $0.isClosed }
        #expect(areClosed)
    }
}
