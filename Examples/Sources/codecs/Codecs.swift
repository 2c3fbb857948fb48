import WireFraming
import WireJSON

/// The readers by themselves: no sockets, and bytes that come from anywhere, cut anyhow.
@main struct Codecs {
    static func main() throws {
        let stream =
            "event: delta\ndata: {\"text\":\"Hel\"}\n\ndata: {\"text\":\"lo\\n\"}\n\n: ping\n\n"
        var events = SSEFramer(limit: .mebibytes(4))
        for byte in stream.utf8 {
            events.append([byte].span)
            // An event's data is a span of the framer's buffer, good until the next call.
            while let event = try events.next() {
                print(event.name, try text(in: event.data))
            }
        }
        let arguments: JSONValue = ["city": "Paris", "days": 2, "exact": true]
        print(String(decoding: try arguments.encoded(), as: UTF8.self))
        print(try JSONValue(parsing: "[1, 2.5, null]".utf8.span)[1]?.doubleValue ?? 0)
    }

    /// Reads one member without building a value; every byte is checked nevertheless.
    static func text(in json: Span<UInt8>) throws(JSONError) -> String {
        var cursor = JSONCursor(json)
        var text = ""
        try cursor.beginObject()
        while let key = try cursor.nextKey() {
            if cursor.matches(key, "text") {
                text = cursor.text(of: try cursor.string())
            } else {
                try cursor.skipValue()
            }
        }
        try cursor.finish()
        return text
    }
}
