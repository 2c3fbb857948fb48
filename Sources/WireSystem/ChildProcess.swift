internal import Glibc
public import WireSockets

/// A process started by this one, its standard output read here.
public final class ChildProcess {
    public let processID: Int32
    /// Read end of a pipe from the child's standard output; -1 once closed.
    public private(set) var output: Int32
    private var status: Int32?

    /// Starts `path` with `arguments` (without the zeroth). SIGINT and SIGTERM are unblocked in the
    /// child.
    ///
    /// - Parameters:
    ///   - input: becomes the child's standard input.
    ///   - errors: becomes its standard error.
    public init(
        _ path: String, _ arguments: [String], input: Int32 = 0, errors: Int32 = 2
    ) throws(SystemError) {
        let (reading, writing) = try Pipe.make()
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        unsafe posix_spawn_file_actions_adddup2(&actions, input, 0)
        unsafe posix_spawn_file_actions_adddup2(&actions, writing, 1)
        unsafe posix_spawn_file_actions_adddup2(&actions, errors, 2)
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        var none = sigset_t()
        unsafe sigemptyset(&none)
        unsafe posix_spawnattr_setsigmask(&attributes, &none)
        unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        // Safe because the strings and tables live until the calls below have freed them.
        var words: [UnsafeMutablePointer<CChar>?] = unsafe ([path] + arguments).map {
            unsafe strdup($0)
        }
        unsafe words.append(nil)
        var child: pid_t = 0
        let result = unsafe posix_spawn(&child, path, &actions, &attributes, words, environ)
        unsafe words.forEach { unsafe free($0) }
        unsafe posix_spawnattr_destroy(&attributes)
        unsafe posix_spawn_file_actions_destroy(&actions)
        close(writing)
        guard result == 0 else {
            close(reading)
            throw SystemError("posix_spawn \(path)", result)
        }
        processID = child
        output = reading
    }

    deinit {
        if status == nil { stop() }
        closeOutput()
    }

    /// Reads no more: what the child writes from now on meets a broken pipe.
    public func closeOutput() {
        if output >= 0 { close(output) }
        output = -1
    }

    /// Sends a signal, if the child has not been waited for.
    public func send(signal number: Int32) {
        if status == nil { kill(processID, number) }
    }

    /// Asks the child to end (SIGTERM) and waits until it has.
    public func stop() {
        guard status == nil else { return }
        kill(processID, SIGTERM)
        _ = wait()
    }

    /// Waits until the child has ended: its exit status, or 128 + the signal that ended it.
    public func wait() -> Int32 {
        if let status { return status }
        var raw: Int32 = 0
        while unsafe waitpid(processID, &raw, 0) < 0, errno == EINTR {}
        let ended = raw & 0x7F == 0 ? raw >> 8 & 0xFF : 128 + (raw & 0x7F)
        status = ended
        return ended
    }
}
