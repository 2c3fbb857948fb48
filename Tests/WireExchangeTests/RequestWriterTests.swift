import Synchronization
import Testing
import WireBytes
import WireExchange
import WireHTTP1

/// What comes, one after another.
private func pieces(_ texts: [String], length: Int? = nil) -> RequestBody {
    let rest = Mutex(texts[...])
    return .pieces(length: length) {
        rest.withLock { rest in rest.popFirst().map { [UInt8]($0.utf8) } }
    }
}

/// All that goes on the wire behind the head, in sends of at most `most` bytes.
private func wire(_ request: HTTPRequest, most: Int) throws -> (body: String, largest: Int) {
    let outgoing = try request.outgoing { _ in nil }
    var writer = RequestWriter(outgoing)
    var left = outgoing.form.bytes
    var isOpen = outgoing.form.isOpen
    var all: [UInt8] = []
    var largest = 0
    while true {
        while left > 0 {
            let count = writer.withUnsent(most: min(most, left)) { first, second in
                all.append(copying: first)
                all.append(copying: second)
                return first.count + second.count
            }
            writer.advance(count)
            left -= count
        }
        if !isOpen { break }
        switch try writer.supply() {
        case .bytes(let count): left += count
        case .end(let count):
            left += count
            isOpen = false
        case .later: Issue.record("nothing here comes later")
        }
        largest = max(largest, left)
    }
    return (String(decoding: all.dropFirst(outgoing.head.count), as: UTF8.self), largest)
}

private func put(_ body: RequestBody?) throws -> HTTPRequest {
    var request = try HTTPRequest("PUT", url: "http://h/")
    request.body = body
    return request
}

@Suite struct RequestWriterTests {
    @Test(arguments: [1, 2, 3, 5, 100])
    func framing(most: Int) throws {
        #expect(
            try wire(put(pieces(["ab", "", "c"])), most: most).body
                == "2\r\nab\r\n1\r\nc\r\n0\r\n\r\n")
        #expect(try wire(put(pieces([])), most: most).body == "0\r\n\r\n")
        #expect(try wire(put(pieces(["ab", "c"], length: 3)), most: most).body == "abc")
        #expect(try wire(put(.bytes([UInt8]("abc".utf8))), most: most).body == "abc")
        var request = try put(.bytes([UInt8]("abc".utf8)))
        request.sendsChunked = true
        #expect(try wire(request, most: most).body == "3\r\nabc\r\n0\r\n\r\n")
        #expect(try wire(put(nil), most: most).body == "")
    }

    @Test func framingFields() throws {
        func head(_ request: HTTPRequest) throws -> String {
            String(decoding: try request.outgoing { _ in nil }.head, as: UTF8.self)
        }
        #expect(try head(put(pieces(["ab"]))).contains("\r\nTransfer-Encoding: chunked\r\n"))
        #expect(try head(put(pieces(["ab"], length: 2))).contains("\r\nContent-Length: 2\r\n"))
        var request = try put(pieces(["ab"], length: 2))
        request.sendsChunked = true
        #expect(try head(request).contains("\r\nTransfer-Encoding: chunked\r\n"))
        request = try put(pieces([], length: -1))
        #expect(throws: TransportError.self) { try head(request) }
        request = try put(pieces(["ab"]))
        request.fields = [("Content-Length", "2")]
        #expect(throws: TransportError.self) { try head(request) }
    }

    /// A source that does not keep to its length is an error: the peer would wait, or read on.
    @Test func lengthsAreKept() throws {
        let short = RequestWriter.Failure.body("the body ends 1 bytes before its length")
        #expect(throws: short) { try wire(put(pieces(["ab"], length: 3)), most: 9) }
        let long = RequestWriter.Failure.body("the body is longer than its length")
        #expect(throws: long) { try wire(put(pieces(["ab", "cd"], length: 3)), most: 9) }
    }

    @Test func onePieceAtATime() throws {
        let many = Array(repeating: String(repeating: "x", count: 1_000), count: 50)
        #expect(try wire(put(pieces(many)), most: .max).largest < 1_010)
    }

    /// Only what has not been begun, or can be had again, may be sent again.
    @Test func rewinding() throws {
        let outgoing = try put(pieces(["ab"])).outgoing { _ in nil }
        #expect(!outgoing.retry(nil).mayRepeat, "PUT could be repeated, its body could not")
        var writer = RequestWriter(outgoing)
        let isFresh = writer.rewind()
        #expect(isFresh)
        writer.advance(outgoing.head.count)
        _ = try writer.supply()
        let isHadAgain = writer.rewind()
        #expect(!isHadAgain)
        #expect(try put(.bytes([1])).outgoing { _ in nil }.retry(nil).mayRepeat)
    }

    @Test func expectations() throws {
        func form(_ change: (inout HTTPRequest) -> Void) throws -> (RequestForm, String) {
            var request = try put(nil)
            change(&request)
            let outgoing = try request.outgoing { _ in nil }
            return (outgoing.form, String(decoding: outgoing.head, as: UTF8.self))
        }
        let (held, head) = try form {
            $0.body = .bytes([1])
            $0.expectsContinue = true
        }
        #expect(held.heldBehind == head.utf8.count && held.bytes == head.utf8.count + 1)
        #expect(head.contains("\r\nExpect: 100-continue\r\n"))
        let byField = try form {
            $0.body = .bytes([1])
            $0.fields = [("expect", "100-Continue")]
        }
        #expect(byField.0.heldBehind == byField.1.utf8.count)
        for body in [nil, RequestBody.bytes([])] {
            let (form, head) = try form {
                $0.body = body
                $0.expectsContinue = true
            }
            #expect(form.heldBehind == nil && !head.contains("Expect"), "RFC 9110 10.1.1")
        }
    }
}
