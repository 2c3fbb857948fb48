public import WireJSON

/// One record of `/api/pull`, `/api/push` or `/api/create`: how far the server has come.
public struct ModelProgress: Sendable, Equatable {
    /// `pulling manifest`, `pulling 1e24d79827fb`, `verifying sha256 digest`, ...; `success` is the last.
    public internal(set) var status = ""
    /// Which layer; nil for a status of the whole.
    public internal(set) var digest: String?
    /// Bytes of that layer, all and done; 0 when the server names none.
    public internal(set) var total = 0
    /// Of `total`, in bytes.
    public internal(set) var completed = 0
    /// Fields that are unknown here.
    public internal(set) var extra: [JSONValue.Member] = []

    /// The terminal record: all is done.
    public var isSuccess: Bool { status == "success" }

    /// - Throws: `JSONError` when it is no JSON object, or a field has another type than the server
    ///   gives it.
    public init(_ line: Span<UInt8>) throws(JSONError) {
        var cursor = JSONCursor(line)
        try cursor.beginObject()
        while let key = try cursor.nextKey() {
            if cursor.matches(key, "status") {
                status = cursor.text(of: try cursor.string())
            } else if cursor.matches(key, "digest") {
                digest = cursor.text(of: try cursor.string())
            } else if cursor.matches(key, "total") {
                total = Int(try cursor.int64())
            } else if cursor.matches(key, "completed") {
                completed = Int(try cursor.int64())
            } else {
                extra.append(
                    JSONValue.Member(
                        key: cursor.text(of: key), value: try JSONValue(reading: &cursor)))
            }
        }
        try cursor.finish()
    }

    /// A record of progress, `completed` of `total` bytes of what `digest` names.
    public init(status: String, digest: String? = nil, total: Int = 0, completed: Int = 0) {
        self.status = status
        self.digest = digest
        self.total = total
        self.completed = completed
    }
}
