internal import CLinuxShims
internal import Glibc
public import WireTime

/// What a read brought.
public enum ReceiveResult: Equatable, Sendable {
    case bytes(Int)
    case wouldBlock
    /// FIN: the peer will send nothing more.
    case end
    case failed(SystemError)
}

/// What a write took.
public enum SendResult: Equatable, Sendable {
    case bytes(Int)
    case wouldBlock
    case failed(SystemError)
}

/// How connecting went so far.
public enum ConnectResult: Equatable, Sendable {
    case connected
    /// The peer has not answered yet.
    case pending
    case failed(SystemError)
}

/// A TCP or Unix socket whose calls do not wait, but for one: the system calls of a connection, errors
/// by name.
public struct StreamSocket: Sendable {
    public let descriptor: Descriptor
    public let family: SocketAddress.Family

    /// Starts connecting. The result stands once the socket is writable: see `connectResult`.
    ///
    /// - Parameter setup: what the socket is told before.
    /// - Throws: also EAGAIN, from a Unix socket whose queue is full: nothing would tell when it no
    ///   longer is.
    public static func connect(
        to address: SocketAddress, _ setup: SocketSetup = .none
    ) throws(SystemError) -> StreamSocket {
        let socket = try open(address.family)
        try socket.apply(setup)
        let number = socket.descriptor.rawValue
        // Safe because the address outlives the call.
        let status = unsafe address.withSockaddr { unsafe Glibc.connect(number, $0, $1) }
        // EINTR: the attempt goes on (connect(2)); asking again would be an error.
        if status != 0, errno != EINPROGRESS, errno != EINTR { throw .last("connect") }
        return socket
    }

    /// Listens on an address; port 0 takes a free one.
    public static func listen(
        on address: SocketAddress, backlog: Int32 = 1024
    ) throws(SystemError) -> StreamSocket {
        let socket = try open(address.family)
        let number = socket.descriptor.rawValue
        try socket.setOption(SOL_SOCKET, SO_REUSEADDR, 1)
        // Safe because the address outlives the call.
        let status = unsafe address.withSockaddr { unsafe bind(number, $0, $1) }
        guard status == 0 else { throw .last("bind") }
        guard Glibc.listen(number, backlog) == 0 else { throw .last("listen") }
        return socket
    }

    private static func open(_ family: SocketAddress.Family) throws(SystemError) -> StreamSocket {
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let number = socket(family.number, kind, 0)
        if number < 0 { throw .last("socket") }
        let opened = StreamSocket(descriptor: Descriptor(owning: number), family: family)
        try opened.setNoDelay()
        return opened
    }

    /// Requests are written whole: Nagle could only delay them.
    private func setNoDelay() throws(SystemError) {
        if family != .unix { try setOption(Int32(IPPROTO_TCP), TCP_NODELAY, 1) }
    }

    /// The next waiting connection, non-blocking; nil when none waits.
    public func accept() throws(SystemError) -> StreamSocket? {
        let flags = Int32(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let number = clinux_accept4(descriptor.rawValue, flags)
        if number >= 0 {
            let accepted = StreamSocket(descriptor: Descriptor(owning: number), family: family)
            try accepted.setNoDelay()
            return accepted
        }
        switch errno {
        case EAGAIN, EINTR, ECONNABORTED: return nil
        default: throw .last("accept4")
        }
    }

    /// How connecting went so far.
    public func connectResult() -> ConnectResult {
        var value: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        // Safe because the option is an int.
        guard unsafe getsockopt(descriptor.rawValue, SOL_SOCKET, SO_ERROR, &value, &size) == 0
        else { return .failed(.last("getsockopt")) }
        if value != 0 { return .failed(SystemError("connect", value)) }
        // No error is what a socket says that still waits for its peer, too.
        guard let peer = unsafe name({ unsafe getpeername(descriptor.rawValue, $0, $1) }) else {
            return errno == ENOTCONN ? .pending : .failed(.last("getpeername"))
        }
        if family == .unix { return .connected }
        // A connection from a port to itself: what a connect to a free ephemeral port can become.
        let local = unsafe name { unsafe getsockname(descriptor.rawValue, $0, $1) }
        return local == peer ? .failed(.selfConnected) : .connected
    }

    /// Reads at most what `output` has room for.
    public func receive(into output: inout OutputRawSpan) -> ReceiveResult {
        while true {
            let result = receive(into: &output, Int32(MSG_DONTWAIT))
            if let result { return result }
        }
    }

    /// Like `receive`, but waits for the first byte, if `letReceivesWait` allows it.
    ///
    /// - Returns: `.wouldBlock` also when a signal came.
    public func receiveWaiting(into output: inout OutputRawSpan) -> ReceiveResult {
        receive(into: &output, 0) ?? .wouldBlock
    }

    /// - Returns: nil when a signal came first.
    @inline(__always)
    private func receive(into output: inout OutputRawSpan, _ flags: Int32) -> ReceiveResult? {
        unsafe output.withUnsafeMutableBytes { buffer, count in
            // Safe because recv writes at most the rest of the buffer.
            let free = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[count...])
            let received = unsafe recv(descriptor.rawValue, free.baseAddress, free.count, flags)
            if received > 0 {
                count += received
                return .bytes(received)
            }
            if received == 0 { return .end }
            switch errno {
            case EINTR: return nil
            case EAGAIN: return .wouldBlock
            default: return .failed(.last("recv"))
            }
        }
    }

    /// Lets `receiveWaiting` wait, for about `limit` a call: the kernel may take an eighth longer.
    /// Nothing else here ever waits. Call when connecting has been started.
    public func letReceivesWait(for limit: Timeout) throws(SystemError) {
        let seconds = Int(limit.nanoseconds / 1_000_000_000)
        let rest = Int(limit.nanoseconds % 1_000_000_000 / 1_000)
        var value = timeval(tv_sec: seconds, tv_usec: rest)
        let size = socklen_t(MemoryLayout<timeval>.size)
        // Safe because the option is a struct timeval.
        guard unsafe setsockopt(descriptor.rawValue, SOL_SOCKET, SO_RCVTIMEO, &value, size) == 0
        else { throw .last("setsockopt") }
        // O_NONBLOCK was the only flag.
        guard fcntl(descriptor.rawValue, F_SETFL, 0) == 0 else { throw .last("fcntl") }
    }

    /// Writes as much of both spans as the kernel takes, in one call.
    public func send(_ first: Span<UInt8>, _ second: Span<UInt8>) -> SendResult {
        if second.isEmpty { return send(first) }
        return unsafe first.withUnsafeBytes { head in
            unsafe second.withUnsafeBytes { body in
                // Safe because the vectors point into spans that are borrowed for the call.
                let vectors: InlineArray<2, iovec> = unsafe [vector(head), vector(body)]
                return unsafe withUnsafePointer(to: vectors) { pointer in
                    var message = unsafe msghdr()
                    unsafe message.msg_iov = UnsafeMutableRawPointer(mutating: pointer)
                        .assumingMemoryBound(to: iovec.self)
                    unsafe message.msg_iovlen = 2
                    return unsafe send(&message)
                }
            }
        }
    }

    private func send(_ bytes: Span<UInt8>) -> SendResult {
        unsafe bytes.withUnsafeBytes { bytes in
            // Safe because the span is borrowed for the call.
            sending("send") {
                unsafe Glibc.send(descriptor.rawValue, bytes.baseAddress, bytes.count, $0)
            }
        }
    }

    private func send(_ message: UnsafePointer<msghdr>) -> SendResult {
        sending("sendmsg") { unsafe sendmsg(descriptor.rawValue, message, $0) }
    }

    @inline(__always)
    private func sending(_ name: String, _ call: (_ flags: Int32) -> Int) -> SendResult {
        let flags = Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)
        while true {
            let sent = call(flags)
            if sent >= 0 { return .bytes(sent) }
            switch errno {
            case EINTR: continue
            case EAGAIN: return .wouldBlock
            default: return .failed(.last(name))
            }
        }
    }

    private func vector(_ bytes: UnsafeRawBufferPointer) -> iovec {
        unsafe iovec(
            iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress), iov_len: bytes.count)
    }

    /// Whether something is there to read, or the peer has closed: an idle connection of which this
    /// is true is dead.
    public func isReadable() -> Bool {
        var byte: UInt8 = 0
        let flags = Int32(MSG_PEEK) | Int32(MSG_DONTWAIT)
        // Safe because at most one byte is written.
        let result = unsafe recv(descriptor.rawValue, &byte, 1, flags)
        return result >= 0 || errno != EAGAIN
    }

    /// Nil also for Unix sockets.
    public var localAddress: SocketAddress? {
        unsafe name { unsafe getsockname(descriptor.rawValue, $0, $1) }?.address
    }

    /// Nil also for Unix sockets.
    public var peerAddress: SocketAddress? {
        unsafe name { unsafe getpeername(descriptor.rawValue, $0, $1) }?.address
    }

    /// Closing discards what was not sent yet and makes the kernel send RST at once.
    public func setLingerZero() throws(SystemError) {
        var value = linger(l_onoff: 1, l_linger: 0)
        let size = socklen_t(MemoryLayout<linger>.size)
        // Safe because the option is a struct linger.
        guard unsafe setsockopt(descriptor.rawValue, SOL_SOCKET, SO_LINGER, &value, size) == 0
        else { throw .last("setsockopt") }
    }

    /// Sends FIN behind what was written and goes on reading, as a server does whose last bytes no
    /// reset may discard (RFC 9112 9.6). Not for clients: see `Descriptor.shutdown`.
    public func finishSending() {
        _ = shutdown(descriptor.rawValue, Int32(SHUT_WR))
    }

    /// Waits for reading end only when so many bytes are there, or no more will come (SO_RCVLOWAT,
    /// socket(7)). The kernel caps it at half of what the buffer may become. Nothing for Unix sockets.
    public func setReceiveLowWatermark(_ bytes: Int) throws(SystemError) {
        if family == .unix { return }
        try setOption(SOL_SOCKET, SO_RCVLOWAT, Int32(clamping: bytes), name: "SO_RCVLOWAT")
    }

    /// Asks for kernel buffers of about these sizes (the kernel doubles them and has a minimum), so
    /// that a test meets back-pressure soon. Connections take over those of their listener.
    public func setBufferSizes(send: Int32?, receive: Int32?) throws(SystemError) {
        if let send { try setOption(SOL_SOCKET, SO_SNDBUF, send) }
        if let receive { try setOption(SOL_SOCKET, SO_RCVBUF, receive) }
    }

    func setOption(
        _ level: Int32, _ option: Int32, _ value: Int32, name: String? = nil
    ) throws(SystemError) {
        var value = value
        let size = socklen_t(MemoryLayout<Int32>.size)
        // Safe because the options used here are ints.
        guard unsafe setsockopt(descriptor.rawValue, level, option, &value, size) == 0
        else { throw .last("setsockopt", subject: name) }
    }

    /// - Returns: nil if the call failed.
    private func name(
        _ call: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32
    ) -> KernelAddress? {
        var name = KernelAddress()
        var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        // Safe because sockaddr_storage holds any address and its size is given.
        let status = unsafe withUnsafeMutablePointer(to: &name.storage) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe call($0, &size)
            }
        }
        return status == 0 ? name : nil
    }
}

/// An address as the kernel wrote it.
private struct KernelAddress: Equatable {
    var storage = sockaddr_storage()

    /// Nil for families other than IP.
    var address: SocketAddress? { SocketAddress(storage: storage) }

    static func == (a: KernelAddress, b: KernelAddress) -> Bool {
        // Safe because both are whole, and zero where the kernel wrote nothing.
        unsafe withUnsafeBytes(of: a.storage) { a in
            unsafe withUnsafeBytes(of: b.storage) { b in
                unsafe memcmp(a.baseAddress!, b.baseAddress!, a.count) == 0
            }
        }
    }
}
