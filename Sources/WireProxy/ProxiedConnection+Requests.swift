internal import WireBytes
internal import WireExchange
internal import WireHTTP1
internal import WireServer
internal import WireTime

/// Requests off the client, one after another: the next is read when the response before it is over.
extension ProxiedConnection {
    func takeRequests(at now: Instant) {
        do throws(HTTP1Error) {
            while phase == .open, exchange.map({ !$0.isRequestComplete }) ?? !rawInput.isEmpty {
                let step = try decoder.advance(&input)
                switch step {
                case .head: try takeHead(at: now)
                case .content(let count):
                    input.consume(count)
                    takeBody(at: now)
                case .needsBytes: return takeBody(at: now)
                case .end:
                    takeBody(at: now)
                    endRequest(at: now)
                }
            }
        } catch {
            core.log.change(id) { $0.requestError = error }
            refuse(
                error.message, status: error.answerStatus(hasHead: decoder.request != nil), at: now)
        }
    }

    private func takeHead(at now: Instant) throws(HTTP1Error) {
        guard let head = decoder.request, let framing = decoder.framing else { return }
        discardTaken()
        core.log.received(id, method: head.method, target: head.target, bodyBytes: 0, at: now)
        let options = core.options
        let forwarded: ForwardedRequest
        do throws(ForwardedRequest.Refusal) {
            forwarded = try ForwardedRequest(
                head, to: core.upstream, keepsHost: options.keepsHost,
                keepsCredentials: options.keepsCredentials)
        } catch { return refuse(error.message, status: error.status, at: now) }
        let recorder = core.writer.map {
            ExchangeRecorder(forwarded, into: $0, keepsCredentials: options.keepsCredentials)
        }
        let begun = ProxiedExchange(
            forwarded, framing: framing, recorder: recorder, options: options, at: now)
        exchange = begun
        clientSince = now
        toUpstream.append(forwarded.head)
        if begun.isRequestComplete { endRequest(at: now) }
        startUpstream(at: now)
    }

    /// Passes on what the decoder has taken of the body, framing included.
    private func takeBody(at now: Instant) {
        guard let exchange else { return }
        let count = decoder.bytesTaken - inputTaken
        if count == 0 { return }
        let bytes = rawInput.prefix(count)
        exchange.recorder?.appendRequest(bytes)
        toUpstream.append(bytes)
        exchange.machine.bodyGrew(by: count, at: now)
        discardTaken()
    }

    private func discardTaken() {
        rawInput.consume(decoder.bytesTaken - inputTaken)
        inputTaken = decoder.bytesTaken
    }

    private func endRequest(at now: Instant) {
        if let exchange, !exchange.isRequestComplete {
            exchange.isRequestComplete = true
            exchange.machine.bodyEnded(at: now)
        }
        decoder = RequestDecoder(limits: core.options.upstream.limits)
        inputTaken = 0
        requestCount += 1
    }

    /// Answers in the proxy's own name, or cuts what has been begun.
    func refuse(_ message: String, status: Int, at now: Instant) {
        if let exchange {
            report(.refused(status: status, message), at: now)
            exchange.recorder?.drop()
            self.exchange = nil
            if exchange.passedBytes > 0 { return finish(byReset: exchange.endsByClose, at: now) }
        }
        answer(message, status: status, at: now)
    }

    func answer(_ message: String, status: Int, at now: Instant) {
        let script = Script.error(
            message, status: status, fields: [("Connection", "close")])
        pass(script.sentBytes[...], at: now)
        finish(at: now)
    }

    func report(_ outcome: ProxyReport.Outcome, at now: Instant) {
        guard let exchange, let report = core.options.report else { return }
        report(exchange.report(outcome, connection: id, at: now))
    }
}
