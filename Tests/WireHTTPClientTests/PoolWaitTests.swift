import Synchronization
import Testing
import WireHTTPClient
import WireServer
import WireSockets
import WireTime

/// Requests that wait for a connection, and connecting that never ends: without a server's help.
@Suite struct PoolWaitTests {
    private func one() throws -> StreamServer { try StreamServer { $0.pool.perOrigin = 1 } }

    @Test func servedInTheOrderOfTheirComing() async throws {
        let streams = try one()
        let order = Mutex<[Int]>([])
        var waiting: [Task<Void, any Error>] = []
        do {
            let first = try await streams.client.send(streams.request("/stall"))
            #expect(first.status == 200)
            for number in 0..<5 {
                waiting.append(
                    streams.start {
                        var response = try await streams.client.send(streams.request("/short"))
                        order.withLock { $0.append(number) }
                        #expect(try await response.readBody(limit: .kibibytes(1)).count == 14)
                    })
                #expect(streams.client.connections.waiting == number + 1)
            }
            #expect(streams.client.connections.leased == 1)
        }
        for task in waiting { try await task.value }
        #expect(order.withLock { $0 } == [0, 1, 2, 3, 4])
        streams.expectNothingOpen()
        #expect(streams.server.log.connections.count == 2, "the second one served them all")
        streams.stop()
    }

    /// Cancelled by its task, by its cancellation, by its deadline: the others keep their places.
    @Test func someGiveUp() async throws {
        let streams = try one()
        let cancellation = Cancellation()
        var first = try await streams.client.send(streams.request("/stall"))
        func send(
            _ deadlines: Deadlines? = nil, _ cancellation: Cancellation? = nil
        ) -> Task<Int, any Error> {
            streams.start {
                let response = try await streams.client.send(
                    streams.request("/short"), deadlines: deadlines, cancellation: cancellation)
                return response.status
            }
        }
        let byTask = send()
        let byCancellation = send(nil, cancellation)
        let byDeadline = send(.standard.with(\.poolWait, .milliseconds(10)))
        let patient = send()
        #expect(streams.client.connections.waiting == 4)
        byTask.cancel()
        cancellation.cancel()
        #expect(await kind(of: byTask) == .cancelled)
        #expect(await kind(of: byCancellation) == .cancelled)
        #expect(await kind(of: byDeadline) == .timeout)
        #expect(streams.client.connections.waiting == 1)
        first.cancel()
        #expect(try await patient.value == 200)
        streams.expectNothingOpen()
        streams.stop()
    }

    @Test func shuttingDownRefusesThem() async throws {
        let streams = try one()
        var first = try await streams.client.send(streams.request("/stall"))
        let waiting = streams.start {
            let response = try await streams.client.send(streams.request("/short"))
            return response.status
        }
        streams.client.shutDown()
        #expect(await kind(of: waiting) == .invalidRequest)
        let late = streams.start {
            let response = try await streams.client.send(streams.request("/short"))
            return response.status
        }
        #expect(await kind(of: late) == .invalidRequest)
        #expect(try await first.nextLine() != nil, "what is under way goes on")
        first.cancel()
        streams.expectNothingOpen()
        streams.stop()
    }

    /// Many tasks, few connections: never more at once than allowed, and all are served.
    @Test func manyTasksShareFewConnections() async throws {
        let streams = try StreamServer { $0.pool.perOrigin = 3 }
        let served = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<200 {
                group.addTask {
                    var response = try await streams.client.send(streams.request("/short"))
                    #expect(streams.client.connections.leased <= 3)
                    return try await response.readBody(limit: .kibibytes(1)).count
                }
            }
            return try await group.reduce(into: 0) { count, size in count += size == 14 ? 1 : 0 }
        }
        #expect(served == 200)
        #expect(streams.server.log.connections.count <= 3)
        streams.expectNothingOpen()
        streams.stop()
    }

    /// Idle connections go without anybody asking.
    @Test func idleConnectionsExpire() async throws {
        let streams = try StreamServer { $0.deadlines.keepAliveIdle = .milliseconds(5) }
        for try await _ in streams.lines("/short") {}
        #expect(streams.server.log.waitForClose(of: 0, until: streams.deadline) != nil)
        #expect(streams.client.connections.idle == 0)
        streams.stop()
    }

    // MARK: Connecting

    /// A listener whose queue is full does not answer.
    @Test(arguments: [false, true]) func cancelledWhileConnecting(_ byCancellation: Bool)
        async throws
    {
        let streams = try StreamServer()
        let full = try StreamSocket.listen(on: .loopback(port: 0), backlog: 0)
        let address = full.localAddress!
        let filler = try StreamSocket.connect(to: address)
        #expect(
            Poll.wait(
                filler.descriptor, for: Readiness(read: false, write: true),
                until: streams.deadline
            ).write)
        let request = HTTPRequest(
            "GET", HTTPURL(scheme: .http, host: "127.0.0.1", port: address.port, target: "/"))
        let cancellation = Cancellation()
        let connecting = streams.start {
            let response = try await streams.client.send(request, cancellation: cancellation)
            return response.status
        }
        #expect(streams.client.connections.leased == 1)
        if byCancellation { cancellation.cancel() } else { connecting.cancel() }
        switch await connecting.result {
        case .success(let status): Issue.record("status \(status)")
        case .failure(let error):
            #expect((error as? TransportError)?.kind == .cancelled)
            #expect((error as? TransportError)?.phase == .connect)
        }
        streams.expectNothingOpen()
        filler.descriptor.close()
        full.descriptor.close()
        try await streams.expectUsable(left: nil)
        streams.stop()
    }
}
