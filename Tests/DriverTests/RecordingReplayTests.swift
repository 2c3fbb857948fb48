import TestSupport
import Testing
import WireBlocking
import WireExchange
import WireTime

private let recordings: [ManifestRecording] = {
    do { return try ManifestRecording.all() } catch { return [] }
}()

/// Every recorded exchange through the client, cut in many ways: the same result each time, and the
/// one that the manifest names.
@Suite(.eachDriver) struct RecordingReplayTests {
    @Test func noneIsMissing() {
        #expect(recordings.count == 275)
        #expect(recordings.reduce(0) { $0 + $1.responses.count } == 278)
        #expect(recordings.count { $0.responses.isEmpty } == 2)
        #expect(recordings.count { $0.responses.count > 1 } == 4)
    }

    @Test(arguments: recordings) func whole(_ recording: ManifestRecording) throws {
        for response in recording.responses {
            let bytes = recording.bytes(of: response)
            let pieces = replay([.bytes(bytes)], response, of: recording, as: .pieces)
            compareHead(pieces, response)
            #expect(pieces.body.count == response.bodyCount)
            #expect(ManifestSHA256.hex(pieces.body) == response.bodySHA256)
            if let lines = response.lines {
                let outcome = replay([.bytes(bytes)], response, of: recording, as: .lines)
                compareHead(outcome, response)
                compare(outcome, lines, pieces.body)
            }
            if let events = response.events {
                let outcome = replay([.bytes(bytes)], response, of: recording, as: .events)
                compareHead(outcome, response)
                #expect(outcome.eventCount == events.count)
                #expect(digest(outcome) == events.sha256)
            }
        }
    }

    @Test(arguments: recordings) func byteByByte(_ recording: ManifestRecording) {
        for response in recording.responses {
            let bytes = recording.bytes(of: response)
            let single = bytes.map { ConnectionScript.Input.bytes([$0]) }
            for unit in [RecordedOutcome.Unit.pieces, response.unit] {
                let expected = replay([.bytes(bytes)], response, of: recording, as: unit)
                let outcome = replay(single, response, of: recording, as: unit)
                #expect(outcome == expected)
            }
        }
    }

    @Test(arguments: recordings) func inTwoParts(_ recording: ManifestRecording) {
        var random = SeededGenerator(seed: 20_261_120)
        for response in recording.responses {
            let bytes = recording.bytes(of: response)
            let all = 1..<bytes.count
            let cuts =
                bytes.count <= 4096
                ? Array(all) : (0..<200).map { _ in all.randomElement(using: &random)! }
            let expected = replay([.bytes(bytes)], response, of: recording, as: response.unit)
            for cut in cuts {
                let parts: [ConnectionScript.Input] = [
                    .bytes([UInt8](bytes[..<cut])), .bytes([UInt8](bytes[cut...])),
                ]
                let outcome = replay(parts, response, of: recording, as: response.unit)
                if outcome != expected { fail("cut at \(cut)") }
            }
        }
    }

    @Test(arguments: recordings) func inManyParts(_ recording: ManifestRecording) {
        for seed in UInt64(1)...20 {
            var random = SeededGenerator(seed: seed)
            for response in recording.responses {
                let bytes = recording.bytes(of: response)
                var parts: [ConnectionScript.Input] = []
                var start = 0
                while start < bytes.count {
                    let end = min(bytes.count, start + 1 + random.below(1 << random.below(12)))
                    if random.chance(1, in: 4) { parts.append(.spuriousWake) }
                    if random.chance(1, in: 4) { parts.append(.interruptedWait) }
                    if random.chance(1, in: 2) { parts.append(.pause(.milliseconds(3))) }
                    parts.append(.bytes([UInt8](bytes[start..<end])))
                    start = end
                }
                let expected = replay(
                    [.bytes(bytes)], response, of: recording, as: response.unit)
                let outcome = replay(parts, response, of: recording, as: response.unit)
                if outcome != expected { fail("seed \(seed)") }
            }
        }
    }

    /// As it came, at the times at which it came.
    @Test(arguments: recordings.filter { $0.responses.count == 1 && !$0.reads.isEmpty })
    func asRecorded(_ recording: ManifestRecording) throws {
        let response = recording.responses[0]
        var steps: [ConnectionScript.Input] = [.request]
        var last: Int64 = 0
        for (index, read) in recording.reads.enumerated() {
            let end =
                index + 1 < recording.reads.count
                ? recording.reads[index + 1].offset : recording.bytes.count
            steps.append(.pause(Timeout(nanoseconds: read.nanoseconds - last)))
            steps.append(.bytes([UInt8](recording.bytes[read.offset..<end])))
            last = read.nanoseconds
        }
        let system = ScriptedSystem(ConnectionScript(steps + recording.ending))
        var client = makeClient(system, deadlines: .standard)
        var result = try client.send(recording.request(for: response))
        var count = 0
        while let piece = try result.nextBytes() { count += piece.count }
        #expect(count == response.bodyCount)
        let sent = try #require(result.timings.requestSent)
        #expect(
            result.timings.firstByte?.since(sent).nanoseconds == recording.reads[0].nanoseconds)
        #expect(result.timings.lastByte?.since(sent).nanoseconds == last)
    }

    @Test(arguments: recordings.filter { $0.responses.isEmpty })
    func noResponseIsClosedEarly(_ recording: ManifestRecording) {
        #expect(recording.bytes.isEmpty)
        let system = ScriptedSystem(ConnectionScript([.request, .end]))
        var client = makeClient(system)
        let error = client.error(of: get())
        #expect(error?.kind == .closedEarly)
        #expect(error?.phase == .head)
        #expect(system.closeTime(of: 1) != nil)
        system.expectFinished()
    }

    // MARK: Several responses on one connection

    static let several = recordings.filter { $0.responses.count > 1 }

    @Test(arguments: several) func oneAfterAnother(_ recording: ManifestRecording) {
        var steps: [ConnectionScript.Input] = []
        for response in recording.responses {
            steps += [.request, .bytes(recording.bytes(of: response))]
        }
        let system = ScriptedSystem(ConnectionScript(steps))
        var client = makeClient(system)
        for (index, response) in recording.responses.enumerated() {
            let outcome = RecordedOutcome.reading(
                .pieces, of: recording.request(for: response), with: &client)
            #expect(ManifestSHA256.hex(outcome.body) == response.bodySHA256)
            #expect(outcome.wasKept)
            #expect(outcome.isReused == (index > 0))
        }
        #expect(system.connections.count == 1)
        #expect(system.closeTime(of: 1) == nil)
        system.expectFinished()
    }

    /// All at once: the first response is good, what lies behind it makes the connection useless.
    @Test(arguments: several) func surplusEndsTheConnection(_ recording: ManifestRecording) {
        let first = recording.responses[0]
        #expect(first.surplusCount > 0)
        let system = ScriptedSystem(
            ConnectionScript([.request, .bytes(recording.bytes)]), .responses(okResponse))
        var client = makeClient(system)
        let outcome = RecordedOutcome.reading(
            .pieces, of: recording.request(for: first), with: &client)
        #expect(ManifestSHA256.hex(outcome.body) == first.bodySHA256)
        #expect(!outcome.wasKept)
        #expect(system.calls(on: 1).last == .close)
        #expect(client.error(of: get()) == nil)
        #expect(system.connections.count == 2)
        system.expectFinished()
    }

    /// The same with the surplus still in the kernel when the response ends: it shows at the next
    /// request's peek.
    @Test(arguments: several) func surplusNotYetRead(_ recording: ManifestRecording) {
        let first = recording.responses[0]
        let rest = [UInt8](recording.bytes[first.end...])
        let system = ScriptedSystem(
            ConnectionScript([.request, .bytes(recording.bytes(of: first)), .bytes(rest)]),
            .responses(okResponse))
        var client = makeClient(system)
        let outcome = RecordedOutcome.reading(
            .pieces, of: recording.request(for: first), with: &client)
        #expect(outcome.wasKept)
        #expect(client.error(of: get()) == nil)
        #expect(system.calls(on: 1).suffix(2) == [.peek(true), .close])
        #expect(system.connections.count == 2)
    }

    // MARK: Helpers

    private func replay(
        _ input: [ConnectionScript.Input], _ response: ManifestRecording.Response,
        of recording: ManifestRecording, as unit: RecordedOutcome.Unit
    ) -> RecordedOutcome {
        let system = ScriptedSystem(ConnectionScript([.request] + input + recording.ending))
        system.recordsCalls = false
        var client = makeClient(system, deadlines: .standard)
        let outcome = RecordedOutcome.reading(
            unit, of: recording.request(for: response), with: &client)
        if !system.problems.isEmpty { fail(system.problems.joined(separator: "; ")) }
        let isClosed = system.connections[0].isClosed
        if isClosed == outcome.wasKept { fail("kept: \(outcome.wasKept), closed: \(isClosed)") }
        return outcome
    }

    private func compareHead(
        _ outcome: RecordedOutcome, _ response: ManifestRecording.Response,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let expected = response.errorKind
        #expect(outcome.errorKind == expected, sourceLocation: sourceLocation)
        #expect((response.verdict == "ok") == (expected == nil), sourceLocation: sourceLocation)
        #expect(outcome.informational == response.informational, sourceLocation: sourceLocation)
        #expect(outcome.version == response.version, sourceLocation: sourceLocation)
        #expect(outcome.status == response.status, sourceLocation: sourceLocation)
        #expect(outcome.reason == response.reason, sourceLocation: sourceLocation)
        #expect(outcome.fields == response.fields, sourceLocation: sourceLocation)
        #expect(outcome.framing == response.framing, sourceLocation: sourceLocation)
        #expect(outcome.trailers == response.trailers, sourceLocation: sourceLocation)
        #expect(outcome.wasKept == response.isReusable, sourceLocation: sourceLocation)
        #expect(!outcome.isReused, sourceLocation: sourceLocation)
        #expect(
            outcome.bytesReceived == response.end - response.start, sourceLocation: sourceLocation)
    }

    private func compare(
        _ outcome: RecordedOutcome, _ lines: ManifestRecording.Lines, _ body: [UInt8]
    ) {
        // The manifest lists records: lines that hold more than blanks.
        let records = outcome.lines.filter { line in
            body[line[0]..<line[0] + line[1]].contains { !" \t\r".utf8.contains($0) }
        }
        #expect(records.count == lines.count)
        if let ranges = lines.ranges { #expect(records == ranges) }
        let text = records.map { "\($0[0]):\($0[1])\n" }.joined()
        #expect(ManifestSHA256.hex([UInt8](text.utf8)) == lines.sha256)
    }

    /// As the manifest does it: name, data and id of each event. None of the recordings has ids.
    private func digest(_ outcome: RecordedOutcome) -> String {
        var text: [UInt8] = []
        for event in outcome.events.split(separator: 1) {
            let parts = event.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
            text += parts[0].isEmpty ? [UInt8]("message".utf8)[...] : parts[0]
            text += [0] + parts[1] + [0, 1]
        }
        return ManifestSHA256.hex(text)
    }
}
