import TestSupport
import Testing
import WireExchange
import WireHTTPClient
import WireTime

/// The same with the async driver: a task that does not suspend allocates nothing per record either.
@Suite(.enabled(if: AllocationCount.works, "a sanitizer brings its own allocator"))
struct AsyncAllocationTests {
    private func response() async throws -> HTTPResponse {
        let system = ScriptedSystem(AllocationTests.endless)
        system.recordsCalls = false
        return try await HTTPClient(ClientOptions(), system: system).send(get())
    }

    /// Counts while `step` runs `counted` times.
    private func expectNone(
        _ response: inout HTTPResponse,
        _ step: (inout HTTPResponse) async throws(TransportError) -> Bool,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        for _ in 0..<AllocationTests.warmUp { _ = try await step(&response) }
        var records = 0
        let count = try await AllocationCount.duringTask { () async throws(TransportError) in
            for _ in 0..<AllocationTests.counted where try await step(&response) { records += 1 }
        }
        #expect(records == AllocationTests.counted, sourceLocation: sourceLocation)
        #expect(count == .none, sourceLocation: sourceLocation)
    }

    @Test func lines() async throws {
        var response = try await response()
        try await expectNone(&response) { response async throws(TransportError) in
            try await response.nextLine()?.bytes.count == AllocationTests.line.utf8.count - 1
        }
    }

    @Test func pieces() async throws {
        var response = try await response()
        try await expectNone(&response) { response async throws(TransportError) in
            try await response.nextBytes() != nil
        }
    }
}
