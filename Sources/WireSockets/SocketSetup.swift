internal import Glibc
public import WireTime

/// What a socket is told before it connects.
public struct SocketSetup: Equatable, Sendable {
    /// Where connections come from: at most one address of each family; port 0 takes a free one.
    public var local: [SocketAddress]
    public var options: [SocketOption]

    /// Reads bring the kernel's stamps: see `SocketOption.receiveStamps`, which has to be among `options`.
    public var stampsReceived: Bool

    public init(
        local: [SocketAddress] = [], options: [SocketOption] = [], stampsReceived: Bool = false
    ) {
        self.local = local
        self.options = options
        self.stampsReceived = stampsReceived
    }

    public static let none = SocketSetup()
}

/// An option of a socket, for `setsockopt(2)`, with its value.
public struct SocketOption: Equatable, Sendable {
    private enum Value: Equatable {
        case number(Int32)
        case text(String)
    }

    /// As in its manual page: `SO_RCVBUF`.
    public let name: String
    private let level: Int32
    private let option: Int32
    private let value: Value
    private let families: [SocketAddress.Family]

    private init(
        _ name: String, _ level: Int32, _ option: Int32, _ value: Value,
        _ families: [SocketAddress.Family]
    ) {
        self.name = name
        self.level = level
        self.option = option
        self.value = value
        self.families = families
    }

    private static let ip: [SocketAddress.Family] = [.ipv4, .ipv6]

    static func number(
        _ name: String, _ level: Int32, _ option: Int32, _ value: Int32,
        _ families: [SocketAddress.Family]
    ) -> SocketOption {
        SocketOption(name, level, option, .number(value), families)
    }

    /// Probes an idle connection: after `idle`, every `interval`, and gives it up after `count` of them
    /// (tcp(7)). Times count in whole seconds, at least one.
    public static func keepAlive(idle: Timeout, interval: Timeout, count: Int) -> [SocketOption] {
        func tcp(_ name: String, _ option: Int32, _ value: Int64) -> SocketOption {
            SocketOption(
                name, Int32(IPPROTO_TCP), option, .number(max(1, Int32(clamping: value))), ip)
        }
        return [
            SocketOption("SO_KEEPALIVE", SOL_SOCKET, SO_KEEPALIVE, .number(1), ip),
            tcp("TCP_KEEPIDLE", TCP_KEEPIDLE, idle.nanoseconds / 1_000_000_000),
            tcp("TCP_KEEPINTVL", TCP_KEEPINTVL, interval.nanoseconds / 1_000_000_000),
            tcp("TCP_KEEPCNT", TCP_KEEPCNT, Int64(count)),
        ]
    }

    /// How long bytes may stay unacknowledged before the kernel gives the connection up (tcp(7)).
    public static func userTimeout(_ limit: Timeout) -> SocketOption {
        let milliseconds = Int32(clamping: limit.nanoseconds / 1_000_000)
        return SocketOption(
            "TCP_USER_TIMEOUT", Int32(IPPROTO_TCP), TCP_USER_TIMEOUT,
            .number(max(1, milliseconds)), ip)
    }

    /// The kernel doubles it, and has a minimum and a maximum (socket(7)).
    public static func receiveBuffer(_ bytes: Int) -> SocketOption {
        SocketOption(
            "SO_RCVBUF", SOL_SOCKET, SO_RCVBUF, .number(Int32(clamping: bytes)), ip + [.unix])
    }

    /// The kernel doubles it, and has a minimum and a maximum (socket(7)).
    public static func sendBuffer(_ bytes: Int) -> SocketOption {
        SocketOption(
            "SO_SNDBUF", SOL_SOCKET, SO_SNDBUF, .number(Int32(clamping: bytes)), ip + [.unix])
    }

    /// The byte of type of service or traffic class in each packet: DSCP and ECN (ip(7), ipv6(7)).
    public static func trafficClass(_ value: UInt8) -> [SocketOption] {
        [
            SocketOption("IP_TOS", Int32(IPPROTO_IP), IP_TOS, .number(Int32(value)), [.ipv4]),
            SocketOption(
                "IPV6_TCLASS", Int32(IPPROTO_IPV6), IPV6_TCLASS, .number(Int32(value)), [.ipv6]),
        ]
    }

    /// Only through this interface (socket(7)).
    public static func device(_ name: String) -> SocketOption {
        SocketOption("SO_BINDTODEVICE", SOL_SOCKET, SO_BINDTODEVICE, .text(name), ip)
    }

    fileprivate func set(_ socket: StreamSocket) throws(SystemError) {
        guard families.contains(socket.family) else { return }
        switch value {
        case .number(let number): try socket.setOption(level, option, number, name: name)
        case .text(let text):
            let bytes = [UInt8](text.utf8)
            // Safe because the bytes outlive the call and their count is given.
            let status = unsafe bytes.withUnsafeBytes {
                unsafe setsockopt(
                    socket.descriptor.rawValue, level, option, $0.baseAddress,
                    socklen_t($0.count))
            }
            guard status == 0 else { throw .last("setsockopt", subject: name) }
        }
    }
}

extension StreamSocket {
    func apply(_ setup: SocketSetup) throws(SystemError) {
        for option in setup.options { try option.set(self) }
        if setup.local.isEmpty || family == .unix { return }
        guard let local = setup.local.first(where: { $0.family == family }) else {
            throw SystemError("bind", EAFNOSUPPORT)
        }
        if local.port == 0 {
            // The port is picked with the peer in view, so that each peer has all of them (ip(7)).
            try setOption(
                Int32(IPPROTO_IP), IP_BIND_ADDRESS_NO_PORT, 1, name: "IP_BIND_ADDRESS_NO_PORT")
        } else {
            // A connection that has ended does not keep its port from a new one to elsewhere.
            try setOption(SOL_SOCKET, SO_REUSEADDR, 1, name: "SO_REUSEADDR")
        }
        // Safe because the address outlives the call.
        let status = unsafe local.withSockaddr { unsafe bind(descriptor.rawValue, $0, $1) }
        guard status == 0 else { throw .last("bind") }
    }
}
