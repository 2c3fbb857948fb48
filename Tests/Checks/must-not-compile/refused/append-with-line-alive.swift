// expect: overlapping accesses to 'lines'
import WireFraming

func appendWithLineAlive(_ lines: inout LineFramer, _ bytes: [UInt8]) throws {
    guard let line = try lines.next() else { return }
    lines.append(bytes.span)
    print(line.bytes.count)
}
