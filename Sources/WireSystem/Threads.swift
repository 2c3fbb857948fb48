internal import Glibc
public import WireSockets

/// A thread that runs one closure: servers, signal watchers, loops, look-ups of names.
public final class PlainThread: Sendable {
    private final class Box {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    private let handle: pthread_t

    /// Starts at once. `join` has to be called.
    public init(_ body: @escaping @Sendable () -> Void) {
        do throws(SystemError) { handle = try PlainThread.create(body) } catch {
            preconditionFailure(error.description)
        }
    }

    /// The same for those who can go on without a thread.
    public static func start(
        _ body: @escaping @Sendable () -> Void
    ) throws(SystemError) -> PlainThread {
        PlainThread(handle: try create(body))
    }

    private init(handle: pthread_t) { self.handle = handle }

    private static func create(
        _ body: @escaping @Sendable () -> Void
    ) throws(SystemError) -> pthread_t {
        // Safe because the box is retained here and released once, by the new thread.
        let retained = unsafe Unmanaged.passRetained(Box(body))
        let box = unsafe retained.toOpaque()
        var handle = pthread_t()
        let status = unsafe pthread_create(
            &handle, nil,
            { argument in
                let box = unsafe Unmanaged<Box>.fromOpaque(argument!).takeRetainedValue()
                box.body()
                return nil
            }, box)
        guard status == 0 else {
            unsafe retained.release()
            throw SystemError("pthread_create", status)
        }
        return handle
    }

    /// Waits until the closure has returned.
    public func join() { _ = pthread_join(handle, nil) }

    /// Lets the thread go: it ends by itself.
    public func detach() { _ = pthread_detach(handle) }
}

/// Signals, taken by a thread of their own instead of by handlers.
public enum Signals {
    /// Blocks SIGINT and SIGTERM in this thread and those started from it, and calls `body` with
    /// the number of each that comes. Call it first thing in `main`.
    public static func watchTermination(_ body: @escaping @Sendable (Int32) -> Void) {
        var set = sigset_t()
        // Safe because the set is a local value.
        unsafe sigemptyset(&set)
        unsafe sigaddset(&set, SIGINT)
        unsafe sigaddset(&set, SIGTERM)
        unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
        let watched = set
        PlainThread {
            var set = watched
            while true {
                var number: Int32 = 0
                if unsafe sigwait(&set, &number) == 0 { body(number) }
            }
        }.detach()
    }

    /// A write to a closed pipe is an error of that write, not the end of the process.
    public static func ignoreBrokenPipe() { _ = signal(SIGPIPE, SIG_IGN) }
}
