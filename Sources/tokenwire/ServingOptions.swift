import WireSockets
import WireSystem

/// What the subcommands that serve have in common.
enum ServingOptions {
    static func listen(default address: String) -> Option {
        .value("--listen", "ADDR", "where (default \(address); port 0: a free one)")
    }

    static func address(
        _ arguments: Arguments, default text: String
    ) throws(CommandError) -> SocketAddress {
        try ListenAddress.parse(arguments.value("--listen") ?? text)
    }

    /// Says where a server listens: the first line of its output, for whoever started it on a free port.
    static func announce(_ address: SocketAddress, _ context: CommandContext) throws(CommandError) {
        let shown = address.family == .unix ? "\(address)" : "http://\(address)"
        try context.output.writeLine("listening \(shown)")
        try context.output.flush()
    }

    static func failed(_ error: SystemError, on address: SocketAddress) -> CommandError {
        .failed(.unreachable, "cannot listen on \(address): \(error)")
    }

    /// A Unix socket's name outlives its server.
    static func removeSocket(_ address: SocketAddress) {
        guard address.family == .unix, address.address.first != 0 else { return }
        Files.remove(String(decoding: address.address, as: UTF8.self))
    }
}
