// expect: lifetime-dependent
import OllamaBlocking

nonisolated(unsafe) var kept: BlockingStream.Record?

func recordInAGlobal(_ stream: inout BlockingStream) throws {
    kept = try stream.next()
}
