internal import CLinuxShims
internal import Glibc
public import WireTime

/// What the kernel said of the last bytes that a read brought.
public struct ReceiveStamp: Equatable, Sendable {
    /// When the last byte came (SO_TIMESTAMPING, software); nil when the kernel did not say.
    public let instant: Instant?
    /// How many bytes were left to be read (TCP_INQ); nil when the kernel did not say.
    public let bytesLeft: Int?

    public init(instant: Instant?, bytesLeft: Int?) {
        self.instant = instant
        self.bytesLeft = bytesLeft
    }
}

extension SocketOption {
    /// Has the kernel stamp what it receives, and tell how much is left behind each read (socket(7),
    /// tcp(7); Linux 4.19). TCP only.
    public static var receiveStamps: [SocketOption] {
        [
            .number(
                "SO_TIMESTAMPING", SOL_SOCKET, SO_TIMESTAMPING, clinux_receive_stamp_flags(),
                [.ipv4, .ipv6]),
            .number("TCP_INQ", Int32(IPPROTO_TCP), clinux_tcp_inq(), 1, [.ipv4, .ipv6]),
        ]
    }
}

extension StreamSocket {
    /// `receive` by recvmsg(2), with what the kernel says of the bytes.
    public func receiveStamped(
        into output: inout OutputRawSpan, waits: Bool = false
    ) -> (ReceiveResult, ReceiveStamp?) {
        while true {
            let (result, stamp) = receiveOnce(into: &output, waits ? 0 : Int32(MSG_DONTWAIT))
            if let result { return (result, stamp) }
            if waits { return (.wouldBlock, nil) }
        }
    }

    private func receiveOnce(
        into output: inout OutputRawSpan, _ flags: Int32
    ) -> (ReceiveResult?, ReceiveStamp?) {
        unsafe output.withUnsafeMutableBytes { buffer, count in
            // Room for both messages (cmsg(3)), aligned as its first field is.
            var control = InlineArray<16, UInt64>(repeating: 0)
            let size = MemoryLayout.size(ofValue: control)
            // Safe because recvmsg writes at most the rest of the buffer and `size` bytes of control.
            var vector = unsafe iovec(
                iov_base: buffer.baseAddress! + count, iov_len: buffer.count - count)
            return unsafe withUnsafeMutablePointer(to: &vector) { vector in
                unsafe withUnsafeMutablePointer(to: &control) { control in
                    var message = unsafe msghdr()
                    unsafe message.msg_iov = vector
                    unsafe message.msg_iovlen = 1
                    unsafe message.msg_control = UnsafeMutableRawPointer(control)
                    unsafe message.msg_controllen = size
                    let received = unsafe recvmsg(descriptor.rawValue, &message, flags)
                    if received > 0 {
                        count += received
                        return unsafe (.bytes(received), StreamSocket.stamp(in: &message))
                    }
                    if received == 0 { return (.end, nil) }
                    switch errno {
                    case EINTR: return (nil, nil)
                    case EAGAIN: return (.wouldBlock, nil)
                    default: return (.failed(.last("recvmsg")), nil)
                    }
                }
            }
        }
    }

    private static func stamp(in message: UnsafeMutablePointer<msghdr>) -> ReceiveStamp {
        var instant: Instant?
        var bytesLeft: Int?
        // Safe because the walk stays within the control that the kernel has filled (cmsg(3)).
        var entry = unsafe clinux_cmsg_first(message)
        while let header = unsafe entry {
            if unsafe clinux_cmsg_is_stamp(header) != 0 {
                let nanoseconds = unsafe clinux_cmsg_stamp_ns(header)
                if nanoseconds > 0 {
                    instant = MonotonicClock.instant(ofWallClock: nanoseconds)
                }
            } else if unsafe clinux_cmsg_is_inq(header) != 0 {
                bytesLeft = unsafe Int(clinux_cmsg_int(header))
            }
            unsafe entry = unsafe clinux_cmsg_next(message, header)
        }
        return ReceiveStamp(instant: instant, bytesLeft: bytesLeft)
    }
}

/// What the kernel knows of a TCP connection (TCP_INFO, tcp(7)).
public struct SocketFacts: Equatable, Sendable {
    /// Smoothed, and its mean deviation.
    public let roundTrip: Timeout
    public let roundTripVariation: Timeout
    public let retransmissions: Int
    /// In segments.
    public let congestionWindow: Int
    /// In bytes.
    public let segmentSize: Int
}

extension StreamSocket {
    /// Nil where the socket is no TCP.
    public var facts: SocketFacts? {
        if family == .unix { return nil }
        var info = tcp_info()
        var size = socklen_t(MemoryLayout<tcp_info>.size)
        // Safe because the option is a struct tcp_info, of which the kernel fills what it knows.
        guard
            unsafe getsockopt(
                descriptor.rawValue, Int32(IPPROTO_TCP), TCP_INFO, &info, &size) == 0
        else { return nil }
        return SocketFacts(
            roundTrip: .microseconds(Int64(info.tcpi_rtt)),
            roundTripVariation: .microseconds(Int64(info.tcpi_rttvar)),
            retransmissions: Int(info.tcpi_total_retrans),
            congestionWindow: Int(info.tcpi_snd_cwnd), segmentSize: Int(info.tcpi_snd_mss))
    }
}
