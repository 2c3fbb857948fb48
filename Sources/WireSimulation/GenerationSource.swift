internal import WireJSON
internal import WireSockets
internal import WireTime

/// One generation as a reply's source: see `Generation`.
final class GenerationSource: PieceSource {
    private var generation: Generation

    init(_ generation: Generation) { self.generation = generation }

    /// For faults that need to know.
    var currentDialect: ReplyDialect { generation.dialect }

    func next(at now: Instant, into out: inout [UInt8]) -> PieceStep {
        generation.next(at: now, into: &out)
    }

    func ended(at now: Instant) { generation.leave(at: now, tokens: nil) }
}

/// One generation: waits for a slot and the model, reads the prompt, writes tokens at their times.
///
///     state   | event                             | next
///     --------+-----------------------------------+-----------------------------------
///     waiting | a slot and the model are there    | reading (`load_duration` ends)
///     reading | the prompt has been read          | writing
///     writing | a token's time has come           | writing (a record), or ending
///     ending  | nothing of the text is left       | ended (the last record, the end)
///
/// Times in the last record are those at which things happened, not those planned.
///
/// A record allocates nothing: its text, its JSON and its place in the queue are memory used before.
struct Generation {
    private enum State { case waiting, reading(until: Instant), writing, ending, ended }

    private let job: GenerationJob
    private let host: ModelHost
    private let ticket: Ticket
    private let framing: ReplyFraming
    private(set) var dialect: ReplyDialect
    private let receivedAt: Instant
    private var state = State.waiting
    private var result = GenerationResult()

    private var script: AnswerScript
    private var random: Randomness
    private var stop: StopTexts
    private let jitter: Jitter
    /// Between tokens, in nanoseconds.
    private let meanGap: Double
    private let tokensPerRecord: Int
    private var startedAt = Instant(nanoseconds: 0)
    private var readAt = Instant(nanoseconds: 0)
    /// When the next token is due, exactly: gaps are added up without rounding.
    private var dueNanoseconds = 0.0
    private var wholeText: [UInt8] = []
    private var wholeThinking: [UInt8] = []
    private var calls: [ToolCall] = []
    private var hasHead = false
    private var queue = PieceQueue()
    private var record: [UInt8] = []
    private var hasLeft = false

    init(
        _ job: GenerationJob, on host: ModelHost, _ ticket: Ticket, framing: ReplyFraming,
        script: AnswerScript, random: Randomness, receivedAt: Instant
    ) {
        self.job = job
        self.host = host
        self.ticket = ticket
        self.framing = framing
        self.script = script
        self.receivedAt = receivedAt
        var random = random
        dialect = ReplyDialect(job, number: random.next())
        self.random = random
        stop = StopTexts(job.stops)
        jitter = host.profile.jitter
        meanGap = 1e9 / host.profile.tokenRate
        tokensPerRecord = max(1, host.profile.tokensPerRecord)
        result.promptCount = ticket.prompt.count
        result.context = ticket.prompt
    }

    mutating func next(at now: Instant, into out: inout [UInt8]) -> PieceStep {
        while true {
            if !queue.isEmpty { return queue.take(into: &out) }
            switch state {
            case .waiting:
                guard let start = ticket.startsAt else { return .wait(until: .distantFuture) }
                if start > now { return .wait(until: start) }
                beginReading(at: now)
            case .reading(let end):
                if end > now { return .wait(until: end) }
                readAt = now
                result.promptTime = now.since(startedAt)
                dueNanoseconds = Double(end.nanoseconds)
                addGap()
                state = script.isEmpty ? .ending : .writing
            case .writing:
                let due = Instant(nanoseconds: Int64(dueNanoseconds))
                if due > now { return .wait(until: due) }
                if let step = write(due: due, at: now, into: &out) { return step }
            case .ending: finish(at: now)
            case .ended: return .done
            }
        }
    }

    mutating func leave(at now: Instant, tokens: [UInt32]?) {
        if hasLeft { return }
        hasLeft = true
        host.leave(ticket, tokens: tokens, at: now)
    }

    private mutating func beginReading(at now: Instant) {
        startedAt = now
        result.loadTime = now.since(receivedAt)
        let fresh = ticket.prompt.count - ticket.cachedCount
        state = .reading(until: now + host.profile.timeToRead(fresh))
    }

    private mutating func addGap() {
        let gap = jitter.gap(before: script.tokenCount, mean: meanGap, &random)
        dueNanoseconds = min(dueNanoseconds + gap, 9e18)
    }

    /// One token, and a record if enough of them are there.
    ///
    /// - Returns: what was appended to `out`; nil when it is in the queue, or there is nothing to say.
    private mutating func write(
        due: Instant, at now: Instant, into out: inout [UInt8]
    ) -> PieceStep? {
        let token = script.next()
        result.tokenCount += 1
        switch token {
        case .thinking(let bytes): wholeThinking += bytes
        case .text(let bytes):
            result.context.append(Tokenizer.number(of: bytes))
            stop.add(bytes, to: &wholeText)
        case .callPart: break
        case .calls(let made): calls = made
        }
        let isOver = stop.hasStopped || script.isEmpty
        if isOver {
            stop.addRest(to: &wholeText)
            result.reason = stop.hasStopped || script.endsNaturally ? "stop" : "length"
            state = .ending
        }
        result.tokenTime = now.since(readAt)
        if !isOver { addGap() }
        guard job.streams, isOver || script.tokenCount % tokensPerRecord == 0 else { return nil }
        if hasHead, !isOver, wholeThinking.isEmpty, !wholeText.isEmpty {
            putText()
            framing.put(record, to: &out)
            record.removeAll(keepingCapacity: true)
            return .piece(.record, due: due)
        }
        queueRecords(due: due, isOver: isOver)
        return nil
    }

    private mutating func putText() {
        dialect.put(
            text: wholeText, thinking: [], wall: MonotonicClock.wallNanoseconds, to: &record)
        wholeText.removeAll(keepingCapacity: true)
    }

    /// What has been said since the last one. A record holds text or thinking, not both.
    private mutating func queueRecords(due: Instant, isOver: Bool) {
        let wall = MonotonicClock.wallNanoseconds
        if !wholeThinking.isEmpty {
            dialect.put(text: [], thinking: wholeThinking, wall: wall, to: &record)
            wholeThinking.removeAll(keepingCapacity: true)
            queueRecord(.record, due: due)
        }
        if !wholeText.isEmpty {
            putText()
            queueRecord(.record, due: due)
        }
        if !calls.isEmpty, isOver {
            record += dialect.record(calls: calls, wall: wall)
            queueRecord(.record, due: due)
        }
    }

    /// What stands in `record`.
    private mutating func queueRecord(_ kind: Piece.Kind, due: Instant? = nil) {
        if !hasHead {
            hasHead = true
            let head = framing.streamHead(
                contentType: dialect.streamContentType, wall: MonotonicClock.wallNanoseconds)
            queue.add(.head) { $0 += head }
        }
        queue.add(kind, due: due) { framing.put(record, to: &$0) }
        record.removeAll(keepingCapacity: true)
    }

    private mutating func finish(at now: Instant) {
        state = .ended
        result.totalTime = now.since(receivedAt)
        leave(at: now, tokens: result.context)
        let wall = MonotonicClock.wallNanoseconds
        if !job.streams {
            let body = dialect.whole(
                result, text: wholeText, thinking: wholeThinking, calls: calls, wall: wall)
            queue.add(.whole) {
                $0 += framing.whole(contentType: dialect.wholeContentType, body, wall: wall)
            }
            return
        }
        record += dialect.last(result, calls: !calls.isEmpty, wall: wall)
        queueRecord(.last)
        queue.add(.end) { $0 += framing.end }
    }
}

/// What a generation says, token by token.
struct AnswerScript {
    enum Token {
        case thinking([UInt8])
        case text([UInt8])
        /// A token of a call that is not complete: nothing is sent for it.
        case callPart
        case calls([ToolCall])
    }

    private enum Content { case words, fixed([[UInt8]]), calls([ToolCall], tokens: Int) }

    private var words: TokenStream
    private let content: Content
    private let thinkingCount: Int
    private let count: Int
    private(set) var tokenCount = 0
    /// Whether the model ends by itself at its last token, rather than by a limit.
    let endsNaturally: Bool

    init(
        _ job: GenerationJob, _ profile: SimulatedModel, _ vocabulary: Vocabulary,
        _ random: inout Randomness
    ) {
        var words = TokenStream(vocabulary, Randomness(seed: random.next()))
        let thinks = profile.thinkingTokens > 0 && job.thinks ?? true
        thinkingCount = thinks ? profile.thinkingTokens : 0
        let content: Content
        let own: Int
        if profile.usesTools, !job.tools.isEmpty, !job.answersTool,
            let call = AnswerScript.call(of: job.tools[0], &words, &random)
        {
            let size = (try? call.arguments.encoded().count) ?? 0
            own = 2 + (call.name.utf8.count + size) / 4
            content = .calls([call], tokens: own)
        } else if let format = job.format {
            let schema: JSONValue =
                format.stringValue == nil
                ? format : ["type": "object", "properties": ["answer": ["type": "string"]]]
            let value = SchemaValue.make(schema, &words, &random)
            let pieces = Tokenizer.tokens(of: (try? value.encoded()) ?? [])
            own = pieces.count
            content = .fixed(pieces)
        } else {
            own = max(1, profile.output.sample(&random))
            content = .words
        }
        self.content = content
        self.words = words
        let wanted = thinkingCount + own
        let most = min(job.tokenLimit ?? .max, 10 * profile.contextLength)
        count = min(wanted, most)
        endsNaturally = wanted <= most
    }

    var isEmpty: Bool { tokenCount >= count }

    mutating func next() -> Token {
        defer { tokenCount += 1 }
        if tokenCount < thinkingCount { return .thinking(words.next()) }
        switch content {
        case .words: return .text(words.next())
        case .fixed(let pieces): return .text(pieces[tokenCount - thinkingCount])
        case .calls(let calls, let tokens):
            return tokenCount - thinkingCount == tokens - 1 ? .calls(calls) : .callPart
        }
    }

    private static func call(
        of tool: JSONValue, _ words: inout TokenStream, _ random: inout Randomness
    ) -> ToolCall? {
        guard let function = tool["function"], let name = function["name"]?.stringValue else {
            return nil
        }
        var arguments = JSONValue.object([])
        if let schema = function["parameters"] {
            arguments = SchemaValue.make(schema, &words, &random)
        }
        if arguments.members == nil { arguments = .object([]) }
        let letters = [UInt8]("abcdefghijklmnopqrstuvwxyz0123456789".utf8)
        let id = (0..<8).map { _ in letters[random.index(below: letters.count)] }
        return ToolCall(
            id: "call_" + String(decoding: id, as: UTF8.self), name: name, arguments: arguments)
    }
}
