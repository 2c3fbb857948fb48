internal import OllamaFiles
public import OllamaProtocol
public import WireBlocking
public import WireTime

extension BlockingOllama {
    // MARK: Models in memory

    /// Loads a model into memory (`LoadRequest`): returns when it is there. Give it all the time that
    /// loading may take: a load that is given up begins anew when it is asked for again.
    ///
    /// - Parameter keepAlive: how long it stays; nil for the server's own time.
    @discardableResult
    public mutating func load(
        _ model: String, for purpose: LoadRequest.Purpose = .text, keepAlive: KeepAlive? = nil,
        deadlines: Deadlines? = nil, cancellation: Cancellation? = nil
    ) throws(StreamError) -> Summary {
        try load(
            LoadRequest(model: model, for: purpose, keepAlive: keepAlive), deadlines: deadlines,
            cancellation: cancellation)
    }

    /// Loads a model into memory, or out of it.
    @discardableResult
    public mutating func load(
        _ request: LoadRequest, deadlines: Deadlines? = nil, cancellation: Cancellation? = nil
    ) throws(StreamError) -> Summary {
        try answer(to: .load(request), deadlines: deadlines, cancellation: cancellation)
    }

    /// Takes a model out of memory at once: `keep_alive` 0.
    public mutating func unload(
        _ model: String, for purpose: LoadRequest.Purpose = .text, deadlines: Deadlines? = nil,
        cancellation: Cancellation? = nil
    ) throws(StreamError) {
        try load(
            LoadRequest(model: model, for: purpose, keepAlive: .now), deadlines: deadlines,
            cancellation: cancellation)
    }

    /// Waits until the server answers, and then until a model is in memory: see `ReadinessMachine` for
    /// what is asked again and what is not.
    ///
    /// - Parameters:
    ///   - request: what to load; nil waits for the server alone.
    ///   - limit: how long all of it may take.
    /// - Returns: what loading has said; nil without a model.
    /// - Throws: what went wrong last.
    @discardableResult
    public mutating func waitUntilReady(
        _ request: LoadRequest? = nil, within limit: Timeout, deadlines: Deadlines? = nil,
        cancellation: Cancellation? = nil
    ) throws(StreamError) -> Summary? {
        var machine = ReadinessMachine(
            request, within: limit, deadlines: deadlines ?? options.http.deadlines, at: http.now)
        while true {
            switch machine.step {
            case .ready(let summary): return summary
            case .failed(let error): throw error
            case .pause(let until):
                http.pause(until: until, cancellation)
                machine.resumed(at: http.now)
            case .probe(let deadlines):
                do throws(StreamError) {
                    _ = try version(deadlines: deadlines, cancellation: cancellation)
                    machine.answered(at: http.now)
                } catch { machine.failed(error, at: http.now) }
            case .load(let request, let deadlines):
                do throws(StreamError) {
                    let summary = try load(
                        request, deadlines: deadlines, cancellation: cancellation)
                    machine.answered(summary, at: http.now)
                } catch { machine.failed(error, at: http.now) }
            }
        }
    }

    // MARK: Blobs

    /// `HEAD /api/blobs/sha256:...`: whether the server has a blob.
    public mutating func hasBlob(
        _ digest: BlobDigest, deadlines: Deadlines? = nil, cancellation: Cancellation? = nil
    ) throws(StreamError) -> Bool {
        try answer(to: .hasBlob(digest), deadlines: deadlines, cancellation: cancellation)
    }

    /// `POST /api/blobs/sha256:...`: sends a file, a piece at a time, unless the server has it.
    ///
    /// - Parameters:
    ///   - path: a regular file.
    ///   - digest: its SHA-256 where it is known; nil reads the file for it first. A build without the
    ///     package trait `TLS` has no digests, and refuses that.
    ///   - observe: is told how far it has come, on the thread that reads the file.
    public mutating func uploadBlob(
        _ path: String, digest: BlobDigest? = nil, deadlines: Deadlines? = nil,
        cancellation: Cancellation? = nil, observe: (@Sendable (BlobProgress) -> Void)? = nil
    ) throws(StreamError) -> BlobUpload {
        let file = try BlobFile(path)
        let sum: BlobDigest
        if let digest {
            sum = digest
        } else {
            sum = try file.digest(observe) { cancellation?.isCancelled ?? false }
        }
        if try hasBlob(sum, deadlines: deadlines, cancellation: cancellation) {
            return BlobUpload(digest: sum, isNew: false)
        }
        let request = try server.httpRequest(uploading: sum, file.body(observe))
        try answer(to: .uploadBlob(sum), as: request, deadlines, cancellation)
        observe?(BlobProgress(stage: .upload, completed: file.size, total: file.size))
        return BlobUpload(digest: sum, isNew: true)
    }
}
