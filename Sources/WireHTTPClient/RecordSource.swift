internal import WireBytes
internal import WireDriver
internal import WireExchange
internal import WireFraming
internal import WireTime

/// An iterator's exchange. Whoever drops it closes the connection; used by one task at a time.
@usableFromInline
final class RecordSource {
    private let system: any AsyncNetworkSystem
    private var exchange: ExchangeDriver
    private var hasHead = false
    private var isOver = false

    init(
        _ client: HTTPClient, _ request: HTTPRequest, _ deadlines: Deadlines?,
        _ cancellation: Cancellation
    ) {
        system = client.system
        exchange = client.exchange(request, deadlines, cancellation)
    }

    deinit { exchange.abandon() }

    /// The next record if it takes no waiting; nil says to call `next`.
    @usableFromInline
    func buffered<Form: RecordForm>(
        _ form: Form.Type
    ) throws(ResponseError) -> Form.Record? {
        guard hasHead, !isOver else { return nil }
        if Task.isCancelled { try cancel() }
        if Form.unit == .line, let range = exchange.nextLineAtHand() { return record(range, form) }
        guard case .record(let range) = try step(Form.unit) else { return nil }
        return record(range, form)
    }

    /// The next record, or nil at the end.
    @usableFromInline
    func next<Form: RecordForm>(_ form: Form.Type) async throws(ResponseError) -> Form.Record? {
        if !hasHead { try await begin() }
        while !isOver {
            switch try step(Form.unit) {
            case .record(let range): return record(range, form)
            case .end: isOver = true
            case .blocked: try await wait()
            }
        }
        return nil
    }

    private func record<Form: RecordForm>(_ range: ByteRange, _ form: Form.Type) -> Form.Record {
        exchange.noteContent()
        return exchange.owned(range, form)
    }

    private func step(_ unit: BodyUnit) throws(ResponseError) -> ExchangeDriver.Step {
        do throws(TransportError) {
            return try exchange.next(unit.unit)
        } catch { throw .transport(error) }
    }

    private func begin() async throws(ResponseError) {
        do throws(TransportError) {
            while try !exchange.advanceToHead() {
                let outcome = await perform(exchange.nextWait(), system)
                try exchange.end(outcome)
            }
        } catch { throw .transport(error) }
        hasHead = true
        let head = exchange.reader.head!
        if (200..<300).contains(head.status) { return }
        let body = await refusal()
        exchange.abandon()
        isOver = true
        throw .status(head, body: body)
    }

    /// What there is of the body of a refusal, up to the limit.
    private func refusal() async -> [UInt8] {
        var body: [UInt8] = []
        do throws(ResponseError) {
            while body.count < ResponseError.bodyLimit.bytes {
                do throws(TransportError) {
                    switch try exchange.next(.piece) {
                    case .record(let range): exchange.append(range, to: &body)
                    case .end: return body
                    case .blocked:
                        let outcome = await perform(exchange.nextWait(), system)
                        try exchange.end(outcome)
                    }
                } catch { throw .transport(error) }
            }
        } catch { return body }
        return body
    }

    private func wait() async throws(ResponseError) {
        let outcome = await perform(exchange.nextWait(), system)
        do throws(TransportError) { try exchange.end(outcome) } catch { throw .transport(error) }
    }

    private func cancel() throws(ResponseError) {
        do throws(TransportError) { try exchange.cancel() } catch { throw .transport(error) }
    }
}

extension ExchangeDriver {
    fileprivate func owned<Form: RecordForm>(
        _ range: ByteRange, _ form: Form.Type
    ) -> Form.Record {
        switch Form.unit {
        case .line, .piece:
            Form.record(SSEFramer.Event(type: Span(), data: self[range], lastEventID: Span()))
        case .event:
            Form.record(
                SSEFramer.Event(type: eventType, data: eventData, lastEventID: lastEventID))
        }
    }

    fileprivate func append(_ range: ByteRange, to body: inout [UInt8]) {
        body.append(copying: self[range])
    }
}
