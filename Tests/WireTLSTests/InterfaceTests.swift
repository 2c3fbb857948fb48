import TestSupport
import Testing
import WireTLS

/// Users of the engine compile the same with OpenSSL and without.
@Suite struct InterfaceTests {
    @Test func whatIsBuiltIn() {
        #if TLS
        #expect(TLSContext.isAvailable)
        #else
        #expect(!TLSContext.isAvailable)
        #expect(throws: TLSError.notBuiltIn) { _ = try TLSContext(TLSConfiguration()) }
        #endif
    }

    /// Every member once, as a driver would use it: never called, compiled in both builds.
    private func drive(
        _ context: TLSContext, _ bytes: Span<UInt8>, _ output: inout OutputRawSpan
    ) throws(TLSError) -> TLSFacts? {
        var engine = try TLSEngine(context, server: "a.test", sessionKey: nil)
        _ = engine.receive(bytes)
        let received: Int? = engine.refill { room in room.freeCapacity }
        if received == nil { engine.endOfInput() }
        if try engine.handshake() == .needsBytes { return nil }
        if engine.outgoing.isEmpty { engine.consumeOutgoing(engine.outgoingCount) }
        _ = try engine.write(bytes)
        switch try engine.read(into: &output) {
        case .bytes, .needsBytes, .closed: break
        }
        engine.close()
        engine.releaseBuffers()
        let isOpen = engine.isEstablished && !engine.hasReceivedCloseNotify
        return isOpen && !engine.hasBufferedInput ? engine.facts() : nil
    }
}
