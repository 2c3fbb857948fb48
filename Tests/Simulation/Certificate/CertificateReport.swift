import TestSupport
import WireSockets
import WireSystem
import WireTime

/// The whole certificate, and a page about it.
package enum CertificateReport {
    /// How many cases came to what, and those that came to something else.
    struct Count {
        var recordings = 0
        var cases = 0
        var byOutcome: [[String]: Int] = [:]
        var faults: [String] = []
        /// Those that also went over TLS.
        var securely: [String] = []
        /// Drawn by chance, over real sockets.
        var overSockets = 0

        mutating func add(_ certificate: Certificate, _ driver: Driver) {
            for one in certificate.cases {
                let side = one.side == .answer ? "its answer" : "the request"
                add(
                    certificate.run(one), certificate.expected(one), side, one.stop,
                    "\(driver), \(certificate.name), \(one)")
            }
        }

        #if TLS
        mutating func add(_ certificate: Certificate, _ secure: SecureCertificate) {
            for after in 0...secure.length(of: certificate) {
                for stop in Certificate.Stop.allCases {
                    for driver in Driver.allCases {
                        let (outcome, expected) = secure.run(
                            certificate, after: after, stop, driver)
                        add(
                            outcome, expected, "its TLS", stop,
                            "\(driver), \(certificate.name), TLS, \(stop) after \(after)")
                    }
                }
            }
        }
        #endif

        mutating func sample(_ certificates: [Certificate]) {
            let sample = SocketCertificate.sample(
                of: certificates, count: sampleSize, seed: .random(in: 0 ... .max))
            overSockets = sample.count
            faults += SocketCertificate.problems(of: sample)
        }

        private mutating func add(
            _ outcome: Certificate.Outcome, _ expected: Certificate.Outcome, _ side: String,
            _ stop: Certificate.Stop, _ name: @autoclosure () -> String
        ) {
            cases += 1
            if outcome != expected { faults.append("\(name()): \(outcome), not \(expected)") }
            let how = outcome.deadline.map { "\(outcome.ending): \($0)" } ?? outcome.ending
            byOutcome[[side, "\(stop)", outcome.phase, how], default: 0] += 1
        }
    }

    /// How many cases `write` draws.
    private static let sampleSize = 3_000

    /// Over TLS the shortest answer of each kind.
    private static func secured(_ all: [Certificate]) -> [Certificate] {
        var shortest: [String: Certificate] = [:]
        for certificate in all where certificate.answer.count > 200 {
            let kind = "\(certificate.shape.framing) \(certificate.shape.unit)"
            if certificate.answer.count < shortest[kind]?.answer.count ?? .max {
                shortest[kind] = certificate
            }
        }
        return shortest.values.sorted { $0.name < $1.name }
    }

    /// Runs every case with both drivers.
    ///
    /// - Returns: the exit status: 1 when a case came to something else than it has to.
    package static func write(to path: String) -> Int32 {
        guard let recordings = try? ManifestRecording.all() else {
            print("wire-sim: there are no recordings in \(ManifestRecording.directory)")
            return 1
        }
        let begin = MonotonicClock.now
        var count = Count()
        for recording in recordings {
            guard let certificate = Certificate(recording) else { continue }
            count.recordings += 1
            for driver in Driver.allCases {
                Driver.$current.withValue(driver) { count.add(certificate, driver) }
            }
        }
        #if TLS
        let secure = SecureCertificate()
        for certificate in secured(recordings.compactMap { Certificate($0) }) {
            count.securely.append(certificate.name)
            count.add(certificate, secure)
        }
        #endif
        count.sample(recordings.compactMap { Certificate($0) })
        let time = MonotonicClock.now.since(begin)
        for fault in count.faults.prefix(20) { print(fault) }
        print(
            "\(count.cases) cases of \(count.recordings) recordings in \(time.wholeMilliseconds) ms, "
                + "\(count.faults.count) unexplained")
        do throws(SystemError) { try Files.write(page(count), to: path) } catch {
            print("wire-sim: \(error)")
            return 1
        }
        return count.faults.isEmpty ? 0 : 1
    }

    private static func page(_ count: Count) -> [UInt8] {
        var text = """
            # A peer that stops

            Made by `make proof`, from the recordings under `Fixtures/recordings`; do not edit.

            Each recorded exchange of at most 8 KiB is played again over a scripted connection, with a peer
            that stops: it falls silent (stall), closes (fin) or resets (reset), behind every byte of its
            answer (the first count is 0, the last all of it), and behind every byte of the request that it
            reads. Each case runs with the blocking client and with the async one. The outcome, its phase,
            the deadline and how long it had run, the bytes written and received, what the caller got by
            then, the time of the end to the nanosecond of virtual time, and whether the connection has been
            closed are compared with what follows from the place and the kind of the stop alone.

            \(count.securely.count) of them (\(count.securely.joined(separator: ", "))) also go over
            TLS 1.3, OpenSSL at both ends: the peer stops behind every byte that its TLS sends, handshake
            and end included. Not all, because a handshake takes a thousand times as long as a case.

            \(count.overSockets) cases, drawn anew each time, went over real sockets of loopback, some of them
            with TLS: the same outcome, phase, deadline, bytes and records, and no deadline before its time.
            There a peer cannot refuse a request's bytes (the kernel takes them), and after a reset the
            kernel need not give out all that came before.

            \(count.recordings) recordings, \(count.cases) cases in virtual time, \(count.faults.count) unexplained.

            | the peer stops in | how | phase | the call ends | cases |
            |---|---|---|---|---:|

            """
        for (key, number) in count.byOutcome.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }
        ) {
            text +=
                "| \(key[0]) | \(key[1]) | \(key[2].isEmpty ? "-" : key[2]) | \(key[3]) | \(number) |\n"
        }
        return [UInt8](text.utf8)
    }
}
