import WireSockets

/// Where a server is told to listen: `127.0.0.1:8080`, `:8080`, `[::1]:8080`, `0.0.0.0:80`,
/// `unix:/run/x.sock`. Port 0 takes a free one.
enum ListenAddress {
    static func parse(_ text: String) throws(CommandError) -> SocketAddress {
        if text.hasPrefix("unix:") {
            let path = Array(text.dropFirst("unix:".count).utf8)
            guard !path.isEmpty, path.count <= SocketAddress.longestUnixPath else {
                throw .usage(
                    "--listen: a path of 1 to \(SocketAddress.longestUnixPath) bytes after unix:")
            }
            return .unix(path)
        }
        guard let colon = text.lastIndex(of: ":"),
            let port = UInt16(text[text.index(after: colon)...])
        else { throw wrong(text) }
        var host = String(text[..<colon])
        if host.isEmpty || host == "localhost" { return .loopback(port: port) }
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        guard let address = SocketAddress(literal: host, port: port) else { throw wrong(text) }
        return address
    }

    private static func wrong(_ text: String) -> CommandError {
        .usage("--listen takes ADDRESS:PORT, :PORT or unix:/path, not '\(text)'")
    }
}
