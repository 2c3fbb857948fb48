internal import WireBytes
internal import WireGzip
internal import WireHTTP1

/// A body on its way out of its content codings: what has come off the wire, and a decoder for each
/// coding, the last one first. What comes out goes into the reader's buffer, a piece at a time.
///
/// An object, so that a response without codings pays a word for it.
final class CodedBody {
    /// As received: framing, and content still in its codings.
    var wire: ReceiveBuffer
    private let stages: [Stage]
    /// All has come out, and every coding has ended.
    private(set) var isFinished = false

    private final class Stage {
        var decoder: ContentDecoder
        /// Of all but the first: what the one before has made.
        var input = ReceiveBuffer(limit: .mebibytes(1))
        /// It has output that its last room was too small for.
        var owes = false

        init(_ coding: ContentCoding, _ limits: ContentLimits) throws(ContentError) {
            decoder = try ContentDecoder(coding, limits: limits)
        }

        /// - Returns: how much was made.
        func step(
            _ input: inout ReceiveBuffer, into output: inout ReceiveBuffer
        ) throws(MessageReader.Failure) -> Int {
            let range = input.contentRange
            var result = Result<ContentStep, ContentError>.failure(.truncated)
            do throws(ByteLimitExceeded) {
                try output.refill { room in
                    do throws(ContentError) {
                        result = .success(try decoder.decode(input.bytes(in: range), into: &room))
                    } catch { result = .failure(error) }
                }
            } catch { throw .buffer(error) }
            let made = output.rawCount
            output.expose(made)
            switch result {
            case .success(let step):
                owes = step.next == .needsRoom
                input.consume(step.taken)
            case .failure(let error):
                // What came out before it is delivered; the decoder says the same again.
                owes = made > 0
                if made == 0 { throw .content(error) }
            }
            return made
        }
    }

    /// - Parameters:
    ///   - codings: in the order in which they were applied.
    ///   - wire: what has been received already.
    init(
        _ codings: [ContentCoding], limits: ContentLimits, wire: consuming ReceiveBuffer
    ) throws(ContentError) {
        self.wire = wire
        var stages: [Stage] = []
        for coding in codings.reversed() { stages.append(try Stage(coding, limits)) }
        self.stages = stages
    }

    /// Decodes one piece, no more than `output` makes room for at once.
    ///
    /// - Returns: false when nothing came out: more of the wire's content is needed.
    func decode(into output: inout ReceiveBuffer) throws(MessageReader.Failure) -> Bool {
        try decode(stages.count - 1, into: &output) > 0
    }

    private func decode(
        _ index: Int, into output: inout ReceiveBuffer
    ) throws(MessageReader.Failure) -> Int {
        let stage = stages[index]
        while true {
            let made: Int
            if index == 0 {
                if wire.contentCount == 0, !stage.owes { return 0 }
                made = try stage.step(&wire, into: &output)
            } else {
                if stage.input.contentCount == 0, !stage.owes,
                    try decode(index - 1, into: &stage.input) == 0
                {
                    return 0
                }
                made = try stage.step(&stage.input, into: &output)
            }
            if made > 0 { return made }
        }
    }

    /// The body has ended, and `decode` has said that nothing more comes out.
    ///
    /// - Throws: `truncated` when a coding has not.
    func finish() throws(MessageReader.Failure) {
        for stage in stages {
            do throws(ContentError) { try stage.decoder.endOfInput() } catch {
                throw .content(error)
            }
        }
        isFinished = true
    }
}

extension ContentCoding {
    /// What the Content-Encoding fields list, in the order in which it was applied.
    static func list(of fields: Fields) throws(ContentError) -> [ContentCoding] {
        var codings: [ContentCoding] = []
        var field = fields.first(.contentEncoding)
        while let index = field {
            try append(fieldValue: fields.valueBytes(at: index), to: &codings)
            field = fields.next(.contentEncoding, after: index)
        }
        return codings
    }
}
