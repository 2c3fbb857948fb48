internal import Synchronization
internal import WireSockets
internal import WireSystem

/// Puts exchanges into a directory, on a thread of its own, so that no disk holds a stream up.
///
/// An exchange's files have hidden names while they grow (`.NAME.response.part`) and get their own when
/// it is whole, the response last: a recorder that is killed leaves whole exchanges, and perhaps hidden
/// files, which no reader of recordings looks at.
final class RecordingWriter: Sendable {
    enum Kind: String, CaseIterable, Sendable {
        // In the order of renaming: a recording is there when its response is.
        case request, timing, response
    }

    enum Job: Sendable {
        case append([UInt8], Kind, name: String)
        /// All has been appended.
        case finish(name: String)
        case drop(name: String)
    }

    private struct State: Sendable {
        var jobs: [Job] = []
        var waitingBytes = 0
        var isStopping = false
        var failure: SystemError?
    }

    /// Bytes that may wait for the disk; more make who brings them wait, and so the proxy.
    private static let waitingLimit = 64 << 20

    private let directory: String
    private let state = Monitor(State())
    private let nextNumber: Lock<Int>
    private let thread = Lock<PlainThread?>(nil)

    /// Creates the directory if it is not there. Numbers go on behind those that are in it.
    init(directory: String) throws(SystemError) {
        try Files.makeDirectory(directory)
        self.directory = directory
        let numbers = try Files.names(in: directory).compactMap { name in
            Int(name.drop { $0 == "." }.prefix { $0 != "-" })
        }
        nextNumber = Lock((numbers.max() ?? 0) + 1)
        thread.withLock { $0 = PlainThread { self.work() } }
    }

    /// `000012-POST-api-chat`: sorted by name they are in the order of their beginning.
    func newName(method: String, target: String) -> String {
        let number = nextNumber.withLock { number in
            defer { number += 1 }
            return number
        }
        let digits = "\(number)"
        let zeros = String(repeating: "0", count: max(0, 6 - digits.count))
        let path = target.prefix { $0 != "?" }.split(separator: "/").joined(separator: "-")
        let readable = "\(method)-\(path.isEmpty ? "root" : path)".map { character in
            character.isASCII
                && (character.isLetter || character.isNumber || "-_.".contains(character))
                ? character : "_"
        }
        return "\(zeros)\(digits)-\(String(readable.prefix(64)))"
    }

    /// Why nothing is written any more.
    var failure: SystemError? { state.read { $0.failure } }

    func add(_ job: Job) {
        state.update { state in
            if state.failure != nil { return }
            if case .append(let bytes, _, _) = job { state.waitingBytes += bytes.count }
            state.jobs.append(job)
        }
        // The disk is far behind.
        _ = state.wait(untilNanoseconds: .max) { state in
            state.waitingBytes <= RecordingWriter.waitingLimit ? true : nil
        }
    }

    /// Writes what has been added, and ends.
    func stop() {
        state.update { $0.isStopping = true }
        let thread = thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        thread?.join()
    }

    // MARK: The thread

    private func work() {
        while true {
            let isMore = state.wait(untilNanoseconds: .max) { state -> Bool? in
                state.jobs.isEmpty ? (state.isStopping ? false : nil) : true
            }
            guard isMore == true else { return }
            let jobs = state.update { state in
                defer { state.jobs = [] }
                return state.jobs
            }
            for job in jobs { perform(job) }
        }
    }

    /// Once something could not be written nothing becomes a recording any more: it would not be whole.

    private func perform(_ job: Job) {
        do throws(SystemError) {
            switch job {
            case .append(let bytes, let kind, let name):
                defer { state.update { $0.waitingBytes -= bytes.count } }
                try Files.append(bytes, to: part(kind, name))
            case .finish(let name):
                if failure != nil { return perform(.drop(name: name)) }
                for kind in Kind.allCases {
                    try Files.rename(
                        part(kind, name), to: "\(directory)/\(name).\(kind.rawValue)")
                }
            case .drop(let name):
                for kind in Kind.allCases { Files.remove(part(kind, name)) }
            }
        } catch {
            state.update { $0.failure = $0.failure ?? error }
        }
    }

    private func part(_ kind: Kind, _ name: String) -> String {
        "\(directory)/.\(name).\(kind.rawValue).part"
    }
}
