import Testing
import WireBytes
import WireExchange
import WireHTTP1
import WireTime

/// Every sequence of up to seven answers and failures of one request, for each kind of request: which
/// are asked about again, after how long, and never more often than the policy says.
@Suite struct RetryWorldTests {
    /// Whom the table of `RetryPolicy` lets ask again.
    private enum Who: Sendable { case anybody, idempotent, nobody }

    private struct Event: Sendable {
        var name: String
        var who: Who
        var wish: Timeout?
        var delay: @Sendable (inout RetryMachine) -> Timeout?
    }

    private static func head(_ status: Int, _ fields: String = "") -> ResponseHead {
        var decoder = ResponseDecoder(toHEAD: true, limits: .standard)
        var buffer = ReceiveBuffer(limit: .mebibytes(1))
        try! buffer.append([UInt8]("HTTP/1.1 \(status) X\r\n\(fields)\r\n".utf8).span)
        _ = try! decoder.advance(&buffer)
        return decoder.head!
    }

    private static let events: [Event] = {
        func answer(_ status: Int, _ fields: String, _ who: Who, _ wish: Timeout? = nil) -> Event {
            let head = head(status, fields)
            return Event(name: "\(status)", who: who, wish: wish) {
                $0.delay(after: head, random: 0)
            }
        }
        func failure(_ name: String, _ who: Who, _ error: TransportError) -> Event {
            Event(name: name, who: who, wish: nil) { $0.delay(after: error, random: 0) }
        }
        var sent = Progress()
        sent.bytesWritten = 5
        var begun = sent
        begun.bytesReceived = 1
        return [
            answer(200, "", .nobody), answer(503, "", .anybody), answer(502, "", .idempotent),
            answer(429, "Retry-After: 7\r\n", .anybody, .seconds(7)),
            answer(429, "Retry-After: 99\r\n", .nobody),
            failure("unconnected", .anybody, .connect([], Progress())),
            failure("reset", .idempotent, .reset(sent)),
            failure("reset in the answer", .nobody, .reset(begun)),
            failure("late", .nobody, .timeout(.responseHead, waited: .zero, sent)),
        ]
    }()

    @Test(arguments: [true, false], [true, false])
    func everySequence(_ isIdempotent: Bool, _ isRepeatable: Bool) {
        for limit in 0...3 {
            var policy = RetryPolicy()
            (policy.limit, policy.jitter) = (limit, 0)
            (policy.firstDelay, policy.longestDelay) = (.seconds(4), .seconds(10))
            let machine = RetryMachine(
                policy, isIdempotent: isIdempotent, isRepeatable: isRepeatable)
            var tried = 0
            let fault = tryAll(machine, 0, isIdempotent, isRepeatable ? limit : 0, [], &tried)
            if let fault { return fail(fault) }
            #expect(tried >= 9)
        }
    }

    /// - Parameter left: how often it may be asked again.
    private func tryAll(
        _ machine: RetryMachine, _ count: Int, _ isIdempotent: Bool, _ left: Int,
        _ names: [String], _ tried: inout Int
    ) -> String? {
        let usual = [Timeout.seconds(4), .seconds(8), .seconds(10)]
        for event in RetryWorldTests.events {
            var next = machine
            tried += 1
            let may = event.who == .anybody || event.who == .idempotent && isIdempotent
            let expected = may && left > 0 ? max(usual[count], event.wish ?? .zero) : nil
            let said = event.delay(&next)
            if said != expected || next.count != count + (expected == nil ? 0 : 1) {
                return "\(names), \(event.name): \(said as Any), not \(expected as Any)"
            }
            // What is not asked about again is the end.
            guard expected != nil, names.count < 6 else { continue }
            let fault = tryAll(
                next, count + 1, isIdempotent, left - 1, names + [event.name], &tried)
            if let fault { return fault }
        }
        return nil
    }
}
