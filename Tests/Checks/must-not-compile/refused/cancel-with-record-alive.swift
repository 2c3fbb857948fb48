// expect: overlapping accesses to 'stream'
// Leave the loop by `break`, or give the request a `Cancellation`: that may be used here.
import OllamaBlocking

func cancelWithRecordAlive(_ stream: inout BlockingStream) throws {
    while let record = try stream.next() {
        if record.content.count > 1000 { stream.cancel() }
    }
}
