public import WireSockets
internal import WireSystem

/// One recorded exchange and what a correct client makes of it.
public struct ManifestRecording: Sendable {
    public let name: String
    public let requests: [Request]
    public let responses: [Response]
    /// `open`, `fin` or `unknown`.
    public let connectionEnd: String
    /// All that was received on the connection.
    public let bytes: [UInt8]
    /// Of each read: nanoseconds since the request was sent, and where it begins in `bytes`.
    public let reads: [(nanoseconds: Int64, offset: Int)]

    public struct Request: Sendable {
        public let method: String?
        public let target: String?
    }

    public struct Response: Sendable {
        public let request: Int
        public let informational: [Int]
        public let version: String
        public let status: Int
        public let reason: String
        public let fields: [[String]]
        public let framing: String
        public let trailers: [[String]]
        public let bodyCount: Int
        public let bodySHA256: String
        public let start: Int
        public let end: Int
        public let verdict: String
        public let errorKind: String?
        public let isReusable: Bool
        public let surplusCount: Int
        public let lines: Lines?
        public let events: Events?
    }

    public struct Lines: Sendable {
        public let count: Int
        public let sha256: String
        /// Offset in the body and length; nil above 64 lines.
        public let ranges: [[Int]]?
    }

    public struct Events: Sendable {
        public let count: Int
        public let sha256: String
    }

    /// The bytes of the manifest's response `index`.
    public func bytes(of response: Response) -> [UInt8] {
        [UInt8](bytes[response.start..<response.end])
    }
}

extension ManifestRecording: CustomStringConvertible {
    public var description: String { name }
}

extension ManifestRecording {
    /// Where the recordings lie.
    public static let directory: String = {
        let here = String(describing: #filePath)
        let root = here.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
        return root.joined(separator: "/") + "/Fixtures/recordings"
    }()

    /// Every recording of the manifest.
    public static func all() throws(SystemError) -> [ManifestRecording] {
        let text = try Files.read("\(directory)/manifest.json", limit: 64 << 20)
        var list: [ManifestRecording] = []
        for entry in ManifestJSON(parsing: text)["recordings"].array! {
            list.append(try ManifestRecording(entry))
        }
        return list
    }

    private init(_ entry: ManifestJSON) throws(SystemError) {
        name = entry["name"].string!
        connectionEnd = entry["connection_end"].string!
        requests = entry["requests"].array!.map {
            Request(method: $0["method"].string, target: $0["target"].string)
        }
        responses = entry["responses"].array!.map { Response($0) }
        let base = "\(ManifestRecording.directory)/\(name)"
        bytes = try Files.read("\(base).response", limit: 64 << 20)
        guard Files.exists("\(base).timing") else {
            reads = []
            return
        }
        let timing = try Files.read("\(base).timing", limit: 64 << 20)
        reads = ManifestJSON(parsing: timing).array!.map { pair in
            let seconds = pair.array![0].double!
            return (Int64((seconds * 1e9).rounded()), pair.array![1].integer!)
        }
    }
}

extension ManifestRecording.Response {
    fileprivate init(_ entry: ManifestJSON) {
        request = entry["request"].integer!
        informational = entry["informational"].array!.map { $0.integer! }
        version = entry["version"].string!
        status = entry["status"].integer!
        reason = entry["reason"].string!
        fields = entry["headers"].array!.map { $0.array!.map { $0.string! } }
        framing = entry["framing"].string!
        trailers = entry["trailers"].array!.map { $0.array!.map { $0.string! } }
        bodyCount = entry["body_bytes"].integer!
        bodySHA256 = entry["body_sha256"].string!
        start = entry["start"].integer!
        end = entry["end"].integer!
        verdict = entry["verdict"].string!
        errorKind = entry["error_kind"].string
        isReusable = entry["reusable"].bool!
        surplusCount = entry["surplus_bytes"].integer!
        let ndjson = entry["ndjson"]
        lines =
            ndjson.isNull
            ? nil
            : ManifestRecording.Lines(
                count: ndjson["records"].integer!, sha256: ndjson["lines_sha256"].string!,
                ranges: ndjson["lines"].array?.map { $0.array!.map { $0.integer! } })
        let sse = entry["sse"]
        events =
            sse.isNull
            ? nil
            : ManifestRecording.Events(
                count: sse["events"].integer!, sha256: sse["sha256"].string!)
    }
}
