public import WireBytes

/// A content coding (RFC 9110 8.4.1) that can be undone.
public enum ContentCoding: Sendable, Equatable {
    /// `gzip`, also called `x-gzip` (RFC 1952).
    case gzip
    /// `deflate`: the zlib format (RFC 1950), or bare deflate (RFC 1951), which many servers send
    /// under that name.
    case deflate

    /// More than anybody has a use for; each one multiplies what a body can grow to.
    public static var mostCodings: Int { 3 }

    /// Appends what a `Content-Encoding` field's value lists. A message may have several such
    /// fields; the limit is for all of them. Undo the last one first.
    ///
    /// - Throws: `unsupportedCoding`, `tooManyCodings`.
    public static func append(
        fieldValue: Span<UInt8>, to codings: inout [ContentCoding]
    ) throws(ContentError) {
        let text = String(decoding: fieldValue)
        for part in text.split(separator: ",") {
            let name = part.trimmingBlanks.lowercased()
            switch name {
            case "", "identity": continue
            case "gzip", "x-gzip": codings.append(.gzip)
            case "deflate": codings.append(.deflate)
            default: throw .unsupportedCoding(name)
            }
            if codings.count > mostCodings { throw .tooManyCodings(most: mostCodings) }
        }
    }
}

extension Substring {
    fileprivate var trimmingBlanks: Substring {
        let isBlank = { (character: Character) in character == " " || character == "\t" }
        guard let start = firstIndex(where: { !isBlank($0) }),
            let end = lastIndex(where: { !isBlank($0) })
        else { return "" }
        return self[start...end]
    }
}

/// Why a body could not be decoded. Everything but the first two may come after correct output.
public enum ContentError: Error, Sendable, Equatable {
    /// A coding that nobody asked for.
    case unsupportedCoding(String)
    case tooManyCodings(most: Int)
    /// The bytes are not of this coding, or a check sum is wrong.
    case corrupt(reason: String)
    /// Something else stands behind the end.
    case trailingBytes
    /// The body ended before the coding's end.
    case truncated
    /// More output than allowed.
    case outputLimit(ByteLimit)
    /// More output for its input than allowed: made to hurt.
    case ratioLimit(Int)
    case outOfMemory
}

extension ContentError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unsupportedCoding(let name): "the content coding '\(name)' was not asked for"
        case .tooManyCodings(let most): "more than \(most) content codings"
        case .corrupt(let reason): "the body breaks its content coding: \(reason)"
        case .trailingBytes: "bytes behind the end of the content coding"
        case .truncated: "the body ends before its content coding does"
        case .outputLimit(let limit):
            "the body decodes to more than the limit of \(limit.bytes) bytes"
        case .ratioLimit(let ratio):
            "the body decodes to more than \(ratio) times its own size"
        case .outOfMemory: "no memory for decoding the body"
        }
    }
}

/// How far decoded bodies may grow.
public struct ContentLimits: Sendable, Equatable {
    /// The most bytes that may come out in all.
    public var output: ByteLimit
    /// The most bytes out for each byte in (deflate's own limit is about 1,030).
    public var ratio: Int
    /// So much may come out at any ratio: short bodies are harmless.
    public var ratioGrace: ByteLimit

    /// For whoever does not know what will come: at most 1 GiB.
    public static let standard = ContentLimits(output: .mebibytes(1 << 10))

    public init(
        output: ByteLimit, ratio: Int = 200, ratioGrace: ByteLimit = .mebibytes(4)
    ) {
        self.output = output
        self.ratio = ratio
        self.ratioGrace = ratioGrace
    }
}
