// expect: ~Escapable
import OllamaBlocking

func first(_ stream: inout BlockingStream) throws -> BlockingStream.Record? {
    try stream.next()
}
