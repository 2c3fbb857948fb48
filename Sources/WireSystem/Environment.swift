internal import Glibc

/// The process and its surroundings, for commands.
public enum Environment {
    /// A variable's value; nil when it is not set.
    public static subscript(name: String) -> String? {
        // Safe because nothing in this program changes the environment.
        unsafe getenv(name).map { unsafe String(cString: $0) }
    }

    public static func isTerminal(_ descriptor: Int32) -> Bool { isatty(descriptor) == 1 }

    public static var processID: Int32 { getpid() }

    /// Path of the running executable (proc(5)).
    public static var executablePath: String {
        unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 4096) { buffer in
            guard let base = buffer.baseAddress else { return "" }
            // Safe because readlink writes at most the size given, without a terminator.
            let count = unsafe readlink("/proc/self/exe", base, 4095)
            guard count > 0 else { return "" }
            unsafe base[count] = 0
            return unsafe String(cString: base)
        }
    }

    /// Opens what the caller has closed of the descriptors 0 to 2, such that using them still fails:
    /// otherwise the next socket would get the number, and with it what is printed.
    public static func reserveStandardDescriptors() {
        for number in Int32(0)...2 where fcntl(number, F_GETFD) < 0 {
            _ = unsafe open("/dev/null", (number == 0 ? O_WRONLY : O_RDONLY) | O_CLOEXEC)
        }
    }

    /// Lets this process open as many descriptors as it may (setrlimit(2)).
    ///
    /// - Returns: how many that are.
    @discardableResult
    public static func raiseDescriptorLimit() -> Int {
        var limit = rlimit()
        // Safe because the struct is getrlimit's own.
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
            return 0
        }
        limit.rlim_cur = limit.rlim_max
        _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        return Int(clamping: limit.rlim_cur)
    }

    /// Ends the process without flushing anything.
    public static func exit(_ status: Int32) -> Never { _exit(status) }
}
