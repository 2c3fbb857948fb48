// expect: lifetime-dependent variable 'cursor' escapes its scope
import WireJSON

func cursorOutlivesItsText() throws {
    var cursor: JSONCursor
    do {
        let text = Array("[1]".utf8)
        cursor = JSONCursor(text.span)
    }
    _ = try cursor.peek()
}
