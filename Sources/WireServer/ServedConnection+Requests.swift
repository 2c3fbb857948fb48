internal import WireBytes
package import WireHTTP1
internal import WireTime

extension ServedConnection {
    /// Reads what it can of the next request; `source` is set once there is an answer.
    func readRequest(at now: Instant) {
        guard case .requests(let handler) = setup.behaviour else { return }
        do throws(HTTP1Error) {
            while source == nil {
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
        returnMemory()
        decoder = RequestDecoder(limits: options.limits)
        log.received(request)
        start(
            handler.answer(to: request, waking: self), as: head.allowsKeepAlive ? .answer : .last)
    }

    private func refuse(_ error: HTTP1Error, at now: Instant) {
        log.change(id) { $0.requestError = error }
        let status = error.answerStatus(hasHead: decoder.request != nil)
        start(.error(error.message, status: status), as: .last, at: now)
    }

    func refuseForTime(at now: Instant) {
        let limit = options.requestTime
        start(.error("the request has not come within \(limit)", status: 408), as: .last, at: now)
    }

    func refuseForMemory(at now: Instant) {
        body = []
        buffer.removeAll()
        returnMemory()
        start(
            .error("more requests have come than there is memory for", status: 503), as: .last,
            at: now)
    }
}

extension ServerBehaviour {
    /// What a connection does instead of reading requests.
    func opening(of connection: Int) -> Opening? {
        switch self {
        case .requests(let handler): handler.opening(of: connection)
        case .raw(let count, let script): Opening(afterBytes: count, script(connection))
        case .deaf: Opening(afterBytes: .max, Script([]))
        }
    }
}

extension HTTP1Error {
    /// What a server answers to a request that is none.
    ///
    /// - Parameter hasHead: the head was in order.
    package func answerStatus(hasHead: Bool) -> Int {
        switch kind {
        case .tooLarge: hasHead ? 413 : 431
        case .unsupported: 501
        default: 400
        }
    }
}
