internal import WireBytes
public import WireJSON

/// Reads the records of one stream, each faster for the ones before it.
///
/// The records of a stream repeat each other but for a time and a text. So the last one read by the
/// cursor is kept as a template: a record that has its form is checked by comparing, wide, and only
/// its strings are looked at closely. Any other (an escape, text beyond ASCII, another field) goes
/// through the cursor; after some of these in a row the template is learnt anew.
public struct RecordReader: ~Copyable {
    /// Misses in a row after which the form has changed for good.
    private static var patience: Int { 4 }

    /// Of the record read last.
    public private(set) var fields = RecordFields()

    private var template = ByteTemplate()
    /// Of the record that the template was learnt from.
    private var templateFields = RecordFields()
    /// What `matches` found: where the strings of a record lie.
    private var holes: InlineArray<4, ByteRange> = .init(
        repeating: ByteRange(start: 0, count: 0))
    private var createdAtHole = 0
    private var contentHole: Int?
    private var thinkingHole: Int?
    /// `fields` differs from `templateFields` in nothing but the strings.
    private var fitsTemplate = false
    private var misses = RecordReader.patience

    public init() {}

    /// Reads one line.
    ///
    /// - Throws: `JSONError` when it is not one JSON object, or a field has another type than the
    ///   server gives it.
    public mutating func read(_ line: Span<UInt8>) throws(JSONError) {
        if template.matches(line, &holes) {
            if !fitsTemplate { fields = templateFields }
            fitsTemplate = true
            misses = 0
            return fields.setStrings(
                createdAt: holes[createdAtHole], content: contentHole.map { holes[$0] },
                thinking: thinkingHole.map { holes[$0] })
        }
        fitsTemplate = false
        var cursor = JSONCursor(line)
        try fields.read(&cursor)
        misses += 1
        if misses >= RecordReader.patience { learn(line) }
    }

    /// Takes the record just read for the form of the next, if it is an ordinary one.
    private mutating func learn(_ line: Span<UInt8>) {
        guard fields.isOrdinary, let createdAt = fields.createdAt, !createdAt.hasEscapes else { return }
        let strings = [createdAt, fields.content, fields.thinking].compactMap { $0 }
        if strings.contains(where: \.hasEscapes) { return }
        let ranges = strings.map(\.range).sorted { $0.start < $1.start }
        for (index, range) in ranges.enumerated() { holes[index] = range }
        template.learn(line, holes: holes, count: ranges.count)
        createdAtHole = ranges.firstIndex(of: createdAt.range) ?? 0
        contentHole = fields.content.flatMap { ranges.firstIndex(of: $0.range) }
        thinkingHole = fields.thinking.flatMap { ranges.firstIndex(of: $0.range) }
        templateFields = fields
        fitsTemplate = true
        misses = 0
    }
}
