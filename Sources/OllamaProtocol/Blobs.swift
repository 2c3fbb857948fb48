/// The name of a blob: the SHA-256 of its bytes.
public struct BlobDigest: Hashable, Sendable, CustomStringConvertible {
    /// Sixty-four lower-case hexadecimal digits.
    public let hex: String

    /// - Parameter text: `sha256:` or `sha256-` and sixty-four hexadecimal digits, or these alone.
    /// - Returns: nil for anything else.
    public init?(_ text: String) {
        let isPrefixed = text.hasPrefix("sha256:") || text.hasPrefix("sha256-")
        let digits = isPrefixed ? text.dropFirst(7) : text[...]
        guard digits.utf8.count == 64, digits.allSatisfy({ $0.isASCII && $0.isHexDigit })
        else { return nil }
        hex = digits.lowercased()
    }

    /// `sha256:` and the digits.
    public var description: String { "sha256:\(hex)" }

    /// `/api/blobs/sha256:...`
    public var route: String { "/api/blobs/\(description)" }
}

/// How far a file has come on its way to the server.
public struct BlobProgress: Sendable, Equatable {
    /// What is being done with the file.
    public enum Stage: Sendable {
        /// It is read for its digest.
        case digest
        case upload
    }

    /// What is being done.
    public let stage: Stage
    /// Bytes, of this stage.
    public let completed: Int
    /// The file's size in bytes.
    public let total: Int

    /// A step of an upload: `completed` of `total` bytes.
    public init(stage: Stage, completed: Int, total: Int) {
        self.stage = stage
        self.completed = completed
        self.total = total
    }
}

/// A blob that the server has.
public struct BlobUpload: Sendable, Equatable {
    /// By which the server knows the file: `/api/blobs/DIGEST`.
    public let digest: BlobDigest
    /// False: the server had it already, and nothing was sent.
    public let isNew: Bool

    /// A blob, and whether the server did not have it before.
    public init(digest: BlobDigest, isNew: Bool) {
        self.digest = digest
        self.isNew = isNew
    }
}
