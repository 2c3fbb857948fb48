import WireSockets

/// A loopback port on which nobody listens: it was free a moment ago.
enum UnusedPort {
    static func take() throws(SystemError) -> UInt16 {
        let socket = try StreamSocket.listen(on: .loopback(port: 0))
        defer { socket.descriptor.close() }
        return socket.localAddress?.port ?? 1
    }
}
