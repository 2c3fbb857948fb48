#if TLS
import TestSupport
import Testing
import WireExchange
import WireSecurity
import WireHTTP1
import WireSockets

/// Both drivers against `openssl s_server`, which answers with a page about the connection and closes.
@Suite(.eachDriver, .enabled(if: Program.openssl.isThere, "SKIPPED: no openssl"))
struct OpenSSLServerTests {
    private static let certificates = PeerCertificates()

    /// A server of one test.
    private final class Server {
        let port: UInt16
        private let directory: PeerDirectory
        private let process: PeerProcess

        init(_ arguments: [String]) throws {
            directory = try PeerDirectory()
            port = PeerPorts.take(1)[0]
            let pem = try directory.file("server.pem", certificates.server)
            let authority = try directory.file("authority.pem", certificates.authority)
            process = try PeerProcess(
                Program.openssl.path ?? "",
                [
                    "s_server", "-www", "-accept", "127.0.0.1:\(port)", "-cert", pem, "-key", pem,
                    "-CAfile", authority,
                ] + arguments, log: "\(directory.path)/openssl.log")
            do { try RunningPeers.wait(for: port, directory) } catch {
                process.stop()
                throw error
            }
        }

        deinit { process.stop() }

        var request: HTTPRequest {
            HTTPRequest(
                "GET", HTTPURL(scheme: .https, host: "localhost", port: port, target: "/"))
        }
    }

    private func client(_ change: (inout ClientOptions) -> Void = { _ in }) -> TestClient {
        var options = ClientOptions.patient
        options.tls.trust = .only([.bytes(OpenSSLServerTests.certificates.authority)])
        change(&options)
        return TestClient(options)
    }

    private func page(_ client: inout TestClient, _ server: Server) throws -> TLSFacts? {
        var response = try client.send(server.request)
        #expect(response.status == 200)
        #expect(try response.readText().contains("s_server"))
        #expect(response.wasConnectionKept == false)
        return response.tls
    }

    @Test(arguments: [
        ("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3"),
    ]) func versionsAndResumption(_ option: String, _ version: String) throws {
        let server = try Server([option])
        var client = client()
        for round in 0..<3 {
            let facts = try page(&client, server)
            #expect(facts?.version == version)
            #expect(facts?.isResumed == (round > 0))
        }
    }

    @Test(arguments: ["-tls1_2", "-tls1_3"]) func withoutTickets(_ option: String) throws {
        let server = try Server([option, "-no_ticket", "-no_cache", "-num_tickets", "0"])
        var client = client()
        for _ in 0..<2 { #expect(try page(&client, server)?.isResumed == false) }
    }

    @Test func aCipherOfTLS12() throws {
        let server = try Server(["-tls1_2", "-cipher", "ECDHE-ECDSA-CHACHA20-POLY1305"])
        var client = client()
        #expect(try page(&client, server)?.cipher == "ECDHE-ECDSA-CHACHA20-POLY1305")
    }

    /// The server asks again (a HelloRetryRequest) because it wants another group.
    @Test func anotherGroup() throws {
        let server = try Server(["-tls1_3", "-groups", "P-521"])
        var client = client()
        #expect(try page(&client, server)?.version == "TLSv1.3")
    }

    @Test(arguments: ["-tls1_2", "-tls1_3"]) func aClientCertificate(_ option: String) throws {
        let server = try Server([option, "-Verify", "2", "-verify_return_error"])
        var client = client { $0.tls.identity = OpenSSLServerTests.certificates.identity }
        #expect(try page(&client, server) != nil)
        var nobody = self.client()
        let error = nobody.error(of: server.request)
        #expect(error?.kind == .tlsFailed, "\(String(describing: error))")
    }

    @Test func tooOld() throws {
        let server = try Server(["-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"])
        var client = client()
        #expect(client.error(of: server.request)?.kind == .tlsFailed)
    }
}
#endif
