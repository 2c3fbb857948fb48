package import WireExchange
internal import Synchronization
internal import WireSockets
internal import WireSystem

/// A body from a file, read a piece at a time. Reading blocks, as files do.
package final class FileSource: BodySource {
    private static let pieceBytes = 64 << 10

    private let path: String
    private let descriptor: Int32
    /// As long as it was when it was opened: nothing is sent of what has been added since.
    private let length: Int?
    private let taken = Atomic(0)

    private init(_ path: String) throws(SystemError) {
        self.path = path
        descriptor = try Files.open(path)
        do throws(SystemError) {
            length = try Files.size(descriptor: descriptor, name: path)
        } catch {
            Files.closeDescriptor(descriptor)
            throw error
        }
    }

    deinit { Files.closeDescriptor(descriptor) }

    /// - Returns: the file, and how long it is now; of what is not a regular file nobody knows.
    package static func open(
        _ path: String
    ) throws(TransportError) -> (any BodySource, length: Int?)? {
        do throws(SystemError) {
            let source = try FileSource(path)
            return (source, source.length)
        } catch { throw .local(message: error.description, Progress()) }
    }

    package func next() throws -> BodySupply {
        let left = length.map { $0 - taken.load(ordering: .relaxed) } ?? .max
        if left <= 0 { return .end }
        var piece = [UInt8](repeating: 0, count: min(FileSource.pieceBytes, left))
        let count = try Files.readSome(descriptor: descriptor, into: &piece)
        if count == 0 { return .end }
        taken.wrappingAdd(count, ordering: .relaxed)
        piece.removeLast(piece.count - count)
        return .piece(piece)
    }

    package func rewind() -> Bool {
        taken.store(0, ordering: .relaxed)
        return Files.rewind(descriptor: descriptor)
    }
}
