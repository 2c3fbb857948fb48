import WireBytes
import WireSockets
import WireSystem

/// Data on its way to standard output or a file, gathered into large writes.
///
/// Whoever is about to wait for something (input, the network) flushes first: what is there to be
/// seen is never held back.
final class Output {
    private static let capacity = 64 << 10

    private let descriptor: Int32
    private let name: String
    private let ownsDescriptor: Bool
    private var buffer: [UInt8] = []

    static func standard() -> Output {
        Output(descriptor: 1, name: "standard output", owning: false)
    }

    /// Creates or empties a file.
    static func file(_ path: String) throws(CommandError) -> Output {
        do throws(SystemError) {
            return Output(descriptor: try Files.create(path), name: path, owning: true)
        } catch { throw .failed(.usage, "cannot write \(path): \(error.message)") }
    }

    private init(descriptor: Int32, name: String, owning: Bool) {
        self.descriptor = descriptor
        self.name = name
        ownsDescriptor = owning
    }

    deinit { if ownsDescriptor { Files.closeDescriptor(descriptor) } }

    func write(_ bytes: Span<UInt8>) throws(CommandError) {
        if buffer.count + bytes.count > Output.capacity { try flush() }
        if bytes.count > Output.capacity { return try put(bytes) }
        buffer.append(copying: bytes)
    }

    func write(_ bytes: [UInt8]) throws(CommandError) { try write(bytes.span) }

    func write(_ text: String) throws(CommandError) {
        buffer += text.utf8
        if buffer.count >= Output.capacity { try flush() }
    }

    func writeLine(_ text: String) throws(CommandError) {
        try write(text)
        try write("\n")
    }

    func flush() throws(CommandError) {
        if buffer.isEmpty { return }
        // Also when it fails: what could not be written once is not tried again.
        defer { buffer.removeAll(keepingCapacity: true) }
        try put(buffer.span)
    }

    private func put(_ bytes: Span<UInt8>) throws(CommandError) {
        do throws(SystemError) {
            try Files.writeAll(bytes, to: descriptor, name: name)
        } catch {
            if error.isReset { throw .outputClosed }
            throw .failed(.usage, "cannot write \(name): \(error.message)")
        }
    }
}
