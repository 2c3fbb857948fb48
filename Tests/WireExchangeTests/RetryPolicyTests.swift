import Testing
import WireBytes
import WireExchange
import WireHTTP1
import WireTime

private func head(_ status: Int, _ fields: String = "") throws -> ResponseHead {
    var decoder = ResponseDecoder(toHEAD: true, limits: .standard)
    var buffer = ReceiveBuffer(limit: .mebibytes(1))
    try buffer.append([UInt8]("HTTP/1.1 \(status) X\r\n\(fields)\r\n".utf8).span)
    _ = try decoder.advance(&buffer)
    return decoder.head!
}

private func failure(written: Int = 0, received: Int = 0) -> Progress {
    var progress = Progress()
    progress.bytesWritten = written
    progress.bytesReceived = received
    return progress
}

private var steady: RetryPolicy {
    var policy = RetryPolicy()
    policy.jitter = 0
    return policy
}

private func machine(
    _ policy: RetryPolicy = steady, isIdempotent: Bool = true, isRepeatable: Bool = true
) -> RetryMachine {
    RetryMachine(policy, isIdempotent: isIdempotent, isRepeatable: isRepeatable)
}

@Suite struct RetryPolicyTests {
    private enum Who: CaseIterable { case any, idempotent, nobody }

    private func who(_ delay: (inout RetryMachine) throws -> Timeout?) rethrows -> Who {
        var idempotent = machine()
        var other = machine(isIdempotent: false)
        switch (try delay(&idempotent) != nil, try delay(&other) != nil) {
        case (true, true): return .any
        case (true, false): return .idempotent
        default: return .nobody
        }
    }

    @Test func statuses() throws {
        for (status, expected) in [
            (429, Who.any), (503, .any), (408, .idempotent), (502, .idempotent),
            (504, .idempotent), (500, .nobody), (200, .nobody), (404, .nobody), (301, .nobody),
        ] {
            let found = try who { $0.delay(after: try head(status), random: 0) }
            #expect(found == expected, "\(status)")
        }
    }

    @Test func failures() {
        let closed = HTTP1Error(.closedEarly, at: 0, "closed without a response")
        let table: [(TransportError, Who)] = [
            (.connect([], failure()), .any), (.resolve(host: "h", message: "", failure()), .any),
            (.timeout(.connect, waited: .zero, failure()), .any),
            (.timeout(.tlsHandshake, waited: .zero, failure()), .any),
            // A load that is under way is never restarted.
            (.timeout(.responseHead, waited: .zero, failure(written: 9)), .nobody),
            (.timeout(.total, waited: .zero, failure()), .nobody),
            (.timeout(.poolWait, waited: .zero, failure()), .nobody),
            (.reset(failure()), .any), (.reset(failure(written: 9)), .idempotent),
            (.reset(failure(written: 9, received: 1)), .nobody),
            (.http(closed, failure(written: 9)), .idempotent), (.http(closed, failure()), .any),
            (.http(closed, failure(written: 9, received: 1)), .nobody),
            (.http(HTTP1Error(.badStatusLine, at: 0, ""), failure()), .nobody),
            (.cancelled(failure()), .nobody), (.request(.invalidURL("")), .nobody),
            (.local(message: "", failure()), .nobody), (.unsupported("x"), .nobody),
        ]
        for (error, expected) in table {
            #expect(who { $0.delay(after: error, random: 0) } == expected, "\(error)")
        }
    }

    @Test func onlyWhatCanBeHadAgain() throws {
        var once = machine(isRepeatable: false)
        #expect(once.delay(after: try head(503), random: 0) == nil)
        #expect(once.delay(after: .connect([], Progress()), random: 0) == nil)
        var policy = steady
        policy.repeatsAnyMethod = true
        var any = machine(policy, isIdempotent: false)
        #expect(any.delay(after: .reset(failure(written: 9)), random: 0) != nil)
    }

    @Test func backOff() throws {
        var policy = steady
        policy.limit = 8
        policy.longestDelay = .seconds(10)
        var retries = machine(policy)
        let delays = try (0..<9).map { _ in retries.delay(after: try head(503), random: 0) }
        #expect(
            delays == [
                .milliseconds(500), .seconds(1), .seconds(2), .seconds(4), .seconds(8),
                .seconds(10),
                .seconds(10), .seconds(10), nil,
            ])
        #expect(retries.count == 8)
    }

    @Test func jitter() throws {
        var policy = steady
        for (share, random, expected) in [
            (0.5, UInt64.max, 250), (0.5, 0, 500), (0.5, UInt64(1) << 63, 375), (1, .max, 0),
            (2, .max, 0), (-1, .max, 500),
        ] {
            policy.jitter = share
            var retries = machine(policy)
            let delay = try #require(retries.delay(after: try head(503), random: random))
            let distance = delay.nanoseconds - Int64(expected) * 1_000_000
            #expect(abs(distance) < 1_000, "\(share) \(random)")
        }
    }

    @Test func retryAfter() throws {
        let date = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
        for (fields, expected) in [
            ("Retry-After: 7\r\n", Timeout.seconds(7)),
            ("Retry-After: 0\r\n", .milliseconds(500)),
            ("Retry-After: 30\r\n", .seconds(30)), ("Retry-After: 31\r\n", nil),
            ("Retry-After: 99999999999999999999\r\n", nil),
            ("Retry-After: soon\r\n", .milliseconds(500)),
            ("Retry-After: -1\r\n", .milliseconds(500)),
            ("\(date)Retry-After: Sun, 06 Nov 1994 08:49:57 GMT\r\n", .seconds(20)),
            ("\(date)Retry-After: Sun, 06 Nov 1994 08:40:00 GMT\r\n", .milliseconds(500)),
            ("\(date)Retry-After: Sun, 06 Nov 1995 08:40:00 GMT\r\n", nil),
            // Without the server's own date there is nothing to count from.
            ("Retry-After: Sun, 06 Nov 1994 08:49:57 GMT\r\n", .milliseconds(500)),
        ] {
            var retries = machine()
            let delay = retries.delay(after: try head(503, fields), random: 0)
            #expect(delay == expected, "\(fields)")
        }
    }
}
