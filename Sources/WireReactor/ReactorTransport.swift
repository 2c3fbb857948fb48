package import WireSockets
package import WireTime
package import WireTransport

/// A TCP connection that a loop watches.
package final class ReactorTransport: ByteTransport {
    private let connection: TCPTransport
    private let waiter: Waiter
    private let token: UInt64

    /// Starts connecting.
    package init(
        connectingTo address: SocketAddress, _ setup: SocketSetup = .none, on loop: EventLoop
    ) throws(SystemError) {
        connection = try TCPTransport(connectingTo: address, setup)
        waiter = Waiter(on: loop.core)
        do throws(SystemError) {
            token = try loop.core.register(connection.descriptor, for: waiter)
        } catch {
            connection.close()
            throw error
        }
    }

    package var peer: String { connection.peer }
    package var interruptible: any Interruptible { connection.interruptible }

    package var receiveStamp: ReceiveStamp? { connection.receiveStamp }
    package var facts: ConnectionFacts { connection.facts }

    package func finishConnecting() -> ConnectResult { connection.finishConnecting() }

    package func receive(into output: inout OutputRawSpan) -> ReceiveResult {
        connection.receive(into: &output)
    }

    package func send(_ first: Span<UInt8>, _ second: Span<UInt8>) -> SendResult {
        connection.send(first, second)
    }

    package func setReceiveLowWatermark(_ bytes: Int) throws(SystemError) {
        try connection.setReceiveLowWatermark(bytes)
    }

    package func isReadable() -> Bool { connection.isReadable() }

    /// Blocks the thread; for tasks there is `ready`.
    package func wait(for interest: Readiness, until deadline: Instant) -> Readiness {
        connection.wait(for: interest, until: deadline)
    }

    /// Suspends the task until the connection is ready, the deadline has come or the task is cancelled,
    /// which shuts the connection down at once.
    package func ready(for interest: Readiness, until deadline: Instant) async -> Readiness {
        await withTaskCancellationHandler {
            await waiter.wait(for: interest, until: deadline)
        } onCancel: {
            connection.descriptor.shutdown()
            waiter.wake()
        }
    }

    /// The same without watching the task, for callers who see to it that the connection is shut down
    /// when that is cancelled: what the runtime does to watch is a good part of what a wait costs.
    package func readyUnwatched(
        for interest: Readiness, until deadline: Instant
    ) async -> Readiness {
        await waiter.wait(for: interest, until: deadline)
    }

    /// The same for who is no task; see `Waiter.wait`.
    package func ready(
        for interest: Readiness, until deadline: Instant, resuming callback: any LoopCallback
    ) -> Readiness? {
        waiter.wait(for: interest, until: deadline, resuming: callback)
    }

    /// Ends the wait for this connection, or the next one, with `.none`. From any thread.
    package func wake() { waiter.wake() }

    /// The connection without its loop.
    package var plain: TCPTransport { connection }

    /// On the connection's loop.
    package func makeWaiter() -> Waiter { Waiter(on: waiter.loop) }

    /// Whatever happens to the connection also wakes `other`, from now on or until nil is given.
    package func relay(to other: Waiter?) { waiter.relay(to: other) }

    package func close() {
        waiter.loop.deregister(token)
        waiter.retire()
        connection.close()
    }
}
