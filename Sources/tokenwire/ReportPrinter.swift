import WireProxy
import WireSystem

/// Prints a line for each exchange of a proxy, on a thread of its own: an output that nobody takes holds
/// no exchange up. Lines that find too many others waiting are dropped.
final class ReportPrinter: Sendable {
    private struct State: Sendable {
        var lines: [String] = []
        var isStopping = false
    }

    private static let waitingLines = 10_000
    private let state = Monitor(State())
    private let thread = Monitor<PlainThread?>(nil)

    func add(_ report: ProxyReport) {
        let line = report.line
        state.update { state in
            if state.lines.count < ReportPrinter.waitingLines { state.lines.append(line) }
        }
    }

    func start() {
        let state = state
        let printing = PlainThread {
            while true {
                let isMore = state.wait(untilNanoseconds: .max) { state -> Bool? in
                    state.lines.isEmpty ? (state.isStopping ? false : nil) : true
                }
                guard isMore == true else { return }
                let lines = state.update { state in
                    defer { state.lines = [] }
                    return state.lines
                }
                let text = Array((lines.joined(separator: "\n") + "\n").utf8)
                // Whoever closed it wants no more lines.
                try? Files.writeAll(text.span, to: 1, name: "standard output")
            }
        }
        thread.update { $0 = printing }
    }

    /// Prints what there is, and ends.
    func stop() {
        state.update { $0.isStopping = true }
        thread.update { $0.take() }?.join()
    }
}

extension ProxyReport {
    /// `POST /api/chat 200 complete, 12 records, 4096 bytes, 1.25s, 000001-POST-api-chat`
    var line: String {
        var line = "\(method) \(target) \(status.map(String.init) ?? "-") \(outcome.text)"
        line += ", \(records) records, \(responseBytes) bytes, \(duration)"
        if let recording { line += ", \(recording)" }
        return line
    }
}

extension ProxyReport.Outcome {
    fileprivate var text: String {
        switch self {
        case .complete: "complete"
        case .upstreamClosed: "upstream closed early"
        case .upstreamReset: "upstream reset"
        case .clientLeft: "client left"
        case .left: "left, as asked"
        case .failed(let error): "failed: \(error)"
        case .refused(let status, let message): "refused \(status): \(message)"
        }
    }
}
