public import WireHTTP1
internal import WireJSON

/// Finds the recorded exchange for a request: by method, target and body.
public struct RequestMatcher: Sendable {
    /// How much the bodies may differ. Each includes the ones before it, and the strictest that
    /// finds anything decides.
    public enum Strictness: Int, Sendable {
        /// Equal bytes.
        case bytes
        /// The same JSON value: white space, order of members and forms of numbers do not count.
        case json
        /// The same path (the query does not count) and the same `model`; then the path alone. Of
        /// those, if there are any, the ones that are asked for in the same form: as a stream or
        /// whole, with tools or without.
        case path
    }

    /// Which one, when several match equally well.
    public enum Choice: Sendable {
        case first
        case roundRobin
    }

    private struct Candidate: Sendable {
        let exchange: RecordedExchange
        /// The body as a canonical JSON text; nil when it is no JSON.
        let json: [UInt8]?
        let model: String?
        let form: Form
    }

    /// In what form an answer is asked for.
    private struct Form: Equatable, Sendable {
        let isStream: Bool
        let hasTools: Bool

        init(_ request: JSONValue?, target: String) {
            // What is not said: Ollama's own routes stream, OpenAI's do not.
            isStream = request?["stream"]?.boolValue ?? target.hasPrefix("/api/")
            hasTools = !(request?["tools"]?.arrayValue ?? []).isEmpty
        }
    }

    private let strictness: Strictness
    private let choice: Choice
    private let candidates: [Candidate]
    /// How often each group of equals has been asked for.
    private var turns: [[Int]: Int] = [:]

    public init(
        _ exchanges: [RecordedExchange], strictness: Strictness = .json, choice: Choice = .first
    ) {
        self.strictness = strictness
        self.choice = choice
        candidates = exchanges.map { exchange in
            let value = try? JSONValue(parsing: exchange.body.span)
            return Candidate(
                exchange: exchange, json: value?.canonicalBytes,
                model: value?["model"]?.stringValue,
                form: Form(value, target: exchange.request.target))
        }
    }

    /// The exchange for a request, or nil. With `.roundRobin` equals take turns.
    public mutating func next(for request: ReceivedRequest, body: [UInt8]) -> RecordedExchange? {
        let group = likeliest(of: matches(request, body), for: request)
        guard let first = group.first else { return nil }
        guard choice == .roundRobin else { return candidates[first].exchange }
        let turn = turns[group, default: 0]
        turns[group] = turn + 1
        return candidates[group[turn % group.count]].exchange
    }

    /// The exchange to answer a request with before its body, which the client holds back: one
    /// whose client was refused, unless another one with the same method and target was let go on.
    public func refusal(of request: ReceivedRequest) -> RecordedExchange? {
        let same = candidates.filter { isFor(request, $0) }
        guard same.allSatisfy({ !$0.exchange.bodyIsComplete }) else { return nil }
        return same.first?.exchange
    }

    /// The 1xx responses that were recorded for a request that waits for one; nil when none.
    func informational(for request: ReceivedRequest) -> [UInt8]? {
        candidates.first { isFor(request, $0) && $0.exchange.informationalBytes > 0 }.map {
            [UInt8]($0.exchange.response.prefix($0.exchange.informationalBytes))
        }
    }

    private func isFor(_ request: ReceivedRequest, _ candidate: Candidate) -> Bool {
        candidate.exchange.request.method == request.method
            && candidate.exchange.request.target == request.target
    }

    private func matches(_ request: ReceivedRequest, _ body: [UInt8]) -> [Int] {
        let same = candidates.indices.filter { isFor(request, candidates[$0]) }
        let equal = same.filter { candidates[$0].exchange.body == body }
        if !equal.isEmpty || strictness == .bytes { return equal }
        let value = try? JSONValue(parsing: body.span)
        if let json = value?.canonicalBytes {
            let equal = same.filter { candidates[$0].json == json }
            if !equal.isEmpty { return equal }
        }
        if strictness == .json { return [] }
        let path = RequestMatcher.path(of: request.target)
        let near = candidates.indices.filter {
            let recorded = candidates[$0].exchange.request
            return recorded.method == request.method
                && RequestMatcher.path(of: recorded.target) == path
        }
        let model = value?["model"]?.stringValue
        let sameModel = near.filter { model != nil && candidates[$0].model == model }
        let group = sameModel.isEmpty ? near : sameModel
        let form = Form(value, target: request.target)
        let sameForm = group.filter { candidates[$0].form == form }
        return sameForm.isEmpty ? group : sameForm
    }

    /// Of equals, those whose client spoke the same version and wanted the same of the connection,
    /// if there are any: the others' responses end it, or do not, against the request.
    private func likeliest(of group: [Int], for request: ReceivedRequest) -> [Int] {
        let alike = group.filter {
            let recorded = candidates[$0].exchange.request
            return (recorded.minorVersion == 0) == (request.minorVersion == 0)
                && recorded.allowsKeepAlive == request.allowsKeepAlive
        }
        return alike.isEmpty ? group : alike
    }

    private static func path(of target: String) -> Substring { target.prefix { $0 != "?" } }
}

extension JSONValue {
    /// The same bytes for the same value: members sorted by key, the last of equal ones kept,
    /// numbers in one form; nil for a number out of range.
    var canonicalBytes: [UInt8]? { try? canonical.encoded() }

    private var canonical: JSONValue {
        switch self {
        case .array(let elements): return .array(elements.map(\.canonical))
        case .object(let members):
            var last: [String: JSONValue] = [:]
            for member in members { last[member.key] = member.value.canonical }
            return .object(
                last.sorted { $0.key < $1.key }.map { Member(key: $0.key, value: $0.value) })
        case .double(let value): return Int64(exactly: value).map { .int($0) } ?? self
        default: return self
        }
    }
}
