import Synchronization
import WireBytes
import WireSockets
import WireSystem
import WireTime

/// A server for one test, on real sockets: a thread that accepts on loopback and serves one
/// connection after another by the closure it was given.
final class LoopbackServer: Sendable {
    /// How long anything in here waits before the test counts as failed. Long, because tests that
    /// compute for a while may keep all threads from others; shorter than what `make test` grants all.
    static let patience = Timeout.minutes(8)

    let port: UInt16
    private let listener: StreamSocket
    private let stopped: Latch
    private let thread = Mutex<PlainThread?>(nil)

    init(
        on address: SocketAddress = .loopback(port: 0),
        _ serve: @escaping @Sendable (LoopbackPeer) -> Void
    ) throws {
        listener = try StreamSocket.listen(on: address)
        port = listener.localAddress?.port ?? 0
        stopped = try Latch()
        let (listener, stopped) = (listener, stopped)
        thread.withLock { thread in
            thread = PlainThread {
                let read = Readiness(read: true, write: false)
                while true {
                    let ready = Poll.wait(
                        [(listener.descriptor, read), (stopped.descriptor, read)],
                        until: .distantFuture)
                    if ready[1].read { return }
                    guard let socket = try? listener.accept() else { continue }
                    serve(LoopbackPeer(socket: socket))
                    socket.descriptor.close()
                }
            }
        }
    }

    /// Waits until the connection being served is done; everything of the server's is closed then.
    func stop() {
        stopped.open()
        thread.withLock { thread in
            thread?.join()
            thread = nil
        }
        listener.descriptor.close()
    }
}

/// The server's end of a connection.
struct LoopbackPeer: Sendable {
    enum Ending: Equatable { case fin, reset, none }

    let socket: StreamSocket

    private var deadline: Instant { MonotonicClock.now + LoopbackServer.patience }

    /// Reads up to the end of a request's head; returns what came.
    @discardableResult
    func readHead() -> [UInt8] {
        var got: [UInt8] = []
        let end = [UInt8]("\r\n\r\n".utf8)
        while got.suffix(4) != end[...] {
            guard case .bytes(let more) = read(limit: 1) else { return got }
            got += more
        }
        return got
    }

    enum Read: Equatable {
        case bytes([UInt8])
        case ending(Ending)
    }

    /// Waits for input and reads some of it.
    func read(limit: Int = 65_536) -> Read {
        var piece = [UInt8](repeating: 0, count: limit)
        while true {
            let ready = Poll.wait(
                socket.descriptor, for: Readiness(read: true, write: false), until: deadline)
            guard ready.read else { return .ending(.none) }
            // Safe because the span covers the array, for the call.
            let (result, count) = unsafe piece.withUnsafeMutableBytes { buffer in
                var output = unsafe OutputRawSpan(buffer: buffer, initializedCount: 0)
                let result = socket.receive(into: &output)
                let count = unsafe output.finalize(for: buffer)
                return (result, count)
            }
            switch result {
            case .bytes: return .bytes([UInt8](piece[..<count]))
            case .wouldBlock: continue
            case .end: return .ending(.fin)
            case .failed: return .ending(.reset)
            }
        }
    }

    /// Waits until something can be read, and leaves it.
    func waitForInput() {
        _ = Poll.wait(socket.descriptor, for: Readiness(read: true, write: false), until: deadline)
    }

    /// Reads until the client has gone.
    func waitForEnd() -> Ending {
        while true {
            if case .ending(let ending) = read() { return ending }
        }
    }

    /// Sends all; false when the client has gone.
    @discardableResult
    func send(_ text: String) -> Bool {
        let bytes = [UInt8](text.utf8)
        var done = 0
        while done < bytes.count {
            let rest = bytes.span.extracting(droppingFirst: done)
            switch socket.send(rest, rest.extracting(first: 0)) {
            case .bytes(let count): done += count
            case .wouldBlock:
                let write = Readiness(read: false, write: true)
                let ready = Poll.wait(socket.descriptor, for: write, until: deadline)
                if !ready.write { return false }
            case .failed: return false
            }
        }
        return true
    }
}

/// What the kernel says of connections, from proc(5).
enum KernelConnections {
    /// Waits until one to `port` has sent its SYN and got no answer.
    static func waitForSynSent(to port: UInt16) -> Bool {
        let deadline = MonotonicClock.now + LoopbackServer.patience
        while MonotonicClock.now < deadline {
            guard let all = all() else { return false }
            if all.contains(where: { $0.remote == port && $0.state == "02" }) { return true }
        }
        return false
    }

    /// Whether it keeps anything of a connection at its client's end, an orphan or a TIME_WAIT too.
    static func has(from client: UInt16, to server: UInt16) -> Bool? {
        all()?.contains { $0.local == client && $0.remote == server }
    }

    private static func all() -> [(local: UInt16, remote: UInt16, state: Substring)]? {
        guard let bytes = try? Files.read("/proc/self/net/tcp", limit: 64 << 20) else { return nil }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").compactMap { line in
            let columns = line.split(separator: " ")
            guard columns.count > 3, let local = port(columns[1]), let remote = port(columns[2])
            else { return nil }
            return (local, remote, columns[3])
        }
    }

    private static func port(_ address: Substring) -> UInt16? {
        address.split(separator: ":").last.flatMap { UInt16($0, radix: 16) }
    }
}
