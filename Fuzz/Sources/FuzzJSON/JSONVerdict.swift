internal import WireBytes
internal import WireJSON

/// What the three ways through a JSON text make of one input: nil where it is valid.
struct JSONVerdict {
    var validated: JSONError?
    var skipped: JSONError?
    var parsed: JSONError?
    var value: JSONValue?

    init(_ text: [UInt8]) {
        do throws(JSONError) { _ = try JSON.validate(text.span) } catch { validated = error }
        do throws(JSONError) {
            var cursor = JSONCursor(text.span)
            let range = try cursor.skipValue()
            precondition(range.end <= text.count, "a value behind the end")
            try cursor.finish()
        } catch { skipped = error }
        do throws(JSONError) { value = try JSONValue(parsing: text.span) } catch { parsed = error }
    }
}

extension JSONValue {
    /// Stops the fuzzer unless the value survives being written and read again. Numbers out of
    /// range have become infinite, and cannot be written.
    func requireRoundTrip() {
        guard let text = try? encoded() else { return }
        let again = try? JSONValue(parsing: text.span)
        precondition(again == self, "\(String(decoding: text, as: UTF8.self))")
    }
}
