// expect: Sendable
// A client belongs to one thread; another one makes its own.
import OllamaBlocking

func onAnotherThread(_ body: @escaping @Sendable () -> Void) {}

func clientOnAnotherThread() throws {
    var client = try BlockingOllama()
    onAnotherThread { _ = try? client.version() }
}
