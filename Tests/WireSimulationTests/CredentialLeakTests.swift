import Ollama
import OllamaBlocking
import OllamaProtocol
import Synchronization
import TestSupport
import Testing
import WireBlocking
import WireExchange
import WireHTTP1
import WireHTTPClient
import WireServer
import WireSimulation
import WireTime

/// Whatever goes wrong, nothing that a program would print has the credentials it was given.
@Suite struct CredentialLeakTests {
    private static let secrets = [
        "k-Secret1", "k-Secret2", "k-Secret3", "k-Secret4", "dXNlcjprLVNlY3Jld",
    ]

    /// In all the ways in which Swift prints a value.
    private static func printed(_ value: Any) -> String {
        var text =
            "\(value)\n" + String(describing: value) + "\n" + String(reflecting: value) + "\n"
        dump(value, to: &text)
        return text
    }

    private func expectNone(
        in value: Any, _ what: String = "", sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let text = CredentialLeakTests.printed(value)
        for secret in CredentialLeakTests.secrets {
            #expect(!text.contains(secret), "\(what)", sourceLocation: sourceLocation)
        }
    }

    /// What an observer is told.
    private final class Log: ExchangeObserver {
        private let told = Mutex<[ExchangeFacts]>([])
        func exchangeEnded(_ facts: ExchangeFacts) { told.withLock { $0.append(facts) } }
        var facts: [ExchangeFacts] { told.withLock { $0 } }
    }

    private func options(_ log: Log? = nil) -> OllamaClientOptions {
        var options = OllamaClientOptions()
        options.apiKey = "k-Secret1"
        options.fields = [("X-Api-Key", "k-Secret2"), ("Cookie", "id=k-Secret3"), ("X-Trace", "7")]
        options.http.observer = log
        for path in [\Deadlines.responseHead, \.firstContent, \.bodyIdle, \.contentIdle] {
            options.http.deadlines[keyPath: path] = .milliseconds(60)
        }
        options.http.retries = nil
        return options
    }

    private static let faults = [
        "silent", "stall:after=head", "stall:after=2records", "reset", "reset:after=start", "fin",
        "fin:after=3bytes", "truncate", "garbage", "garbage:after=start", "bad-record", "error",
        "error:after=start", "swallowed", "status:401", "status:404", "status:429", "status:503",
        "pings:every=5ms", "endless-head", "endless-field", "informational", "chunk-extension",
        "gzip-bomb",
    ]

    @Test(arguments: ["", "/v1"]) func noFailureShowsThem(dialect: String) async throws {
        var simulation = SimulationOptions()
        simulation.models = [SimulatedModel("sim")]
        simulation.models[0].tokenRate = 2_000
        simulation.models[0].slots = 100
        let server = try ReplayServer.simulating(simulation)
        server.start()
        defer { server.stop() }
        let log = Log()
        var failures = 0
        for fault in CredentialLeakTests.faults {
            let (host, model) = (server.url + dialect, "sim+\(fault)")
            do throws(StreamError) {
                _ = try await Ollama(host: host, options: options(log)).chat(model, "x").collect()
            } catch {
                failures += 1
                expectNone(in: error, fault)
            }
            do throws(StreamError) {
                var client = try BlockingOllama(host: host, options: options(log))
                _ = try client.chat(model, "x").collect()
            } catch {
                failures += 1
                expectNone(in: error, fault)
            }
        }
        #expect(failures >= 2 * CredentialLeakTests.faults.count - 4, "\(failures)")
        #expect(log.facts.count >= 2 * CredentialLeakTests.faults.count)
        for facts in log.facts { expectNone(in: facts) }
    }

    /// What is refused before anything is sent.
    @Test func noRefusalShowsThem() async throws {
        var bad = options()
        bad.apiKey = "k-Secret1\r\nX-Injected: b"
        do throws(StreamError) {
            _ = try await Ollama(host: "127.0.0.1:9", options: bad).chat("m", "x").collect()
            Issue.record("sent")
        } catch { expectNone(in: error) }
        bad = options()
        bad.fields = [("Cookie", "k-Secret3\n")]
        do throws(StreamError) {
            _ = try await Ollama(host: "127.0.0.1:9", options: bad).chat("m", "x").collect()
            Issue.record("sent")
        } catch { expectNone(in: error) }
        // In clear text to another machine; then with a user, which is not supported.
        for host in ["http://example.com", "http://user:k-Secret4@127.0.0.1:9"] {
            do throws(StreamError) {
                _ = try await Ollama(host: host, options: options()).chat("m", "x").collect()
                Issue.record("sent")
            } catch { expectNone(in: error, host) }
        }
        for url in [
            "http://user:k-Secret4@exa mple/", "http://user:k-Secret4@h:99999/",
            "ftp://user:k-Secret4@h/", "http://user:k-Secret4%zz@h/",
        ] {
            do throws(TransportError) {
                _ = try HTTPRequest("GET", url: url)
                Issue.record("\(url) is accepted")
            } catch { expectNone(in: error, url) }
        }
        expectNone(in: BlobDigest("sha256:k-Secret1") as Any)
    }

    /// What a program might log of what it holds.
    @Test func noValueShowsThem() throws {
        let options = options()
        expectNone(in: options)
        expectNone(in: options.ollama)
        #expect(CredentialLeakTests.printed(options).contains("X-Trace"))
        let client = Ollama(host: "127.0.0.1:9", options: options)
        expectNone(in: client)
        let server = try OllamaServer("127.0.0.1:9", options: options.ollama)
        expectNone(in: server)
        expectNone(in: try BlockingOllama(host: "127.0.0.1:9", options: options).endpoint)
        let request = server.httpRequest(OllamaServer.detection)
        #expect(request.fields.contains { $0.value == "Bearer k-Secret1" })
        expectNone(in: request)
        let url = try HTTPURL("https://user:k-Secret4@example.com/a?b")
        #expect("\(url)" == "https://example.com/a?b")
        expectNone(in: url)
        expectNone(in: [url])
        expectNone(in: HTTPRequest("GET", url))
        var tls = TLSConfiguration()
        let key = TLSConfiguration.PEM.bytes([251, 252, 253])
        tls.identity = .init(certificates: .file("/certificate"), key: key)
        let shown = CredentialLeakTests.printed(tls)
        #expect(shown.contains("/certificate") && !shown.contains("252"))
    }

    /// Where a request was led, and why it was not led further.
    @Test func noRedirectShowsThem() async throws {
        let server = try ReplayServer.answering { request in
            switch request.target {
            case "/end": .text("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            case "/bad": .text(redirect("ftp://user:k-Secret4@h/"))
            case "/loop": .text(redirect("/loop"))
            default: .text(redirect("/end"))
            }
        }
        defer { server.stop() }
        var options = ClientOptions()
        options.redirects = RedirectPolicy(limit: 2)
        let log = Log()
        options.observer = log
        let client = HTTPClient(options)
        let base = "http://user:k-Secret1@127.0.0.1:\(server.port)"
        let response = try await client.send(try HTTPRequest("GET", url: base + "/"))
        #expect(response.redirects.count == 1)
        expectNone(in: response.redirects)
        for path in ["/bad", "/loop"] {
            do throws(TransportError) {
                _ = try await client.send(try HTTPRequest("GET", url: base + path))
                Issue.record("\(path) led somewhere")
            } catch { expectNone(in: error, path) }
        }
        #expect(log.facts.count >= 3)
        for facts in log.facts { expectNone(in: facts) }
    }
}

private func redirect(_ location: String) -> String {
    "HTTP/1.1 302 Found\r\nLocation: \(location)\r\nContent-Length: 0\r\n\r\n"
}
