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
        guard fields.isOrdinary, let createdAt = fields.createdAt, !createdAt.hasEscapes,
            fields.content?.hasEscapes != true, fields.thinking?.hasEscapes != true
        else { return }
        var count = 0
        addHole(createdAt.range, &count)
        if let content = fields.content { addHole(content.range, &count) }
        if let thinking = fields.thinking { addHole(thinking.range, &count) }
        template.learn(line, holes: holes, count: count)
        createdAtHole = hole(of: createdAt) ?? 0
        contentHole = hole(of: fields.content)
        thinkingHole = hole(of: fields.thinking)
        templateFields = fields
        fitsTemplate = true
        misses = 0
    }

    /// Puts a range among the first `count` holes, in the order of the text.
    private mutating func addHole(_ range: ByteRange, _ count: inout Int) {
        var place = count
        while place > 0, holes[place - 1].start > range.start {
            holes[place] = holes[place - 1]
            place -= 1
        }
        holes[place] = range
        count += 1
    }

    private func hole(of string: JSONString?) -> Int? {
        guard let string else { return nil }
        return holes.indices.first { holes[$0] == string.range }
    }
}
