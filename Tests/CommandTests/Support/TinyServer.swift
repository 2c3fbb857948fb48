import Synchronization
import WireBytes
import WireSockets
import WireSystem
import WireTime

/// A server on loopback that plays one script for each connection, one after another, on a thread
/// of its own. Nothing in it waits for longer than its test.
final class TinyServer: Sendable {
    typealias Script = @Sendable (inout Peer) -> Void

    let port: UInt16
    private let listener: StreamSocket
    private let stopping: Latch
    private let scripts: [Script]
    private let log = Mutex<[String]>([])

    /// Runs `body` while the server runs.
    ///
    /// - Returns: what `body` returned, and what the scripts noted.
    func run<Value>(
        _ body: (_ url: String) throws -> Value
    ) throws -> (result: Value, log: [String]) {
        let thread = PlainThread { [self] in serve() }
        let result = Result { try body("http://127.0.0.1:\(port)") }
        // What has happened on the connections by now is still seen.
        stopping.open()
        thread.join()
        return (try result.get(), log.withLock { $0 })
    }

    init(
        on address: SocketAddress = .loopback(port: 0), _ scripts: Script...
    ) throws(SystemError) {
        listener = try .listen(on: address)
        port = listener.localAddress?.port ?? 0
        stopping = try Latch()
        self.scripts = scripts
    }

    private func serve() {
        for script in scripts {
            guard let socket = accept() else { return }
            var peer = Peer(
                socket: socket, stopping: stopping,
                note: { [self] text in
                    log.withLock { $0.append(text) }
                })
            script(&peer)
            socket.descriptor.close()
        }
    }

    private func accept() -> StreamSocket? {
        let readable = Readiness(read: true, write: false)
        while true {
            if let socket = try? listener.accept() { return socket }
            let ready = Poll.wait(
                [(stopping.descriptor, readable), (listener.descriptor, readable)],
                until: .distantFuture)
            if !ready[1].read { return nil }
        }
    }

    /// The server's side of one connection.
    struct Peer: ~Copyable {
        let socket: StreamSocket
        let stopping: Latch
        /// For the test: what happened, in order.
        let note: (String) -> Void
        private var buffer = ReceiveBuffer(limit: .mebibytes(64))

        init(socket: StreamSocket, stopping: Latch, note: @escaping (String) -> Void) {
            self.socket = socket
            self.stopping = stopping
            self.note = note
        }

        /// The next request as it came, its body included; empty when the client has gone.
        @discardableResult
        mutating func readRequest() -> String {
            while true {
                let text = String(decoding: buffer.raw)
                if let count = Peer.requestBytes(text) {
                    buffer.skip(count)
                    return String(decoding: Array(text.utf8)[..<count], as: UTF8.self)
                }
                guard receive() == nil else { return "" }
            }
        }

        /// What came up to and with `end`, whatever follows.
        mutating func readHead(until end: String = "\r\n\r\n") -> String {
            while true {
                let text = String(decoding: buffer.raw)
                if let found = text.firstRange(of: end) {
                    let head = String(text[..<found.upperBound])
                    buffer.skip(head.utf8.count)
                    return head
                }
                guard receive() == nil else { return text }
            }
        }

        /// Notes the next request's first line and answers it.
        mutating func answer(_ response: String) {
            let request = readRequest()
            note(String(request.prefix { $0 != "\r\n" }))
            send(response)
        }

        func send(_ text: String) { send(bytes: Array(text.utf8)) }

        func send(bytes: [UInt8]) {
            var done = 0
            while done < bytes.count {
                switch socket.send(bytes.span.extracting(droppingFirst: done), Span()) {
                case .bytes(let count): done += count
                case .wouldBlock: guard wait(Readiness(read: false, write: true)) else { return }
                case .failed: return
                }
            }
        }

        func close() { socket.descriptor.close() }

        /// Ends the connection by RST.
        func reset() {
            try? socket.setLingerZero()
            socket.descriptor.close()
        }

        /// Notes how the client leaves: `fin`, `reset`, or `stopped` when it stays too long.
        mutating func noteLeaving() {
            while true {
                buffer.removeAll()
                if let ending = receive() { return note(ending) }
            }
        }

        /// Does nothing until the test is over.
        func waitForStop() { _ = stopping.wait(until: .distantFuture) }

        /// How the connection ended; nil when bytes came.
        private mutating func receive() -> String? {
            while true {
                let result = try? buffer.refill { socket.receive(into: &$0) }
                switch result {
                case .bytes: return nil
                case .end: return "fin"
                case .failed: return "reset"
                case .wouldBlock:
                    guard wait(Readiness(read: true, write: false)) else { return "stopped" }
                case nil: return "too much"
                }
            }
        }

        /// False when the test is over and nothing has happened on the connection.
        private func wait(_ interest: Readiness) -> Bool {
            let ready = Poll.wait(
                [
                    (stopping.descriptor, Readiness(read: true, write: false)),
                    (socket.descriptor, interest),
                ], until: .distantFuture)
            return ready[1] != .none
        }

        /// Bytes of the first request in `text`; nil when it is not complete.
        private static func requestBytes(_ text: String) -> Int? {
            guard let end = text.firstRange(of: "\r\n\r\n") else { return nil }
            let head = text[..<end.upperBound]
            var count = head.utf8.count
            for line in head.split(separator: "\r\n") {
                let parts = line.lowercased().split(separator: ": ")
                if parts.first == "content-length" { count += Int(parts[1]) ?? 0 }
                if parts.first == "transfer-encoding" {
                    guard let last = text.firstRange(of: "0\r\n\r\n") else { return nil }
                    return text[..<last.upperBound].utf8.count
                }
            }
            return count <= text.utf8.count ? count : nil
        }
    }
}
