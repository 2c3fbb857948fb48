internal import WireBytes
internal import WireHTTP1
internal import WireTime

extension ServedConnection {
    /// Reads what it can of the next request; `player` is set once there is an answer.
    func readRequest(at now: Instant) {
        guard case .requests(let handler) = behaviour else { return }
        do throws(HTTP1Error) {
            while player == nil {
                switch try decoder.advance(&buffer) {
                case .head: try takeHead(handler, at: now)
                case .content(let count):
                    guard body.count + count <= options.body.bytes else { throw tooLong }
                    body.append(copying: buffer.content)
                    buffer.consume(count)
                case .end: answer(handler, at: now)
                case .needsBytes: return
                }
            }
        } catch {
            refuse(error, at: now)
        }
    }

    private var tooLong: HTTP1Error {
        HTTP1Error(
            .tooLarge, at: decoder.bytesTaken, "a body of more than \(options.body.bytes) bytes")
    }

    private func takeHead(_ handler: any RequestHandler, at now: Instant) throws(HTTP1Error) {
        if case .contentLength(let count) = decoder.framing, count > options.body.bytes {
            throw tooLong
        }
        guard let head = decoder.request, head.expectsContinue,
            decoder.framing != BodyFraming.none, decoder.framing != .contentLength(0)
        else { return }
        switch handler.expectation(of: head) {
        case .proceed(let bytes): start(.bytes(bytes), as: .interim, at: now)
        case .refuse(let script): start(script, as: .last, at: now)
        }
    }

    private func answer(_ handler: any RequestHandler, at now: Instant) {
        guard let head = decoder.request else { return }
        let request = ServedRequest(
            connection: id, index: requestCount, head: head, body: body, receivedAt: now)
        requestCount += 1
        body = []
        decoder = RequestDecoder(limits: options.limits)
        log.received(request)
        start(handler.script(for: request), as: head.allowsKeepAlive ? .answer : .last, at: now)
    }

    private func refuse(_ error: HTTP1Error, at now: Instant) {
        log.change(id) { $0.requestError = error }
        let status =
            switch error.kind {
            case .tooLarge: decoder.request == nil ? 431 : 413
            case .unsupported: 501
            default: 400
            }
        start(.error(error.message, status: status), as: .last, at: now)
    }
}
