import TestSupport
import WireBytes
import WireHTTP1

/// All that a response decoder says about one input: what has to be the same however it is cut.
struct ReplayedResponse: Equatable, Sendable {
    var error: HTTP1Error?
    var status: Int?
    var reason = ""
    var version = ""
    var headers: [Field] = []
    var trailers: [Field] = []
    var body: [UInt8] = []
    var informational: [Int] = []
    var framing: BodyFraming?
    var isComplete = false
    var reusable = false
    /// Bytes of the message; 0 after an error, which has its own offset.
    var consumed = 0
    /// Bytes received behind the message.
    var surplus = 0
    /// Broken promises of the decoder itself.
    var faults: [String] = []

    struct Field: Equatable, Sendable {
        var name: [UInt8]
        var value: [UInt8]
    }
}

/// How a replay's reader behaves.
struct ReplayOptions: Sendable {
    var method = "GET"
    var limits = HTTP1Limits.standard
    var leniencies: HTTP1Leniencies = []
    /// Receives into memory that a guard page ends: reading a byte too many is a fault.
    var isGuarded = false
    /// Leaves content in the buffer to the end, so that later data slides to it.
    var holdsContent = false
    /// Whether the end of the stream follows the input.
    var ends = true
}

/// Feeds `input` in pieces to a decoder, as a driver does.
func replay(
    _ input: [UInt8], _ cut: Segmentation, _ options: ReplayOptions = ReplayOptions()
) -> ReplayedResponse {
    var buffer = ReceiveBuffer(limit: .mebibytes(4))
    let guarded = GuardedBytes(capacity: options.isGuarded ? input.count : 0)
    if options.isGuarded { guarded.lend(input.count, to: &buffer) }
    let result = replay(input, cut, options, into: &buffer)
    if options.isGuarded { guarded.takeBack(from: &buffer) }
    return result
}

private func replay(
    _ input: [UInt8], _ cut: Segmentation, _ options: ReplayOptions,
    into buffer: inout ReceiveBuffer
) -> ReplayedResponse {
    var result = ReplayedResponse()
    var decoder = ResponseDecoder(
        toHEAD: options.method == "HEAD", limits: options.limits, leniencies: options.leniencies)
    var contentBytes = 0
    do throws(HTTP1Error) {
        for piece in cut.pieces(of: input.count) {
            do throws(ByteLimitExceeded) {
                let bytes = input.span.extracting(piece)
                // Not by a refill, which would make room for more.
                if options.isGuarded { try buffer.append(bytes) } else { try buffer.receive(bytes) }
            } catch {
                result.faults.append("\(error)")
                return result
            }
            try drain(&decoder, &buffer, options, &result, &contentBytes)
        }
        if options.ends {
            try decoder.endOfInput()
            try drain(&decoder, &buffer, options, &result, &contentBytes)
        }
    } catch {
        result.error = error
        checkTerminal(error, &decoder, &buffer, &result)
    }
    result.body.append(copying: buffer.content)
    if result.body.count != contentBytes { result.faults.append("content counted wrongly") }
    describe(decoder, buffer, &result)
    return result
}

private func drain(
    _ decoder: inout ResponseDecoder, _ buffer: inout ReceiveBuffer, _ options: ReplayOptions,
    _ result: inout ReplayedResponse, _ contentBytes: inout Int
) throws(HTTP1Error) {
    while true {
        switch try decoder.advance(&buffer) {
        case .informational(let status): result.informational.append(status)
        case .head:
            if result.status != nil { result.faults.append("two heads") }
            result.status = decoder.head?.status
        case .content(let count):
            if count == 0 { result.faults.append("content of no bytes") }
            contentBytes += count
            if !options.holdsContent {
                result.body.append(copying: buffer.content)
                buffer.consume(buffer.contentCount)
            }
        case .end:
            if !decoder.isComplete { result.faults.append("an end that is not complete") }
            return
        case .needsBytes: return
        }
    }
}

/// An error is the last word: later calls repeat it and touch nothing.
private func checkTerminal(
    _ error: HTTP1Error, _ decoder: inout ResponseDecoder, _ buffer: inout ReceiveBuffer,
    _ result: inout ReplayedResponse
) {
    let raw = buffer.rawCount
    for _ in 0..<2 {
        do throws(HTTP1Error) {
            let step = try decoder.advance(&buffer)
            result.faults.append("\(step) after an error")
        } catch let again {
            if again != error { result.faults.append("\(again) after \(error)") }
        }
    }
    do throws(HTTP1Error) {
        try decoder.endOfInput()
        result.faults.append("a good end after an error")
    } catch let again {
        if again != error { result.faults.append("\(again) at the end after \(error)") }
    }
    if buffer.rawCount != raw { result.faults.append("bytes taken after an error") }
    if decoder.isComplete { result.faults.append("complete in spite of an error") }
}

private func describe(
    _ decoder: borrowing ResponseDecoder, _ buffer: borrowing ReceiveBuffer,
    _ result: inout ReplayedResponse
) {
    if let head = decoder.head {
        result.reason = head.reason
        result.version = head.version
        result.headers = fields(head.fields)
    }
    result.framing = decoder.framing
    result.trailers = fields(decoder.trailers)
    result.isComplete = decoder.isComplete
    result.reusable = decoder.allowsReuse(of: buffer)
    if result.error == nil { result.consumed = decoder.bytesTaken }
    if decoder.isComplete { result.surplus = buffer.rawCount }
}

private func fields(_ fields: Fields) -> [ReplayedResponse.Field] {
    (0..<fields.count).map { index in
        ReplayedResponse.Field(
            name: [UInt8](copying: fields.nameBytes(at: index)),
            value: [UInt8](copying: fields.valueBytes(at: index)))
    }
}
