public import OllamaProtocol
internal import WireExchange
internal import WireSockets
internal import WireSystem

/// The longest file that is taken into memory for a request, in bytes.
private let imageLimit = 1 << 30

extension Message {
    /// Adds an image (or audio) file to the turn.
    ///
    /// - Throws: `StreamError.transport(.local)` when the file cannot be read.
    public mutating func attach(imageFile path: String) throws(StreamError) {
        images.append(try contents(of: path))
    }
}

extension GenerateRequest {
    /// Adds an image (or audio) file.
    ///
    /// - Throws: `StreamError.transport(.local)` when the file cannot be read.
    public mutating func attach(imageFile path: String) throws(StreamError) {
        images.append(try contents(of: path))
    }
}

private func contents(of path: String) throws(StreamError) -> [UInt8] {
    do throws(SystemError) { return try Files.read(path, limit: imageLimit) } catch {
        throw StreamError(localFailure: error.description)
    }
}

extension StreamError {
    /// What this side reads from has failed.
    init(localFailure message: String) {
        self = .transport(.local(message: message, Progress()), partialText: "")
    }
}
