internal import Glibc
public import WireSockets

/// A process started by this one, its standard output read here.
public final class ChildProcess {
    public let processID: Int32
    /// Read end of a pipe from the child's standard output.
    public let output: Int32
    private var status: Int32?

    /// Starts `path` with `arguments` (without the zeroth). Standard error is shared; SIGINT and
    /// SIGTERM are unblocked in the child.
    public init(_ path: String, _ arguments: [String]) throws(SystemError) {
        var ends: InlineArray<2, Int32> = [0, 0]
        // Safe because pipe writes two descriptors.
        let made = unsafe withUnsafeMutableBytes(of: &ends) {
            unsafe pipe($0.baseAddress!.assumingMemoryBound(to: Int32.self))
        }
        if made != 0 { throw SystemError("pipe", errno) }
        _ = fcntl(ends[0], F_SETFD, FD_CLOEXEC)
        _ = fcntl(ends[1], F_SETFD, FD_CLOEXEC)
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        unsafe posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
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
        for unsafe word in unsafe words { unsafe free(word) }
        unsafe posix_spawnattr_destroy(&attributes)
        unsafe posix_spawn_file_actions_destroy(&actions)
        close(ends[1])
        guard result == 0 else {
            close(ends[0])
            throw SystemError("posix_spawn \(path)", result)
        }
        processID = child
        output = ends[0]
    }

    deinit {
        if status == nil { stop() }
        close(output)
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
