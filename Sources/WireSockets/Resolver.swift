internal import CLinuxShims
internal import Glibc

/// A name that has no address.
public struct ResolveFailure: Error, Equatable, Sendable {
    public let host: String
    public let message: String

    public init(host: String, message: String) {
        self.host = host
        self.message = message
    }
}

/// Names to addresses.
public enum Resolver {
    /// Literals, and `localhost`, which is loopback of both families whatever the system's files say
    /// (RFC 6761 6.3): IPv4 first, since Ollama listens on that only; others on IPv6 only. Nil for
    /// names that have to be looked up.
    public static func knownAddresses(of host: String, port: UInt16) -> [SocketAddress]? {
        if let literal = SocketAddress(literal: host, port: port) { return [literal] }
        if isLocalhost(host) { return [.loopback(port: port), .loopback6(port: port)] }
        return nil
    }

    /// `localhost` and the names below it, also with the dot of a name that is complete.
    private static func isLocalhost(_ host: String) -> Bool {
        let name = host.hasSuffix(".") ? host.dropLast() : host[...]
        return name == "localhost" || name.hasSuffix(".localhost")
    }

    /// What is known at once; other names by `getaddrinfo(3)`, which blocks for as long as the
    /// system's resolver is configured to.
    public static func addresses(
        of host: String, port: UInt16
    ) throws(ResolveFailure) -> [SocketAddress] {
        if let known = knownAddresses(of: host, port: port) { return known }
        return try lookUp(host, port: port)
    }

    private static func lookUp(
        _ host: String, port: UInt16
    ) throws(ResolveFailure) -> [SocketAddress] {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        unsafe hints.ai_flags = AI_ADDRCONFIG
        var list: UnsafeMutablePointer<addrinfo>?
        // Safe because the list is only read before it is freed, and getaddrinfo made it.
        let status = unsafe getaddrinfo(host, nil, &hints, &list)
        guard status == 0 else {
            throw ResolveFailure(host: host, message: unsafe String(cString: gai_strerror(status)))
        }
        defer { unsafe freeaddrinfo(list) }
        var addresses: [SocketAddress] = []
        var next = unsafe list
        while let entry = unsafe next {
            if let address = unsafe read(entry.pointee, port: port), !addresses.contains(address) {
                addresses.append(address)
            }
            unsafe next = entry.pointee.ai_next
        }
        if addresses.isEmpty { throw ResolveFailure(host: host, message: "no usable address") }
        return addresses
    }

    private static func read(_ entry: addrinfo, port: UInt16) -> SocketAddress? {
        guard let source = unsafe entry.ai_addr else { return nil }
        let count = unsafe min(Int(entry.ai_addrlen), MemoryLayout<sockaddr_storage>.size)
        var storage = sockaddr_storage()
        // Safe because `count` bytes fit both.
        unsafe withUnsafeMutableBytes(of: &storage) {
            unsafe $0.copyMemory(from: UnsafeRawBufferPointer(start: source, count: count))
        }
        guard let found = SocketAddress(storage: storage) else { return nil }
        return SocketAddress(
            family: found.family, address: found.address, port: port, scope: found.scope)
    }
}
