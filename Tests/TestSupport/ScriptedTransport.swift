internal import Synchronization
public import WireSockets
public import WireTime
public import WireTransport

/// One connection of a `ScriptedSystem`. Unchecked: a test uses it from one task.
public final class ScriptedTransport: ByteTransport, @unchecked Sendable {
    public let peer: String
    public let number: Int
    /// All that the client has sent.
    public private(set) var sent: [UInt8] = []
    public private(set) var isClosed = false

    /// Weak, because a stream may be the last to hold its connection when the system has gone.
    private weak var owner: ScriptedSystem?
    private var system: ScriptedSystem { owner! }
    private let script: ConnectionScript
    private let flag = InterruptFlag()
    /// When the opening is over; nil for never.
    private let openedAt: Instant?
    private let openingError: SystemError?

    private var nextInput = 0
    /// How much of the step `nextInput` has been delivered: bytes of a piece, and whole pieces.
    private var delivered = 0
    private var repetitions = 0
    /// The earliest time of the step `nextInput`.
    private var inputTime: Instant
    private var hasEnded = false

    private var nextOutput = 0
    private var blockedUntil = Instant(nanoseconds: 0)

    private var requests = RequestCounter()
    private var answered = 0
    /// For the gates: how much had been sent when.
    private var requestTimes: [Instant] = []
    private var sendTimes: [(total: Int, at: Instant)] = []

    init(_ script: ConnectionScript, system: ScriptedSystem, number: Int, peer: String) {
        self.script = script
        owner = system
        self.number = number
        self.peer = peer
        switch script.opening {
        case .established(let delay): (openedAt, openingError) = (system.now + delay, nil)
        case .fails(let error, let delay): (openedAt, openingError) = (system.now + delay, error)
        case .failsAtOnce, .never: (openedAt, openingError) = (nil, nil)
        }
        inputTime = openedAt ?? .distantFuture
    }

    public var interruptible: any Interruptible { flag }

    public func finishConnecting() -> ConnectResult {
        if isClosed { system.report("#\(number) asked how connecting went after close") }
        if openedAt.map({ $0 > system.now }) ?? true {
            system.record(.finishConnecting(errorNumber: 115), on: number)
            return .pending
        }
        system.record(.finishConnecting(errorNumber: openingError?.number ?? 0), on: number)
        return openingError.map { .failed($0) } ?? .connected
    }

    /// Something has come that ends a wait for `interest` beside others.
    func hasCome(_ interest: Readiness) -> Bool {
        if isClosed { system.report("#\(number) waited for after close") }
        runDueSteps()
        return flag.isSet || takeInterruption() || interest.write && isWritable
    }

    public func close() {
        if isClosed { owner?.report("#\(number) closed twice") }
        isClosed = true
        owner?.record(.close, on: number)
    }

    public func isReadable() -> Bool {
        if isClosed { system.report("#\(number) peeked at after close") }
        let readable = hasEnded || flag.isSet || isInputDue
        system.record(.peek(readable), on: number)
        return readable
    }

    public func setReceiveLowWatermark(_ bytes: Int) throws(SystemError) {
        if isClosed { system.report("#\(number) told something after close") }
        system.record(.lowWatermark(bytes), on: number)
    }

    // MARK: Writing

    public func send(_ first: Span<UInt8>, _ second: Span<UInt8>) -> SendResult {
        system.advance(by: system.sendTime)
        if isClosed { system.report("#\(number) sent to after close") }
        if first.isEmpty && second.isEmpty { system.report("#\(number) sent nothing") }
        if flag.isSet || system.isBroken { return sendFailed(SystemError("sendmsg", 32)) }
        if system.now < blockedUntil { return sendBlocked() }
        var most = Int.max
        if nextOutput < script.output.count {
            nextOutput += 1
            switch script.output[nextOutput - 1] {
            case .accept(let count): most = count
            case .block(let time):
                blockedUntil = system.now + time
                return sendBlocked()
            case .blockForEver:
                blockedUntil = .distantFuture
                return sendBlocked()
            case .fail(let error): return sendFailed(error)
            }
        }
        let head = first.extracting(first: most)
        let body = second.extracting(first: max(0, most - head.count))
        take(head)
        take(body)
        sendTimes.append((sent.count, system.now))
        while requestTimes.count < requests.complete { requestTimes.append(system.now) }
        system.record(.send(head.count + body.count), on: number)
        return .bytes(head.count + body.count)
    }

    private func take(_ bytes: Span<UInt8>) {
        unsafe bytes.withUnsafeBufferPointer { unsafe sent.append(contentsOf: $0) }
        requests.take(bytes)
    }

    private func sendBlocked() -> SendResult {
        system.record(.sendBlocked, on: number)
        return .wouldBlock
    }

    private func sendFailed(_ error: SystemError) -> SendResult {
        system.record(.sendFailed(error.number), on: number)
        return .failed(error)
    }

    // MARK: Reading

    public func receive(into output: inout OutputRawSpan) -> ReceiveResult {
        system.advance(by: system.receiveTime)
        if isClosed { system.report("#\(number) read from after close") }
        let result = take(into: &output)
        switch result {
        case .bytes(let count): system.record(.receive(count), on: number)
        case .wouldBlock: system.record(.receiveBlocked, on: number)
        case .end: system.record(.receiveEnd, on: number)
        case .failed(let error): system.record(.receiveFailed(error.number), on: number)
        }
        return result
    }

    private func take(into output: inout OutputRawSpan) -> ReceiveResult {
        if system.isBroken { return .failed(SystemError("recv", 125)) }
        runDueSteps()
        guard !hasEnded else { return .end }
        // What is in the kernel comes out even after a shutdown.
        guard isInputDue else { return flag.isSet ? .end : .wouldBlock }
        switch script.input[nextInput] {
        case .bytes(let piece): return deliver(piece, times: 1, into: &output)
        case .repeated(let piece, let count): return deliver(piece, times: count, into: &output)
        case .end:
            hasEnded = true
            nextInput += 1
            return .end
        case .reset:
            hasEnded = true
            nextInput += 1
            return .failed(SystemError("recv", 104))
        case .fail(let error):
            nextInput += 1
            return .failed(error)
        default: return .wouldBlock
        }
    }

    private func deliver(
        _ piece: [UInt8], times: Int, into output: inout OutputRawSpan
    ) -> ReceiveResult {
        let count = min(output.freeCapacity, piece.count - delivered)
        let start = delivered
        // Safe because both sides were just measured.
        unsafe output.withUnsafeMutableBytes { buffer, filled in
            unsafe piece.withUnsafeBytes { source in
                let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
                unsafe rest.copyMemory(
                    from: UnsafeRawBufferPointer(rebasing: source[start..<(start + count)]))
            }
            filled += count
        }
        delivered += count
        if delivered == piece.count {
            delivered = 0
            repetitions += 1
            if repetitions >= times {
                repetitions = 0
                nextInput += 1
            }
        }
        return .bytes(count)
    }

    // MARK: Waiting

    public func wait(for interest: Readiness, until deadline: Instant) -> Readiness {
        if isClosed { system.report("#\(number) waited for after close") }
        if interest == .none { system.report("#\(number) waited for nothing") }
        let ready = advance(for: interest, until: deadline)
        let limit = deadline == .distantFuture ? Timeout.never : deadline.since(system.start)
        system.record(.wait(read: interest.read, write: interest.write, until: limit), on: number)
        return ready
    }

    private func advance(for interest: Readiness, until deadline: Instant) -> Readiness {
        while true {
            if system.isBroken { return interest }
            runDueSteps()
            if flag.isSet { return interest }
            if takeInterruption() { return .none }
            let ready = Readiness(
                read: interest.read && (hasEnded || isInputDue || takeSpuriousWake()),
                write: interest.write && isWritable)
            if ready != .none { return ready }
            let next = nextEvent(for: interest)
            if next > deadline || next == .distantFuture {
                if deadline == .distantFuture {
                    system.breakDown("#\(number) waits for ever")
                    return interest
                }
                system.advance(to: deadline)
                return .none
            }
            system.advance(to: next)
        }
    }

    private var isWritable: Bool {
        guard let openedAt else { return false }
        return max(openedAt, blockedUntil) <= system.now
    }

    func nextEvent(for interest: Readiness) -> Instant {
        var next = Instant.distantFuture
        if interest.write, let openedAt { next = max(openedAt, blockedUntil) }
        guard let input = inputDue() else { return next }
        switch script.input[nextInput] {
        case .perform, .interruptedWait: return min(next, input)
        default: return interest.read ? min(next, input) : next
        }
    }

    private var isInputDue: Bool {
        guard let due = inputDue(), due <= system.now else { return false }
        switch script.input[nextInput] {
        case .bytes, .repeated, .end, .reset, .fail: return true
        default: return false
        }
    }

    /// When the next step that is more than a gate or a pause comes; nil while a gate is shut, and
    /// behind the last step.
    private func inputDue() -> Instant? {
        while nextInput < script.input.count {
            switch script.input[nextInput] {
            case .pause(let time): inputTime = inputTime + time
            case .at(let time): inputTime = max(inputTime, system.start + time)
            case .request:
                guard answered < requestTimes.count else { return nil }
                inputTime = max(inputTime, requestTimes[answered])
                answered += 1
            case .sent(let count):
                guard let reached = sendTimes.first(where: { $0.total >= count }) else {
                    return nil
                }
                inputTime = max(inputTime, reached.at)
            default: return inputTime
            }
            nextInput += 1
        }
        return nil
    }

    private func runDueSteps() {
        while let due = inputDue(), due <= system.now, !system.isBroken,
            case .perform(let action) = script.input[nextInput]
        {
            nextInput += 1
            action(system)
        }
    }

    private func takeInterruption() -> Bool {
        guard let due = inputDue(), due <= system.now,
            case .interruptedWait = script.input[nextInput]
        else { return false }
        nextInput += 1
        return true
    }

    private func takeSpuriousWake() -> Bool {
        guard let due = inputDue(), due <= system.now, case .spuriousWake = script.input[nextInput]
        else { return false }
        nextInput += 1
        return true
    }

    func unfinished() -> [String] {
        var list: [String] = []
        if nextInput < script.input.count {
            list.append("#\(number): \(script.input.count - nextInput) input steps left")
        }
        if nextOutput < script.output.count {
            list.append("#\(number): \(script.output.count - nextOutput) output steps left")
        }
        return list
    }
}

/// `shutdown(2)` of a scripted connection.
private final class InterruptFlag: Interruptible {
    private let state = Mutex(false)

    var isSet: Bool { state.withLock { $0 } }
    func interrupt() { state.withLock { $0 = true } }
}

/// Counts complete requests in what a client sends: heads with Content-Length or chunks, by a reader
/// of its own that knows no more than what a client of ours writes.
package struct RequestCounter {
    package private(set) var complete = 0
    private var head: [UInt8] = []
    /// Line ends in a row.
    private var lineEnds = 0
    private var bodyLeft = 0
    private var isChunked = false
    private var tail: [UInt8] = []

    package init() {}

    package mutating func take(_ bytes: Span<UInt8>) {
        var index = 0
        while index < bytes.count {
            if bodyLeft > 0 {
                let count = min(bodyLeft, bytes.count - index)
                index += count
                bodyLeft -= count
                if bodyLeft == 0 { complete += 1 }
            } else {
                takeByte(bytes[index])
                index += 1
            }
        }
    }

    private mutating func takeByte(_ byte: UInt8) {
        if isChunked {
            tail = tail.suffix(6) + [byte]
            if tail == [UInt8]("\r\n0\r\n\r\n".utf8) || tail == [UInt8]("0\r\n\r\n".utf8) {
                isChunked = false
                complete += 1
            }
            return
        }
        head.append(byte)
        lineEnds = byte == 0x0A ? lineEnds + 1 : byte == 0x0D ? lineEnds : 0
        if lineEnds < 2 { return }
        for line in String(decoding: head, as: UTF8.self).lowercased().split(separator: "\r\n") {
            if line.hasPrefix("content-length: ") { bodyLeft = Int(line.dropFirst(16)) ?? 0 }
            if line == "transfer-encoding: chunked" { isChunked = true }
        }
        head = []
        lineEnds = 0
        tail = []
        if bodyLeft == 0, !isChunked { complete += 1 }
    }
}
