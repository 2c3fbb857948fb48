import Ollama
import OllamaBlocking
import OllamaProtocol
import TestSupport
import Testing
import WireJSON
import WireSystem
import WireTime

/// Which server to talk to: by `make test-live` and `make test-llama`. Without, nothing is run.
enum Live {
    /// As in `OLLAMA_HOST`; several by commas.
    static let hosts = (Environment["TOKENWIRE_LIVE_HOSTS"] ?? "").split(separator: ",").map(
        String.init)
    static let model = Environment["TOKENWIRE_LIVE_MODEL"] ?? ""
    /// A server and a model that embed; nil: not tried.
    static let embeddingHost = Environment["TOKENWIRE_LIVE_EMBEDDING_HOST"]
    static let embeddingModel = Environment["TOKENWIRE_LIVE_EMBEDDING_MODEL"] ?? model
    /// A server that calls tools when it has to; nil: any of `hosts`, which need not.
    static let toolHost = Environment["TOKENWIRE_LIVE_TOOL_HOST"]
    static let isThere = !hosts.isEmpty

    /// llama.cpp's server closes connections that it has promised to keep: what is written to one before that
    /// is seen has to be sent again.
    static var options: OllamaClientOptions {
        var options = OllamaClientOptions()
        options.http.retries = .ollama
        options.http.retries?.repeatsAnyMethod = true
        return options
    }

    static func isOpenAI(_ host: String) -> Bool { host.hasSuffix("/v1") }

    /// A request for a short answer, the same each time.
    static func chat(_ prompt: String, tokens: Int = 16) -> ChatRequest {
        var request = ChatRequest(model: model, messages: [.user(prompt)])
        request.options.numPredict = tokens
        request.options.seed = 7
        return request
    }
}

/// What any server of either dialect has to do for its clients, whichever model it has: what the model
/// says is not looked at.
@Suite(.enabled(if: Live.isThere), .serialized, .timeLimit(.minutes(10)))
struct LiveServerTests {
    @Test(arguments: Live.hosts)
    func streams(host: String) async throws {
        let ollama = Ollama(host: host, options: Live.options)
        var (text, finish): (String, Summary?) = ("", nil)
        for try await part in ollama.chat(Live.chat("Count to ten.")) {
            switch part {
            case .text(let piece), .thinking(let piece): text += piece
            case .toolCall: break
            case .finish(let summary): finish = summary
            }
        }
        #expect(!text.isEmpty)
        let summary = try #require(finish)
        #expect(["stop", "length"].contains(summary.reason))
        #expect(summary.evalCount > 0)
        #expect(summary.evalCount <= 17)
        #expect(summary.promptEvalCount > 0)
        #expect(!summary.endedWithoutTerminator)
    }

    /// By the blocking driver, which counts the same tokens; the connection is used again.
    @Test(arguments: Live.hosts)
    func streamsWithoutTasks(host: String) throws {
        var client = try BlockingOllama(host: host, options: Live.options)
        for _ in 0..<2 {
            var stream = try client.chat(Live.chat("Count to ten."))
            var bytes = 0
            while let record = try stream.next() {
                bytes += record.content.count + record.thinking.count
            }
            #expect(bytes > 0)
            #expect(stream.summary?.evalCount ?? 0 > 0)
        }
    }

    @Test(arguments: Live.hosts)
    func answersWhole(host: String) async throws {
        let ollama = Ollama(host: host, options: Live.options)
        var request = Live.chat("Count to ten.")
        request.stream = false
        let reply = try await ollama.chat(request).collect()
        #expect(!(reply.text + reply.thinking).isEmpty)
        #expect(reply.summary.evalCount > 0)
        #expect(["stop", "length"].contains(reply.summary.reason))
    }

    /// OpenAI's newer name for the limit does what the server's own does.
    @Test(arguments: Live.hosts)
    func takesACompletionLimit(host: String) async throws {
        var request = Live.chat("Count to ten.")
        request.options.numPredict = nil
        request.extra = [.init(key: "max_completion_tokens", value: 4)]
        let reply = try await Ollama(host: host, options: Live.options).chat(request).collect()
        #expect((1...5).contains(reply.summary.evalCount))
    }

    @Test(arguments: Live.hosts)
    func generates(host: String) async throws {
        var request = GenerateRequest(model: Live.model, prompt: "Once upon a time")
        request.options.numPredict = 8
        let reply = try await Ollama(host: host, options: Live.options).generate(request).collect()
        #expect(!(reply.text + reply.thinking).isEmpty)
        #expect(reply.summary.evalCount > 0)
    }

    @Test(.enabled(if: Live.embeddingHost != nil))
    func embeds() async throws {
        let ollama = Ollama(host: Live.embeddingHost)
        let request = EmbedRequest(model: Live.embeddingModel, input: ["one", "another text"])
        let embeddings = try await ollama.embed(request)
        #expect(embeddings.vectors.count == 2)
        let sizes = Set(embeddings.vectors.map(\.count))
        #expect(sizes.count == 1)
        #expect(sizes.first ?? 0 > 0)
    }

    /// A server whose model cannot refuses; one whose model need not, may answer in words.
    @Test(arguments: Live.toolHost.map { [$0] } ?? Live.hosts)
    func takesTools(host: String) async throws {
        var request = Live.chat("What time is it?", tokens: 200)
        request.tools = [
            [
                "type": "function",
                "function": [
                    "name": "now", "description": "The time of day.",
                    "parameters": [
                        "type": "object", "required": ["zone"],
                        "properties": [
                            "zone": ["type": "string", "enum": ["UTC", "local"]]
                        ],
                    ],
                ],
            ]
        ]
        let hasChoice = Live.isOpenAI(host)
        if hasChoice { request.toolChoice = .required }
        do throws(StreamError) {
            // A model of random weights may go on until it is cut off: others of its answers end.
            for seed in 1...20 {
                request.options.seed = seed
                let reply = try await Ollama(host: host, options: Live.options).chat(request)
                    .collect()
                for call in reply.toolCalls {
                    #expect(call.function.name == "now")
                    #expect(call.function.arguments["zone"]?.stringValue != nil)
                }
                if Live.toolHost == nil || !reply.toolCalls.isEmpty { return }
            }
            Issue.record("no call of a tool in twenty answers")
        } catch {
            guard case .server(let failure) = error else { throw error }
            #expect(failure.status == 400)
            #expect(failure.message.contains("does not support tools"), "\(failure)")
        }
    }

    @Test(arguments: Live.hosts)
    func saysWhatIsWrong(host: String) async throws {
        let ollama = Ollama(host: host, options: Live.options)
        var request = Live.chat("hi")
        request.extra = [.init(key: "messages", value: "no list of messages")]
        for streams in [true, false] {
            request.stream = streams
            do throws(StreamError) {
                _ = try await ollama.chat(request).collect()
                Issue.record("no error")
            } catch {
                guard case .server(let failure) = error else { throw error }
                #expect((400..<600).contains(failure.status))
                #expect(!failure.message.isEmpty)
                #expect(!failure.isInsideStream)
            }
        }
    }

    /// The other dialect's base URL, or none at all: the error says so.
    @Test(arguments: Live.hosts)
    func saysThatARouteIsNotThere(host: String) async throws {
        do throws(StreamError) {
            _ = try await Ollama(host: host + "/nowhere").chat(Live.chat("hi")).collect()
            Issue.record("no error")
        } catch {
            switch error {
            case .server(let failure): #expect(failure.status == 404)
            case .request: break
            default: throw error
            }
        }
    }

    /// The server stops at once: with one slot only, the next one gets its answer.
    @Test(arguments: Live.hosts)
    func isFreedByWhoLeaves(host: String) async throws {
        let ollama = Ollama(host: host, options: Live.options)
        let long = Live.chat("Count to a million.", tokens: 20_000)
        let patient = Deadlines.standard.with(\.total, .minutes(3))
        for _ in 0..<3 {
            for try await part in ollama.chat(long) {
                if case .text = part { break }
                if case .thinking = part { break }
            }
            let reply = try await ollama.chat(Live.chat("hi", tokens: 4), deadlines: patient)
                .collect()
            #expect(reply.summary.evalCount > 0)
        }
    }

    /// The same by a guard, whose text is kept.
    @Test(arguments: Live.hosts)
    func isStoppedByAGuard(host: String) async throws {
        let ollama = Ollama(host: host, options: Live.options)
        do throws(StreamError) {
            _ = try await ollama.chat(
                Live.chat("Count to a million.", tokens: 20_000), guards: [.bytes(max: 20)]
            ).collect()
        } catch {
            guard case .stopped(let stop) = error else { throw error }
            #expect(stop.verdict == .tooManyBytes(21))
        }
        let reply = try await ollama.chat(Live.chat("hi", tokens: 4)).collect()
        #expect(reply.summary.evalCount > 0)
    }

    @Test(arguments: Live.hosts)
    func listsModels(host: String) async throws {
        #expect(try await !Ollama(host: host, options: Live.options).list().isEmpty)
    }
}
