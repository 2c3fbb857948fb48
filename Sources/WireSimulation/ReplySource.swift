internal import WireServer
internal import WireSockets
internal import WireTime

/// A reply as its connection sees it: see `Reply`.
final class ReplySource: ResponseSource {
    private var passage: ReplyPassage

    init(_ passage: ReplyPassage) { self.passage = passage }

    func next(at now: Instant) -> ResponseAction { passage.next(at: now) }
    func sent(_ count: Int, at now: Instant) { passage.sent(count, at: now) }
    func ended(at now: Instant) { passage.ended(at: now) }
}

/// Brings a reply's pieces to its connection, and does to them what a fault says. Writes down when each
/// record went out.
///
///     state   | event                             | next
///     --------+-----------------------------------+---------------------------------
///     passing | the fault's position is reached   | tail, once what is before is sent
///             | the pieces have run out           | passing: done
///     tail    | its script runs out               | tail: done
struct ReplyPassage {
    private let inner: any PieceSource
    private let fault: Fault?
    private let context: ReplyContext
    private let truth: GroundTruthWriter?
    private let request: RequestID

    /// Pieces that go out together: gathered, then sent, then the same memory for the next ones.
    private var bytes: [UInt8] = []
    /// Where in `bytes` records end, and when they were due.
    private var ends: [(at: Int, due: Instant?)] = []
    private var isSending = false
    private var sentCount = 0
    private var passedEnds = 0

    private var tail: ScriptPlayer?
    /// What the tail will be, once what is before has been sent.
    private var tailFault: Fault?
    private var hasHead = false
    private var recordsPassed = 0
    private var bytesPassed = 0
    private var recordsSent = 0
    private var heldUntil: Instant
    private var isOver = false

    init(
        _ inner: any PieceSource, fault: Fault?, context: ReplyContext, request: RequestID,
        truth: GroundTruthWriter?, at now: Instant
    ) {
        self.inner = inner
        self.fault = fault
        self.context = context
        self.request = request
        self.truth = truth
        heldUntil = fault?.kind == .lateHead ? now + (fault?.time ?? .zero) : now
        guard let fault else { return }
        truth?.fault(fault, request, at: now)
        switch fault.position {
        case .start where context.scripts(false).script(for: fault) != nil: tailFault = fault
        case .bytes(0): tailFault = fault
        default: break
        }
        if fault.kind == .earlyHead, let head = context.earlyHead {
            hasHead = true
            bytes = head
            isSending = true
        }
    }

    // MARK: For the connection

    mutating func next(at now: Instant) -> ResponseAction {
        if heldUntil > now { return .wait(until: heldUntil) }
        while true {
            if tail != nil { return tail?.next(at: now) ?? .done }
            if isSending {
                if sentCount < bytes.count { return .send(bytes[sentCount...].prefix(unit)) }
                forgetSent()
            }
            if let tailFault {
                let scripts = context.scripts(hasHead)
                tail = ScriptPlayer(scripts.script(for: tailFault) ?? .silent, from: now)
                continue
            }
            if isOver { return context.framing.streamsUntilClose && hasHead ? .finish : .done }
            let start = bytes.count
            switch inner.next(at: now, into: &bytes) {
            case .piece(let kind, let due): pass(kind, from: start, due: due)
            case .wait(let due): return .wait(until: due)
            case .done:
                isOver = true
                send()
            }
        }
    }

    /// Leaves `bytes` as they are: the connection may hold a slice of them still.
    mutating func sent(_ count: Int, at now: Instant) {
        if tail != nil {
            tail?.sent(count)
            return
        }
        sentCount += count
        while passedEnds < ends.count, ends[passedEnds].at <= sentCount {
            truth?.record(request, index: recordsSent, due: ends[passedEnds].due, at: now)
            recordsSent += 1
            passedEnds += 1
        }
        if fault?.kind == .drip { heldUntil = now + (fault?.every ?? .zero) }
    }

    func ended(at now: Instant) {
        inner.ended(at: now)
        truth?.answered(request, records: recordsSent, at: now)
    }

    /// The most bytes that are handed to the kernel at once.
    private var unit: Int { fault?.kind == .drip || fault?.kind == .oneByte ? 1 : .max }

    // MARK: Pieces

    private mutating func send() { isSending = !bytes.isEmpty }

    private mutating func forgetSent() {
        bytes.removeAll(keepingCapacity: true)
        while ends.popLast() != nil {}
        (isSending, sentCount, passedEnds) = (false, 0, 0)
    }

    /// A piece has come: `bytes` from `start` on.
    private mutating func pass(_ kind: Piece.Kind, from start: Int, due: Instant?) {
        let whole = bytes.count - start
        if whole == 0 { return }
        if kind == .head {
            // Sent already.
            if hasHead { return bytes.removeLast(whole) }
            hasHead = true
        }
        guard let fault, fault.position != .start else { return keep(kind, whole: true, due) }
        let count = reach(of: fault.position, in: kind, whole, from: start)
        if let count {
            bytes.removeLast(whole - count)
            tailFault = fault
        }
        if count != 0 { keep(kind, whole: count ?? whole == whole, due) }
        bytesPassed += whole
        if kind == .record || kind == .last { recordsPassed += 1 }
        if tailFault != nil { send() }
    }

    /// How many of a piece's bytes are before the position; nil: it is not reached in this piece.
    private func reach(
        of position: Fault.Position, in kind: Piece.Kind, _ whole: Int, from start: Int
    ) -> Int? {
        switch position {
        case .start: return 0
        case .bytes(let count): return count - bytesPassed <= whole ? count - bytesPassed : nil
        case .head:
            if kind == .whole { return headCount(from: start) }
            return kind == .head ? whole : nil
        case .records(let count):
            if kind == .whole { return whole - 1 }
            if count == 0 { return kind == .head ? whole : nil }
            // A stream that is shorter has it before its last record.
            if kind == .last { return 0 }
            return kind == .record && recordsPassed + 1 == count ? whole : nil
        case .last: return kind == .whole ? whole - 1 : kind == .last ? 0 : nil
        case .end: return kind == .whole ? whole - 1 : kind == .last ? whole : nil
        }
    }

    private func headCount(from start: Int) -> Int {
        let end: [UInt8] = [13, 10, 13, 10]
        let found = (start..<bytes.count).first { bytes[$0...].starts(with: end) }
        return (found.map { $0 + end.count } ?? bytes.count) - start
    }

    /// Whether the last piece goes out now, or with what comes next.
    private mutating func keep(_ kind: Piece.Kind, whole isWhole: Bool, _ due: Instant?) {
        let isRecord = kind == .record || kind == .last || kind == .whole
        if isRecord, isWhole { ends.append((bytes.count, due)) }
        let batches = fault?.kind == .batch
        if kind == .head {
            // The head goes out with the first record, as the real server's does.
            if fault?.position != .head, fault?.kind != .earlyHead { return }
        } else if batches, kind == .record, ends.count < max(1, fault?.count ?? 1) {
            return
        }
        send()
    }
}

/// What a reply's faults need to know of it.
struct ReplyContext {
    let framing: ReplyFraming
    let isOpenAI: Bool
    /// Of a stream of records; nil for other replies.
    let dialect: ReplyDialect?

    func scripts(_ hasHead: Bool) -> FaultScripts {
        FaultScripts(
            framing: framing, dialect: dialect, isOpenAI: isOpenAI, hasHead: hasHead,
            wall: MonotonicClock.wallNanoseconds)
    }

    /// The head of a stream that may be sent before there is anything to say.
    var earlyHead: [UInt8]? {
        dialect.map {
            framing.streamHead(
                contentType: $0.streamContentType, wall: MonotonicClock.wallNanoseconds)
        }
    }
}
