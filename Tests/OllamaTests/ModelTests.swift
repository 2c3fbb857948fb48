import OllamaBlocking
import OllamaProtocol
import TestSupport
import Testing
import WireBlocking
import WireBytes
import WireExchange
import WireJSON
import WireServer

/// `/api/tags`, `/api/ps` and `/api/version`.
@Suite struct ModelTests {
    private func server(_ names: String...) throws -> ReplayServer {
        try .replaying(
            names.map { try Recording(path: "\(ManifestRecording.directory)/\($0)") }, pace: .full)
    }

    private func client(_ body: String, _ line: String = "200 OK") throws -> BlockingOllama {
        try .scripted(ScriptedSystem(.responses(Wire.response(line, body))))
    }

    @Test func recordedModels() throws {
        let server = try server("tags", "ps-keepalive-forever", "version")
        defer { server.stop() }
        var client = try BlockingOllama(host: server.url)
        let models = try client.list()
        #expect(models.map(\.name).first == "tiny-think:latest")
        #expect(models.count == 10)
        let tools = try #require(models.first { $0.name == "tiny-tools:latest" })
        #expect(tools.size == 733_499)
        #expect(tools.digest == "43578fb531e622163d42621f4fa773957ffc1597a69775468b46cb72a9b8edd9")
        #expect(tools.modifiedAt == "2026-11-20T16:29:45.022801159Z")
        #expect(tools.capabilities == ["completion", "tools"])
        #expect(tools.details.family == "llama")
        #expect(tools.details.families == ["llama"])
        #expect(tools.details.format == "gguf")
        #expect(tools.details.parameterSize == "178K")
        #expect(tools.details.quantizationLevel == "unknown")
        #expect(tools.details.contextLength == 8192)
        #expect(tools.details.embeddingLength == 64)
        #expect(tools.json["details"]?["parent_model"] == "")
        let running = try client.ps()
        #expect(running.count == 3)
        #expect(running[0].name == "tiny:latest")
        #expect(running[0].size == 8_063_548)
        #expect(running[0].sizeVRAM == 0)
        #expect(running[0].expiresAt == "2319-03-02T16:17:18.052800068Z")
        #expect(running[0].contextLength == 4096)
        #expect(running[0].details.contextLength == nil)
        #expect(try client.version() == "0.33.0-rc2")
        #expect(server.log.connections.count == 1)
    }

    @Test func noModels() throws {
        let server = try server("tags-empty")
        defer { server.stop() }
        var client = try BlockingOllama(host: server.url)
        #expect(try client.list() == [])
    }

    @Test func aNameOfAnotherRegistry() throws {
        let server = try server("tags-one")
        defer { server.stop() }
        var client = try BlockingOllama(host: server.url)
        let model = try #require(try client.list().first)
        #expect(model.name == "127.0.0.1:5999/library/pulled:latest")
        #expect(model.details.quantizationLevel == "F32")
    }

    @Test func leastOfAModel() throws {
        var client = try client(#"{"models":[{"model":"only"},{"name":"a","model":"b"}]}"#)
        let models = try client.list()
        #expect(models.map(\.name) == ["only", "a"])
        #expect(models[0].size == 0)
        #expect(models[0].capabilities == [])
        #expect(models[0].details.family == "")
    }

    @Test(arguments: [
        "{}", #"{"models":{}}"#, #"{"models":[{}]}"#, #"{"models":[1]}"#, "[]", "not JSON", "",
        #"{"models":[]} and more"#, #"{"version":1}"#,
    ])
    func answersThatAreNone(body: String) throws {
        for ask in [list, ps, version] {
            var client = try client(body)
            do throws(StreamError) {
                try ask(&client)
                Issue.record("\(body) was understood")
            } catch {
                let record = try #require(error.malformedRecord)
                #expect(record.excerpt == body)
                #expect(record.offset == 0)
            }
        }
    }

    private func list(_ client: inout BlockingOllama) throws(StreamError) { _ = try client.list() }
    private func ps(_ client: inout BlockingOllama) throws(StreamError) { _ = try client.ps() }
    private func version(_ client: inout BlockingOllama) throws(StreamError) {
        _ = try client.version()
    }

    @Test func refusals() throws {
        var client = try client("", "403 Forbidden")
        do throws(StreamError) {
            _ = try client.list()
            Issue.record("listed")
        } catch { #expect(error.serverFailure == .init(status: 403, message: "")) }
    }

    @Test func anAnswerThatBreaksOff() throws {
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"models\":["
        let system = ScriptedSystem(ConnectionScript([.request, .text(head), .end]))
        var client = try BlockingOllama.scripted(system)
        do throws(StreamError) {
            _ = try client.list()
            Issue.record("listed")
        } catch { #expect(error.incompleteStream?.transport?.kind == .closedEarly) }
    }

    @Test func anAnswerOverTheLimit() throws {
        var options = BlockingOllama.Options()
        options.http.recordLimit = .bytes(20)
        let system = ScriptedSystem(
            .responses(Wire.response("200 OK", #"{"version":"longer than allowed"}"#)))
        var client = try BlockingOllama.scripted(system, options)
        do throws(StreamError) {
            _ = try client.version()
            Issue.record("read")
        } catch {
            guard case .transport(let transport, _) = error else {
                Issue.record("\(error)")
                return
            }
            #expect(transport.kind == .tooLarge)
        }
        #expect(system.calls.last == .close)
    }
}
