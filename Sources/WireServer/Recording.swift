internal import WireBytes
internal import WireJSON
public import WireSockets
internal import WireSystem
public import WireTime

/// Why a recording could not be read.
public enum RecordingError: Error, Equatable, Sendable {
    case file(SystemError)
    /// The `.timing` file is not what it has to be; says of which recording, and why.
    case timing(name: String, reason: String)
    /// A directory without any.
    case none(in: String)
}

extension RecordingError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .file(let error): error.description
        case .timing(let name, let reason): "\(name).timing: \(reason)"
        case .none(let path): "no recordings in \(path) (NAME.request, NAME.response, NAME.timing)"
        }
    }
}

/// Bytes of one connection as they were recorded: `NAME.request`, `NAME.response`, `NAME.timing`.
public struct Recording: Sendable {
    /// One read of the recording client.
    public struct Read: Equatable, Sendable {
        /// Since the last part of the request was sent.
        public let at: Timeout
        /// Where in the response the read began; it ends where the next one begins.
        public let offset: Int

        public init(at: Timeout, offset: Int) {
            self.at = at
            self.offset = offset
        }
    }

    public let name: String
    /// Every request of the connection, one behind the other; empty when they were not kept.
    public let request: [UInt8]
    public let response: [UInt8]
    /// In order. Empty when the times were not kept, or nothing came.
    public let reads: [Read]
    /// The requests that are well-formed, each with its response; those behind one that is not
    /// cannot be told apart and are left out.
    public private(set) var exchanges: [RecordedExchange] = []

    /// - Parameter reads: offsets within the response, times and offsets in order.
    public init(name: String, request: [UInt8], response: [UInt8], reads: [Read]) {
        self.name = name
        self.request = request
        self.response = response
        self.reads = reads
        exchanges = RecordedExchange.all(of: self)
    }

    /// - Parameter timing: the contents of a `.timing` file.
    public init(
        name: String, request: [UInt8], response: [UInt8], timing: [UInt8]
    ) throws(RecordingError) {
        let reads = try Recording.reads(from: timing, name: name, responseBytes: response.count)
        self.init(name: name, request: request, response: response, reads: reads)
    }

    /// Reads the files of `directory/name`. A missing request or timing counts as empty.
    public init(path: String) throws(RecordingError) {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        let response = try Recording.contents(path + ".response")
        let hasRequest = Files.exists(path + ".request")
        let request = hasRequest ? try Recording.contents(path + ".request") : []
        var reads: [Read] = []
        if Files.exists(path + ".timing") {
            let text = try Recording.contents(path + ".timing")
            reads = try Recording.reads(from: text, name: name, responseBytes: response.count)
        }
        self.init(name: name, request: request, response: response, reads: reads)
    }

    /// Every recording of a directory, sorted by name.
    public static func all(in directory: String) throws(RecordingError) -> [Recording] {
        let suffix = ".response"
        let files: [String]
        do throws(SystemError) { files = try Files.names(in: directory) } catch {
            throw .file(error)
        }
        var recordings: [Recording] = []
        for name in files.filter({ $0.hasSuffix(suffix) }).map({ $0.dropLast(suffix.count) })
            .sorted()
        {
            recordings.append(try Recording(path: "\(directory)/\(name)"))
        }
        return recordings
    }

    /// What a path stands for: a directory's recordings, or the one that is called so.
    ///
    /// - Throws: also when there is none.
    public static func all(at path: String) throws(RecordingError) -> [Recording] {
        if Files.exists(path + ".response") { return [try Recording(path: path)] }
        let found = try all(in: path)
        if found.isEmpty { throw .none(in: path) }
        return found
    }

    /// A recording of any size that a test can want, not any file that somebody names.
    private static let fileLimit = 256 << 20

    private static func contents(_ path: String) throws(RecordingError) -> [UInt8] {
        do throws(SystemError) {
            return try Files.read(path, limit: fileLimit)
        } catch { throw .file(error) }
    }
}

// MARK: Times

extension Recording {
    /// Reads `[[seconds, offset], ...]`.
    package static func reads(
        from text: [UInt8], name: String, responseBytes: Int
    ) throws(RecordingError) -> [Read] {
        func fail(_ reason: String) -> RecordingError { .timing(name: name, reason: reason) }
        let value: JSONValue
        do throws(JSONError) { value = try JSONValue(parsing: text.span) } catch {
            throw fail(error.description)
        }
        guard let pairs = value.arrayValue else { throw fail("not an array") }
        var reads: [Read] = []
        var last = Read(at: .zero, offset: 0)
        for pair in pairs {
            guard let pair = pair.arrayValue, pair.count == 2,
                let seconds = pair[0].doubleValue, let offset = pair[1].int64Value,
                let nanoseconds = Int64(exactly: (seconds * 1e9).rounded())
            else { throw fail("not a list of [seconds, offset]") }
            let read = Read(at: Timeout(nanoseconds: nanoseconds), offset: Int(offset))
            guard read.at >= last.at, read.offset >= last.offset, read.offset <= responseBytes
            else {
                throw fail("times or offsets out of order or range")
            }
            reads.append(read)
            last = read
        }
        return reads
    }

    /// The response by time; as one piece at 0 where the times were not kept.
    var pieces: [RecordedExchange.Piece] {
        if response.isEmpty { return [] }
        if reads.isEmpty { return [.init(at: .zero, bytes: response[...])] }
        return reads.indices.map { index in
            let end = index + 1 < reads.count ? reads[index + 1].offset : response.count
            return .init(at: reads[index].at, bytes: response[reads[index].offset..<end])
        }
    }
}
