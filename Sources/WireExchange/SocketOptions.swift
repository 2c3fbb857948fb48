public import WireTime

/// What a client's sockets are told before they connect. Nagle's algorithm is always off: requests are
/// written whole.
///
/// Each that is nil is left to the system. One that the kernel refuses fails the attempt, with the
/// option's name in `ConnectAttempt.cause`. On Unix sockets the sizes of buffers alone have a meaning.
public struct SocketOptions: Sendable, Hashable {
    /// Probes of a connection on which nothing moves (tcp(7)).
    public struct KeepAlive: Sendable, Hashable {
        /// Until the first probe, in whole seconds (TCP_KEEPIDLE).
        public var idle: Timeout
        /// Between probes, in whole seconds (TCP_KEEPINTVL).
        public var interval: Timeout
        /// Probes without an answer until the connection is given up (TCP_KEEPCNT).
        public var count: Int

        public init(
            idle: Timeout = .seconds(60), interval: Timeout = .seconds(10), count: Int = 6
        ) {
            self.idle = idle
            self.interval = interval
            self.count = count
        }
    }

    /// Finds peers that have vanished while a stream is silent on purpose, sooner than its deadlines.
    public var keepAlive: KeepAlive?
    /// How long bytes sent may stay unacknowledged, in milliseconds (TCP_USER_TIMEOUT, tcp(7)).
    public var userTimeout: Timeout?
    /// In bytes (SO_RCVBUF). The kernel doubles it, caps it at net.core.rmem_max, and no longer tunes
    /// it: throughput may fall.
    public var receiveBuffer: Int?
    /// In bytes (SO_SNDBUF). As for `receiveBuffer`, with net.core.wmem_max.
    public var sendBuffer: Int?
    /// In bytes (SO_RCVLOWAT): while at least so much of a body of known length is to come, a wait ends only
    /// when so much is there (the kernel caps it at half its buffer), or at a deadline. Fewer wakes in
    /// a large download; records come the later. TCP only.
    public var receiveLowWatermark: Int?
    /// The byte of DSCP and ECN in each packet (IP_TOS, IPV6_TCLASS).
    public var trafficClass: UInt8?
    /// Only through this interface, `eth0` (SO_BINDTODEVICE).
    public var device: String?

    /// The kernel stamps what it receives (SO_TIMESTAMPING, TCP_INQ): `arrival` of a response tells when a
    /// record came, whatever kept the reader. Costs some hundred nanoseconds a read. TCP only.
    public var receiveTimestamps = false

    public init() {}
}
