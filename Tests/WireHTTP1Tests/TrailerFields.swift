import WireBytes
import WireHTTP1

/// Fields of any names and values, as a trailer section has them: nothing there frames a message.
func trailerFields(_ pairs: [(String, String)]) -> Fields {
    trailerFields(lines: pairs.flatMap { Array("\($0.0): \($0.1)\r\n".utf8) })
}

func trailerFields(lines: [UInt8]) -> Fields {
    var buffer = ReceiveBuffer(limit: .kibibytes(64))
    var decoder = ChunkedDecoder(limits: .standard)
    var offset = 0
    let wire = Array("0\r\n".utf8) + lines + Array("\r\n".utf8)
    do {
        try buffer.append(wire.span)
        let step = try decoder.advance(&buffer, offset: &offset)
        precondition(step == .end, "an incomplete section")
    } catch { preconditionFailure("\(error)") }
    return decoder.trailers
}
