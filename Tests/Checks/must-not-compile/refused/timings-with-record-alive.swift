// expect: overlapping accesses to 'stream'
import OllamaBlocking

func timingsWithRecordAlive(_ stream: inout BlockingStream) throws {
    while let record = try stream.next() {
        print(record.text, stream.timings.firstContent == nil)
    }
}
