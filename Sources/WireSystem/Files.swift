internal import Glibc
public import WireSockets

/// Whole files and directories, for commands and test servers. Blocking.
public enum Files {
    /// - Throws: `SystemError`; EFBIG when the file is longer than `limit` bytes.
    public static func read(_ path: String, limit: Int) throws(SystemError) -> [UInt8] {
        let descriptor = try open(path)
        defer { close(descriptor) }
        return try read(descriptor: descriptor, limit: limit, name: path)
    }

    /// Everything up to the end of an open descriptor (0 is standard input).
    public static func read(
        descriptor: Int32, limit: Int, name: String
    ) throws(SystemError) -> [UInt8] {
        var all: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            // Safe because at most the array's size is read.
            let count = unsafe piece.withUnsafeMutableBytes {
                unsafe Glibc.read(descriptor, $0.baseAddress, $0.count)
            }
            if count == 0 { return all }
            if count < 0 {
                if errno == EINTR { continue }
                throw SystemError("read \(name)", errno)
            }
            if all.count + count > limit { throw SystemError("read \(name)", EFBIG) }
            all += piece[..<count]
        }
    }

    /// Reads once, into `buffer`'s whole length; 0 at the end.
    public static func readSome(
        descriptor: Int32, into buffer: inout [UInt8]
    ) throws(SystemError) -> Int {
        while true {
            // Safe because at most the array's size is read.
            let count = unsafe buffer.withUnsafeMutableBytes {
                unsafe Glibc.read(descriptor, $0.baseAddress, $0.count)
            }
            if count >= 0 { return count }
            if errno != EINTR { throw SystemError("read", errno) }
        }
    }

    /// Creates or truncates a file and writes all of `bytes`.
    public static func write(_ bytes: [UInt8], to path: String) throws(SystemError) {
        let descriptor = try create(path)
        defer { close(descriptor) }
        try writeAll(bytes.span, to: descriptor, name: path)
    }

    /// Opens a new or truncated file for writing; the caller closes it.
    public static func create(_ path: String) throws(SystemError) -> Int32 {
        let descriptor = unsafe Glibc.open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        if descriptor < 0 { throw SystemError("open \(path)", errno) }
        return descriptor
    }

    /// Writes bytes behind a file's end, in one call; a new file is for its owner alone.
    public static func append(_ bytes: [UInt8], to path: String) throws(SystemError) {
        let flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC
        let descriptor = unsafe Glibc.open(path, flags, 0o600)
        if descriptor < 0 { throw SystemError("open \(path)", errno) }
        defer { close(descriptor) }
        try writeAll(bytes.span, to: descriptor, name: path)
    }

    /// Opens a file for reading; the caller closes it.
    public static func open(_ path: String) throws(SystemError) -> Int32 {
        let descriptor = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC)
        if descriptor < 0 { throw SystemError("open \(path)", errno) }
        return descriptor
    }

    /// How long an open file is; nil for what is not a regular one.
    ///
    /// - Throws: also EISDIR.
    public static func size(descriptor: Int32, name: String) throws(SystemError) -> Int? {
        var facts = stat()
        // Safe because the struct is fstat's own.
        guard unsafe fstat(descriptor, &facts) == 0 else {
            throw SystemError("fstat \(name)", errno)
        }
        switch facts.st_mode & S_IFMT {
        case S_IFREG: return Int(facts.st_size)
        case S_IFDIR: throw SystemError("read \(name)", EISDIR)
        default: return nil
        }
    }

    /// - Returns: false for what cannot be read again.
    public static func rewind(descriptor: Int32) -> Bool { lseek(descriptor, 0, SEEK_SET) == 0 }

    public static func closeDescriptor(_ descriptor: Int32) { close(descriptor) }

    /// Writes every byte, however many calls that takes; integers as they lie in memory.
    public static func writeAll(
        _ integers: Span<some FixedWidthInteger & BitwiseCopyable>, to descriptor: Int32,
        name: String
    ) throws(SystemError) {
        // Safe because integers have no padding.
        let bytes = unsafe integers.bytes
        var done = 0
        while done < bytes.byteCount {
            let rest = bytes.extracting(droppingFirst: done)
            // Safe because the span is borrowed for the call.
            let count = unsafe rest.withUnsafeBytes {
                unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
            }
            if count >= 0 {
                done += count
            } else if errno == EAGAIN {
                var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = unsafe poll(&entry, 1, -1)
            } else if errno != EINTR {
                throw SystemError("write \(name)", errno)
            }
        }
    }

    /// Names in a directory, sorted, without `.` and `..`.
    public static func names(in directory: String) throws(SystemError) -> [String] {
        guard let stream = unsafe opendir(directory) else {
            throw SystemError("opendir \(directory)", errno)
        }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        // Safe because readdir's entry is read before the next call.
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// - Throws: why this process cannot read it.
    public static func checkReadable(_ path: String) throws(SystemError) {
        var facts = stat()
        // Safe because the struct is stat's own.
        guard unsafe access(path, R_OK) == 0, unsafe stat(path, &facts) == 0 else {
            throw SystemError("access \(path)", errno)
        }
        if facts.st_mode & S_IFMT == S_IFDIR { throw SystemError("read \(path)", EISDIR) }
    }

    /// Creates a directory; one that is there already is as good. Its parent has to exist.
    public static func makeDirectory(_ path: String) throws(SystemError) {
        if unsafe mkdir(path, 0o755) != 0, errno != EEXIST {
            throw SystemError("mkdir \(path)", errno)
        }
        var facts = stat()
        // Safe because the struct is stat's own.
        guard unsafe stat(path, &facts) == 0 else { throw SystemError("stat \(path)", errno) }
        if facts.st_mode & S_IFMT != S_IFDIR { throw SystemError("mkdir \(path)", ENOTDIR) }
    }

    /// In one step: whoever looks sees the old name or the new one, never half a file.
    public static func rename(_ path: String, to newPath: String) throws(SystemError) {
        if unsafe Glibc.rename(path, newPath) != 0 { throw SystemError("rename \(path)", errno) }
    }

    /// Removes a file or a socket, if it is there.
    public static func remove(_ path: String) { _ = unsafe unlink(path) }

    public static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }
}
