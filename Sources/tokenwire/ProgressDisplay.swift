import OllamaProtocol
import Synchronization
import WireSockets
import WireTime

/// Progress for the eye, on standard error: on a terminal one line that is written again and again, else,
/// if it was asked for, a line now and then.
///
/// Files are read on threads of their own, so it is told from any thread.
final class ProgressDisplay: Sendable {
    enum Form { case none, bar, lines }

    private struct State {
        var meter = TransferMeter()
        /// What the line that is being rewritten says; empty when there is none.
        var shown = ""
        var lastStatus = ""
        /// What was drawn last, until something else comes.
        var drawn = ""
        var lastDraw: Instant?
        var lastTenth = 0
    }

    private static let redrawPause = Timeout.milliseconds(100)
    private static let barCells = 24

    private let form: Form
    private let console: Console
    private let state = Lock(State())

    /// - Parameter isAsked: also where nobody may be looking.
    init(_ console: Console, isAsked: Bool) {
        self.console = console
        form = console.isTerminal ? .bar : isAsked ? .lines : .none
    }

    /// What is done of all layers, and of how much.
    var bytes: (completed: Int, total: Int) {
        state.withLock { ($0.meter.completed, $0.meter.total) }
    }

    /// A record of the server's.
    func show(_ record: ModelProgress) {
        let now = MonotonicClock.now
        state.withLock { state in
            state.meter.add(record, at: now)
            let status = Console.oneLine(record.status)
            guard record.total > 0, record.digest != nil else {
                // The layers are there.
                if !state.drawn.isEmpty { draw(state.drawn, &state, now) }
                state.drawn = ""
                return step(status, &state)
            }
            // `pulling 1e24d79827fb`: all layers are one to those who wait.
            let verb = status.prefix { $0 != " " }
            draw(String(verb), &state, now)
        }
    }

    /// A file on its way to the server.
    func show(_ progress: BlobProgress, of name: String) {
        let now = MonotonicClock.now
        let verb = progress.stage == .digest ? "reading" : "sending"
        state.withLock { state in
            let record = ModelProgress(
                status: verb, digest: "\(verb) \(name)", total: progress.total,
                completed: progress.completed)
            // Each stage has a rate of its own.
            if !state.lastStatus.hasPrefix("\(verb) \(name)") { state.meter = TransferMeter() }
            state.meter.add(record, at: now)
            draw("\(verb) \(name)", &state, now)
        }
    }

    /// The files are there: what follows is the server's.
    func endFiles() {
        state.withLock { state in
            state.meter = TransferMeter()
            state.drawn = ""
        }
    }

    /// Nothing more comes: what was written last stays.
    func end() { state.withLock { finishLine(&$0) } }

    private func step(_ status: String, _ state: inout State) {
        guard status != state.lastStatus else { return }
        state.lastStatus = status
        finishLine(&state)
        if form != .none { console.write("\(status)\n") }
    }

    private func draw(_ what: String, _ state: inout State, _ now: Instant) {
        let meter = state.meter
        let isComplete = meter.completed >= meter.total
        let isNew = state.lastStatus != what
        if isNew {
            finishLine(&state)
            state.lastTenth = -1
        }
        state.lastStatus = what
        state.drawn = what
        switch form {
        case .none: return
        case .bar:
            if !isNew, !isComplete, let last = state.lastDraw,
                now.since(last) < ProgressDisplay.redrawPause
            {
                return
            }
            let line = ProgressDisplay.bar(what, meter)
            if line == state.shown { return }
            state.lastDraw = now
            state.shown = line
            console.write("\r\(line)\u{1B}[K")
        case .lines:
            let tenth = ProgressDisplay.percent(meter) / 10
            guard tenth > state.lastTenth else { return }
            state.lastTenth = tenth
            console.write("\(ProgressDisplay.line(what, meter))\n")
        }
    }

    private func finishLine(_ state: inout State) {
        if !state.shown.isEmpty { console.write("\n") }
        state.shown = ""
    }

    /// `pulling  45% (11.7 MB of 25.9 MB)`
    static func line(_ what: String, _ meter: TransferMeter) -> String {
        "\(what) \(percent(meter))% (\(ByteCount.text(meter.completed)) of "
            + "\(ByteCount.text(meter.total)))"
    }

    /// `pulling  45% [##########              ] 11.7 MB/25.9 MB  10.2 MB/s  2s`
    static func bar(_ what: String, _ meter: TransferMeter) -> String {
        let cells =
            meter.total > 0
            ? Int(Double(barCells) * Double(meter.completed) / Double(meter.total)) : barCells
        let percent = "\(percent(meter))%"
        var line = what + String(repeating: " ", count: max(1, 5 - percent.count)) + percent
        line += " [" + String(repeating: "#", count: cells)
        line += String(repeating: " ", count: barCells - cells) + "] "
        line += "\(ByteCount.text(meter.completed))/\(ByteCount.text(meter.total))"
        if meter.completed < meter.total, let rate = meter.bytesPerSecond {
            line += "  \(ByteCount.text(Int(min(rate, 1e15))))/s"
            if let rest = meter.remaining { line += "  \(shown(rest))" }
        }
        return line
    }

    private static func percent(_ meter: TransferMeter) -> Int {
        meter.total > 0 ? Int(100 * Double(meter.completed) / Double(meter.total)) : 100
    }

    /// `45s`, `3m20s`, `2h05m`: a time to wait, rounded up.
    static func shown(_ time: Timeout) -> String {
        let seconds = Int(time.inSeconds.rounded(.up))
        func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
        if seconds < 60 { return "\(seconds)s" }
        if seconds < 3600 { return "\(seconds / 60)m\(two(seconds % 60))s" }
        return "\(seconds / 3600)h\(two(seconds / 60 % 60))m"
    }
}

/// Sizes for the eye.
enum ByteCount {
    /// As Ollama's own tables have it: powers of ten.
    static func text(_ bytes: Int) -> String {
        var value = Double(bytes)
        var units = ["B", "KB", "MB", "GB", "TB"][...]
        while value >= 1000, units.count > 1 {
            value /= 1000
            units.removeFirst()
        }
        return units.first == "B" ? "\(bytes) B" : "\((value * 10).rounded() / 10) \(units.first!)"
    }
}
