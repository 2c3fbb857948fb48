import TestSupport
import WireExchange
import WireHTTP1
import WireProxy
import WireServer
import WireSockets
import WireSystem
import WireTime

/// A proxy in front of a server of scripts, and raw clients in front of it.
final class ProxyFixture {
    let upstream: ReplayServer
    let proxy: RecordingProxy
    let reports = ReportLog()
    let directory: TemporaryDirectory

    init(
        _ upstream: ReplayServer, path: String = "",
        _ change: (inout ProxyOptions) -> Void = { _ in }
    ) throws {
        self.upstream = upstream
        directory = try TemporaryDirectory()
        var options = ProxyOptions()
        change(&options)
        let reports = reports
        options.report = { reports.add($0) }
        proxy = try RecordingProxy(
            upstream: HTTPURL("\(upstream.url)\(path)"), recordingInto: directory.path,
            options: options)
        proxy.start()
    }

    deinit { stop() }

    func client() throws -> RawClient { try RawClient(to: proxy.address) }

    func stop() {
        proxy.stop()
        upstream.stop()
    }

    /// Stops, so that everything is written; then what was recorded.
    func recordings() throws -> [Recording] {
        stop()
        return try Recording.all(in: directory.path)
    }

    func upstreamClose(_ connection: Int = 0) -> ConnectionRecord.ClientClose? {
        upstream.log.waitForClose(of: connection, until: farAway)
    }
}

/// The reports of a proxy, to be waited for.
final class ReportLog: Sendable {
    private let state = Monitor<[ProxyReport]>([])

    func add(_ report: ProxyReport) { state.update { $0.append(report) } }

    var all: [ProxyReport] { state.read { $0 } }

    func wait(for count: Int) -> [ProxyReport] {
        state.wait(untilNanoseconds: farAway.nanoseconds) { $0.count >= count ? $0 : nil } ?? all
    }
}

extension ProxyReport {
    var failureKind: String? {
        if case .failed(let error) = outcome { return error.kind.rawValue }
        return nil
    }
}

let lines = (1...5).map { #"{"n":\#($0)}"# }

/// A stream of lines that never ends by itself.
func endlessLines(every pause: Timeout = .milliseconds(1)) -> Script {
    let head =
        "HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n"
    return .endless(Array(head.utf8), repeating: Array("8\r\n{\"a\":1}\n\r\n".utf8), every: pause)
}
