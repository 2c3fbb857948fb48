public import OllamaProtocol
public import WireBlocking
public import WireTime

extension BlockingOllama {
    // MARK: Questions

    /// `GET /api/tags`, or `GET /v1/models`: the models on the server.
    public mutating func list(
        deadlines: Deadlines? = nil, cancellation: Cancellation? = nil
    ) throws(StreamError) -> [ModelSummary] {
        let dialect = try dialect(deadlines, cancellation)
        return try answer(
            to: .list(in: dialect), deadlines: deadlines, cancellation: cancellation)
    }

    /// `GET /api/ps`: the models in memory. The server does not answer while it loads one: a timeout of
    /// a short `deadlines` means no more than that.
    public mutating func ps(
        deadlines: Deadlines? = nil, cancellation: Cancellation? = nil
    ) throws(StreamError) -> [RunningModel] {
        try answer(to: .ps, deadlines: deadlines, cancellation: cancellation)
    }

    /// `GET /api/version`: answers at once whatever the server is busy with: a sign of life.
    public mutating func version(
        deadlines: Deadlines? = nil, cancellation: Cancellation? = nil
    ) throws(StreamError) -> String {
        try answer(to: .version, deadlines: deadlines, cancellation: cancellation)
    }

    /// `GET /api/status`: what the server says of itself.
    public mutating func status(
        deadlines: Deadlines? = nil, cancellation: Cancellation? = nil
    ) throws(StreamError) -> ServerStatus {
        try answer(to: .status, deadlines: deadlines, cancellation: cancellation)
    }

    /// `POST /api/show`: all that the server knows of a model.
    public mutating func show(
        _ model: String, deadlines: Deadlines? = nil, cancellation: Cancellation? = nil
    ) throws(StreamError) -> ModelInfo {
        try show(ShowRequest(model: model), deadlines: deadlines, cancellation: cancellation)
    }

    /// `POST /api/show`.
    public mutating func show(
        _ request: ShowRequest, deadlines: Deadlines? = nil, cancellation: Cancellation? = nil
    ) throws(StreamError) -> ModelInfo {
        try answer(to: .show(request), deadlines: deadlines, cancellation: cancellation)
    }

    // MARK: Vectors

    /// `POST /api/embed`: a text or several as vectors.
    public mutating func embed(
        _ model: String, _ input: EmbedRequest.Input, deadlines: Deadlines? = nil,
        cancellation: Cancellation? = nil
    ) throws(StreamError) -> Embeddings {
        try embed(
            EmbedRequest(model: model, input: input), deadlines: deadlines,
            cancellation: cancellation)
    }

    /// `POST /api/embed`, or `POST /v1/embeddings`.
    public mutating func embed(
        _ request: EmbedRequest, deadlines: Deadlines? = nil, cancellation: Cancellation? = nil
    ) throws(StreamError) -> Embeddings {
        let dialect = try dialect(deadlines, cancellation)
        return try answer(
            to: .embed(request, in: dialect), deadlines: deadlines, cancellation: cancellation)
    }

    /// `POST /api/embeddings`, which Ollama has superseded by `/api/embed`: a text as a vector.
    public mutating func embeddings(
        _ request: EmbeddingsRequest, deadlines: Deadlines? = nil, cancellation: Cancellation? = nil
    ) throws(StreamError) -> [Double] {
        try answer(to: .embeddings(request), deadlines: deadlines, cancellation: cancellation)
    }

    // MARK: Models on the server

    /// `POST /api/copy`: gives a model another name.
    public mutating func copy(
        _ source: String, to destination: String, deadlines: Deadlines? = nil,
        cancellation: Cancellation? = nil
    ) throws(StreamError) {
        try answer(
            to: .copy(CopyRequest(source: source, destination: destination)), deadlines: deadlines,
            cancellation: cancellation)
    }

    /// `DELETE /api/delete`: removes a model from the server.
    public mutating func delete(
        _ model: String, deadlines: Deadlines? = nil, cancellation: Cancellation? = nil
    ) throws(StreamError) {
        try answer(
            to: .delete(DeleteRequest(model: model)), deadlines: deadlines,
            cancellation: cancellation)
    }

    /// `POST /api/pull`: loads a model onto the server. A pull that was left goes on where it stopped.
    /// Returns with the response's head, which comes at once.
    public mutating func pull(
        _ model: String, deadlines: Deadlines? = nil, cancellation: Cancellation? = nil
    ) throws(StreamError) -> BlockingProgressStream {
        try transfer(.pull(model), deadlines: deadlines, cancellation: cancellation)
    }

    /// `POST /api/push`: sends a model to its registry.
    public mutating func push(
        _ model: String, deadlines: Deadlines? = nil, cancellation: Cancellation? = nil
    ) throws(StreamError) -> BlockingProgressStream {
        try transfer(.push(model), deadlines: deadlines, cancellation: cancellation)
    }

    /// `POST /api/pull` or `POST /api/push`.
    ///
    /// - Parameter deadlines: instead of the client's, of which what has not been set is
    ///   `OllamaServer.progressDeadlines`.
    public mutating func transfer(
        _ request: TransferRequest, deadlines: Deadlines? = nil, cancellation: Cancellation? = nil
    ) throws(StreamError) -> BlockingProgressStream {
        try progress(OllamaRequest(request), deadlines, cancellation)
    }

    /// `POST /api/create`: makes a model of another one, or of files (`uploadBlob`).
    ///
    /// - Parameter deadlines: instead of the client's, of which what has not been set is
    ///   `OllamaServer.progressDeadlines`.
    public mutating func create(
        _ request: CreateRequest, deadlines: Deadlines? = nil, cancellation: Cancellation? = nil
    ) throws(StreamError) -> BlockingProgressStream {
        try progress(OllamaRequest(request), deadlines, cancellation)
    }

    private mutating func progress(
        _ request: OllamaRequest, _ deadlines: Deadlines?, _ cancellation: Cancellation?
    ) throws(StreamError) -> BlockingProgressStream {
        BlockingProgressStream(
            try progressRecords(of: request, deadlines: deadlines, cancellation: cancellation))
    }

    /// The records of such a stream as they come.
    package mutating func progressRecords(
        of request: OllamaRequest, deadlines: Deadlines? = nil, cancellation: Cancellation? = nil
    ) throws(StreamError) -> BlockingStream {
        let deadlines = deadlines ?? OllamaServer.progressDeadlines(options.http.deadlines)
        return try progress(request, deadlines, cancellation)
    }
}
