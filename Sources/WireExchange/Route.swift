internal import WireBytes
public import WireHTTP1

/// How a client's connections get to an origin where that is not the plain way. A part of the pool's
/// key: a connection serves requests of its own route only.
///
/// An object, so that comparing and carrying the usual one, or none, costs a word.
public final class Route: Sendable, Hashable {
    /// Instead of the origin's host and port.
    public let unixSocket: UnixSocketPath?
    public let localAddress: LocalAddress?
    public let socketOptions: SocketOptions
    /// A number that no two TLS configurations of the process share; 0 for the standard one.
    public let tlsIdentity: Int
    // A proxy and whom it takes the client for will stand here.

    public init(
        unixSocket: UnixSocketPath? = nil, localAddress: LocalAddress? = nil,
        socketOptions: SocketOptions = SocketOptions(), tlsIdentity: Int = 0
    ) {
        self.unixSocket = unixSocket
        self.localAddress = localAddress
        self.socketOptions = socketOptions
        self.tlsIdentity = tlsIdentity
    }

    public static func == (a: Route, b: Route) -> Bool {
        a === b
            || a.unixSocket == b.unixSocket && a.localAddress == b.localAddress
                && a.socketOptions == b.socketOptions && a.tlsIdentity == b.tlsIdentity
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(unixSocket)
        hasher.combine(localAddress)
        hasher.combine(socketOptions)
        hasher.combine(tlsIdentity)
    }
}

/// The address of a Unix socket (unix(7)).
public struct UnixSocketPath: Sendable, Hashable {
    /// The path, or a zero and the name of a socket in the abstract name space.
    public let bytes: [UInt8]

    /// - Parameter text: `/run/ollama.sock`, `@name` (or a zero in front) for an abstract name; `unix:`
    ///   may stand before either.
    /// - Throws: `RequestError.invalidURL` when it is empty, longer than 107 bytes, or has a zero
    ///   inside.
    public init(_ text: String) throws(RequestError) {
        var bytes = [UInt8](text.utf8)
        if bytes.starts(with: "unix:".utf8) { bytes.removeFirst(5) }
        if bytes.first == UInt8(ascii: "@") { bytes[0] = 0 }
        let isAbstract = bytes.first == 0
        guard bytes.count > (isAbstract ? 1 : 0) else {
            throw .invalidURL("a Unix socket without a path")
        }
        guard bytes.count <= UnixSocketPath.longest else {
            throw .invalidURL(
                "the path of a Unix socket has at most \(UnixSocketPath.longest) bytes, "
                    + "not \(bytes.count): use a shorter one, or a link")
        }
        guard isAbstract || !bytes.contains(0) else {
            throw .invalidURL("a zero byte in the path of a Unix socket")
        }
        self.bytes = bytes
    }

    /// `sun_path` has room for 108, one of them for the zero behind a path or before a name.
    public static let longest = 107
}

extension UnixSocketPath: CustomStringConvertible {
    /// `unix:/run/ollama.sock`, `unix:@name`
    public var description: String {
        let isAbstract = bytes.first == 0
        return "unix:" + (isAbstract ? "@" : "")
            + String(decoding: bytes[(isAbstract ? 1 : 0)...], as: UTF8.self)
    }
}

/// Where a client's connections come from (bind(2)).
public struct LocalAddress: Sendable, Hashable {
    /// An IPv4 or IPv6 literal of this machine; peers of the other family cannot be reached then. Nil
    /// leaves the choice to the kernel.
    public var host: String?
    /// 0 takes a free one. Another allows one connection at a time to each peer.
    public var port: UInt16

    public init(host: String? = nil, port: UInt16 = 0) {
        self.host = host
        self.port = port
    }
}
