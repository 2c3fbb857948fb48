public import WireBytes
public import WireExchange
public import WireHTTP1
internal import WireJSON
public import WireTime

/// What every client of Ollama can be told, whichever way it waits.
public struct OllamaOptions: Sendable {
    /// Sent as a bearer token, to the server's origin alone, and only to loopback as long as there
    /// is no TLS.
    public var apiKey: String?
    /// Further header fields of every request.
    public var fields: [(name: String, value: String)] = []
    /// How much text an error keeps of the stream that it ended.
    public var partialTextLimit = ByteLimit.mebibytes(1)
    /// How large an answer that is collected whole may become: its text, its thinking, and the records
    /// of its tool calls and log probabilities. Answers that are read as they come have no limit.
    public var replyLimit = ByteLimit.mebibytes(64)
    /// Which of its APIs the server is asked by.
    public var dialect = DialectChoice.byURL
    /// How many requests of one model may be under way at a time; more wait for their turn
    /// (`Deadlines.poolWait`). Nil for any number: Ollama lets them wait itself, without a bound. For
    /// the async client; a blocking one has as many streams as its thread opens.
    public var requestsPerModel: Int?

    public init() {}
}

/// Printed without credentials.
extension OllamaOptions: CustomReflectable {
    /// For `print` and `dump`.
    public var customMirror: Mirror {
        Mirror(
            self,
            children: [
                "apiKey": apiKey.map { _ in "REDACTED" } as Any,
                "fields": CredentialFields.redacted(fields), "partialTextLimit": partialTextLimit,
                "replyLimit": replyLimit, "dialect": dialect,
                "requestsPerModel": requestsPerModel as Any,
            ], displayStyle: .struct)
    }
}

extension RetryPolicy {
    /// For Ollama: asks again when the server cannot be connected to, or says 429, 502 or 503 and so has
    /// done nothing (503: its queue is full; 429 and 502: of a cloud model). Never once a byte of any
    /// other answer has come, and never for a deadline behind connecting: asking again would have the
    /// server begin loading anew.
    public static let ollama: RetryPolicy = {
        var policy = RetryPolicy()
        policy.statuses = [429, 502, 503]
        policy.refusals = [429, 502, 503]
        return policy
    }()
}

/// A server, and as whom to ask it: turns requests into HTTP.
public struct OllamaServer: Sendable {
    /// How much of a refusal's body is worth reading: an error's text is short, and of a long one the
    /// status has to do.
    public static let refusalLimit = ByteLimit.kibibytes(64)

    /// Where it is.
    public let endpoint: OllamaEndpoint
    /// How it is spoken to.
    public let options: OllamaOptions

    /// - Parameter host: as `OLLAMA_HOST` has it; empty for this machine.
    /// - Throws: `StreamError.request` when the host is none, or an API key would leave this machine
    ///   in clear text.
    public init(_ host: String, options: OllamaOptions) throws(StreamError) {
        do throws(RequestError) {
            endpoint = try OllamaEndpoint(host)
        } catch { throw .request(error) }
        if options.apiKey != nil, !endpoint.isLoopback, endpoint.scheme != .https {
            throw .request(.invalidRequest("an API key goes over TLS or to this machine only"))
        }
        self.options = options
    }

    // MARK: Dialects

    /// In which dialect the server is asked; nil when it has to be asked for that first: by `detection`.
    public var dialect: Dialect? {
        switch options.dialect {
        case .native: .native
        case .openAI: .openAI
        case .byURL: endpoint.dialect ?? .native
        case .auto: endpoint.dialect
        }
    }

    /// What tells the dialects apart.
    public static let detection = OllamaRequest("GET", "/api/version")

    /// Ollama has this route, and answers at once whatever it is busy with; others do not.
    public static func dialect(status: Int, body: Span<UInt8>) -> Dialect {
        guard status == 200, let value = try? JSONValue(parsing: body),
            value["version"]?.stringValue != nil
        else { return .openAI }
        return .native
    }

    /// The deadlines of `detection`: short ones, since nothing has to be loaded for it.
    public static func detectionDeadlines(_ deadlines: Deadlines) -> Deadlines {
        var short = deadlines
        short.responseHead = min(short.responseHead, .seconds(3))
        short.bodyIdle = min(short.bodyIdle, .seconds(3))
        short.contentIdle = min(short.contentIdle, .seconds(3))
        short.firstContent = min(short.firstContent, .seconds(3))
        return short
    }

    // MARK: Requests

    /// Anything else is a refusal, redirects too: a POST that became a GET would ask something else.
    public static func isSuccess(_ status: Int) -> Bool { (200..<300).contains(status) }

    /// The options of the connections to this server.
    public func connections(_ options: ClientOptions) -> ClientOptions {
        var options = options
        if let socket = endpoint.unixSocket { options.unixSocket = socket }
        if options.redirects == nil { options.redirects = .sameOrigin }
        if let limit = self.options.requestsPerModel {
            options.pool.perOrigin = max(1, min(limit, options.pool.perOrigin))
        }
        return options
    }

    /// The deadlines of a pull, a push or a create: the server says nothing while it verifies a layer or
    /// converts a model. What the caller has not set is longer than for an answer.
    public static func progressDeadlines(_ deadlines: Deadlines) -> Deadlines {
        var deadlines = deadlines
        for field in [\Deadlines.bodyIdle, \.contentIdle]
        where deadlines[keyPath: field] == Deadlines.standard[keyPath: field] {
            deadlines[keyPath: field] = .minutes(30)
        }
        return deadlines
    }

    /// A request as HTTP.
    public func httpRequest(_ request: OllamaRequest) -> HTTPRequest {
        var sent = HTTPRequest(
            request.method, url(of: request), fields: fields(of: request), body: request.body)
        if options.requestsPerModel != nil { sent.lane = request.model }
        return sent
    }

    /// `POST /api/blobs/sha256:...` with the blob as its body.
    public func httpRequest(uploading digest: BlobDigest, _ body: RequestBody) -> HTTPRequest {
        var request = httpRequest(OllamaCall.uploadBlob(digest).request)
        request.fields.append(("Content-Type", "application/octet-stream"))
        request.body = body
        return request
    }

    /// Where a request goes.
    public func url(of request: OllamaRequest) -> HTTPURL { endpoint.url(request.route) }

    /// The header fields of a request but those that follow from its URL and its body's length.
    public func fields(of request: OllamaRequest) -> [(name: String, value: String)] {
        var fields = options.fields
        if request.body != nil { fields.append(("Content-Type", "application/json")) }
        if let key = options.apiKey { fields.append(("Authorization", "Bearer \(key)")) }
        fields.append(("User-Agent", "tokenwire"))
        return fields
    }
}
