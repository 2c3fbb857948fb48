// expect: lifetime-dependent variable 'record' escapes its scope
import OllamaBlocking

func later(_ body: @escaping () -> Void) { body() }

func recordInAClosure(_ stream: inout BlockingStream) throws {
    guard let record = try stream.next() else { return }
    later { print(record.content.count) }
}
