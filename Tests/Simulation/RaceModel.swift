import WireSockets
import WireTime

/// RFC 8305 5 as a list: which address is next, and when.
struct RaceModel {
    private(set) var left: [SocketAddress] = []
    private(set) var underWay: [SimTransport] = []
    private(set) var failureCount = 0
    /// Nil: at once.
    private(set) var nextAt: Instant? = .distantFuture
    private let delay = Timeout.milliseconds(250)
    private var lastOpened: SocketAddress?
    private(set) var refusals = 0

    init() {}

    /// Families alternate, the first one's first.
    init(_ addresses: [SocketAddress]) {
        var groups = [
            addresses.filter { $0.family == addresses.first?.family },
            addresses.filter { $0.family != addresses.first?.family },
        ]
        var turn = 0
        while !groups[0].isEmpty || !groups[1].isEmpty {
            if !groups[turn].isEmpty { left.append(groups[turn].removeFirst()) }
            turn = 1 - turn
        }
        nextAt = nil
    }

    /// - Returns: what is wrong with opening this one now.
    mutating func opens(_ address: SocketAddress, _ transport: SimTransport?, at now: Instant)
        -> String?
    {
        guard let first = left.first else { return "opens \(address), and none is left" }
        if address != first { return "opens \(address) before \(first)" }
        if let nextAt, nextAt > now { return "opens \(address) too early" }
        left.removeFirst()
        if let transport { underWay.append(transport) }
        if underWay.count > 8 { return "\(underWay.count) attempts at once" }
        nextAt = left.isEmpty || underWay.count >= 8 ? .distantFuture : now + delay
        return nil
    }

    mutating func fails(_ transport: SimTransport?, _ error: SystemError) {
        underWay.removeAll { $0 === transport }
        failureCount += 1
        if error.number == 111 { refusals += 1 }
        if error.number == 24 { left = [] }
        nextAt = left.isEmpty ? .distantFuture : nil
    }

    var hasFailed: Bool { left.isEmpty && underWay.isEmpty }

    /// - Returns: those that have lost.
    mutating func wins(_ transport: SimTransport) -> [SimTransport] {
        defer { underWay = [] }
        left = []
        nextAt = .distantFuture
        return underWay.filter { $0 !== transport }
    }
}
