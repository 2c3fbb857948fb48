import Synchronization

/// What became of requests. Each is begun once and ended once, by one outcome.
final class Ledger: Sendable {
    private struct State {
        var begun = 0
        var ended = 0
        var outcomes: [String: Int] = [:]
        /// Of whole answers without a fault, by prompt: all have to be the same.
        var texts: [Int: UInt64] = [:]
        var faults: [String] = []
    }

    private let state = Mutex(State())

    func begin() { state.withLock { $0.begun += 1 } }

    func end(_ outcome: String) {
        state.withLock {
            $0.ended += 1
            $0.outcomes[outcome, default: 0] += 1
        }
    }

    /// A whole answer to a request that asked for no fault.
    func take(text: UInt64, toPrompt prompt: Int) {
        state.withLock {
            if let known = $0.texts[prompt], known != text {
                $0.faults.append("prompt \(prompt) was answered by two texts")
            }
            $0.texts[prompt] = text
        }
    }

    /// Something that must not be.
    func fault(_ text: String) { state.withLock { $0.faults.append(text) } }

    var counts: (begun: Int, ended: Int) { state.withLock { ($0.begun, $0.ended) } }
    var faults: [String] { state.withLock { $0.faults } }

    var summary: String {
        let outcomes = state.withLock { $0.outcomes }
        return outcomes.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
            .joined(separator: ", ")
    }
}
