internal import CLinuxShims
internal import Glibc

/// An IPv4 or IPv6 address with its port, or a Unix socket's, as the kernel wants it.
public struct SocketAddress: Equatable, Sendable {
    public enum Family: Sendable {
        case ipv4, ipv6, unix

        var number: Int32 {
            switch self {
            case .ipv4: AF_INET
            case .ipv6: AF_INET6
            case .unix: AF_UNIX
            }
        }
    }

    public let family: Family
    /// 4 or 16 bytes, network order; of a Unix socket the path, or a zero and its abstract name.
    public let address: [UInt8]
    public let port: UInt16
    /// Interface index of a link-local IPv6 address, else 0.
    public let scope: UInt32

    public init(family: Family, address: [UInt8], port: UInt16, scope: UInt32 = 0) {
        switch family {
        case .ipv4: precondition(address.count == 4, "address of the wrong size")
        case .ipv6: precondition(address.count == 16, "address of the wrong size")
        case .unix:
            precondition(1...SocketAddress.longestUnixPath ~= address.count, "path too long")
        }
        self.family = family
        self.address = address
        self.port = port
        self.scope = scope
    }

    /// What `sun_path` holds (unix(7)): 108 bytes with the zero behind a path, or the one in front of
    /// an abstract name.
    public static let longestUnixPath = 107

    /// A Unix socket: a path, or a zero and an abstract name.
    public static func unix(_ path: [UInt8]) -> SocketAddress {
        SocketAddress(family: .unix, address: path, port: 0)
    }

    /// 127.0.0.1
    public static func loopback(port: UInt16) -> SocketAddress {
        SocketAddress(family: .ipv4, address: [127, 0, 0, 1], port: port)
    }

    /// ::1
    public static func loopback6(port: UInt16) -> SocketAddress {
        SocketAddress(
            family: .ipv6, address: [UInt8](repeating: 0, count: 15) + [1], port: port)
    }

    /// An address literal (`127.0.0.1`, `::1`, `fe80::1%eth0`); nil for anything else.
    public init?(literal: String, port: UInt16) {
        guard literal.utf8.contains(UInt8(ascii: ":")) else {
            // Names seldom begin with a digit.
            guard let first = literal.utf8.first, (0x30...0x39).contains(first),
                let bytes = SocketAddress.parse(literal, AF_INET, size: 4)
            else { return nil }
            self.init(family: .ipv4, address: bytes, port: port)
            return
        }
        let parts = literal.split(separator: "%", maxSplits: 1).map(String.init)
        guard let host = parts.first, let bytes = SocketAddress.parse(host, AF_INET6, size: 16)
        else { return nil }
        let scope = parts.count == 2 ? unsafe UInt32(parts[1]) ?? if_nametoindex(parts[1]) : 0
        if parts.count == 2, scope == 0 { return nil }
        self.init(family: .ipv6, address: bytes, port: port, scope: scope)
    }

    private static func parse(_ text: String, _ family: Int32, size: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: size)
        // Safe because inet_pton writes 4 or 16 bytes for the family given, which is `size`.
        let result = unsafe bytes.withUnsafeMutableBytes {
            unsafe inet_pton(family, text, $0.baseAddress)
        }
        return result == 1 ? bytes : nil
    }

    /// Calls `body` with the address in the kernel's form.
    func withSockaddr<Result>(
        _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
        switch family {
        case .ipv4:
            var value = sockaddr_in()
            value.sin_family = sa_family_t(AF_INET)
            value.sin_port = port.bigEndian
            // Safe because both are 4 bytes; the struct outlives the call.
            unsafe withUnsafeMutableBytes(of: &value.sin_addr) {
                unsafe $0.copyBytes(from: address)
            }
            return unsafe withUnsafePointer(to: &value) { pointer in
                unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
        case .ipv6:
            var value = sockaddr_in6()
            value.sin6_family = sa_family_t(AF_INET6)
            value.sin6_port = port.bigEndian
            value.sin6_scope_id = scope
            // Safe because both are 16 bytes; the struct outlives the call.
            unsafe withUnsafeMutableBytes(of: &value.sin6_addr) {
                unsafe $0.copyBytes(from: address)
            }
            return unsafe withUnsafePointer(to: &value) { pointer in
                unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe body($0, socklen_t(MemoryLayout<sockaddr_in6>.size))
                }
            }
        case .unix:
            var value = sockaddr_un()
            value.sun_family = sa_family_t(AF_UNIX)
            // Safe because a path leaves at least one zero behind it; the struct outlives the call.
            unsafe withUnsafeMutableBytes(of: &value.sun_path) {
                unsafe $0.copyBytes(from: address)
            }
            let isAbstract = address.first == 0
            let size = MemoryLayout<sa_family_t>.size + address.count + (isAbstract ? 0 : 1)
            return unsafe withUnsafePointer(to: &value) { pointer in
                unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe body($0, socklen_t(size))
                }
            }
        }
    }

    /// Reads an address that the kernel wrote; nil for other families.
    init?(storage: sockaddr_storage) {
        let family = Int32(storage.ss_family)
        let read: SocketAddress? = unsafe withUnsafeBytes(of: storage) { bytes in
            // Safe because sockaddr_storage is larger than either form and suitably aligned.
            switch family {
            case AF_INET:
                let value = unsafe bytes.load(as: sockaddr_in.self)
                let address = unsafe withUnsafeBytes(of: value.sin_addr) { unsafe [UInt8]($0) }
                return SocketAddress(
                    family: .ipv4, address: address, port: UInt16(bigEndian: value.sin_port))
            case AF_INET6:
                let value = unsafe bytes.load(as: sockaddr_in6.self)
                let address = unsafe withUnsafeBytes(of: value.sin6_addr) { unsafe [UInt8]($0) }
                return SocketAddress(
                    family: .ipv6, address: address, port: UInt16(bigEndian: value.sin6_port),
                    scope: value.sin6_scope_id)
            default: return nil
            }
        }
        guard let read else { return nil }
        self = read
    }
}

extension SocketAddress: CustomStringConvertible {
    /// `127.0.0.1:11434`, `[::1]:11434`, `unix:/run/ollama.sock`, `unix:@ollama`
    public var description: String {
        if family == .unix {
            let isAbstract = address.first == 0
            let name = String(decoding: address.dropFirst(isAbstract ? 1 : 0), as: UTF8.self)
            return "unix:\(isAbstract ? "@" : "")\(name)"
        }
        let family = family.number
        let host = unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { buffer in
            // Safe because 64 bytes hold any text form (INET6_ADDRSTRLEN is 46).
            guard let base = buffer.baseAddress,
                unsafe inet_ntop(family, address, base, 64) != nil
            else { return "?" }
            return unsafe String(cString: base)
        }
        return self.family == .ipv4 ? "\(host):\(port)" : "[\(host)]:\(port)"
    }
}
