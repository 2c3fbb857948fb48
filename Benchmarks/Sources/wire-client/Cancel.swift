import Glibc
import WireHTTPClient

/// How long after `cancel` does a task go on that waits for the network? In each phase in which it can
/// wait, from the default executor.
func cancel(_ options: Options, _ driver: Driver, times: Int) async throws -> Result {
    guard driver == .async else { throw NotYet() }
    let silent = try Listener(backlog: 64)
    let full = try Listener(backlog: 0)
    let fillers = try (0..<8).map { _ in try full.connect() }
    defer { for filler in fillers { close(filler) } }
    var clientOptions = HTTPClient.Options()
    clientOptions.pool.perOrigin = 1
    let phases: [(String, HTTPRequest, HTTPClient, Bool)] = [
        ("connect", try .get("http://127.0.0.1:\(full.port)/"), HTTPClient(), false),
        ("head", try .get("http://127.0.0.1:\(silent.port)/"), HTTPClient(), false),
        ("pool", try .get("http://127.0.0.1:\(silent.port)/"), HTTPClient(clientOptions), true),
        ("body", try options.request(), HTTPClient(), false),
    ]
    var result = Result()
    for (name, request, http, queues) in phases {
        let holder = queues ? Task { try await http.send(request).cancelNow() } : nil
        if queues { while http.connections.leased == 0 { await Task.yield() } }
        var waits: [Double] = []
        for _ in 0..<times {
            let task = Task.detached {
                do {
                    for try await _ in http.lines(of: request) {}
                } catch {}
                return nanoseconds()
            }
            try await Task.sleep(nanoseconds: 2_000_000)
            let start = nanoseconds()
            task.cancel()
            waits.append(Double(await task.value - start) / 1e3)
        }
        holder?.cancel()
        _ = await holder?.result
        waits.sort()
        note("\(name): median \(waits[times / 2]) us, worst \(waits.last ?? 0) us")
        result.units += times
        result.latencies += waits
    }
    return result
}

extension HTTPResponse {
    fileprivate consuming func cancelNow() {}
}

private func note(_ text: String) {
    let line = Array("\(text)\n".utf8)
    _ = unsafe line.withUnsafeBytes { unsafe write(2, $0.baseAddress, $0.count) }
}

/// A listener that accepts nothing: the kernel takes as many connections as the backlog allows.
private final class Listener {
    let port: UInt16
    private let descriptor: Int32

    init(backlog: Int32) throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        descriptor = listener
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(listener, $0, size) == 0 && listen(listener, backlog) == 0
                    && getsockname(listener, $0, &size) == 0
            }
        }
        guard bound else { throw NotYet() }
        port = UInt16(bigEndian: address.sin_port)
    }

    deinit { close(descriptor) }

    /// Starts connecting; the backlog is full once a few have.
    func connect() throws -> Int32 {
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue)
        let client = socket(AF_INET, kind, 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        address.sin_port = port.bigEndian
        _ = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe Glibc.connect(client, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        return client
    }
}
