#if TLS
import TestSupport
import Testing
import WireBytes
import WireTLS

/// Handshakes, data and endings.
@Suite struct ConnectionTests {
    private let authority: Credential
    private let leaf: Credential
    private let context: TLSContext

    init() throws {
        authority = .authority()
        leaf = Credential("a", by: authority, names: "DNS:a.test,IP:192.0.2.1")
        context = try TLSContext(.trusting(authority))
    }

    private func connected(
        _ version: TLSVersion = .tls13, pieceBytes: Int = .max
    ) throws -> Conversation {
        var conversation = try Conversation(context, TLSTestServer(leaf, version: version))
        conversation.pieceBytes = pieceBytes
        try conversation.connect()
        return conversation
    }

    @Test(arguments: [TLSVersion.tls12, .tls13])
    func byteByByte(version: TLSVersion) throws {
        var conversation = try connected(version, pieceBytes: 1)
        try conversation.write(Array("ping".utf8))
        #expect(conversation.peer.read().bytes == Array("ping".utf8))
        conversation.peer.write(Array("pong".utf8))
        conversation.peer.close()
        let answer = try conversation.readAll()
        #expect(answer.bytes == Array("pong".utf8))
        #expect(answer.closed)
        #expect(conversation.engine.hasReceivedCloseNotify == true)
    }

    /// Whatever the sizes of what is received and of the room to read into.
    @Test(arguments: [
        (TLSVersion.tls12, 1_000, 70_000), (.tls13, 60_000, 1), (.tls13, 16_401, 16_384),
    ])
    func bigTransfers(version: TLSVersion, pieceBytes: Int, room: Int) throws {
        var generator = SeededGenerator(seed: 1)
        let bytes = generator.bytes(room == 1 ? 20_000 : 3_000_000)
        var conversation = try connected(version, pieceBytes: pieceBytes)
        conversation.peer.write(bytes)
        conversation.peer.close()
        let answer = try conversation.readAll(room: room)
        #expect(answer.bytes == bytes)
        #expect(answer.closed)
        try conversation.write(bytes)
        #expect(conversation.peer.read().bytes == bytes)
    }

    /// `write` takes no more than may wait, `receive` neither.
    @Test func buffersAreBounded() throws {
        var conversation = try connected()
        let bytes = [UInt8](repeating: 7, count: 1_000_000)
        let taken = try conversation.engine.write(bytes.span)
        #expect(taken < 100_000)
        #expect(conversation.engine.outgoingCount < 100_000)
        #expect(try conversation.engine.write(bytes.span) == 0)
        #expect(conversation.engine.receive(bytes.span) < 150_000)
        #expect(conversation.engine.receive(bytes.span) == 0)
        #expect(conversation.engine.refill { _ in true } == nil)
    }

    @Test func refillAsADriverDoes() throws {
        var conversation = try connected()
        conversation.peer.write(Array("pong".utf8))
        let bytes = conversation.pending + conversation.peer.take()
        let count = conversation.engine.refill { output in
            for byte in bytes { output.append(byte) }
            return bytes.count
        }
        #expect(count == bytes.count)
        #expect(conversation.engine.hasBufferedInput == true)
        #expect(try conversation.readOnce() == .bytes(4))
        #expect(try conversation.readOnce() == .needsBytes)
        #expect(conversation.engine.hasBufferedInput == false)
    }

    // MARK: Endings

    @Test(arguments: [TLSVersion.tls12, .tls13])
    func endWithoutCloseNotify(version: TLSVersion) throws {
        var conversation = try connected(version)
        conversation.peer.write(Array("half".utf8))
        conversation.deliverToEngine()
        conversation.engine.endOfInput()
        // What came is read first.
        #expect(try conversation.readOnce() == .bytes(4))
        #expect(throws: TLSError.truncated) { _ = try conversation.readOnce() }
        #expect(throws: TLSError.truncated) { _ = try conversation.readOnce() }
        #expect(conversation.engine.hasReceivedCloseNotify == false)
    }

    @Test func endWithCloseNotify() throws {
        var conversation = try connected()
        conversation.peer.write(Array("all".utf8))
        conversation.peer.close()
        conversation.deliverToEngine()
        conversation.engine.endOfInput()
        #expect(try conversation.readOnce() == .bytes(3))
        #expect(try conversation.readOnce() == .closed)
        #expect(try conversation.readOnce() == .closed)
    }

    /// Cut at every byte of a record and of the `close_notify` behind it.
    @Test(arguments: [TLSVersion.tls12, .tls13])
    func truncationAtEveryByte(version: TLSVersion) throws {
        var end = 1
        while true {
            var conversation = try connected(version)
            while conversation.deliverToEngine() {}
            _ = try conversation.readOnce()
            conversation.peer.write(Array("x".utf8))
            conversation.peer.close()
            let bytes = conversation.peer.take()
            if end == bytes.count { break }
            #expect(conversation.engine.receive(bytes.span.extracting(..<end)) == end)
            conversation.engine.endOfInput()
            #expect(throws: TLSError.truncated, "\(end) of \(bytes.count)") {
                for _ in 0..<3 where try conversation.readOnce() == .closed { break }
            }
            end += 1
        }
    }

    @Test func endInTheHandshake() throws {
        var engine = try TLSEngine(context, server: "a.test")
        #expect(try engine.handshake() == .needsBytes)
        engine.endOfInput()
        #expect(throws: TLSError.truncated) { _ = try engine.handshake() }
        #expect(engine.facts() == nil)
    }

    @Test func closing() throws {
        var conversation = try connected()
        try conversation.write(Array("bye".utf8))
        conversation.engine.close()
        conversation.engine.close()
        conversation.deliverToPeer()
        let read = conversation.peer.read()
        #expect(read.bytes == Array("bye".utf8))
        #expect(read.status == .closed)
        // The other direction is still open.
        conversation.peer.write(Array("late".utf8))
        #expect(try conversation.readAll().bytes == Array("late".utf8))
    }

    // MARK: What peers do

    @Test func plainHTTP() throws {
        var engine = try TLSEngine(context, server: "a.test")
        _ = try engine.handshake()
        let text = Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8)
        _ = engine.receive(text.span)
        #expect(throws: TLSError.protocolViolation(reason: "wrong version number")) {
            _ = try engine.handshake()
        }
    }

    @Test func oldVersionsAreRefused() {
        let server = TLSTestServer(leaf, version: .tls11)
        let result = outcome(.trusting(authority), server)
        #expect(result.error == .alert(TLSAlert(code: 70, description: "protocol version")))
    }

    @Test(arguments: ["h2", "http/1.0"])
    func otherProtocols(name: String) {
        let server = TLSTestServer(leaf, chooses: name)
        let error = outcome(.trusting(authority), server).error
        // Newer versions of OpenSSL notice it themselves.
        let errors: [TLSError] = [
            .unexpectedProtocol(name), .protocolViolation(reason: "bad extension"),
        ]
        #expect(error.map(errors.contains) == true)
    }

    @Test func noProtocol() throws {
        let server = TLSTestServer(leaf, chooses: nil)
        #expect(try outcome(.trusting(authority), server).get().applicationProtocol == nil)
    }

    @Test func serverNameIsSentForNamesOnly() throws {
        let server = TLSTestServer(leaf)
        var named = try Conversation(context, server, name: "A.test.")
        try named.connect()
        #expect(named.peer.serverName == "a.test")
        var addressed = try Conversation(context, server, name: "192.0.2.1")
        try addressed.connect()
        #expect(addressed.peer.serverName == nil)
    }

    @Test func clientCertificates() throws {
        let clients = Credential.authority("Clients")
        let client = Credential("client", by: clients, usage: "clientAuth")
        for (version, code) in [(TLSVersion.tls12, UInt8(40)), (.tls13, 116)] {
            let server = TLSTestServer(leaf, clientAuthority: clients, version: version)
            // In TLS 1.3 the client's handshake is done before the server has looked.
            let error = #expect(throws: TLSError.self) {
                var conversation = try Conversation(context, server)
                try conversation.connect()
                _ = try conversation.readAll()
            }
            guard case .alert(let alert)? = error else {
                Issue.record("\(String(describing: error))")
                continue
            }
            #expect(alert.code == code)
            var configuration = TLSConfiguration.trusting(authority)
            configuration.identity = .init(
                certificates: .bytes(client.certificate + clients.certificate),
                key: .bytes(client.key))
            var conversation = try Conversation(TLSContext(configuration), server)
            try conversation.connect()
            #expect(conversation.peer.hasClientCertificate)
        }
    }

    @Test func renegotiationIsRefused() throws {
        var conversation = try connected(.tls12)
        conversation.peer.renegotiate()
        conversation.deliverToEngine()
        #expect(try conversation.readOnce() == .needsBytes)
        conversation.deliverToPeer()
        #expect(conversation.peer.read().status == .failed)
    }

    @Test func keysAreUpdated() throws {
        var conversation = try connected()
        for round in 0..<100 {
            conversation.peer.updateKeys()
            conversation.peer.write([UInt8(round)])
            #expect(try conversation.readAll().bytes == [UInt8(round)])
            try conversation.write([UInt8(round)])
            #expect(conversation.peer.read().bytes == [UInt8(round)])
        }
    }

    /// A peer that demands answers from a client that does not get rid of them.
    @Test func answersAreBounded() throws {
        var conversation = try connected()
        let error = #expect(throws: TLSError.self) {
            for _ in 0..<20_000 {
                conversation.peer.updateKeys()
                conversation.deliverToEngine()
                _ = try conversation.readOnce(room: 1)
            }
        }
        #expect(error == .outgoingLimit(bytes: 192 << 10))
        #expect(conversation.engine.outgoingCount <= 192 << 10)
    }

    /// One bit of what the server sends is changed: an error, or nothing, and no wrong text.
    @Test(arguments: [TLSVersion.tls12, .tls13])
    func changedBytes(version: TLSVersion) throws {
        var generator = SeededGenerator(seed: 7)
        var failures = 0
        for round in 0..<150 {
            var conversation = try Conversation(context, TLSTestServer(leaf, version: version))
            conversation.damage = (generator.below(1_800), UInt8(1) << UInt8(generator.below(8)))
            do throws(TLSError) {
                try conversation.connect()
                conversation.peer.write(Array("text".utf8))
                _ = try conversation.readAll()
            } catch { failures += 1 }
            let read = conversation.takeRead()
            #expect(Array("text".utf8).starts(with: read), "seed 7, round \(round)")
        }
        #expect(failures > 50)
    }

    // MARK: Cost

    @Test(.enabled(if: AllocationCount.works), arguments: [TLSVersion.tls12, .tls13])
    func recordsCostNoBuffers(version: TLSVersion) throws {
        var conversation = try connected(version)
        while conversation.deliverToEngine() {}
        _ = try conversation.readOnce()
        let text = [UInt8](repeating: 65, count: 100)
        var records: [[UInt8]] = []
        for _ in 0..<600 {
            conversation.peer.write(text)
            records.append(conversation.peer.take())
        }
        var room = [UInt8](repeating: 0, count: 4_096)
        var failures = 0
        func exchange(_ record: [UInt8]) {
            if conversation.engine.receive(record.span) != record.count { failures += 1 }
            unsafe room.withUnsafeMutableBytes { memory in
                // Safe because the span does not leave the call.
                var output = unsafe OutputRawSpan(buffer: memory, initializedCount: 0)
                do throws(TLSError) {
                    if try conversation.engine.read(into: &output) != .bytes(100) { failures += 1 }
                    if try conversation.engine.write(text.span) != 100 { failures += 1 }
                } catch { failures += 1 }
                conversation.engine.consumeOutgoing(conversation.engine.outgoingCount)
                _ = unsafe output.finalize(for: memory)
            }
        }
        for record in records[..<100] { exchange(record) }
        let count = AllocationCount.during { for index in 100..<600 { exchange(records[index]) } }
        // OpenSSL 3 itself: a `WPACKET_SUB` of 40 bytes once or twice per record. Nothing of ours.
        #expect(count.allocations <= 500 * (version == .tls12 ? 2 : 4))
        #expect(count.bytes <= count.allocations * 40)
        #expect(failures == 0)
    }

    /// Buffers that were given back come again.
    @Test func releasedBuffers() throws {
        var conversation = try connected()
        for _ in 0..<3 {
            conversation.engine.releaseBuffers()
            conversation.peer.write(Array("pong".utf8))
            #expect(try conversation.readAll().bytes == Array("pong".utf8))
            try conversation.write(Array("ping".utf8))
            #expect(conversation.peer.read().bytes == Array("ping".utf8))
        }
    }
}
#endif
