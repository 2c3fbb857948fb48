internal import FuzzSupport
internal import WireBytes
internal import WireHTTP1

/// All that a request decoder says about one input.
struct RequestVerdict: Equatable {
    var error: HTTP1Error?
    var method: String?
    var target: String?
    var fieldCount = 0
    var body: [UInt8] = []
    var isComplete = false

    init(_ input: [UInt8], in pieces: [Range<Int>]) {
        var buffer = ReceiveBuffer(limit: .mebibytes(64))
        var decoder = RequestDecoder(limits: .standard)
        do throws(HTTP1Error) {
            for piece in pieces {
                buffer.mustAppend(input.span.extracting(piece))
                var step = try decoder.advance(&buffer)
                while step != .needsBytes, step != .end { step = try decoder.advance(&buffer) }
            }
            try decoder.endOfInput()
        } catch { self.error = error }
        body = [UInt8](copying: buffer.content)
        method = decoder.request?.method
        target = decoder.request?.target
        fieldCount = decoder.request?.fields.count ?? 0
        isComplete = decoder.isComplete
        precondition(isComplete == (error == nil), "neither complete nor wrong")
    }
}
