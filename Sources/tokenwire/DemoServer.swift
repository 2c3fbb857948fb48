import WireBytes
import WireServer
import WireSockets
import WireSystem
import WireTime

/// The server's side of the demo, in a process of its own. It says on standard output where it
/// listens and, for each connection that a client leaves, when it saw that:
///
///     listening 127.0.0.1:40001
///     left fin 81254963215 12
///
/// that is: how, CLOCK_MONOTONIC in nanoseconds, and how many records it had sent.
enum DemoServer {
    /// It ends by itself, should nobody end it.
    private static let lifetime = Timeout.minutes(2)

    static func run(_ context: CommandContext) throws(CommandError) -> ExitCode {
        let recordings: [Recording]
        do throws(RecordingError) { recordings = try DemoServer.recordings() } catch {
            throw .failed(.peer, "the recordings in this program are broken: \(error)")
        }
        let server: ReplayServer
        // Any chat gets the recorded one, so that other programs can be tried on it, too.
        let handler = RecordedHandler(recordings, pace: .recorded, strictness: .path)
        do throws(SystemError) { server = try ReplayServer(.requests(handler)) } catch {
            throw .failed(.unreachable, "cannot listen: \(error)")
        }
        server.start()
        defer { server.stop() }
        let slow = recordings[1].exchanges[0]
        try context.output.writeLine("listening \(server.address)")
        try context.output.flush()
        let end = MonotonicClock.now + lifetime
        let log = server.log
        PlainThread {
            var connection = 0
            while let close = log.waitForClose(of: connection, until: end) {
                let start = log[connection]?.requests.last?.answerStart ?? 0
                let sent = slow.recordEnds.prefix { start + $0 <= close.bytesSent }.count
                let line = "left \(close.kind.rawValue) \(close.seenAt.nanoseconds) \(sent)\n"
                try? Files.writeAll(Array(line.utf8).span, to: 1, name: "standard output")
                connection += 1
            }
        }.detach()
        try context.termination.pause(lifetime)
        return .success
    }

    private static func recordings() throws(RecordingError) -> [Recording] {
        try [
            Recording(
                name: "chat-eos-stop", request: PackageResources.chat_eos_stop_request,
                response: PackageResources.chat_eos_stop_response,
                timing: PackageResources.chat_eos_stop_timing),
            Recording(
                name: "generate-slow-200", request: PackageResources.generate_slow_200_request,
                response: PackageResources.generate_slow_200_response,
                timing: PackageResources.generate_slow_200_timing),
            Recording(
                name: "version", request: PackageResources.version_request,
                response: PackageResources.version_response,
                timing: PackageResources.version_timing),
        ]
    }
}

/// The client's side of it: the process, and what it reports.
final class DemoServerProcess {
    let address: String
    private let process: ChildProcess
    private var pending: [UInt8] = []

    struct Close {
        let kind: String
        let at: Instant
        let records: Int
    }

    init() throws(CommandError) {
        do throws(SystemError) {
            process = try ChildProcess(Environment.executablePath, ["demo", "--serve"])
        } catch { throw .failed(.unreachable, "cannot start the demo's server: \(error)") }
        address = try DemoServerProcess.address(
            in: DemoServerProcess.nextLine(process.output, &pending))
    }

    private static func address(in line: String) throws(CommandError) -> String {
        let words = line.split(separator: " ")
        guard words.count == 2, words[0] == "listening" else {
            throw .failed(.unreachable, "the demo's server did not start")
        }
        return String(words[1])
    }

    /// What the server reports of the next connection that it sees left.
    func nextClose() throws(CommandError) -> Close {
        let line = try DemoServerProcess.nextLine(process.output, &pending)
        let words = line.split(separator: " ")
        guard words.count == 4, words[0] == "left", let at = Int64(words[2]),
            let records = Int(words[3])
        else { throw .failed(.peer, "the demo's server said something strange") }
        return Close(
            kind: words[1].uppercased(), at: Instant(nanoseconds: at), records: records)
    }

    private static func nextLine(
        _ descriptor: Int32, _ pending: inout [UInt8]
    ) throws(CommandError) -> String {
        var block = [UInt8](repeating: 0, count: 256)
        while true {
            if let end = pending.firstIndex(of: ASCII.lf) {
                defer { pending.removeFirst(end + 1) }
                return String(decoding: pending[..<end], as: UTF8.self)
            }
            let count: Int
            do throws(SystemError) {
                count = try Files.readSome(descriptor: descriptor, into: &block)
            } catch { throw .failed(.peer, "the demo's server: \(error)") }
            if count == 0 { throw .failed(.peer, "the demo's server has ended") }
            pending += block[..<count]
        }
    }
}
