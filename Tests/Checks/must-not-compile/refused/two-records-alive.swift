// expect: overlapping accesses to 'stream'
// A record is borrowed from the stream until its next call.
import OllamaBlocking

func twoRecords(_ stream: inout BlockingStream) throws {
    guard let first = try stream.next() else { return }
    guard let second = try stream.next() else { return }
    print(first.content.count, second.content.count)
}
