import Ollama
import OllamaBlocking
import OllamaProtocol
import TestSupport
import Testing
import WireBlocking
import WireServer
import WireSockets
import WireSystem
import WireTime

/// Each way to leave a stream, in each of its phases, in both dialects and by both drivers, as the server
/// sees it: the connection is closed when the next statement runs, and the client goes on.
@Suite struct LeaveMatrixTests {
    enum Phase: String, CaseIterable, Sendable {
        /// The request is there, no byte of an answer.
        case head
        case midStream
        /// The terminal record has been read, but the body is not over.
        case lastRecord

        /// How many parts come first.
        func parts(_ speech: Speech) -> Int {
            switch self {
            case .head: 0
            case .midStream: 1
            case .lastRecord: 2
            }
        }
    }

    enum Way: String, CaseIterable, Sendable {
        case breaking, throwing, returning, dropping, handle, task, scope
        /// Ends a call that waits: all the others need a record first.
        var interrupts: Bool { self == .handle || self == .task }
    }

    struct Enough: Error {}

    static func server(_ speech: Speech, _ phase: Phase) throws -> ReplayServer {
        var options = ServerOptions()
        // What it remembers of more would look like a leak.
        options.loggedConnections = 64
        return try ReplayServer.answering(options: options) { request in
            if String(decoding: request.body, as: UTF8.self).contains("again") {
                return speech.stream([speech.text("again")] + speech.end)
            }
            switch phase {
            case .head: return .silent
            case .midStream: return speech.stalling(after: [speech.text("x")])
            case .lastRecord: return speech.stalling(after: [speech.text("x")] + speech.end)
            }
        }
    }

    static var farAway: Instant { MonotonicClock.now + .seconds(60) }

    // MARK: By tasks

    /// Reads `parts` parts and leaves.
    static func leave(
        _ stream: Answer, _ way: Way, after parts: Int
    ) async throws {
        var count = 0
        switch way {
        case .breaking:
            for try await _ in stream {
                count += 1
                if count == parts { break }
            }
        case .throwing:
            do {
                for try await _ in stream {
                    count += 1
                    if count == parts { throw Enough() }
                }
            } catch is Enough {}
        case .returning:
            for try await _ in stream {
                count += 1
                if count == parts { return }
            }
        case .dropping:
            var iterator: Answer.Iterator? = stream.makeAsyncIterator()
            while count < parts, try await iterator!.next(isolation: nil) != nil { count += 1 }
            iterator = nil
        case .scope:
            try await stream.withRecords { records in
                while count < parts, try await records.next() != nil { count += 1 }
            }
        case .handle, .task:
            for try await _ in stream { count += 1 }
        }
    }

    @Test(arguments: Speech.both, Phase.allCases)
    func byTasks(speech: Speech, phase: Phase) async throws {
        for way in Way.allCases where phase != .head || way.interrupts {
            let server = try LeaveMatrixTests.server(speech, phase)
            defer { server.stop() }
            let ollama = Ollama(host: speech.host(server))
            let stream = ollama.chat("m", "hi")
            let parts = phase.parts(speech)
            if way.interrupts {
                let task = Task { try await LeaveMatrixTests.leave(stream, way, after: parts) }
                _ = await server.sees(0) {
                    !$0.requests.isEmpty && (phase == .head || $0.scriptDoneAt != nil)
                }
                if way == .task { task.cancel() } else { stream.cancel() }
                let result = await task.result
                #expect(throws: StreamError.self) { try result.get() }
            } else {
                try await LeaveMatrixTests.leave(stream, way, after: parts)
            }
            #expect(ollama.connections.open == 0, "\(way)")
            #expect(await server.sees(closeOf: 0), "\(way)")
            #expect(try await ollama.chat("again", "").collect().text == "again", "\(way)")
            #expect(server.log.connections.count == 2, "\(way)")
        }
    }

    // MARK: Blocking

    /// Reads what the phase has and leaves, in a way that needs no other thread.
    static func leave(_ client: inout BlockingOllama, _ way: Way, in phase: Phase) throws {
        let read = { (stream: inout BlockingStream) throws(StreamError) in
            while let record = try stream.next() {
                if phase == .midStream || record.isDone { return }
            }
        }
        switch way {
        case .breaking, .returning, .dropping, .task:
            var stream = try client.chat("m", "hi")
            try read(&stream)
        case .throwing:
            do {
                var stream = try client.chat("m", "hi")
                try read(&stream)
                throw Enough()
            } catch is Enough {}
        case .handle:
            var stream = try client.chat("m", "hi")
            try read(&stream)
            stream.cancel()
        case .scope:
            try client.withChat(anyChat) { stream in try read(&stream) }
        }
    }

    @Test(arguments: Speech.both, [Phase.midStream, .lastRecord])
    func byTheBlockingClient(speech: Speech, phase: Phase) throws {
        for way in [Way.breaking, .throwing, .dropping, .handle, .scope] {
            let server = try LeaveMatrixTests.server(speech, phase)
            defer { server.stop() }
            var client = try BlockingOllama(host: speech.host(server))
            try LeaveMatrixTests.leave(&client, way, in: phase)
            #expect(
                server.log.waitForClose(of: 0, until: LeaveMatrixTests.farAway) != nil, "\(way)")
            #expect(try client.chat("again", "").collect().text == "again", "\(way)")
            #expect(server.log.connections.count == 2, "\(way)")
        }
    }

    /// From another thread, while the call waits.
    @Test(arguments: Speech.both, Phase.allCases)
    func byAnotherThread(speech: Speech, phase: Phase) throws {
        let server = try LeaveMatrixTests.server(speech, phase)
        defer { server.stop() }
        var client = try BlockingOllama(host: speech.host(server))
        let cancellation = Cancellation()
        let canceller = PlainThread {
            _ = server.log.wait(for: 0, until: LeaveMatrixTests.farAway) {
                !$0.requests.isEmpty && (phase == .head || $0.scriptDoneAt != nil)
            }
            cancellation.cancel()
        }
        let reading = Reading(&client, anyChat, cancellation)
        canceller.join()
        guard case .cancelled = reading.error else {
            Issue.record("\(String(describing: reading.error))")
            return
        }
        #expect(server.log.waitForClose(of: 0, until: LeaveMatrixTests.farAway) != nil)
        #expect(try client.chat("again", "").collect().text == "again")
    }

    // MARK: Connecting

    /// Nobody accepts: the connection never stands.
    @Test(arguments: WayIn.allCases)
    func whileConnecting(way: WayIn) async throws {
        let listener = try StreamSocket.listen(on: .loopback(port: 0), backlog: 0)
        defer { listener.descriptor.close() }
        let address = try #require(listener.localAddress)
        let filler = try StreamSocket.connect(to: address)
        defer { filler.descriptor.close() }
        let host = "http://\(address)"
        let cancellation = Cancellation()
        let ollama = Ollama(host: host)
        let task = Task { () -> StreamError? in
            do throws(StreamError) {
                switch way {
                case .tasks:
                    _ = try await ollama.chat(anyChat, cancellation: cancellation).collect()
                case .blocking:
                    return await apart { () -> StreamError? in
                        do throws(StreamError) {
                            var client = try BlockingOllama(host: host)
                            _ = try client.chat(anyChat, cancellation: cancellation).collect()
                            return nil
                        } catch { return error }
                    }
                }
                return nil
            } catch { return error }
        }
        while way == .tasks, ollama.connections.leased == 0 { await Task.yield() }
        cancellation.cancel()
        let error = await task.value
        #expect(error == .cancelled(partialText: ""))
        #expect(ollama.connections.open == 0)
    }
}
