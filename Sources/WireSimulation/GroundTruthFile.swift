internal import WireSockets
public import WireTime

/// What a `GroundTruth` file says. See `Docs/simulate.md`.
public struct GroundTruthFile: Sendable {
    static let magic = [UInt8]("TWTRUTH1".utf8)
    static let entryBytes = 8 * entryWords
    /// `magic` as a word of the file.
    static let header = magic.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }.littleEndian
    static let entryWords = 5

    public enum Kind: UInt8, Sendable {
        case accepted = 1
        case received, record, answered, fault, left, ended
    }

    public struct Entry: Sendable, Equatable {
        public var kind: Kind
        public var detail: UInt8
        public var connection: Int
        public var request: Int
        public var index: Int
        /// CLOCK_MONOTONIC.
        public var monotonic: Instant
        /// CLOCK_REALTIME, nanoseconds since 1970.
        public var wallNanoseconds: Int64
        public var value: Int64
    }

    public let entries: [Entry]

    /// - Returns: nil when the bytes are no such file. A last entry that is cut short is left out.
    public init?(_ bytes: [UInt8]) {
        guard bytes.starts(with: GroundTruthFile.magic) else { return nil }
        var entries: [Entry] = []
        var rest = bytes.dropFirst(GroundTruthFile.magic.count)
        while rest.count >= GroundTruthFile.entryBytes {
            guard let entry = Entry(rest.prefix(GroundTruthFile.entryBytes)) else { return nil }
            entries.append(entry)
            rest = rest.dropFirst(GroundTruthFile.entryBytes)
        }
        self.entries = entries
    }
}

extension GroundTruthFile.Entry {
    /// As it stands in the file.
    var words: InlineArray<5, UInt64> {
        [
            (UInt64(kind.rawValue) | UInt64(detail) << 8
                | UInt64(UInt32(truncatingIfNeeded: connection)) << 32).littleEndian,
            (UInt64(UInt32(truncatingIfNeeded: request))
                | UInt64(UInt32(truncatingIfNeeded: index)) << 32).littleEndian,
            UInt64(bitPattern: monotonic.nanoseconds).littleEndian,
            UInt64(bitPattern: wallNanoseconds).littleEndian,
            UInt64(bitPattern: value).littleEndian,
        ]
    }

    fileprivate init?(_ bytes: ArraySlice<UInt8>) {
        let bytes = Array(bytes)
        func number(_ at: Int, _ count: Int) -> UInt64 {
            (0..<count).reduce(0) { $0 | UInt64(bytes[at + $1]) << (8 * UInt64($1)) }
        }
        guard let kind = GroundTruthFile.Kind(rawValue: bytes[0]) else { return nil }
        self.kind = kind
        detail = bytes[1]
        connection = Int(number(4, 4))
        request = Int(number(8, 4))
        index = Int(number(12, 4))
        monotonic = Instant(nanoseconds: Int64(bitPattern: number(16, 8)))
        wallNanoseconds = Int64(bitPattern: number(24, 8))
        value = Int64(bitPattern: number(32, 8))
    }
}
