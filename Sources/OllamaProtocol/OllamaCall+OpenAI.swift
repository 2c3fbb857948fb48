public import WireHTTP1
internal import WireJSON

// The calls about models that the OpenAI-compatible API has, too.

extension OllamaCall where Answer == [ModelSummary] {
    /// The models on the server: `GET /api/tags`, or `GET /v1/models`, which tells little more than
    /// their names.
    public static func list(in dialect: Dialect) -> OllamaCall {
        guard dialect == .openAI else { return .list }
        return OllamaCall(OllamaRequest("GET", "/v1/models")) { value -> [ModelSummary]? in
            // Ollama has null for none.
            guard let data = value["data"] else { return nil }
            guard let models = data.isNull ? [] : data.arrayValue else { return nil }
            var summaries: [ModelSummary] = []
            for model in models {
                guard let id = model["id"], var summary = ModelSummary(["name": id]) else {
                    return nil
                }
                summary.json = model
                summaries.append(summary)
            }
            return summaries
        }
    }
}

extension OllamaCall where Answer == Embeddings {
    /// Texts as vectors: `POST /api/embed`, or `POST /v1/embeddings`.
    ///
    /// - Throws: `StreamError.request` also for what the dialect has no field for.
    public static func embed(
        _ request: EmbedRequest, in dialect: Dialect
    ) throws(StreamError) -> OllamaCall {
        guard dialect == .openAI else { return try .embed(request) }
        let body: [UInt8]
        do throws(RequestError) { body = try request.encodedForOpenAI() } catch {
            throw .request(error)
        }
        var sent = OllamaRequest("POST", "/v1/embeddings", body: body)
        sent.model = request.model
        return OllamaCall(sent) { body throws(JSONError) in try Embeddings(openAI: body) }
    }
}

extension EmbedRequest {
    /// The request's body in `/v1`.
    ///
    /// - Throws: `RequestError.invalidRequest` for what that has no field for.
    public func encodedForOpenAI() throws(RequestError) -> [UInt8] {
        try RequestError.refuse([
            ("truncate", truncate != nil), ("keep_alive", keepAlive != nil),
            ("options", !options.members.isEmpty),
        ])
        var fields = RequestFields()
        fields.add("model", model)
        fields.add("input", input.json)
        fields.add("dimensions", dimensions)
        return try fields.encoded(extra)
    }
}

extension Embeddings {
    /// Reads an answer of `/v1/embeddings`. Its vectors may come in any order.
    ///
    /// - Throws: `JSONError` when it is no JSON or has another form.
    init(openAI body: Span<UInt8>) throws(JSONError) {
        self.init()
        var found: [(index: Int, vector: [Float])] = []
        var hasVectors = false
        var cursor = JSONCursor(body)
        try cursor.beginObject()
        while let key = try cursor.nextKey() {
            if cursor.matches(key, "data") {
                hasVectors = true
                try cursor.beginArray()
                while try cursor.nextElement() {
                    found.append(try Embeddings.element(&cursor, place: found.count))
                }
            } else if cursor.matches(key, "model") {
                model = cursor.text(of: try cursor.string())
            } else if cursor.matches(key, "usage") {
                let usage = try JSONValue(reading: &cursor)
                promptEvalCount = usage["prompt_tokens"]?.int64Value.map { Int($0) } ?? 0
            } else {
                extra.append(
                    JSONValue.Member(
                        key: cursor.text(of: key), value: try JSONValue(reading: &cursor)))
            }
        }
        try cursor.finish()
        if !hasVectors { throw JSONError(.missingMember, at: 0) }
        vectors = found.sorted { $0.index < $1.index }.map(\.vector)
    }

    private static func element(
        _ cursor: inout JSONCursor, place: Int
    ) throws(JSONError) -> (index: Int, vector: [Float]) {
        var index = place
        var vector: [Float]?
        try cursor.beginObject()
        while let key = try cursor.nextKey() {
            if cursor.matches(key, "embedding") {
                vector = try cursor.numbers { Float($0) }
            } else if cursor.matches(key, "index") {
                index = Int(try cursor.int64())
            } else {
                try cursor.skipValue()
            }
        }
        guard let vector else { throw JSONError(.missingMember, at: cursor.position) }
        return (index, vector)
    }
}
