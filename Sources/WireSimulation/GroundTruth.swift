internal import Synchronization
internal import WireServer
public import WireSockets
internal import WireSystem
internal import WireTime

/// Which request of which connection.
package struct RequestID: Equatable, Sendable {
    package let connection: Int
    package let index: Int
}

/// A file in which a simulated server writes down what it did, and when. The format is described in
/// `Docs/simulate.md`; `GroundTruthFile` reads it.
public struct GroundTruth: Sendable {
    let writer: GroundTruthWriter

    /// Creates or empties the file.
    public init(path: String) throws(SystemError) {
        writer = GroundTruthWriter(descriptor: try Files.create(path), path: path)
    }

    /// Writes what is left; call when the server has stopped.
    ///
    /// - Returns: entries that were lost because the disk did not keep up.
    @discardableResult
    public func close() throws(SystemError) -> Int { try writer.close() }
}

/// Gathers entries on the server's thread; another thread writes them, so that no record waits for a
/// disk.
///
/// `@unchecked Sendable`: `block` and `lost` are the server's thread's until `close`, which comes when
/// that has ended; the rest is behind the monitor.
final class GroundTruthWriter: ConnectionObserver, @unchecked Sendable {
    /// What may wait for the disk; more is lost, and counted.
    private static let waitingBlocks = 2048

    private struct State: Sendable {
        /// Words of the file.
        var waiting: [[UInt64]] = []
        var isClosed = false
        var error: SystemError?
    }

    private var block = GroundTruthBlock()
    private var lost = 0
    private let state = Monitor(State())
    private let thread: PlainThread
    private let descriptor: Int32
    private let isOpen = Atomic(true)

    init(descriptor: Int32, path: String) {
        self.descriptor = descriptor
        state.update { $0.waiting.append([GroundTruthFile.header]) }
        let state = state
        thread = PlainThread {
            while true {
                let blocks = state.wait(untilNanoseconds: .max) { state -> [[UInt64]]? in
                    state.waiting.isEmpty && !state.isClosed ? nil : state.waiting
                }
                guard let blocks, !blocks.isEmpty else { return }
                do throws(SystemError) {
                    for block in blocks {
                        try Files.writeAll(block.span, to: descriptor, name: path)
                    }
                } catch { state.update { $0.error = $0.error ?? error } }
                state.update { $0.waiting.removeFirst(blocks.count) }
            }
        }
    }

    func close() throws(SystemError) -> Int {
        guard isOpen.exchange(false, ordering: .acquiringAndReleasing) else { return lost }
        handOver()
        state.update { $0.isClosed = true }
        thread.join()
        Files.closeDescriptor(descriptor)
        if let error = state.read({ $0.error }) { throw error }
        return lost
    }

    deinit { _ = try? close() }

    private func handOver() {
        guard let full = block.take() else { return }
        let isTaken = state.update { state in
            guard state.waiting.count < GroundTruthWriter.waitingBlocks else { return false }
            state.waiting.append(full)
            return true
        }
        if !isTaken { lost += full.count / GroundTruthFile.entryWords }
    }

    private func put(
        _ kind: GroundTruthFile.Kind, detail: UInt8 = 0, _ connection: Int, request: Int = 0,
        index: Int = 0, value: Int64 = 0, at now: Instant
    ) {
        let isFull = block.put(
            GroundTruthFile.Entry(
                kind: kind, detail: detail, connection: connection, request: request, index: index,
                monotonic: now, wallNanoseconds: 0, value: value))
        if isFull { handOver() }
    }

    // MARK: Replies

    func record(_ request: RequestID, index: Int, due: Instant?, at now: Instant) {
        put(
            .record, detail: due == nil ? 0 : 1, request.connection, request: request.index,
            index: index, value: due?.nanoseconds ?? 0, at: now)
    }

    func answered(_ request: RequestID, records: Int, at now: Instant) {
        put(
            .answered, request.connection, request: request.index, value: Int64(records), at: now)
    }

    func fault(_ fault: Fault, _ request: RequestID, at now: Instant) {
        let number = Fault.Kind.allCases.firstIndex(of: fault.kind) ?? 0
        put(.fault, detail: UInt8(number), request.connection, request: request.index, at: now)
    }

    // MARK: Connections

    func accepted(_ connection: Int, from peer: SocketAddress?, at now: Instant) {
        put(.accepted, connection, value: Int64(peer?.port ?? 0), at: now)
    }

    func received(_ request: ServedRequest) {
        put(
            .received, request.connection, request: request.index,
            value: Int64(request.body.count), at: request.receivedAt)
    }

    func left(_ connection: Int, _ close: ConnectionRecord.ClientClose) {
        put(
            .left, detail: close.kind == .fin ? 0 : 1, connection, value: Int64(close.bytesSent),
            at: close.seenAt)
    }

    func ended(_ connection: Int, _ close: ConnectionRecord.ServerClose) {
        let kinds: [ConnectionRecord.ServerClose.Kind] = [.finish, .close, .reset, .stopped]
        put(
            .ended, detail: UInt8(kinds.firstIndex(of: close.kind) ?? 0), connection, at: close.at)
    }
}

/// Entries on their way to the disk, in memory of their full size from the start.
private struct GroundTruthBlock {
    private static let wordCount = 400 * GroundTruthFile.entryWords

    private var words: [UInt64] = []
    private var filled = 0
    private var wall = WallClock()

    /// Adds an entry; the wall clock's time is put in here.
    ///
    /// - Returns: whether it is full.
    mutating func put(_ made: GroundTruthFile.Entry) -> Bool {
        var entry = made
        entry.wallNanoseconds = wall.nanoseconds(at: entry.monotonic)
        if words.isEmpty { words = Array(repeating: 0, count: GroundTruthBlock.wordCount) }
        let (added, start) = (entry.words, filled)
        var span = words.mutableSpan
        for index in added.indices { span[start + index] = added[index] }
        filled += added.count
        return filled == GroundTruthBlock.wordCount
    }

    /// Nil when there is nothing.
    mutating func take() -> [UInt64]? {
        if filled == 0 { return nil }
        defer { (words, filled) = ([], 0) }
        return filled == words.count ? words : Array(words[..<filled])
    }
}
