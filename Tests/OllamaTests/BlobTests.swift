import OllamaFiles
import OllamaProtocol
import TestSupport
import Testing
import WireBlocking
import WireExchange
import WireHTTP1
import WireServer
import WireSockets
import WireSystem
import WireTime

/// Files on their way to the server, and images into requests.
@Suite(.eachDriver) struct BlobTests {
    /// What a server has seen: methods and bodies.
    private typealias Seen = Monitor<[ServedRequest]>

    /// Knows the blobs named, and takes others if their digests are right.
    private func server(_ seen: Seen, knows: [String] = []) throws -> ReplayServer {
        try .answering { request in
            seen.update { $0.append(request) }
            let name = String(request.target.dropFirst("/api/blobs/".count))
            if request.method == "HEAD" {
                return .response(status: knows.contains(name) ? 200 : 404, body: [], toHEAD: true)
            }
            let hex = ManifestSHA256.hex(request.body)
            return name == "sha256:\(hex)"
                ? .response(status: 201, body: [])
                : .error("digest mismatch, expected \(name)", status: 400)
        }
    }

    private func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
    }

    @Test(.enabled(if: DigestCheck.works), arguments: [0, 5, 300_000, 2_000_001])
    func uploads(count: Int) async throws {
        let seen = Seen([])
        let server = try server(seen)
        defer { server.stop() }
        let directory = try TemporaryDirectory()
        let content = bytes(count)
        let path = try directory.file("model.gguf", content)
        let progress = Monitor<[BlobProgress]>([])
        var client = try NativeClient(host: server.url)
        let upload = try await client.upload(path) { step in progress.update { $0.append(step) } }
        #expect(upload.isNew)
        #expect(upload.digest.hex == ManifestSHA256.hex(content))
        let requests = seen.read { $0 }
        #expect(requests.map(\.method) == ["HEAD", "POST"])
        #expect(requests.last?.body == content)
        #expect(
            requests.last.map { String(describing: $0.head.fields["content-length"] ?? "") }
                == "\(count)")
        #expect(Set(requests.map(\.connection)).count == 1)
        // Each stage from its beginning to its end.
        let steps = progress.read { $0 }
        #expect(steps.allSatisfy { $0.total == count })
        let hashed = steps.filter { $0.stage == .digest }.map(\.completed)
        let sent = steps.filter { $0.stage == .upload }.map(\.completed)
        #expect(hashed == hashed.sorted() && hashed.last ?? 0 == count)
        #expect(sent == sent.sorted() && sent.last ?? 0 == count)
    }

    @Test func aBlobThatIsThere() async throws {
        let digest = try #require(BlobDigest(ManifestSHA256.hex(bytes(1000))))
        let seen = Seen([])
        let server = try server(seen, knows: ["\(digest)"])
        defer { server.stop() }
        let directory = try TemporaryDirectory()
        let path = try directory.file("model.gguf", bytes(1000))
        var client = try NativeClient(host: server.url)
        let upload = try await client.upload(path, digest: digest)
        #expect(upload == BlobUpload(digest: digest, isNew: false))
        #expect(seen.read { $0.map(\.method) } == ["HEAD"])
    }

    /// The server's own words.
    @Test func aDigestThatIsWrong() async throws {
        let digest = try #require(BlobDigest(String(repeating: "0", count: 64)))
        let server = try server(Seen([]))
        defer { server.stop() }
        let directory = try TemporaryDirectory()
        let path = try directory.file("model.gguf", bytes(100_000))
        var client = try NativeClient(host: server.url)
        do throws(StreamError) {
            _ = try await client.upload(path, digest: digest)
            Issue.record("uploaded")
        } catch {
            #expect(error.serverFailure?.status == 400)
            #expect(error.serverFailure?.message == "digest mismatch, expected \(digest)")
        }
        #expect(try await client.answer(to: .hasBlob(digest)) == false)
    }

    /// Nothing is asked of the server.
    @Test func filesThatCannotBeRead() async throws {
        let seen = Seen([])
        let server = try server(seen)
        defer { server.stop() }
        let directory = try TemporaryDirectory()
        var client = try NativeClient(host: server.url)
        for path in ["\(directory.path)/none", directory.path, "/dev/zero"] {
            do throws(StreamError) {
                _ = try await client.upload(path)
                Issue.record("uploaded \(path)")
            } catch {
                guard case .transport(.local(let message, _), partialText: _) = error else {
                    Issue.record("\(error)")
                    continue
                }
                #expect(message.contains(path))
            }
        }
        #expect(seen.read { $0.count } == 0)
    }

    /// Before anything is asked of the server.
    @Test(.enabled(if: DigestCheck.works)) func cancelledWhileReading() async throws {
        let seen = Seen([])
        let server = try server(seen)
        defer { server.stop() }
        let directory = try TemporaryDirectory()
        let path = try directory.file("model.gguf", bytes(1_000_000))
        let cancellation = Cancellation()
        var client = try NativeClient(host: server.url)
        do throws(StreamError) {
            _ = try await client.upload(path, cancellation: cancellation) { _ in
                cancellation.cancel()
            }
            Issue.record("uploaded")
        } catch { #expect(error == .cancelled(partialText: "")) }
        #expect(seen.read { $0.count } == 0)
    }

    @Test func images() throws {
        let directory = try TemporaryDirectory()
        let path = try directory.file("cat.png", [1, 2, 3])
        var message = Message.user("What is it?")
        try message.attach(imageFile: path)
        #expect(message.images == [[1, 2, 3]])
        var request = GenerateRequest(model: "m", prompt: "")
        try request.attach(imageFile: path)
        #expect(request.images == [[1, 2, 3]])
        #expect(throws: StreamError.self) { try message.attach(imageFile: path + "x") }
        #expect(message.images.count == 1)
    }
}

/// Whether this build can compute digests.
private enum DigestCheck {
    #if TLS
    static let works = true
    #else
    static let works = false
    #endif
}
