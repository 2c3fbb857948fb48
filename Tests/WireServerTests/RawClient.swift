import WireBytes
import WireServer
import WireSockets
import WireTime

/// A socket and nothing else: what the server is tested with. Blocking, until a limit that no test
/// reaches unless something is wrong.
final class RawClient {
    struct Failure: Error { let what: String }

    enum Ending: Equatable { case fin, reset }

    let socket: StreamSocket
    private let limit = farAway
    /// How the server ended the connection, once it has.
    private(set) var ending: Ending?

    init(_ server: ReplayServer) throws {
        socket = try StreamSocket.connect(to: server.address)
        try wait(Readiness(read: false, write: true))
        if let error = socket.connectError() { throw error }
    }

    func send(_ text: String) throws { try send([UInt8](text.utf8)) }

    func send(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            switch socket.send(rest.span, Span()) {
            case .bytes(let count): rest = rest.dropFirst(count)
            case .wouldBlock: try wait(Readiness(read: false, write: true))
            case .failed(let error): throw error
            }
        }
    }

    /// One read; empty when the connection has ended.
    func receiveSome(atMost count: Int = 64 << 10) throws -> [UInt8] {
        while ending == nil {
            var buffer = ReceiveBuffer(limit: .bytes(count))
            switch try buffer.refill({ socket.receive(into: &$0) }) {
            case .bytes: return [UInt8](copying: buffer.raw)
            case .end: ending = .fin
            case .failed(let error) where error.isReset: ending = .reset
            case .failed(let error): throw error
            case .wouldBlock: try wait(Readiness(read: true, write: false))
            }
        }
        return []
    }

    /// Exactly so many bytes, or those before the end.
    func receive(_ count: Int) throws -> [UInt8] {
        var all: [UInt8] = []
        while all.count < count {
            let piece = try receiveSome(atMost: count - all.count)
            if piece.isEmpty { break }
            all += piece
        }
        return all
    }

    func receiveToEnd() throws -> [UInt8] { try receive(.max) }

    /// Up to and with the first occurrence of a text.
    func receive(through text: String) throws -> String {
        var all = ""
        while !all.hasSuffix(text) {
            let piece = try receive(1)
            if piece.isEmpty { throw Failure(what: "ended after \(all)") }
            all += String(decoding: piece, as: UTF8.self)
        }
        return all
    }

    func close() { socket.descriptor.close() }

    func reset() throws {
        try socket.setLingerZero()
        close()
    }

    private func wait(_ readiness: Readiness) throws {
        while Poll.wait(socket.descriptor, for: readiness, until: limit) == .none {
            if MonotonicClock.now >= limit { throw Failure(what: "the server says nothing") }
        }
    }
}

/// A minute from now: reached only when something is wrong.
var farAway: Instant { MonotonicClock.now + .seconds(60) }

enum Fixtures {
    static let recordings: String = {
        let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
        return parts.joined(separator: "/") + "/Fixtures/recordings"
    }()

    static func recording(_ name: String) throws -> Recording {
        try Recording(path: "\(recordings)/\(name)")
    }
}

/// `GET target` with the fields that HTTP/1.1 demands, and others.
func get(_ target: String, _ fields: String...) -> String {
    "GET \(target) HTTP/1.1\r\nHost: test\r\n" + fields.map { "\($0)\r\n" }.joined() + "\r\n"
}

func post(_ target: String, _ body: String) -> String {
    "POST \(target) HTTP/1.1\r\nHost: test\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
}
