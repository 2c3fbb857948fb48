import TestSupport
import Testing
import WireExchange

/// How a body may end that nothing but the connection's close delimits, and what is cut off then.
@Suite(.eachDriver) struct ClosingTests {
    private static let head = "HTTP/1.1 200 OK\r\n\r\n"

    /// M: FIN is the normal end, RST is an error; what came before it comes out first.
    @Test func aResetInABodyThatTheCloseDelimits() throws {
        let system = ScriptedSystem(
            ConnectionScript([.request, .text(Self.head + "one\ntwo\n"), .reset]),
            ConnectionScript([.request, .text(Self.head + "one\ntwo\n"), .end]))
        var client = makeClient(system)
        var broken = try client.send(get())
        #expect(try broken.nextLine()?.bytes == Array("one".utf8))
        #expect(try broken.nextLine()?.bytes == Array("two".utf8))
        #expect(throws: TransportError.self) { try broken.nextLine() }
        var whole = try client.send(get())
        #expect(try whole.nextLine()?.bytes == Array("one".utf8))
        #expect(try whole.nextLine()?.bytes == Array("two".utf8))
        #expect(try whole.nextLine() == nil)
    }

    /// M: half a record in front of a failure is never given as a whole one.
    @Test(arguments: [ConnectionScript.Input.reset, .end])
    func noHalfLineBehindAFailure(_ ending: ConnectionScript.Input) throws {
        let system = ScriptedSystem(
            ConnectionScript([
                .request, .text(chunkedHead + chunk("{\"a\":1}\n") + chunk("{\"a\":")), ending,
            ]))
        var client = makeClient(system)
        var response = try client.send(get())
        #expect(try response.nextLine()?.bytes == Array("{\"a\":1}".utf8))
        #expect(throws: TransportError.self) { try response.nextLine() }
        #expect(throws: TransportError.self) { try response.nextLine() }
    }
}
