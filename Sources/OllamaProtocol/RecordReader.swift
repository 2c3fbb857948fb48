public import WireBytes
public import WireJSON

/// Reads the records of an answer, each faster for the ones before it (`FieldReader`); the whole answer
/// of a request that does not stream has the same fields, or nearly. Its properties are those of the
/// record read last, ranges in it; every byte of it has been checked.
///
/// What only the terminal record has is read from it in a second walk (`Summary`, `TerminalRecord`).
public struct RecordReader: ~Copyable {
    private let wanted: WantedFields
    private let dialect: Dialect
    @usableFromInline var fields: FieldReader
    /// What all records of one form have in common. A token's record has mostly the form of the one
    /// before, and then only its strings are looked at.
    private var form: Int?
    /// The same, where its records carry nothing besides text; else -1.
    @usableFromInline var textForm = -1
    private var contentField: FieldPlan.StringField
    private var thinkingField: FieldPlan.StringField
    private var hasThinking = false

    /// `tool_calls`: a JSON array, in `/v1` perhaps of pieces.
    public private(set) var toolCalls: ByteRange?
    /// The value of `error`: a JSON text of any type.
    public private(set) var error: ByteRange?
    /// This is the terminal record (native: `done`).
    public private(set) var isDone = false
    /// The value of `logprobs`.
    public private(set) var logprobs: ByteRange?
    /// `/v1`: the value of `usage`.
    public private(set) var usage: ByteRange?
    /// `/v1` of llama.cpp: the value of `timings`.
    public private(set) var timings: ByteRange?
    /// `/v1`: why the text is over, once it is.
    public private(set) var finishReason: JSONString?
    /// Whether it carries anything besides text that keeps the `contentIdle` deadline off.
    public private(set) var hasMoreThanText = false
    /// Whether it has no other field than text.
    public private(set) var isPlain = false

    /// A reader of that dialect's records.
    public init(_ dialect: Dialect = .native) {
        self.dialect = dialect
        wanted = dialect == .native ? WantedFields.native : WantedFields.openAI
        fields = FieldReader(wanted.plan)
        contentField = wanted.contents[0]
        thinkingField = wanted.thinkings[0]
    }

    /// Whether the record has `logprobs`.
    public var hasLogprobs: Bool { logprobs != nil }

    /// Reads one record.
    ///
    /// - Throws: `JSONError` when it is not one JSON object, or a field has another type than the
    ///   server gives it.
    public mutating func read(_ line: Span<UInt8>) throws(JSONError) {
        try fields.read(line)
        if form == nil || form != fields.form { try describe(line) }
    }

    private mutating func describe(_ line: Span<UInt8>) throws(JSONError) {
        form = nil
        textForm = -1
        contentField =
            wanted.contents.first { fields[$0] != nil } ?? wanted.contents[0]
        thinkingField = wanted.thinkings.first { fields[$0] != nil } ?? wanted.thinkings[0]
        hasThinking = fields[thinkingField] != nil
        toolCalls = nil
        var isOrdinary = true
        for field in wanted.toolCalls {
            if fields[field] != nil { isOrdinary = false }
            toolCalls = toolCalls ?? telling(fields[field], line)
        }
        error = telling(fields[wanted.error], line)
        logprobs = telling(fields[wanted.logprobs], line)
        isDone = wanted.done.flatMap { fields[$0] } ?? false
        usage = wanted.usage.flatMap { fields[$0] }
        timings = wanted.timings.flatMap { fields[$0] }
        finishReason = wanted.finishReason.flatMap { fields[$0] }
        hasMoreThanText =
            isDone || toolCalls != nil || error != nil || logprobs != nil || finishReason != nil
        isPlain = !hasMoreThanText && usage == nil && timings == nil
        try checkChoices(line)
        // Where such a value lies, and whether it says anything, is told of this record only.
        isOrdinary =
            isOrdinary && fields[wanted.error] == nil && fields[wanted.logprobs] == nil
            && usage == nil && timings == nil && finishReason == nil
        form = isOrdinary ? fields.form : nil
        textForm = isPlain ? form ?? -1 : -1
    }

    /// Reads the record that `text` starts with, if it has the form of the one before and carries
    /// nothing besides text.
    ///
    /// - Returns: its bytes; 0 says nothing.
    @inlinable @inline(__always)
    mutating func readExpected(startOf text: Span<UInt8>, _ run: inout RecordRun) -> Int {
        let taken = fields.readExpected(startOf: text, &run)
        return taken > 0 && fields.form == textForm ? taken : 0
    }

    /// The same where no other record follows at once.
    @inlinable @inline(__always)
    mutating func readExpectedAlone(startOf text: Span<UInt8>) -> Int {
        let taken = fields.readExpectedAlone(startOf: text)
        return taken > 0 && fields.form == textForm ? taken : 0
    }

    /// A `/v1` record has to have `choices`, although there may be none in it.
    private func checkChoices(_ line: Span<UInt8>) throws(JSONError) {
        guard dialect == .openAI, content == nil, !hasThinking, toolCalls == nil, error == nil,
            finishReason == nil
        else { return }
        var cursor = JSONCursor(line)
        try cursor.beginObject()
        while let key = try cursor.nextKey() {
            if cursor.matches(key, "choices") { return }
            try cursor.skipValue()
        }
        throw JSONError(.missingMember, at: 0)
    }

    /// Nil for `""`, `[]` and `{}`. They say nothing: some servers send every field in every record.
    private func telling(_ value: ByteRange?, _ line: Span<UInt8>) -> ByteRange? {
        guard let value else { return nil }
        let isNumber = ASCII.isDigit(line[value.end - 1])
        return value.count == 2 && !isNumber ? nil : value
    }

    /// RFC 3339, as sent: nobody pays for its parsing who does not ask for it. Nil in `/v1`.
    public var createdAt: JSONString? { wanted.createdAt.flatMap { fields[$0] } }
    /// A piece of the text, or all of it: `message.content` of a chat, `response` of a generation; in
    /// `/v1`, `delta.content`, `message.content` or `text` of the first choice.
    @inline(__always)
    public var content: JSONString? { fields[contentField] }
    /// `thinking`; in `/v1`, `reasoning` or `reasoning_content`.
    @inline(__always)
    public var thinking: JSONString? { hasThinking ? fields[thinkingField] : nil }
}

/// Which fields of a dialect's records are read. Where there are several for the same thing, the first
/// that a record has counts.
private struct WantedFields: Sendable {
    static let native = WantedFields(.native)
    static let openAI = WantedFields(.openAI)

    var plan = FieldPlan()
    var contents: [FieldPlan.StringField] = []
    var thinkings: [FieldPlan.StringField] = []
    var toolCalls: [FieldPlan.ValueField] = []
    let error, logprobs: FieldPlan.ValueField
    var done: FieldPlan.BoolField?
    var createdAt, finishReason: FieldPlan.StringField?
    var usage, timings: FieldPlan.ValueField?

    private init(_ dialect: Dialect) {
        error = plan.value("error")
        guard dialect == .openAI else {
            createdAt = plan.string("created_at")
            contents = [plan.string("message", "content"), plan.string("response")]
            thinkings = [plan.string("message", "thinking"), plan.string("thinking")]
            done = plan.bool("done")
            toolCalls = [plan.value("message", "tool_calls"), plan.value("tool_calls")]
            logprobs = plan.value("logprobs")
            return
        }
        for part: FieldPlan.Step in ["delta", "message"] {
            contents.append(plan.string("choices", 0, part, "content"))
            thinkings.append(plan.string("choices", 0, part, "reasoning"))
            thinkings.append(plan.string("choices", 0, part, "reasoning_content"))
            toolCalls.append(plan.value("choices", 0, part, "tool_calls"))
        }
        contents.append(plan.string("choices", 0, "text"))
        finishReason = plan.string("choices", 0, "finish_reason")
        logprobs = plan.value("choices", 0, "logprobs")
        usage = plan.value("usage")
        timings = plan.value("timings")
    }
}
