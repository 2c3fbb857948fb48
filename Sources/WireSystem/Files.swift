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

    /// Opens a file for reading; the caller closes it.
    public static func open(_ path: String) throws(SystemError) -> Int32 {
        let descriptor = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC)
        if descriptor < 0 { throw SystemError("open \(path)", errno) }
        return descriptor
    }

    public static func closeDescriptor(_ descriptor: Int32) { close(descriptor) }

    /// Writes every byte, however many calls that takes.
    public static func writeAll(
        _ bytes: Span<UInt8>, to descriptor: Int32, name: String
    ) throws(SystemError) {
        var done = 0
        while done < bytes.count {
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

    public static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }
}
