import Synchronization
import TestSupport
import Testing
import WireBytes
import WireFraming
import WireHTTPClient
import WireTime

/// What a handler was told, in the terms of the recordings' tests.
private final class Collector: ResponseHandler, @unchecked Sendable {
    private let unit: BodyUnit
    private let leavesAfter: Int
    private(set) var units: [[UInt8]] = []
    private(set) var head: ResponseHead?
    private(set) var end: ResponseEnd?

    init(_ unit: BodyUnit, leavesAfter: Int = .max) {
        self.unit = unit
        self.leavesAfter = leavesAfter
    }

    func begin(_ head: ResponseHead) -> BodyUnit? {
        #expect(self.head == nil && end == nil)
        self.head = head
        return leavesAfter == 0 ? nil : unit
    }

    func receive(_ record: borrowing SSEFramer.Event) -> StreamVerdict {
        #expect(head != nil && end == nil)
        units.append([UInt8](copying: record.type) + [0] + [UInt8](copying: record.data))
        return units.count == leavesAfter ? .leave : .goOn
    }

    func end(_ end: ResponseEnd) {
        #expect(self.end == nil, "told twice")
        self.end = end
    }

    var errorKind: String? {
        if case .failed(let error) = end?.outcome { return error.kind.rawValue }
        return nil
    }
}

private let recordings: [ManifestRecording] = {
    do { return try ManifestRecording.all() } catch { return [] }
}()

/// The callback driver runs the same exchange as the others: it is told the same.
@Suite struct HandlerTests {
    private func handled(
        _ input: [ConnectionScript.Input], _ recording: ManifestRecording,
        _ response: ManifestRecording.Response, _ unit: BodyUnit
    ) -> Collector {
        let system = ScriptedSystem(ConnectionScript([.request] + input + recording.ending))
        system.recordsCalls = false
        let client = HTTPClient(ClientOptions(), system: system)
        let collector = Collector(unit)
        client.start(recording.request(for: response), with: collector)
        #expect(system.problems.isEmpty)
        #expect(client.connections.leased == 0)
        return collector
    }

    @Test(arguments: recordings) func recordingsAsPulled(_ recording: ManifestRecording) {
        var random = SeededGenerator(seed: 20_261_121)
        for response in recording.responses {
            let bytes = recording.bytes(of: response)
            let cut = Int.random(in: 0...bytes.count, using: &random)
            let parts: [ConnectionScript.Input] = [
                .bytes([UInt8](bytes[..<cut])), .pause(.milliseconds(1)),
                .bytes([UInt8](bytes[cut...])),
            ].filter { if case .bytes(let bytes) = $0 { !bytes.isEmpty } else { true } }
            let pieces = handled(parts, recording, response, .piece)
            #expect(pieces.end != nil)
            #expect(pieces.errorKind == response.errorKind)
            #expect(pieces.head?.status ?? 0 == response.status)
            let body = pieces.units.flatMap { $0.dropFirst() }
            #expect(ManifestSHA256.hex(body) == response.bodySHA256)
            if let events = response.events {
                let outcome = handled(parts, recording, response, .event)
                #expect(outcome.units.count == events.count)
            }
            if let lines = response.lines {
                let outcome = handled(parts, recording, response, .line)
                let records = outcome.units.filter { unit in
                    unit.dropFirst().contains { !" \t\r".utf8.contains($0) }
                }
                #expect(records.count == lines.count)
            }
        }
    }

    private let stream = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\na\nb\n\r\n"

    private func client(_ system: ScriptedSystem) -> HTTPClient {
        var options = ClientOptions()
        options.deadlines = .standard.with(\.bodyIdle, .seconds(6))
        return HTTPClient(options, system: system)
    }

    @Test(arguments: [0, 1]) func leavingCloses(after count: Int) {
        let system = ScriptedSystem(ConnectionScript([.request, .text(stream)]))
        let collector = Collector(.line, leavesAfter: count)
        client(system).start(get(), with: collector)
        #expect(collector.units.count == count)
        #expect(collector.end?.outcome == .left)
        #expect(system.closeTime(of: 1) != nil)
    }

    @Test func aDeadlinePasses() throws {
        let system = ScriptedSystem(ConnectionScript([.request, .text(stream)]))
        let start = system.now
        let collector = Collector(.line)
        client(system).start(get(), with: collector)
        #expect(collector.units.count == 2)
        guard case .failed(.timeout(let deadline, let waited, _)) = collector.end?.outcome else {
            Issue.record("no timeout")
            return
        }
        #expect(deadline == .bodyIdle)
        #expect(waited == .seconds(6))
        #expect(system.now.since(start) == .seconds(6))
        #expect(system.closeTime(of: 1) != nil)
    }

    @Test func cancelledBeforeItBegins() {
        let system = ScriptedSystem()
        let cancellation = Cancellation()
        cancellation.cancel()
        let collector = Collector(.line)
        client(system).start(get(), cancellation: cancellation, with: collector)
        #expect(collector.errorKind == "cancelled")
        #expect(system.connections.isEmpty)
    }

    @Test func aRequestThatMustNotBeSent() {
        let collector = Collector(.line)
        let request = HTTPRequest(
            "GET", HTTPURL(scheme: .http, host: "peer", port: 80, target: "/"),
            fields: [("bad name", "x")])
        client(ScriptedSystem()).start(request, with: collector)
        #expect(collector.head == nil)
        #expect(collector.end != nil && collector.errorKind != nil)
    }

    /// The next request from within the end of the one before.
    @Test func oneAfterAnotherOnOneConnection() {
        let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
        let system = ScriptedSystem(
            ConnectionScript([.request, .text(ok), .request, .text(ok)]))
        let http = client(system)
        let second = Collector(.piece)
        http.start(get(), with: Chained(http: http, next: second))
        #expect(second.units == [[0] + Array("ok".utf8)])
        #expect(second.end?.isReusedConnection == true)
        #expect(system.connections.count == 1)
    }

    private struct Chained: ResponseHandler {
        let http: HTTPClient
        let next: Collector

        mutating func begin(_ head: ResponseHead) -> BodyUnit? { .piece }
        mutating func receive(_ record: borrowing SSEFramer.Event) -> StreamVerdict { .goOn }
        mutating func end(_ end: ResponseEnd) { http.start(get(), with: next) }
    }
}
