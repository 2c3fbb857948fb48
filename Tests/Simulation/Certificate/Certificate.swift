package import TestSupport
import WireBlocking
import WireExchange
import WireHTTP1
import WireSockets
internal import WireTime

/// The hang certificate: recorded exchanges with a peer that stops, behind each byte of its answer and
/// behind each byte that it reads of the request. What has to come of it is worked out from the place,
/// the kind of the stop and the deadlines alone.
package struct Certificate {
    package enum Stop: String, Sendable, CaseIterable { case stall, fin, reset }
    package enum Side: String, Sendable, CaseIterable { case answer, request }

    /// What came of a case, and when.
    package struct Outcome: Equatable, Sendable {
        package var ending = "complete"
        package var phase = ""
        /// The deadline that passed.
        package var deadline: String?
        var waited: Timeout?
        var elapsed = Timeout.zero
        var written = 0
        var received = 0
        /// Bytes of the body that the caller got where it reads pieces; else records.
        var content = 0
        var records = 0
        var isClosed = false
    }

    package struct Case: Sendable {
        package var side: Side
        package var stop: Stop
        /// So many bytes go through.
        package var after: Int
    }

    private let recording: ManifestRecording
    private let response: ManifestRecording.Response
    private let bytes: [UInt8]
    let shape: RecordedShape
    let request: HTTPRequest
    private let requestCount: Int
    private let method: String
    private let target: String

    package var name: String { recording.name }
    var answer: [UInt8] { bytes }

    /// - Returns: nil for a recording that is not a good answer to one request, or too long.
    package init?(_ recording: ManifestRecording, limit: Int = 8 << 10) {
        guard recording.responses.count == 1, let response = recording.responses.first else {
            return nil
        }
        let bytes = recording.bytes(of: response)
        guard bytes.count <= limit, let shape = RecordedShape(bytes, response) else { return nil }
        self.recording = recording
        self.response = response
        self.bytes = bytes
        self.shape = shape
        let recorded = recording.requests[response.request]
        method = recorded.method ?? "GET"
        target = recorded.target.flatMap { $0.hasPrefix("/") ? $0 : nil } ?? "/"
        request = Certificate.request(
            method, HTTPURL(scheme: .http, host: "peer", port: 80, target: target))
        guard let outgoing = try? request.outgoing(opening: { _ in nil }) else { return nil }
        requestCount = outgoing.head.count + outgoing.body.bytes.count
    }

    private static func request(_ method: String, _ url: HTTPURL) -> HTTPRequest {
        HTTPRequest(
            method, url,
            body: method == "POST" || method == "PUT" ? [UInt8]("{\"model\": \"m\"}".utf8) : nil)
    }

    /// The same request to a real server.
    func request(to scheme: HTTPURL.Scheme, port: UInt16) -> HTTPRequest {
        Certificate.request(
            method, HTTPURL(scheme: scheme, host: "127.0.0.1", port: port, target: target))
    }

    /// Every place, in every way.
    package var cases: [Case] {
        var list: [Case] = []
        for stop in Stop.allCases {
            list += (0...bytes.count).map { Case(side: .answer, stop: stop, after: $0) }
            list += (0..<requestCount).map { Case(side: .request, stop: stop, after: $0) }
        }
        return list
    }

    // MARK: Times

    /// All different, so that each shows by its time. Which of two comes first changes with the place.
    static func deadlines(_ place: Int) -> Deadlines {
        Deadlines.standard.with(\.requestWrite, .seconds(3)).with(\.responseHead, .seconds(4))
            .with(\.firstContent, .seconds(place % 3 == 0 ? 9 : 5))
            .with(\.bodyIdle, .seconds(6)).with(\.contentIdle, .seconds(place % 2 == 0 ? 7 : 2))
    }

    /// The answer comes in two pieces, then it stops.
    private static let first = Timeout.milliseconds(10)
    private static let second = Timeout.milliseconds(17)
    private static let stop = Timeout.milliseconds(22)

    // MARK: What has to be

    package func expected(_ one: Case) -> Outcome {
        one.side == .request ? expectedOfRequest(one) : expectedOfAnswer(one)
    }

    private func expectedOfRequest(_ one: Case) -> Outcome {
        var outcome = Outcome(phase: "request", written: one.after, isClosed: true)
        switch one.stop {
        case .stall:
            (outcome.ending, outcome.deadline) = ("timeout", "requestWrite")
            outcome.waited = Certificate.deadlines(one.after).requestWrite
            outcome.elapsed = Certificate.deadlines(one.after).requestWrite
        case .fin: (outcome.ending, outcome.elapsed) = ("closed-early", Certificate.stop)
        case .reset: (outcome.ending, outcome.elapsed) = ("reset", Certificate.stop)
        }
        return outcome
    }

    /// When the byte before this one came.
    private func arrival(of count: Int, _ one: Case) -> Timeout {
        count <= one.after / 2 ? Certificate.first : Certificate.second
    }

    private func expectedOfAnswer(_ one: Case) -> Outcome {
        let isWhole =
            shape.end.map { one.after >= $0 } ?? (one.stop == .fin && one.after >= shape.headEnd)
        let part = shape.part(one.after, atEnd: isWhole)
        var outcome = Outcome(
            written: requestCount, received: one.after,
            content: shape.unit == .pieces ? part.content : 0,
            records: part.records, isClosed: !isWhole || !response.isReusable)
        if isWhole {
            let endsByFIN = shape.end == nil
            outcome.elapsed = endsByFIN ? Certificate.stop : arrival(of: one.after, one)
            return outcome
        }
        let hasHead = one.after >= shape.headEnd
        outcome.phase = !hasHead ? "head" : part.carrying == 0 ? "first-content" : "body"
        switch one.stop {
        case .stall: expectTimeout(one, hasHead, part, &outcome)
        case .fin: (outcome.ending, outcome.elapsed) = ("closed-early", Certificate.stop)
        case .reset: (outcome.ending, outcome.elapsed) = ("reset", Certificate.stop)
        }
        return outcome
    }

    private func expectTimeout(
        _ one: Case, _ hasHead: Bool, _ part: RecordedShape.Part, _ outcome: inout Outcome
    ) {
        let deadlines = Certificate.deadlines(one.after)
        var running: [(Deadline, since: Timeout, Timeout)] = []
        if !hasHead {
            running = [(.responseHead, .zero, deadlines.responseHead)]
        } else {
            let head = arrival(of: shape.headEnd, one)
            if part.carrying == 0 { running.append((.firstContent, head, deadlines.firstContent)) }
            running.append((.bodyIdle, arrival(of: one.after, one), deadlines.bodyIdle))
            if part.carrying > 0 {
                // Whether the second piece carried something.
                let early = shape.part(one.after / 2, atEnd: false)
                let isLate =
                    shape.unit == .pieces
                    ? early.content < part.content : early.carrying < part.carrying
                running.append(
                    (
                        .contentIdle, isLate ? Certificate.second : Certificate.first,
                        deadlines.contentIdle
                    ))
            }
        }
        let next = running.min { $0.since + $0.2 < $1.since + $1.2 }!
        outcome.ending = "timeout"
        outcome.phase = next.0.phase.rawValue
        outcome.deadline = "\(next.0)"
        outcome.waited = next.2
        outcome.elapsed = next.since + next.2
    }

    // MARK: What is

    package func run(_ one: Case) -> Outcome {
        let system = ScriptedSystem(script(one))
        system.recordsCalls = false
        var options = ClientOptions()
        options.deadlines = Certificate.deadlines(one.after)
        var client = TestClient(options, system: system)
        var outcome = outcome(of: request, by: &client)
        if outcome.ending != "complete", outcome.elapsed != system.elapsed {
            outcome.phase += ", at another time"
        }
        outcome.elapsed = system.elapsed
        outcome.isClosed = system.connections.first?.isClosed != false
        if !system.problems.isEmpty {
            outcome.ending += ": " + system.problems.joined(separator: "; ")
        }
        return outcome
    }

    /// What a client makes of it, as it says itself.
    func outcome(of request: HTTPRequest, by client: inout TestClient) -> Outcome {
        var outcome = Outcome(written: requestCount)
        do throws(TransportError) {
            var response = try client.send(request)
            try read(&response, &outcome)
            outcome.received = response.progress.bytesReceived
        } catch {
            outcome.ending = error.kind.rawValue
            outcome.phase = error.phase.rawValue
            if case .timeout(let deadline, let waited, _) = error {
                (outcome.deadline, outcome.waited) = ("\(deadline)", waited)
            }
            outcome.written = error.progress.bytesWritten
            outcome.received = error.progress.bytesReceived
            outcome.elapsed = error.progress.elapsed
        }
        return outcome
    }

    private func read(
        _ response: inout TestResponse, _ outcome: inout Outcome
    ) throws(TransportError) {
        switch shape.unit {
        case .pieces:
            while let piece = try response.nextBytes() { outcome.content += piece.count }
        case .lines: while try response.nextLine() != nil { outcome.records += 1 }
        case .events: while try response.nextEvent() != nil { outcome.records += 1 }
        }
    }

    private func script(_ one: Case) -> ConnectionScript {
        var input: [ConnectionScript.Input] = []
        var output: [ConnectionScript.Output] = []
        switch one.side {
        case .answer:
            let half = one.after / 2
            input = [.request, .pause(Certificate.first)]
            if half > 0 { input.append(.bytes([UInt8](bytes[..<half]))) }
            input.append(.pause(Timeout(nanoseconds: 7_000_000)))
            if one.after > half { input.append(.bytes([UInt8](bytes[half..<one.after]))) }
            input.append(.pause(Timeout(nanoseconds: 5_000_000)))
        case .request:
            if one.after > 0 { output.append(.accept(one.after)) }
            output.append(.blockForEver)
            if one.after > 0 { input.append(.sent(one.after)) }
            input.append(.pause(Certificate.stop))
        }
        switch one.stop {
        case .stall: break
        case .fin: input.append(.end)
        case .reset: input.append(.reset)
        }
        return ConnectionScript(input, output: output)
    }
}
