import Glibc
import Synchronization
import WireSockets
import WireSystem

/// A server's process. It ends with this one, however this one ends.
final class PeerProcess: Sendable {
    /// Unchecked: nobody touches it between `init` and `stop`.
    nonisolated(unsafe) private let shell: ChildProcess
    private let leash: Int32

    /// Kills the program when its own standard input ends.
    private static let script =
        #""$@" & child=$!; cat >/dev/null; kill -KILL $child; wait $child 2>/dev/null; exit 0"#

    /// - Parameter log: the file that becomes standard output and error.
    init(_ program: String, _ arguments: [String], log: String) throws(SystemError) {
        let (reading, writing) = try Pipe.make()
        let errors = try Files.create(log)
        defer {
            Files.closeDescriptor(reading)
            Files.closeDescriptor(errors)
        }
        let words = ["-c", "exec 1>&2; \(PeerProcess.script)", "sh", program] + arguments
        do throws(SystemError) {
            unsafe shell = try ChildProcess("/bin/sh", words, input: reading, errors: errors)
        } catch {
            Files.closeDescriptor(writing)
            throw error
        }
        leash = writing
    }

    func stop() {
        Files.closeDescriptor(leash)
        _ = unsafe shell.wait()
    }
}

enum PeerPorts {
    /// Those whose servers may not listen yet are not free either.
    private static let given = Mutex<Set<UInt16>>([])

    /// Ports of loopback on which nobody listens, below those that the kernel gives to clients: a
    /// connection that looks whether a server is up must not come upon itself.
    static func take(_ count: Int) -> [UInt16] {
        (0..<count).map { _ in
            while true {
                let port = UInt16.random(in: 15_000..<32_000)
                guard given.withLock({ $0.insert(port).inserted }),
                    let socket = try? StreamSocket.listen(on: .loopback(port: port))
                else { continue }
                socket.descriptor.close()
                return port
            }
        }
    }

    /// Whether any connection of this machine to a port of loopback stands (proc_net_tcp(5)).
    static func hasConnections(to port: UInt16) throws -> Bool {
        let established = "01"
        let hex = String(port, radix: 16, uppercase: true)
        let remote = "0100007F:" + String(repeating: "0", count: 4 - hex.count) + hex
        let table = String(
            decoding: try Files.read("/proc/net/tcp", limit: 1 << 26), as: UTF8.self)
        return table.split(separator: "\n").contains { line in
            let words = line.split(separator: " ")
            return words.count > 3 && words[2] == remote && words[3] == established
        }
    }
}

/// A directory that is removed with everything in it.
final class PeerDirectory: Sendable {
    let path: String

    init() throws(SystemError) {
        var template = Array("/tmp/tokenwire-peers-XXXXXX\0".utf8)
        // Safe because mkdtemp writes into the template's own six characters.
        let made = unsafe template.withUnsafeMutableBytes { bytes in
            unsafe mkdtemp(bytes.baseAddress!.assumingMemoryBound(to: CChar.self)) != nil
        }
        if !made { throw SystemError("mkdtemp", errno) }
        path = String(decoding: template.dropLast(), as: UTF8.self)
    }

    deinit { _ = try? ChildProcess("/bin/rm", ["-rf", path]).wait() }

    /// Writes a file and returns its path.
    func file(_ name: String, _ content: [UInt8]) throws(SystemError) -> String {
        try Files.write(content, to: "\(path)/\(name)")
        return "\(path)/\(name)"
    }
}
