internal import WireBytes
public import WireJSON

/// A request whose answer comes whole, and what that says.
public struct OllamaCall<Answer: Sendable>: Sendable {
    /// What is sent.
    public let request: OllamaRequest
    /// What it means that there is no such thing (404); nil: a refusal like others.
    private let absent: Answer?
    private let read: @Sendable (Span<UInt8>) throws(JSONError) -> Answer

    /// - Parameter read: gives nil for a value of another form than the server's.
    public init(_ request: OllamaRequest, read: @escaping @Sendable (JSONValue) -> Answer?) {
        self.init(request) { body throws(JSONError) in
            guard let answer = read(try JSONValue(parsing: body)) else {
                throw JSONError(.typeMismatch, at: 0)
            }
            return answer
        }
    }

    /// - Parameters:
    ///   - absent: the answer that the status 404 is; nil when it is a refusal.
    ///   - decode: reads the body of a success.
    public init(
        _ request: OllamaRequest, absent: Answer? = nil,
        decode: @escaping @Sendable (Span<UInt8>) throws(JSONError) -> Answer
    ) {
        self.request = request
        self.absent = absent
        read = decode
    }

    /// Reads the whole answer.
    ///
    /// - Throws: `server` when the status, or an `error` in the body, says failure; `malformed` when the
    ///   body is no JSON or has another form.
    public func decode(status: Int, _ body: Span<UInt8>) throws(StreamError) -> Answer {
        guard OllamaServer.isSuccess(status) else {
            if status == 404, let absent { return absent }
            throw .server(.init(status: status, body: body))
        }
        do throws(JSONError) { return try read(body) } catch {
            if error.code == .typeMismatch, let value = try? JSONValue(parsing: body),
                value["error"] != nil
            {
                throw .server(.init(status: status, body: body))
            }
            throw .malformed(
                .init(
                    error: error, offset: 0,
                    excerpt: String(decoding: body.extracting(first: 256)), partialText: ""))
        }
    }
}

// MARK: Questions

extension OllamaCall where Answer == [ModelSummary] {
    /// `GET /api/tags`: the models on the server.
    public static var list: OllamaCall {
        OllamaCall(OllamaRequest("GET", "/api/tags")) { models(in: $0, ModelSummary.init) }
    }
}

extension OllamaCall where Answer == [RunningModel] {
    /// `GET /api/ps`: the models in memory. The server does not answer while one is being loaded.
    public static var ps: OllamaCall {
        OllamaCall(OllamaRequest("GET", "/api/ps")) { models(in: $0, RunningModel.init) }
    }
}

extension OllamaCall where Answer == String {
    /// `GET /api/version`: answers at once whatever the server is busy with.
    public static var version: OllamaCall {
        OllamaCall(OllamaRequest("GET", "/api/version")) { $0["version"]?.stringValue }
    }
}

extension OllamaCall where Answer == ServerStatus {
    /// `GET /api/status`: what the server says of itself.
    public static var status: OllamaCall {
        OllamaCall(OllamaRequest("GET", "/api/status")) { ServerStatus($0) }
    }
}

extension OllamaCall where Answer == ModelInfo {
    /// `POST /api/show`: all that the server knows of a model.
    public static func show(_ request: ShowRequest) throws(StreamError) -> OllamaCall {
        OllamaCall(try OllamaRequest(request)) { ModelInfo($0) }
    }
}

extension OllamaCall where Answer == Embeddings {
    /// `POST /api/embed`: texts as vectors.
    public static func embed(_ request: EmbedRequest) throws(StreamError) -> OllamaCall {
        OllamaCall(try OllamaRequest(request)) { body throws(JSONError) in try Embeddings(body) }
    }
}

extension OllamaCall where Answer == [Double] {
    /// `POST /api/embeddings`: a text as a vector, of whatever length; none for an empty text.
    public static func embeddings(
        _ request: EmbeddingsRequest
    ) throws(StreamError) -> OllamaCall {
        OllamaCall(try OllamaRequest(request)) { body throws(JSONError) in
            var vector: [Double]?
            var cursor = JSONCursor(body)
            try cursor.beginObject()
            while let key = try cursor.nextKey() {
                if cursor.matches(key, "embedding") {
                    vector = try cursor.numbers { $0 }
                } else {
                    try cursor.skipValue()
                }
            }
            try cursor.finish()
            guard let vector else { throw JSONError(.typeMismatch, at: 0) }
            return vector
        }
    }
}

// MARK: Deeds

extension OllamaCall where Answer == Void {
    /// `POST /api/copy`: a model under another name.
    public static func copy(_ request: CopyRequest) throws(StreamError) -> OllamaCall {
        OllamaCall(try OllamaRequest(request), decode: { _ in })
    }

    /// `DELETE /api/delete`: removes a model from the server.
    public static func delete(_ request: DeleteRequest) throws(StreamError) -> OllamaCall {
        OllamaCall(try OllamaRequest(request), decode: { _ in })
    }

    /// `POST /api/blobs/sha256:...`: what the server says of a blob that has been sent. The body is
    /// the sender's.
    public static func uploadBlob(_ digest: BlobDigest) -> OllamaCall {
        OllamaCall(OllamaRequest("POST", digest.route), decode: { _ in })
    }
}

extension OllamaCall where Answer == Bool {
    /// `HEAD /api/blobs/sha256:...`: whether the server has a blob.
    public static func hasBlob(_ digest: BlobDigest) -> OllamaCall {
        OllamaCall(OllamaRequest("HEAD", digest.route), absent: false, decode: { _ in true })
    }
}

extension OllamaCall where Answer == Summary {
    /// Loads a model, or unloads it (`LoadRequest`): answered when that is done.
    public static func load(_ request: LoadRequest) throws(StreamError) -> OllamaCall {
        let call = try OllamaRequest(request)
        if request.purpose == .embedding {
            return OllamaCall(call) { body throws(JSONError) in
                let answer = try Embeddings(body)
                var summary = Summary()
                summary.reason = request.keepAlive == .now ? "unload" : "load"
                summary.totalDuration = answer.totalDuration
                summary.loadDuration = answer.loadDuration
                return summary
            }
        }
        return OllamaCall(call) { body throws(JSONError) in
            let record = try TerminalRecord(body)
            guard record.isDone else { throw JSONError(.typeMismatch, at: 0) }
            return record.summary
        }
    }
}

/// The elements of `models`; nil when one of them is none.
private func models<Model>(in value: JSONValue, _ make: (JSONValue) -> Model?) -> [Model]? {
    guard let elements = value["models"]?.arrayValue else { return nil }
    var models: [Model] = []
    for element in elements {
        guard let model = make(element) else { return nil }
        models.append(model)
    }
    return models
}
