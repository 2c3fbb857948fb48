public enum TLSHandshakeProgress: Sendable, Equatable {
    /// Send what is `outgoing`, then receive more.
    case needsBytes
    /// Done; there may be `outgoing` bytes all the same.
    case done
}

public enum TLSReadResult: Sendable, Equatable {
    /// So many bytes were appended; at least one.
    case bytes(Int)
    /// Nothing is left: receive more. There may be `outgoing` bytes.
    case needsBytes
    /// The peer has said that nothing more comes (`close_notify`).
    case closed
}
