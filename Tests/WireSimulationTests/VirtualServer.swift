import TestSupport
import Testing
import WireBytes
import WireHTTP1
import WireJSON
import WireServer
import WireTime

@testable import WireSimulation

/// A simulator without sockets and without waiting: time goes from one thing that happens to the next.
final class VirtualServer {
    let simulator: Simulator
    private(set) var now = Instant(nanoseconds: 1_000_000_000_000)
    private var calls: [VirtualCall] = []

    init(_ options: SimulationOptions = SimulationOptions()) { simulator = Simulator(options) }

    /// A request that has just come.
    @discardableResult
    func call(
        _ target: String, _ body: String = "", method: String? = nil, fields: String = "",
        version: Int = 1
    ) throws -> VirtualCall {
        let method = method ?? (body.isEmpty ? "GET" : "POST")
        let text = "\(method) \(target) HTTP/1.\(version)\r\nHost: a\r\n\(fields)\r\n"
        var buffer = ReceiveBuffer(limit: .mebibytes(1))
        try buffer.append(Array(text.utf8).span)
        var decoder = RequestDecoder(limits: .standard)
        _ = try decoder.advance(&buffer)
        let request = ServedRequest(
            connection: calls.count, index: 0, head: try #require(decoder.request),
            body: Array(body.utf8), receivedAt: now)
        let call = VirtualCall()
        call.begin(simulator.answer(to: request, waking: call), at: now)
        calls.append(call)
        call.advance(to: now)
        return call
    }

    /// Time passes, up to then.
    func run(until limit: Instant) {
        while true {
            while let woken = calls.first(where: { $0.isWoken }) { woken.advance(to: now) }
            let next = calls.map(\.wakeAt).min() ?? .distantFuture
            if next > limit || next == .distantFuture { break }
            now = max(now, next)
            for call in calls where call.wakeAt <= now { call.advance(to: now) }
        }
        if limit != .distantFuture { now = limit }
    }

    func run(for time: Timeout) { run(until: now + time) }
    func runToEnd() { run(until: .distantFuture) }

    /// The reply to one request, with nothing else going on.
    func reply(_ target: String, _ body: String = "", method: String? = nil) throws -> VirtualCall {
        let made = try call(target, body, method: method)
        runToEnd()
        return made
    }
}

/// One request and what came for it.
final class VirtualCall: ConnectionWaker {
    private var source: (any ResponseSource)?
    private(set) var sent: [(at: Instant, bytes: [UInt8])] = []
    private(set) var wakeAt = Instant.distantFuture
    private(set) var isWoken = false
    private(set) var ending: ResponseAction?
    private(set) var startedAt = Instant(nanoseconds: 0)

    func wake() { isWoken = true }

    fileprivate func begin(_ source: any ResponseSource, at now: Instant) {
        self.source = source
        startedAt = now
    }

    fileprivate func advance(to now: Instant) {
        isWoken = false
        wakeAt = .distantFuture
        while ending == nil, let action = source?.next(at: now) {
            switch action {
            case .send(let bytes):
                sent.append((now, Array(bytes)))
                source?.sent(bytes.count, at: now)
                // An endless one has been seen enough of.
                if sent.count > 5_000 { leave(at: now) }
            case .wait(let due):
                wakeAt = due
                return
            default:
                ending = action
                if action != .stall { drop(at: now) }
            }
        }
    }

    /// The client closes.
    func leave(at now: Instant) {
        if ending == nil { ending = .close }
        wakeAt = .distantFuture
        drop(at: now)
    }

    private func drop(at now: Instant) {
        source?.ended(at: now)
        source = nil
    }

    var bytes: [UInt8] { sent.flatMap(\.bytes) }

    /// The response as our decoder reads it.
    func response() throws -> (head: ResponseHead, body: [UInt8], isComplete: Bool) {
        var buffer = ReceiveBuffer(limit: .mebibytes(16))
        try buffer.append(bytes.span)
        var decoder = ResponseDecoder(toHEAD: false, limits: .standard)
        var body: [UInt8] = []
        var isComplete = false
        reading: while true {
            switch try decoder.advance(&buffer) {
            case .content(let count):
                body.append(copying: buffer.content)
                buffer.consume(count)
            case .end:
                isComplete = true
                break reading
            case .needsBytes:
                isComplete = decoder.framing == .untilClose && ending == .finish
                break reading
            default: continue
            }
        }
        guard let head = decoder.head else { throw NoHead() }
        return (head, body, isComplete)
    }

    struct NoHead: Error {}

    func text() throws -> String { String(decoding: try response().body, as: UTF8.self) }

    /// Of a stream: its records as JSON, with `data:` taken off.
    func records() throws -> [JSONValue] {
        try text().split(separator: "\n").map { line in
            line.hasPrefix("data: ") ? line.dropFirst(6) : line
        }.filter { $0 != "[DONE]" }.map { try JSONValue(parsing: Array($0.utf8).span) }
    }

    func json() throws -> JSONValue {
        let body = try response().body
        return try JSONValue(parsing: body.span)
    }
}

extension JSONValue {
    func at(_ path: String) -> JSONValue? {
        path.split(separator: ".").reduce(Optional(self)) { value, key in
            Int(key).map { value?[$0] } ?? value?[String(key)]
        }
    }

    func int(_ path: String) -> Int? { at(path)?.int64Value.map { Int($0) } }
    func string(_ path: String) -> String? { at(path)?.stringValue }

    /// Its keys in order, and the types of what they lead to; of an array, of its first element.
    var shape: String {
        switch self {
        case .null: "null"
        case .bool: "bool"
        case .int, .uint, .double: "number"
        case .string: "string"
        case .array(let elements): "[\(elements.first?.shape ?? "")]"
        case .object(let members):
            "{" + members.map { "\($0.key):\($0.value.shape)" }.joined(separator: ",") + "}"
        }
    }
}

/// What all records of a native answer say.
func text(of records: [JSONValue]) -> String {
    records.map { $0.string("message.content") ?? $0.string("response") ?? "" }.joined()
}
