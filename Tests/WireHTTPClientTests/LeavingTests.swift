import Testing
import WireHTTPClient
import WireServer
import WireTime

/// However a sequence of records is left, its connection is closed before the next statement runs,
/// though the sequence itself lives on.
@Suite struct SequenceLeavingTests {
    struct Stop: Error {}

    @Test(arguments: ["/endless", "/flood", "/stall"]) func theLoopIsBroken(_ path: String)
        async throws
    {
        let streams = try StreamServer()
        let lines = streams.lines(path)
        for try await line in lines {
            #expect(line.hasPrefix("line"))
            #expect(streams.client.connections.leased == 1)
            break
        }
        streams.expectNothingOpen()
        try await streams.expectUsable()
        _ = lines
        streams.stop()
    }

    private func throwInTheMiddle(_ lines: ResponseRecords<LineForm>) async throws {
        for try await _ in lines { throw Stop() }
    }

    @Test func theLoopThrows() async throws {
        let streams = try StreamServer()
        let lines = streams.lines("/endless")
        do {
            try await throwInTheMiddle(lines)
            Issue.record("nothing thrown")
        } catch { #expect(error is Stop) }
        streams.expectNothingOpen()
        try await streams.expectUsable()
        streams.stop()
    }

    private func first(_ lines: ResponseRecords<LineForm>) async throws -> String? {
        for try await line in lines { return line }
        return nil
    }

    @Test func theFunctionReturns() async throws {
        let streams = try StreamServer()
        let lines = streams.lines("/endless")
        #expect(try await first(lines) == "line")
        streams.expectNothingOpen()
        try await streams.expectUsable()
        // Each iteration asks anew.
        #expect(try await first(lines) == "line")
        streams.expectNothingOpen()
        streams.stop()
    }

    @Test func theIteratorIsDropped() async throws {
        let streams = try StreamServer()
        let lines = streams.lines("/endless")
        var iterator: ResponseRecords<LineForm>.Iterator? = lines.makeAsyncIterator()
        #expect(streams.client.connections.leased == 0, "nothing is asked before the first record")
        #expect(try await iterator?.next(isolation: nil) == "line")
        #expect(streams.client.connections.leased == 1)
        iterator = nil
        streams.expectNothingOpen()
        try await streams.expectUsable()
        streams.stop()
    }

    @Test func anIteratorThatWasNeverUsed() async throws {
        let streams = try StreamServer()
        _ = streams.lines("/endless").makeAsyncIterator()
        streams.expectNothingOpen()
        try await streams.expectUsable(left: nil)
        #expect(streams.server.log.connections.count == 1)
        streams.stop()
    }

    /// From inside its loop, which goes on to its error.
    @Test func theSequenceIsCancelledInside() async throws {
        let streams = try StreamServer()
        let lines = streams.lines("/endless")
        do {
            for try await _ in lines { lines.cancel() }
            Issue.record("it ended")
        } catch { #expect(error.kind == .cancelled) }
        streams.expectNothingOpen()
        try await streams.expectUsable()
        // For good.
        await #expect(throws: ResponseError.self) { try await first(lines) }
        streams.stop()
    }

    /// From another task, while its loop waits; it ends long before any deadline.
    @Test(arguments: ["/silent", "/half", "/stall", "/endless", "/flood"])
    func theSequenceIsCancelledOutside(_ path: String) async throws {
        let streams = try StreamServer()
        let lines = streams.lines(path)
        let reading = streams.start { for try await _ in lines {} }
        #expect(streams.waitForRequest())
        lines.cancel()
        #expect(await kind(of: reading) == .cancelled)
        streams.expectNothingOpen()
        try await streams.expectUsable()
        streams.stop()
    }

    @Test(arguments: ["/silent", "/half", "/stall", "/endless", "/flood"])
    func theTaskIsCancelled(_ path: String) async throws {
        let streams = try StreamServer()
        let lines = streams.lines(path)
        let reading = streams.start {
            do {
                for try await _ in lines {}
            } catch {
                // Closed when the loop's next statement runs.
                streams.expectNothingOpen()
                throw error
            }
        }
        #expect(streams.waitForRequest())
        reading.cancel()
        #expect(await kind(of: reading) == .cancelled)
        try await streams.expectUsable()
        streams.stop()
    }

    @Test func aCancelledTaskAsksForNothing() async throws {
        let streams = try StreamServer()
        let lines = streams.lines("/endless")
        let reading = Task {
            unsafe withUnsafeCurrentTask { unsafe $0?.cancel() }
            for try await _ in lines {}
        }
        #expect(await kind(of: reading) == .cancelled)
        streams.expectNothingOpen()
        try await streams.expectUsable(left: nil)
        streams.stop()
    }

    @Test func aDeadlinePasses() async throws {
        let streams = try StreamServer { $0.deadlines.bodyIdle = .milliseconds(20) }
        let lines = streams.lines("/stall")
        do { for try await _ in lines {} } catch {
            #expect(error.kind == .timeout)
            streams.expectNothingOpen()
        }
        try await streams.expectUsable()
        streams.stop()
    }

    @Test func readToItsEndItIsKept() async throws {
        let streams = try StreamServer()
        for _ in 0..<3 {
            var texts: [String] = []
            for try await line in streams.lines("/short") { texts.append(line) }
            #expect(texts == ["one", "two", "three"])
            #expect(streams.client.connections.idle == 1)
        }
        #expect(streams.server.log.connections.count == 1)
        streams.stop()
    }

    @Test func events() async throws {
        let streams = try StreamServer()
        var texts: [String] = []
        for try await event in streams.client.events(of: streams.request("/events")) {
            #expect(event.type == "message")
            texts.append(event.data)
        }
        #expect(texts == ["one", "two"])
        streams.stop()
    }

    @Test func aRefusal() async throws {
        let streams = try StreamServer()
        do { for try await _ in streams.lines("/refused") { Issue.record("a line") } } catch {
            guard case .status(let head, let body) = error else {
                Issue.record(error)
                return
            }
            #expect(head.status == 404)
            #expect(String(decoding: body, as: UTF8.self) == #"{"error":"no"}"#)
        }
        try await streams.expectUsable(left: nil)
        #expect(streams.server.log.connections.count == 1, "it was read to its end")
        streams.stop()
    }
}

/// The same for responses that are borrowed.
@Suite struct ResponseLeavingTests {
    struct Stop: Error {}

    @Test func theClosureReturns() async throws {
        let streams = try StreamServer()
        let size = try await streams.client.withResponse(to: streams.request("/endless")) {
            response in try await response.nextLine()?.bytes.count
        }
        #expect(size == 4)
        streams.expectNothingOpen()
        try await streams.expectUsable()
        streams.stop()
    }

    @Test func theClosureThrows() async throws {
        let streams = try StreamServer()
        await #expect(throws: Stop.self) {
            try await streams.client.withResponse(to: streams.request("/endless")) { _ in
                throw Stop()
            }
        }
        streams.expectNothingOpen()
        try await streams.expectUsable()
        streams.stop()
    }

    @Test func theResponseIsDropped() async throws {
        let streams = try StreamServer()
        do {
            var response = try await streams.client.send(streams.request("/flood"))
            _ = try await response.nextLine()
            #expect(streams.client.connections.leased == 1)
        }
        streams.expectNothingOpen()
        try await streams.expectUsable()
        streams.stop()
    }

    /// At once, also while the closure is busy with something else.
    @Test func theTaskIsCancelledElsewhere() async throws {
        let streams = try StreamServer()
        let reading = streams.start {
            try await streams.client.withResponse(to: streams.request("/endless")) { response in
                _ = try await response.nextLine()
                // Until it is cancelled.
                while !Task.isCancelled { await Task.yield() }
                // Nobody has read on: the server sees the end by itself.
                let seen = streams.server.log.waitForClose(of: 0, until: streams.deadline)
                #expect(seen != nil)
                while try await response.nextLine() != nil {}
            }
        }
        #expect(streams.waitForRequest())
        reading.cancel()
        #expect(await kind(of: reading) == .cancelled)
        streams.expectNothingOpen()
        try await streams.expectUsable()
        streams.stop()
    }
}
