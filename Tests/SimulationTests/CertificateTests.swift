import TestSupport
import Testing
import WireSimDriver
import WireSystem

/// Some cases over real sockets; `make proof` runs more of them.
@Suite struct SocketCertificateTests {
    @Test func endsAsItHasToOverSockets() async throws {
        let certificates = try ManifestRecording.all().compactMap { Certificate($0) }
        let sample = SocketCertificate.sample(of: certificates, count: 300, seed: 20_261_127)
        let problems = await withCheckedContinuation { continuation in
            PlainThread { continuation.resume(returning: SocketCertificate.problems(of: sample)) }
                .detach()
        }
        #expect(problems == [])
    }
}

/// A part of the hang certificate; `make proof` runs the whole.
@Suite(.eachDriver) struct CertificateTests {
    /// One recording in so many, each at every byte.
    #if DEBUG
    private static let step = 100
    #else
    private static let step = 8
    #endif
    private static let certificates: [Certificate] = {
        let recordings = (try? ManifestRecording.all()) ?? []
        return recordings.compactMap { Certificate($0) }
    }()

    @Test func noneIsMissing() {
        #expect(CertificateTests.certificates.count == 258)
    }

    @Test func endsAsItHasToAtEveryByte() {
        for index in stride(
            from: 0, to: CertificateTests.certificates.count, by: CertificateTests.step)
        {
            let certificate = CertificateTests.certificates[index]
            for one in certificate.cases {
                let expected = certificate.expected(one)
                let outcome = certificate.run(one)
                if outcome == expected { continue }
                Issue.record(
                    "\(certificate.name), \(one): \(outcome), not \(expected)")
                return
            }
        }
    }
}
