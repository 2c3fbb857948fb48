internal import WireBytes
public import WireServer
public import WireSockets
public import WireTime

/// A socket and nothing else: what the server is tested with. Blocking, until a limit that no test
/// reaches unless something is wrong.
public final class RawClient {
    public struct Failure: Error { public let what: String }

    public enum Ending: Equatable { case fin, reset }

    public let socket: StreamSocket
    private let limit = farAway
    /// How the server ended the connection, once it has.
    public private(set) var ending: Ending?

    public convenience init(_ server: ReplayServer) throws { try self.init(to: server.address) }

    public init(to address: SocketAddress) throws {
        socket = try StreamSocket.connect(to: address)
        try wait(Readiness(read: false, write: true))
        if case .failed(let error) = socket.connectResult() { throw error }
    }

    public func send(_ text: String) throws { try send([UInt8](text.utf8)) }

    public func send(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            switch socket.send(rest.span, Span()) {
            case .bytes(let count): rest = rest.dropFirst(count)
            case .wouldBlock: try wait(Readiness(read: false, write: true))
            case .failed(let error): throw error
            }
        }
    }

    /// Sends until everything is out or the kernel takes no more for a tenth of a second.
    public func sendAsMuchAsGoes(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            switch socket.send(rest.span, Span()) {
            case .bytes(let count): rest = rest.dropFirst(count)
            case .wouldBlock:
                let limit = MonotonicClock.now + .milliseconds(100)
                let write = Readiness(read: false, write: true)
                if Poll.wait(socket.descriptor, for: write, until: limit) == .none { return }
            case .failed(let error): throw error
            }
        }
    }

    /// One read; empty when the connection has ended.
    public func receiveSome(atMost count: Int = 64 << 10) throws -> [UInt8] {
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
    public func receive(_ count: Int) throws -> [UInt8] {
        var all: [UInt8] = []
        while all.count < count {
            let piece = try receiveSome(atMost: count - all.count)
            if piece.isEmpty { break }
            all += piece
        }
        return all
    }

    public func receiveToEnd() throws -> [UInt8] { try receive(.max) }

    /// Up to and with the first occurrence of a text.
    public func receive(through text: String) throws -> String {
        var all = ""
        while !all.hasSuffix(text) {
            let piece = try receive(1)
            if piece.isEmpty { throw Failure(what: "ended after \(all)") }
            all += String(decoding: piece, as: UTF8.self)
        }
        return all
    }

    public func close() { socket.descriptor.close() }

    public func reset() throws {
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
public var farAway: Instant { MonotonicClock.now + .seconds(60) }
