internal import WireBytes
internal import WireJSON
internal import WireTime

/// What a request for embeddings asks for.
struct EmbeddingJob {
    private let api: Simulator.EmbeddingAPI
    let modelName: String
    private(set) var inputs: [[UInt8]] = []
    let dimensions: Int?
    let keepAlive: Timeout?
    private let isBase64: Bool

    init(_ api: Simulator.EmbeddingAPI, _ bytes: [UInt8]) throws(Refusal) {
        self.api = api
        let body = try RequestBody(
            bytes, as: api == .legacy ? "EmbeddingRequest" : "EmbedRequest")
        modelName = try body.string("model") ?? ""
        dimensions = try body.integer("dimensions").flatMap { $0 > 0 ? $0 : nil }
        keepAlive = try body.keepAlive()
        isBase64 = try body.string("encoding_format") == "base64"
        switch body[api == .legacy ? "prompt" : "input"] {
        case nil, .null:
            if api == .openAI { throw Refusal(400, "invalid input") }
        case .string(let text): inputs = text.isEmpty ? [] : [[UInt8](text.utf8)]
        case .array(let elements) where api != .legacy:
            for element in elements {
                guard let text = element.stringValue else {
                    throw Refusal(400, "invalid input type")
                }
                inputs.append([UInt8](text.utf8))
            }
        default: throw Refusal(400, "invalid input type")
        }
        if api == .openAI, inputs.isEmpty { throw Refusal(400, "invalid input") }
    }

    func body(_ vectors: [[Float]], name: String, _ result: GenerationResult) -> [UInt8] {
        var out: [UInt8] = []
        let model = GoText.quoted([UInt8](name.utf8))
        switch api {
        case .legacy:
            out += "{\"embedding\":[".utf8
            // Doubles of the same numbers, as the real server has it.
            let numbers = (vectors.first ?? []).map { "\(Double($0))" }
            out += numbers.joined(separator: ",").utf8
            out += "]}".utf8
        case .native:
            out += [UInt8]("{\"model\":".utf8) + model + ",\"embeddings\":[".utf8
            out += vectors.map(EmbeddingJob.list).joined(separator: ",").utf8
            out += "]".utf8
            if !vectors.isEmpty {
                out += ",\"total_duration\":\(result.totalTime.nanoseconds)".utf8
                out += ",\"load_duration\":\(result.loadTime.nanoseconds)".utf8
                out += ",\"prompt_eval_count\":\(result.promptCount)".utf8
            }
            out += "}".utf8
        case .openAI:
            out += "{\"object\":\"list\",\"data\":[".utf8
            let data = vectors.enumerated().map { index, vector in
                let text =
                    isBase64 ? "\"\(EmbeddingJob.base64(vector))\"" : EmbeddingJob.list(vector)
                return "{\"object\":\"embedding\",\"embedding\":\(text),\"index\":\(index)}"
            }
            out += data.joined(separator: ",").utf8
            out += [UInt8]("],\"model\":".utf8) + model
            let count = result.promptCount
            out += ",\"usage\":{\"prompt_tokens\":\(count),\"total_tokens\":\(count)}}\n".utf8
        }
        return out
    }

    private static func list(_ vector: [Float]) -> String {
        "[" + vector.map { "\($0)" }.joined(separator: ",") + "]"
    }

    private static func base64(_ vector: [Float]) -> String {
        Base64.encode(
            vector.flatMap { value in
                (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * UInt32($0))) }
            })
    }
}

enum Embedding {
    /// A unit vector that depends on the text alone: the sum of a random one for each of its tokens, so
    /// that texts with words in common are near each other.
    static func make(
        _ text: [UInt8], size: Int, keeping dimensions: Int, _ seed: UInt64
    ) -> [Float] {
        var sum = [Double](repeating: 0, count: size)
        for token in Tokenizer.tokens(of: text) {
            let word = token.drop { $0 == 0x20 }.map { ASCII.lowercased($0) }
            var random = Randomness(seed: seed, Randomness.hash(word), 0xE)
            for index in sum.indices { sum[index] += random.unit() - 0.5 }
        }
        let kept = sum.prefix(dimensions)
        let length = kept.reduce(0) { $0 + $1 * $1 }.squareRoot()
        return kept.map { Float($0 / (length > 0 ? length : 1)) }
    }
}
