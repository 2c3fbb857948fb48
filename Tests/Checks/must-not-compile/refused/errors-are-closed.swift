// expect: switch must be exhaustive
// Whoever names some failures is told of those that are left.
import OllamaBlocking

func errorsAreClosed(_ stream: inout BlockingStream) {
    do {
        _ = try stream.next()
    } catch {
        switch error {
        case .timeout(let timeout): print(timeout.phase)
        case .incomplete(let incomplete): print(incomplete.partialText)
        }
    }
}
