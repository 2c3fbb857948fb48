import WireFraming
import WireJSON

func codecs(_ bytes: [UInt8]) throws {
    var events = SSEFramer(limit: .mebibytes(4))
    events.append(bytes.span)
    while let event = try events.next() { print(event.name, event.data.count) }
    var lines = LineFramer(limit: .mebibytes(4))
    lines.append(bytes.span)
    while let line = try lines.next() { try JSON.validate(line.bytes) }
}
