import Testing
import WireExchange
import WireHTTP1

@Suite struct PreparedRequestTests {
    private func request() throws -> HTTPRequest {
        try HTTPRequest(
            "POST", url: "http://host:8080/a", fields: [("X", "1")], body: [0x7B, 0x7D])
    }

    @Test func sameBytesAndOnlyOnce() throws {
        var prepared = try request()
        try prepared.prepare()
        let copy = prepared
        #expect(try prepared.outgoing { _ in nil }.head == request().outgoing { _ in nil }.head)
        #expect(try prepared.outgoing { _ in nil } === copy.outgoing { _ in nil })
        #expect(try request().outgoing { _ in nil } !== request().outgoing { _ in nil })
    }

    @Test func anythingSetUndoesIt() throws {
        let changes: [(inout HTTPRequest) throws -> Void] = [
            { $0.url = try HTTPURL("http://host:8080/b") },
            { $0.method = "PUT" },
            { $0.fields.append(("Y", "2")) },
            { $0.body = .bytes([0x31]) },
            { $0.sendsChunked = true },
        ]
        for change in changes {
            var prepared = try request()
            try prepared.prepare()
            let before = prepared
            try change(&prepared)
            #expect(try prepared.outgoing { _ in nil }.head != before.outgoing { _ in nil }.head)
            var fresh = try request()
            try change(&fresh)
            #expect(try prepared.outgoing { _ in nil }.head == fresh.outgoing { _ in nil }.head)
            #expect(
                try prepared.outgoing { _ in nil }.body.bytes
                    == fresh.outgoing { _ in nil }.body.bytes)
        }
    }

    @Test func whatMustNotBeSentIsRefused() throws {
        var refused = try request()
        refused.fields.append(("bad name", "1"))
        #expect(throws: TransportError.self) { try refused.prepare() }
    }
}
