public import OllamaProtocol
public import WireDriver
public import WireTime

extension Ollama {
    // MARK: Questions

    /// `GET /api/tags`, or `GET /v1/models`: the models on the server.
    public func list(
        deadlines: Deadlines? = nil, cancellation: Cancellation? = nil
    ) async throws(StreamError) -> [ModelSummary] {
        let dialect = try await dialect(deadlines, cancellation)
        return try await answer(
            to: .list(in: dialect), deadlines: deadlines, cancellation: cancellation)
    }

    /// `GET /api/ps`: the models in memory. The server does not answer while it loads one: a timeout of
    /// a short `deadlines` means no more than that.
    public func ps(
        deadlines: Deadlines? = nil, cancellation: Cancellation? = nil
    ) async throws(StreamError) -> [RunningModel] {
        try await answer(to: .ps, deadlines: deadlines, cancellation: cancellation)
    }

    /// `GET /api/version`: answers at once whatever the server is busy with: a sign of life.
    public func version(
        deadlines: Deadlines? = nil, cancellation: Cancellation? = nil
    ) async throws(StreamError) -> String {
        try await answer(to: .version, deadlines: deadlines, cancellation: cancellation)
    }

    /// `GET /api/status`: what the server says of itself.
    public func status(
        deadlines: Deadlines? = nil, cancellation: Cancellation? = nil
    ) async throws(StreamError) -> ServerStatus {
        try await answer(to: .status, deadlines: deadlines, cancellation: cancellation)
    }

    /// `POST /api/show`: all that the server knows of a model.
    public func show(
        _ model: String, deadlines: Deadlines? = nil, cancellation: Cancellation? = nil
    ) async throws(StreamError) -> ModelInfo {
        try await show(ShowRequest(model: model), deadlines: deadlines, cancellation: cancellation)
    }

    /// `POST /api/show`.
    public func show(
        _ request: ShowRequest, deadlines: Deadlines? = nil, cancellation: Cancellation? = nil
    ) async throws(StreamError) -> ModelInfo {
        try await answer(to: .show(request), deadlines: deadlines, cancellation: cancellation)
    }

    // MARK: Vectors

    /// `POST /api/embed`: a text or several as vectors.
    public func embed(
        _ model: String, _ input: EmbedRequest.Input, deadlines: Deadlines? = nil,
        cancellation: Cancellation? = nil
    ) async throws(StreamError) -> Embeddings {
        try await embed(
            EmbedRequest(model: model, input: input), deadlines: deadlines,
            cancellation: cancellation)
    }

    /// `POST /api/embed`, or `POST /v1/embeddings`.
    public func embed(
        _ request: EmbedRequest, deadlines: Deadlines? = nil, cancellation: Cancellation? = nil
    ) async throws(StreamError) -> Embeddings {
        let dialect = try await dialect(deadlines, cancellation)
        return try await answer(
            to: .embed(request, in: dialect), deadlines: deadlines, cancellation: cancellation)
    }

    /// `POST /api/embeddings`, which Ollama has superseded by `/api/embed`: a text as a vector.
    public func embeddings(
        _ request: EmbeddingsRequest, deadlines: Deadlines? = nil, cancellation: Cancellation? = nil
    ) async throws(StreamError) -> [Double] {
        try await answer(to: .embeddings(request), deadlines: deadlines, cancellation: cancellation)
    }

    // MARK: Models on the server

    /// `POST /api/copy`: gives a model another name.
    public func copy(
        _ source: String, to destination: String, deadlines: Deadlines? = nil,
        cancellation: Cancellation? = nil
    ) async throws(StreamError) {
        try await answer(
            to: .copy(CopyRequest(source: source, destination: destination)), deadlines: deadlines,
            cancellation: cancellation)
    }

    /// `DELETE /api/delete`: removes a model from the server.
    public func delete(
        _ model: String, deadlines: Deadlines? = nil, cancellation: Cancellation? = nil
    ) async throws(StreamError) {
        try await answer(
            to: .delete(DeleteRequest(model: model)), deadlines: deadlines,
            cancellation: cancellation)
    }

    /// `POST /api/pull`: loads a model onto the server. A pull that was left goes on where it stopped.
    /// Nothing is sent before the first record is asked for.
    public func pull(
        _ model: String, deadlines: Deadlines? = nil, cancellation: Cancellation? = nil
    ) -> ModelProgressStream {
        transfer(.pull(model), deadlines: deadlines, cancellation: cancellation)
    }

    /// `POST /api/push`: sends a model to its registry.
    public func push(
        _ model: String, deadlines: Deadlines? = nil, cancellation: Cancellation? = nil
    ) -> ModelProgressStream {
        transfer(.push(model), deadlines: deadlines, cancellation: cancellation)
    }

    /// `POST /api/pull` or `POST /api/push`.
    ///
    /// - Parameter deadlines: instead of the client's, of which what has not been set is
    ///   `OllamaServer.progressDeadlines`.
    public func transfer(
        _ request: TransferRequest, deadlines: Deadlines? = nil, cancellation: Cancellation? = nil
    ) -> ModelProgressStream {
        progress(deadlines, cancellation) { () throws(StreamError) in try OllamaRequest(request) }
    }

    /// `POST /api/create`: makes a model of another one, or of files (`uploadBlob`).
    ///
    /// - Parameter deadlines: instead of the client's, of which what has not been set is
    ///   `OllamaServer.progressDeadlines`.
    public func create(
        _ request: CreateRequest, deadlines: Deadlines? = nil, cancellation: Cancellation? = nil
    ) -> ModelProgressStream {
        progress(deadlines, cancellation) { () throws(StreamError) in try OllamaRequest(request) }
    }

    private func progress(
        _ deadlines: Deadlines?, _ cancellation: Cancellation?,
        _ make: () throws(StreamError) -> OllamaRequest
    ) -> ModelProgressStream {
        ModelProgressStream(call: progressCall(deadlines, cancellation, make))
    }

    /// The records of such a stream as they come.
    package func progressRecords(
        of request: OllamaRequest, deadlines: Deadlines? = nil, cancellation: Cancellation? = nil
    ) -> AnswerRecords {
        AnswerRecords(progressCall(deadlines, cancellation) { () throws(StreamError) in request })
    }

    private func progressCall(
        _ deadlines: Deadlines?, _ cancellation: Cancellation?,
        _ make: () throws(StreamError) -> OllamaRequest
    ) -> AnswerCall {
        let deadlines = deadlines ?? OllamaServer.progressDeadlines(options.http.deadlines)
        let request: Result<OllamaRequest, StreamError>
        do throws(StreamError) { request = .success(try make()) } catch {
            request = .failure(error)
        }
        return call(.progress(request), deadlines, [], cancellation)
    }
}
