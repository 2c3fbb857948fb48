internal import WireBytes
internal import WireExchange
internal import WireHTTP1
internal import WireTime

/// One request on its way to the upstream and its response on the way back. The machine that decides
/// about deadlines is the client's own; the bytes of the response are passed on as they came, the
/// decoder only watches where it ends.
final class ProxiedExchange {
    let request: ForwardedRequest
    let recorder: ExchangeRecorder?
    let begunAt: Instant
    var machine: ExchangeMachine
    private(set) var decoder: ResponseDecoder
    var received: ReceiveBuffer
    private(set) var watch = RecordWatch(contentType: nil)
    private let recordLimit: Int
    /// All of it has come from the client.
    var isRequestComplete: Bool
    /// When the last part of the request was sent.
    var sentAt: Instant
    /// Bytes of the response that the client was given.
    var passedBytes = 0
    /// Of the response, with the 1xx before it, once that is known; `.max` for what is no head.
    private(set) var headLength: Int?
    /// The response cannot be read as HTTP: everything is passed on, until the upstream closes.
    private(set) var isOpaque = false

    init(
        _ request: ForwardedRequest, framing: BodyFraming, recorder: ExchangeRecorder?,
        options: ProxyOptions, at now: Instant
    ) {
        self.request = request
        self.recorder = recorder
        begunAt = now
        sentAt = now
        recordLimit = options.recordLimit ?? .max
        let isBodyless = framing == .none || framing == .contentLength(0)
        isRequestComplete = isBodyless
        let form = RequestForm(bytes: request.head.count, isOpen: !isBodyless)
        // What was sent is gone: nothing is repeated here.
        machine = ExchangeMachine(
            deadlines: options.upstream.deadlines, request: form,
            retry: RetryRule(mayRepeat: false), at: now)
        let limits = options.upstream.limits
        decoder = ResponseDecoder(toHEAD: request.method == "HEAD", limits: limits)
        received = ReceiveBuffer(limit: .bytes(limits.head.bytes + (1 << 20)))
    }

    enum Step {
        case needsBytes
        case complete
        /// The records that the client was to have.
        case enough
    }

    /// Reads on in what has been received.
    func decode(at now: Instant) -> Step {
        if isOpaque {
            received.removeAll()
            return .needsBytes
        }
        do throws(HTTP1Error) { return try decodeChecked(at: now) } catch {
            isOpaque = true
            headLength = headLength ?? .max
            received.removeAll()
            return .needsBytes
        }
    }

    private func decodeChecked(at now: Instant) throws(HTTP1Error) -> Step {
        while true {
            switch try decoder.advance(&received) {
            case .needsBytes: return .needsBytes
            case .informational(let status):
                if status == 100 { machine.continueReceived(at: now) }
            case .head:
                _ = machine.headReceived(at: now)
                headLength = decoder.bytesTaken
                watch = RecordWatch(contentType: decoder.head?.fields["content-type"])
            case .content(let count):
                let records = watch.take(received.content)
                received.consume(count)
                if records > 0 { machine.contentReceived(records, at: now) }
                if watch.count >= recordLimit, watch.isBetweenRecords { return .enough }
            case .end: return .complete
            }
        }
    }

    /// The upstream has closed.
    ///
    /// - Returns: whether the response is complete by that.
    func endOfInput() -> Bool {
        if isOpaque { return false }
        do throws(HTTP1Error) { try decoder.endOfInput() } catch { return false }
        return true
    }

    var head: ResponseHead? { decoder.head }

    var allowsReuse: Bool {
        !isOpaque && isRequestComplete && request.allowsKeepAlive
            && decoder.allowsReuse(of: received)
    }

    /// Where a record may be put in behind what the client has; nil where none may.
    var endingPlace: StreamEnding.Place? {
        guard !isOpaque, let head, head.fields["content-encoding"] == nil, watch.isBetweenRecords
        else { return nil }
        switch decoder.framing {
        case .untilClose?: return .plain
        case .chunked?:
            switch decoder.chunkPlace {
            case .boundary?: return .chunkBoundary
            case .dataEnd?: return .chunkDataEnd
            default: return nil
            }
        default: return nil
        }
    }

    /// The end of the connection could be taken for the response's.
    var endsByClose: Bool { decoder.framing == .untilClose }

    func report(_ outcome: ProxyReport.Outcome, connection: Int, at now: Instant) -> ProxyReport {
        let isRecorded = recorder.map { !$0.isDropped } ?? false
        return ProxyReport(
            connection: connection, method: request.method, target: request.target,
            status: head?.status, recording: isRecorded ? recorder?.name : nil,
            responseBytes: passedBytes, records: watch.count, outcome: outcome,
            duration: now.since(begunAt))
    }
}
