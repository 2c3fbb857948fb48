internal import Glibc
public import WireSockets
internal import WireSystem

/// A directory of one test, removed with what is in it.
public final class TemporaryDirectory: Sendable {
    public let path: String

    public init() throws(SystemError) {
        var template = Array("/tmp/tokenwire-test-XXXXXX\0".utf8)
        // Safe because mkdtemp writes into the template's own six characters.
        let made = unsafe template.withUnsafeMutableBytes { bytes in
            unsafe mkdtemp(bytes.baseAddress!.assumingMemoryBound(to: CChar.self)) != nil
        }
        if !made { throw SystemError("mkdtemp", errno) }
        path = String(decoding: template.dropLast(), as: UTF8.self)
    }

    deinit {
        // Safe because the strings live for their calls.
        for name in (try? Files.names(in: path)) ?? [] { unsafe unlink("\(path)/\(name)") }
        unsafe rmdir(path)
    }

    /// Writes a file and returns its path.
    public func file(_ name: String, _ content: [UInt8]) throws(SystemError) -> String {
        try Files.write(content, to: "\(path)/\(name)")
        return "\(path)/\(name)"
    }

    public func file(_ name: String, _ content: String) throws(SystemError) -> String {
        try file(name, Array(content.utf8))
    }

    public func content(_ name: String) throws(SystemError) -> String {
        String(decoding: try Files.read("\(path)/\(name)", limit: 1 << 30), as: UTF8.self)
    }
}
