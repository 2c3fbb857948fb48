package import OllamaProtocol
package import WireExchange
internal import WireDigest
internal import WireHTTP1
internal import WireSockets
internal import WireSystem

/// A file on its way to the server as a blob: read once for its digest, and once to be sent, a piece at a
/// time. Reading blocks, as files do.
///
/// `@unchecked Sendable`: one thread at a time owns it, the one that its upload is on.
package final class BlobFile: @unchecked Sendable {
    private static let pieceBytes = 256 << 10

    package let path: String
    /// In bytes, when it was opened: nothing is sent of what has been added since.
    package let size: Int
    private let descriptor: Int32
    private var taken = 0

    /// - Throws: `StreamError.transport(.local)` when it is no regular file, or cannot be read.
    package init(_ path: String) throws(StreamError) {
        self.path = path
        do throws(SystemError) { descriptor = try Files.open(path) } catch {
            throw StreamError(localFailure: error.description)
        }
        let length: Int?
        do throws(SystemError) {
            length = try Files.size(descriptor: descriptor, name: path)
        } catch {
            Files.closeDescriptor(descriptor)
            throw StreamError(localFailure: error.description)
        }
        guard let length else {
            Files.closeDescriptor(descriptor)
            throw StreamError(localFailure: "\(path) is not a regular file")
        }
        size = length
    }

    deinit { Files.closeDescriptor(descriptor) }

    /// Reads the whole file.
    ///
    /// - Parameters:
    ///   - isCancelled: asked for each piece.
    /// - Throws: `StreamError.request` in a build without the package trait `TLS`, which has no digests:
    ///   the caller has to give the blob's then.
    package func digest(
        _ observe: (@Sendable (BlobProgress) -> Void)?, isCancelled: () -> Bool
    ) throws(StreamError) -> BlobDigest {
        guard SHA256.isAvailable else {
            throw .request(
                .invalidRequest("this build has no SHA-256 (package trait TLS): give the digest"))
        }
        var sum = SHA256()
        try rewind()
        while let piece = try nextPiece() {
            if isCancelled() { throw .cancelled(partialText: "") }
            sum.update(piece.span)
            observe?(BlobProgress(stage: .digest, completed: taken, total: size))
        }
        // 64 hexadecimal digits.
        return BlobDigest(sum.hexDigest()!)!
    }

    /// The file as a request's body; for one request.
    package func body(_ observe: (@Sendable (BlobProgress) -> Void)?) throws(StreamError)
        -> RequestBody
    {
        try rewind()
        return .pieces(length: size) { [self] in
            // Asked for when the piece before has been sent.
            observe?(BlobProgress(stage: .upload, completed: taken, total: size))
            return try nextPiece()
        }
    }

    private func rewind() throws(StreamError) {
        taken = 0
        if !Files.rewind(descriptor: descriptor) {
            throw StreamError(localFailure: "\(path) cannot be read from its beginning")
        }
    }

    private func nextPiece() throws(StreamError) -> [UInt8]? {
        let left = size - taken
        if left == 0 { return nil }
        var piece = [UInt8](repeating: 0, count: min(BlobFile.pieceBytes, left))
        let count: Int
        do throws(SystemError) {
            count = try Files.readSome(descriptor: descriptor, into: &piece)
        } catch { throw StreamError(localFailure: "\(path): \(error)") }
        if count == 0 { throw StreamError(localFailure: "\(path) has become shorter") }
        taken += count
        piece.removeLast(piece.count - count)
        return piece
    }
}
