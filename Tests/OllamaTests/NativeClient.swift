import Ollama
import OllamaBlocking
import OllamaFiles
import OllamaProtocol
import TestSupport
import Testing
import WireBlocking
import WireHTTPClient
import WireTime

/// A client of Ollama by the driver that the test runs with: whatever the test is about, it is told once.
struct NativeClient: ~Copyable {
    private var blocking: BlockingOllama
    private let tasks: Ollama
    private let isBlocking = Driver.current == .blocking

    /// Over a script.
    init(_ system: ScriptedSystem, _ options: OllamaClientOptions = .init()) throws {
        blocking = try .scripted(system, options)
        tasks = Ollama(
            host: "127.0.0.1:80", options: options, http: HTTPClient(options.http, system: system))
    }

    /// Over Linux.
    init(host: String, _ options: OllamaClientOptions = .init()) throws {
        blocking = try BlockingOllama(host: host, options: options)
        tasks = Ollama(host: host, options: options)
    }

    mutating func answer<Answer>(
        to call: OllamaCall<Answer>
    ) async throws(StreamError) -> Answer {
        try await isBlocking ? blocking.answer(to: call) : tasks.answer(to: call)
    }

    /// The failure of a call; nil when it has succeeded.
    mutating func failure<Answer>(of call: OllamaCall<Answer>) async -> StreamError? {
        do throws(StreamError) {
            _ = try await answer(to: call)
            return nil
        } catch { return error }
    }

    /// Every record of a pull or a push, and what ended it.
    mutating func records(
        of request: TransferRequest
    ) async -> (records: [ModelProgress], error: StreamError?) {
        var records: [ModelProgress] = []
        do throws(StreamError) {
            if isBlocking {
                var stream = try blocking.transfer(request)
                while let record = try stream.next() { records.append(record) }
            } else {
                for try await record in tasks.transfer(request) { records.append(record) }
            }
            return (records, nil)
        } catch { return (records, error) }
    }

    /// Every record of a create, and what ended it.
    mutating func records(
        of request: CreateRequest
    ) async -> (records: [ModelProgress], error: StreamError?) {
        var records: [ModelProgress] = []
        do throws(StreamError) {
            if isBlocking {
                var stream = try blocking.create(request)
                while let record = try stream.next() { records.append(record) }
            } else {
                for try await record in tasks.create(request) { records.append(record) }
            }
            return (records, nil)
        } catch { return (records, error) }
    }

    /// Reads so many records of a pull and leaves; `body` is what comes right behind.
    mutating func leave(
        _ request: TransferRequest, after count: Int, _ body: () -> Void
    ) async throws(StreamError) {
        if isBlocking {
            do {
                var stream = try blocking.transfer(request)
                for _ in 0..<count { _ = try stream.next() }
            }
            body()
        } else {
            let records = tasks.transfer(request)
            var left = count
            for try await _ in records {
                left -= 1
                if left == 0 { break }
            }
            body()
            // Lives on, as a caller's may.
            withExtendedLifetime(records) {}
        }
    }

    mutating func finish(_ request: TransferRequest) async throws(StreamError) {
        if isBlocking {
            try blocking.transfer(request).finish()
        } else {
            try await tasks.transfer(request).finish()
        }
    }

    mutating func upload(
        _ path: String, digest: BlobDigest? = nil, cancellation: Cancellation? = nil,
        observe: (@Sendable (BlobProgress) -> Void)? = nil
    ) async throws(StreamError) -> BlobUpload {
        try await isBlocking
            ? blocking.uploadBlob(
                path, digest: digest, cancellation: cancellation, observe: observe)
            : tasks.uploadBlob(
                path, digest: digest, cancellation: cancellation, observe: observe)
    }

    mutating func waitUntilReady(
        _ request: LoadRequest?, within limit: Timeout, cancellation: Cancellation? = nil
    ) async throws(StreamError) -> Summary? {
        try await isBlocking
            ? blocking.waitUntilReady(request, within: limit, cancellation: cancellation)
            : tasks.waitUntilReady(request, within: limit, cancellation: cancellation)
    }

    mutating func collect(_ request: ChatRequest) async throws(StreamError) -> Reply {
        try await isBlocking ? blocking.chat(request).collect() : tasks.chat(request).collect()
    }

    mutating func collect(_ request: GenerateRequest) async throws(StreamError) -> Reply {
        try await isBlocking
            ? blocking.generate(request).collect() : tasks.generate(request).collect()
    }

    /// Each function that has a route of its own, in the order of `NativeCallTests.routes`.
    mutating func callEverything() async throws(StreamError) {
        if isBlocking {
            _ = try blocking.list()
            _ = try blocking.ps()
            _ = try blocking.version()
            _ = try blocking.status()
            _ = try blocking.show("m")
            _ = try blocking.embed("m", "text")
            _ = try blocking.embeddings(EmbeddingsRequest(model: "m", prompt: "text"))
            try blocking.copy("a", to: "b")
            try blocking.delete("b")
            try blocking.pull("m").finish()
            try blocking.push("m").finish()
            try blocking.load("m")
            try blocking.load("e", for: .embedding)
            try blocking.unload("m")
        } else {
            _ = try await tasks.list()
            _ = try await tasks.ps()
            _ = try await tasks.version()
            _ = try await tasks.status()
            _ = try await tasks.show("m")
            _ = try await tasks.embed("m", "text")
            _ = try await tasks.embeddings(EmbeddingsRequest(model: "m", prompt: "text"))
            try await tasks.copy("a", to: "b")
            try await tasks.delete("b")
            try await tasks.pull("m").finish()
            try await tasks.push("m").finish()
            try await tasks.load("m")
            try await tasks.load("e", for: .embedding)
            try await tasks.unload("m")
        }
    }
}
