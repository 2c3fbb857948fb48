internal import FuzzSupport
internal import WireBytes
internal import WireHTTP1

/// All that a response decoder says about one input.
struct ResponseVerdict: Equatable {
    var error: HTTP1Error?
    var status: Int?
    var fieldCount = 0
    var trailerCount = 0
    var body: [UInt8] = []
    var informational: [Int] = []
    var isComplete = false
    var isReusable = false

    init(_ input: [UInt8], in pieces: [Range<Int>], toHEAD: Bool) {
        var buffer = ReceiveBuffer(limit: .mebibytes(64))
        var decoder = ResponseDecoder(toHEAD: toHEAD, limits: .standard)
        do throws(HTTP1Error) {
            for piece in pieces {
                buffer.mustAppend(input.span.extracting(piece))
                try takeAll(&decoder, &buffer, holdsContent: pieces.count == 2)
            }
            try decoder.endOfInput()
        } catch { self.error = error }
        body.append(copying: buffer.content)
        status = decoder.head?.status
        fieldCount = decoder.head?.fields.count ?? 0
        trailerCount = decoder.trailers.count
        isComplete = decoder.isComplete
        isReusable = decoder.allowsReuse(of: buffer)
        precondition(isComplete == (error == nil), "neither complete nor wrong")
    }

    private mutating func takeAll(
        _ decoder: inout ResponseDecoder, _ buffer: inout ReceiveBuffer, holdsContent: Bool
    ) throws(HTTP1Error) {
        while true {
            switch try decoder.advance(&buffer) {
            case .informational(let status): informational.append(status)
            case .head: continue
            case .content(let count):
                precondition(count > 0, "content of no bytes")
                if holdsContent { continue }
                body.append(copying: buffer.content)
                buffer.consume(buffer.contentCount)
            case .end, .needsBytes: return
            }
        }
    }
}
