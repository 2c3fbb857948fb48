package import WireExchange
package import WireSockets
internal import WireSystem

/// A body on its way into a file. Writing blocks, as files do.
package final class FileSink {
    private let path: String
    private let descriptor: Int32
    package private(set) var count = 0

    /// Creates or empties the file.
    package init(_ path: String) throws(SystemError) {
        self.path = path
        descriptor = try Files.create(path)
    }

    deinit { Files.closeDescriptor(descriptor) }

    package func write(_ piece: Span<UInt8>) throws(SystemError) {
        try Files.writeAll(piece, to: descriptor, name: path)
        count += piece.count
    }
}

extension ExchangeDriver {
    /// Leaves the response because its body has nowhere to go.
    package mutating func failLocally(_ error: SystemError) -> TransportError {
        let progress = progress
        abandon()
        return .local(message: error.description, progress)
    }
}
