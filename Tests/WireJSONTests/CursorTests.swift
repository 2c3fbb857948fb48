import Testing
import WireBytes
import WireJSON

@Suite("The cursor")
struct CursorTests {
    static let chat = """
        {"model":"tiny","created_at":"2026-11-20T16:31:40.083574887Z",\
        "message":{"role":"assistant","content":" w000"},"done":false}
        """

    @Test("reads what is asked for and passes the rest")
    func chatLine() throws {
        let text = Array(Self.chat.utf8)
        var cursor = JSONCursor(text.span)
        var content: String?
        var isContentInPlace = false
        var done: Bool?
        try cursor.beginObject()
        while let key = try cursor.nextKey() {
            if cursor.matches(key, "message") {
                try cursor.beginObject()
                while let key = try cursor.nextKey() {
                    if cursor.matches(key, "content") {
                        let string = try cursor.string()
                        content = cursor.text(of: string)
                        isContentInPlace = cursor.bytes(of: string)?.count == 5
                    } else {
                        try cursor.skipValue()
                    }
                }
            } else if cursor.matches(key, "done") {
                done = try cursor.bool()
            } else {
                try cursor.skipValue()
            }
        }
        try cursor.finish()
        #expect(content == " w000")
        #expect(isContentInPlace)
        #expect(done == false)
        #expect(cursor.position == text.count)
    }

    /// Blanks wherever they may stand, so that none of the shortcuts for compact text holds.
    @Test("blanks anywhere change nothing", arguments: [" ", "\n", "\t", "\r\n", "   "])
    func blanks(blank: String) throws {
        var spaced = ""
        var isInString = false
        for character in Self.chat {
            if character == "\"" { isInString.toggle() }
            let isMark = !isInString && "{}:,".contains(character)
            spaced += isMark ? "\(blank)\(character)\(blank)" : String(character)
        }
        let (plain, text) = (Array(Self.chat.utf8), Array(spaced.utf8))
        #expect(Verdicts(text).validate == nil)
        #expect(try JSONValue(parsing: text.span) == JSONValue(parsing: plain.span))
        #expect(try walked(text) == walked(plain))
    }

    @Test(
        "skipped values are given as they stand",
        arguments: [
            "\"\"", "\"a b\"", "\"\\\"\"", "\"é\"", "0", "-1.5e3", "true", "false", "null", "[]",
            "{}",
            "[1,[2,{\"a\":[]}],\"]\"]", "{\"a\":{\"b\":\"}\"}}",
        ])
    func skipped(value: String) throws {
        for (before, after) in [("", ""), (" ", " "), ("[", "]"), ("[ ", " ]"), ("[0,", ",0]")] {
            let text = Array((before + value + after).utf8)
            var cursor = JSONCursor(text.span)
            if before.first == "[" {
                try cursor.beginArray()
                #expect(try cursor.nextElement())
            }
            if before == "[0," {
                #expect(try cursor.int64() == 0)
                #expect(try cursor.nextElement())
            }
            let range = try cursor.skipValue()
            #expect(range == ByteRange(start: before.utf8.count, count: value.utf8.count))
            let raw = String(decoding: cursor.bytes(in: range))
            #expect(raw == value)
            #expect(cursor.position == range.end)
        }
    }

    @Test("a value of another type is refused and can still be read as what it is")
    func mismatch() throws {
        let text = Array("[{},[],\"s\",1,true,null]".utf8)
        let types: [JSONType] = [.object, .array, .string, .number, .bool, .null]
        var cursor = JSONCursor(text.span)
        try cursor.beginArray()
        for type in types {
            #expect(try cursor.nextElement())
            let start = cursor.position
            for asked in types where asked != type {
                let error = refusal(of: asked, &cursor)
                #expect(error?.code == .typeMismatch)
                #expect(cursor.position == start)
            }
            if type != .number {
                #expect(throws: JSONError.self) { try cursor.int64() }
            }
            #expect(try cursor.peek() == type)
            #expect(refusal(of: type, &cursor) == nil)
            if type == .object { #expect(try cursor.nextKey() == nil) }
            if type == .array { #expect(try !cursor.nextElement()) }
        }
        #expect(try !cursor.nextElement())
        try cursor.finish()
    }

    private func refusal(of type: JSONType, _ cursor: inout JSONCursor) -> JSONError? {
        do {
            switch type {
            case .object: try cursor.beginObject()
            case .array: try cursor.beginArray()
            case .string: _ = try cursor.string()
            case .number: _ = try cursor.number()
            case .bool: _ = try cursor.bool()
            case .null: try cursor.null()
            }
            return nil
        } catch {
            return error
        }
    }

    @Test("calls out of order are refused and change nothing")
    func outOfOrder() throws {
        let text = Array("{\"a\":[1],\"b\":2}".utf8)
        var cursor = JSONCursor(text.span)
        #expect(misfits(&cursor) == [.nextKey, .nextElement, .finish])
        try cursor.beginObject()
        #expect(misfits(&cursor) == [.value, .nextElement, .finish])
        #expect(try cursor.nextKey() != nil)
        #expect(misfits(&cursor) == [.nextKey, .nextElement, .finish])
        try cursor.beginArray()
        #expect(misfits(&cursor) == [.value, .nextKey, .finish])
        #expect(try cursor.nextElement())
        #expect(misfits(&cursor) == [.nextKey, .nextElement, .finish])
        try cursor.skipValue()
        #expect(misfits(&cursor) == [.value, .nextKey, .finish])
        #expect(try !cursor.nextElement())
        #expect(misfits(&cursor) == [.value, .nextElement, .finish])
        #expect(try cursor.nextKey() != nil)
        try cursor.skipValue()
        #expect(misfits(&cursor) == [.value, .nextElement, .finish])
        #expect(try cursor.nextKey() == nil)
        #expect(misfits(&cursor) == [.value, .nextKey, .nextElement])
        try cursor.finish()
        try cursor.finish()
    }

    enum Call { case value, nextKey, nextElement, finish }

    /// The calls that are out of order here. Those in order are not made.
    private func misfits(_ cursor: inout JSONCursor) -> [Call] {
        let position = cursor.position
        var misfits: [Call] = []
        func isOutOfOrder(_ error: JSONError?) -> Bool {
            error == JSONError(.outOfOrder, at: position)
        }
        let isValueExpected = !isOutOfOrder(peekFailure(&cursor))
        if !isValueExpected {
            misfits.append(.value)
            for type in [JSONType.object, .array, .string, .number, .bool, .null] {
                #expect(isOutOfOrder(refusal(of: type, &cursor)))
            }
            #expect(throws: JSONError(.outOfOrder, at: position)) { try cursor.skipValue() }
            #expect(throws: JSONError(.outOfOrder, at: position)) { try cursor.int64() }
        }
        // Where a value is expected nothing else is in order, so that trying cannot change anything.
        // Elsewhere the two calls that fit are those of the container, which this text tells apart.
        if isValueExpected || !isInside(.object, cursor) {
            do { _ = try cursor.nextKey() } catch {
                if isOutOfOrder(error) { misfits.append(.nextKey) }
            }
        }
        if isValueExpected || !isInside(.array, cursor) {
            do { _ = try cursor.nextElement() } catch {
                if isOutOfOrder(error) { misfits.append(.nextElement) }
            }
        }
        do { try cursor.finish() } catch { if isOutOfOrder(error) { misfits.append(.finish) } }
        #expect(cursor.position == position)
        return misfits
    }

    private func peekFailure(_ cursor: inout JSONCursor) -> JSONError? {
        do {
            _ = try cursor.peek()
            return nil
        } catch {
            return error
        }
    }

    /// For `{"a":[1],"b":2}` only.
    private func isInside(_ type: JSONType, _ cursor: borrowing JSONCursor) -> Bool {
        switch cursor.position {
        case 6...7: type == .array
        case 1...14: type == .object
        default: false
        }
    }

    @Test("a closing mark where none is due moves nothing", arguments: ["}", "]", " }", " ]"])
    func strayMarks(mark: String) throws {
        let text = Array(mark.utf8)
        var cursor = JSONCursor(text.span)
        #expect(throws: JSONError(.outOfOrder, at: 0)) { try cursor.nextKey() }
        #expect(throws: JSONError(.outOfOrder, at: 0)) { try cursor.nextElement() }
        #expect(cursor.position == 0)
        for start in ["{\"a\":", "[", "[1", "[1,"] {
            let text = Array((start + mark).utf8)
            var cursor = JSONCursor(text.span)
            if start.first == "{" {
                try cursor.beginObject()
                #expect(try cursor.nextKey() != nil)
            } else {
                try cursor.beginArray()
                if start != "[" {
                    #expect(try cursor.nextElement())
                    #expect(try cursor.int64() == 1)
                }
                if start == "[1," { #expect(try cursor.nextElement()) }
            }
            let position = cursor.position
            #expect(throws: JSONError(.outOfOrder, at: position)) { try cursor.nextKey() }
            #expect(cursor.position == position)
        }
    }

    @Test("an error comes back for ever and leaves the cursor where it was")
    func sticky() throws {
        for tail in ["[1,2", "[[{\"a\":[1,x", "tru", "\"ab", "\"\\q\"", "-", "{\"a\" 1}"] {
            let text = Array(("[0," + tail).utf8)
            var cursor = JSONCursor(text.span)
            try cursor.beginArray()
            #expect(try cursor.nextElement())
            #expect(try cursor.int64() == 0)
            #expect(try cursor.nextElement())
            var errors: [JSONError] = []
            // More often than containers may be open, so that none stays so.
            for _ in 0...JSON.maximumDepth {
                do { try cursor.skipValue() } catch { errors.append(error) }
            }
            #expect(cursor.position == 3)
            #expect(errors.count == JSON.maximumDepth + 1)
            #expect(errors.allSatisfy { $0 == errors[0] && $0.code != .outOfOrder })
        }
    }

    @Test("a failed skip restores the containers that were open, at any depth")
    func failedSkip() throws {
        for depth in [1, 63, 64, 65, 127, 128, 129, 300] {
            let opening = String(repeating: "{\"k\":", count: depth)
            let text = Array((opening + "[[[[ [\"a\", x").utf8)
            var cursor = JSONCursor(text.span)
            for _ in 0..<depth {
                try cursor.beginObject()
                _ = try cursor.nextKey()
            }
            #expect(throws: JSONError(.expectedValue, at: text.count - 1)) {
                try cursor.skipValue()
            }
            #expect(cursor.position == opening.utf8.count)
            for _ in 0..<5 {
                try cursor.beginArray()
                #expect(try cursor.nextElement())
            }
            #expect(try cursor.string().range.count == 1)
            #expect(try cursor.nextElement())
            #expect(throws: JSONError(.expectedValue, at: text.count - 1)) { try cursor.null() }
        }
    }

    @Test("leaving early is allowed; what follows is not looked at")
    func early() throws {
        let text = Array("{\"a\":1,garbage".utf8)
        var cursor = JSONCursor(text.span)
        try cursor.beginObject()
        let key = try cursor.nextKey()
        #expect(key.map { cursor.matches($0, "a") } == true)
        #expect(try cursor.int64() == 1)
        #expect(throws: JSONError(.expectedKey, at: 7)) { try cursor.nextKey() }
    }

    @Test("spans of strings and raw values outlive the cursor, not the text")
    func lifetimes() throws {
        let text = Array("[\"plain\",\"esc\\n\",1.50]".utf8)
        let span = text.span
        let plain = try firstString(of: span)
        #expect(String(decoding: plain) == "plain")
    }

    @_lifetime(copy text)
    private func firstString(of text: Span<UInt8>) throws(JSONError) -> Span<UInt8> {
        var cursor = JSONCursor(text)
        try cursor.beginArray()
        _ = try cursor.nextElement()
        let string = try cursor.string()
        guard let bytes = cursor.bytes(of: string) else { return text }
        return bytes
    }
}
