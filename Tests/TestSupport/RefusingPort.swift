internal import Glibc
public import WireSockets

/// A port of loopback that is taken and where nobody listens: every connection is refused, and no
/// server of another test can get it meanwhile, as it could one that was free a moment ago.
public enum RefusingPort {
    /// Of IPv4 and, where this machine has it, IPv6, for as long as the process lives.
    public static let number: UInt16 = {
        while true {
            guard let first = take(.ipv4, 0) else { fatalError("no port is free") }
            let hasIPv6 = take(.ipv6, 0).map { close($0.descriptor) } != nil
            if !hasIPv6 || take(.ipv6, first.port) != nil { return first.port }
        }
    }()

    /// Has connections to a port of loopback refused while `body` runs.
    ///
    /// - Returns: nil if somebody has the port already.
    public static func refusing<Result>(
        _ family: SocketAddress.Family, _ port: UInt16, _ body: () throws -> Result
    ) rethrows -> Result? {
        let taken = take(family, port)
        // A family that this machine does not have is refused as it is.
        if taken == nil, errno == EADDRINUSE { return nil }
        defer { if let taken { close(taken.descriptor) } }
        return try body()
    }

    /// Binds without SO_REUSEADDR, so that nobody else can (socket(7)), and does not listen.
    private static func take(
        _ family: SocketAddress.Family, _ port: UInt16
    ) -> (descriptor: Int32, port: UInt16)? {
        let isIPv6 = family == .ipv6
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = socket(isIPv6 ? AF_INET6 : AF_INET, kind, 0)
        if descriptor < 0 { return nil }
        // Both forms have the port at the same place.
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(isIPv6 ? AF_INET6 : AF_INET)
        address.sin6_port = port.bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in6>.size)
        if isIPv6 {
            address.sin6_addr = in6addr_loopback
        } else {
            // The address of IPv4 stands where this has its flow.
            address.sin6_flowinfo = UInt32(0x7f00_0001).bigEndian
            size = socklen_t(MemoryLayout<sockaddr_in>.size)
        }
        // Safe because the address outlives the calls, which write no more than `size`.
        let status = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                let status = unsafe bind(descriptor, $0, size)
                return status == 0 ? unsafe getsockname(descriptor, $0, &size) : status
            }
        }
        if status == 0 { return (descriptor, UInt16(bigEndian: address.sin6_port)) }
        let reason = errno
        close(descriptor)
        errno = reason
        return nil
    }
}
