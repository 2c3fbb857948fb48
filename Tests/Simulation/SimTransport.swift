import TestSupport
package import WireSockets
package import WireTime
package import WireTransport

/// A simulated connection, the client's side: what the kernel has received and what it holds of what
/// was sent. The other side is its `SimServer`.
///
/// Unchecked: one thread runs a world.
package final class SimTransport: ByteTransport, CustomStringConvertible, @unchecked Sendable {
    enum End { case fin, reset }

    package let peer: String
    let number: Int
    let host: Int
    let client: Int
    private let world: SimWorld
    private(set) var server: SimServer!
    /// When connecting comes to something; nil: never.
    private let openedAt: Instant?
    private let openingError: SystemError?
    private(set) var isOpen = true
    private(set) var isIdle = false
    /// Given back, and on its way to a call that has waited for it.
    var isGranted = false
    private let flag: Interruption
    private var watchers: [SimWaiter] = []

    private var inbox: [UInt8] = []
    private var taken = 0
    /// Behind what is in the inbox.
    private var inboxEnd: End?
    private var hasReset = false
    /// Sent, and not read by the server yet.
    private var unread = 0
    private(set) var sentCount = 0

    package var description: String { "#\(number)" }

    init(
        _ world: SimWorld, number: Int, host: Int, client: Int, peer: String,
        _ opening: HostPlan.Opening, after delay: Timeout
    ) {
        self.world = world
        self.number = number
        self.host = host
        self.client = client
        self.peer = peer
        openedAt = opening == .never ? nil : world.now + delay
        openingError =
            switch opening {
            case .refused: SystemError("connect", 111)
            case .unreachable: SystemError("connect", 113)
            default: nil
            }
        flag = Interruption()
        flag.transport = self
        server = SimServer(self, world)
        if let openedAt { world.at(openedAt) { [weak self] in self?.notify() } }
    }

    // MARK: Readiness

    var isReadableNow: Bool {
        flag.isSet || isConnected && (taken < inbox.count || inboxEnd != nil)
    }

    var isWritableNow: Bool {
        flag.isSet || hasCome && (hasReset || openingError != nil || room > 0)
    }

    private var hasCome: Bool { openedAt.map { $0 <= world.now } ?? false }
    private var isConnected: Bool { hasCome && openingError == nil }
    private var room: Int { max(0, world.scenario.hosts[host].sendBuffer - unread) }

    func watch(_ waiter: SimWaiter) {
        if !isOpen { world.violate("\(self) is waited for after its close") }
        if !watchers.isEmpty { world.violate("\(self) is waited for twice") }
        watchers.append(waiter)
        notify()
    }

    func unwatch(_ waiter: SimWaiter) { watchers.removeAll { $0 === waiter } }

    fileprivate func notify() {
        for waiter in watchers
        where waiter.interest.read && isReadableNow || waiter.interest.write && isWritableNow {
            world.after(world.latency()) { [weak waiter] in waiter?.wake() }
        }
    }

    // MARK: What the server does

    func arrive(_ bytes: ArraySlice<UInt8>) {
        guard isOpen, inboxEnd == nil else { return }
        inbox += bytes
        notify()
    }

    func arriveEnd() {
        if isOpen, inboxEnd == nil { inboxEnd = .fin }
        notify()
    }

    func arriveReset(discarding: Bool) {
        guard isOpen else { return }
        if discarding { taken = inbox.count }
        inboxEnd = .reset
        hasReset = true
        notify()
    }

    func wasRead(_ count: Int) {
        unread -= count
        notify()
    }

    /// What has arrived and has not been read, and whether anything follows.
    var hasUnreadInput: Bool { taken < inbox.count || inboxEnd != nil }

    // MARK: ByteTransport

    package var interruptible: any Interruptible { flag }

    package func finishConnecting() -> ConnectResult {
        let call = world.actor("\(self) finishConnecting")
        if !isOpen { world.violate("\(self) is asked about connecting after its close") }
        let result: ConnectResult =
            !hasCome ? .pending : openingError.map { .failed($0) } ?? .connected
        call?.askedConnecting(self, result)
        return result
    }

    package func receive(into output: inout OutputRawSpan) -> ReceiveResult {
        let call = world.actor("\(self) receive")
        if !isOpen { world.violate("\(self) is read from after its close") }
        if isIdle { world.violate("\(self) is read from while it idles") }
        let room = output.freeCapacity
        let result = take(into: &output)
        call?.received(result, room: room, on: self)
        return result
    }

    private func take(into output: inout OutputRawSpan) -> ReceiveResult {
        let count = min(output.freeCapacity, inbox.count - taken)
        if count > 0 {
            for byte in inbox[taken..<taken + count] { output.append(byte) }
            taken += count
            return .bytes(count)
        }
        if flag.isSet { return .end }
        switch inboxEnd {
        case nil: return .wouldBlock
        case .fin: return .end
        case .reset: return .failed(SystemError("recv", 104))
        }
    }

    package func send(_ first: Span<UInt8>, _ second: Span<UInt8>) -> SendResult {
        let call = world.actor("\(self) send")
        if !isOpen { world.violate("\(self) is sent to after its close") }
        if isIdle { world.violate("\(self) is sent to while it idles") }
        if first.isEmpty, second.isEmpty { world.violate("\(self) is sent nothing") }
        let result = accept(first, second)
        call?.sent(result, on: self)
        return result
    }

    private func accept(_ first: Span<UInt8>, _ second: Span<UInt8>) -> SendResult {
        if flag.isSet { return .failed(SystemError("sendmsg", 32)) }
        if hasReset { return .failed(SystemError("sendmsg", 104)) }
        var most = min(room, first.count + second.count)
        if most == 0 { return .wouldBlock }
        if world.random.chance(1, in: 4) { most = 1 + world.random.below(most) }
        var bytes: [UInt8] = []
        for index in 0..<min(most, first.count) { bytes.append(first[index]) }
        for index in 0..<most - bytes.count { bytes.append(second[index]) }
        unread += most
        sentCount += most
        server.arrive(bytes)
        return .bytes(most)
    }

    package func wait(for interest: Readiness, until deadline: Instant) -> Readiness {
        preconditionFailure("nobody blocks in a simulated world")
    }

    package func isReadable() -> Bool {
        let call = world.actor("\(self) isReadable")
        if !isOpen { world.violate("\(self) is peeked at after its close") }
        (isIdle, isGranted) = (false, false)
        let isReadable = hasUnreadInput || flag.isSet
        call?.peeked(self, isReadable: isReadable)
        return isReadable
    }

    package func becomeIdle() {
        if isIdle || !isOpen { world.violate("\(self) is put into the pool twice, or closed") }
        isIdle = true
        world.lastReleased = self
        world.current?.released(self)
    }

    package func close() {
        if !isOpen { world.violate("\(self) is closed twice") }
        isOpen = false
        (isIdle, isGranted) = (false, false)
        world.lastReleased = nil
        world.note("\(self) closed")
        world.current?.closed(self)
        server.clientClosed()
    }

    var isInterrupted: Bool { flag.isSet }
}

/// `shutdown(2)` of a simulated connection.
private final class Interruption: Interruptible, @unchecked Sendable {
    weak var transport: SimTransport?
    private(set) var isSet = false

    func interrupt() {
        isSet = true
        transport?.notify()
    }
}
