#if TLS
import TestSupport
import Testing
import WireTLS

/// One context for many threads.
@Suite struct SharingTests {
    @Test(.disabled(if: Sanitizers.hasThread, "it takes a contended Mutex for a race"))
    func connectionsAtOnce() async throws {
        let authority = Credential.authority()
        let context = try TLSContext(.trusting(authority))
        let leaf = Credential("a", by: authority, names: "DNS:a.test")
        let servers = [TLSTestServer(leaf, version: .tls12), TLSTestServer(leaf, version: .tls13)]
        let resumed = try await withThrowingTaskGroup(of: Int.self) { group in
            for worker in 0..<4 {
                group.addTask {
                    var resumed = 0
                    for round in 0..<50 {
                        var conversation = try Conversation(
                            context, servers[round % 2], sessionKey: "origin \(round % 2)")
                        try conversation.connect()
                        let text = Array("worker \(worker), round \(round)".utf8)
                        conversation.peer.write(text)
                        #expect(try conversation.readAll().bytes == text)
                        if conversation.peer.isResumed { resumed += 1 }
                    }
                    return resumed
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(resumed > 100)
    }
}
#endif
