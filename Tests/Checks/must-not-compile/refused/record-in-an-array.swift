// expect: does not conform to protocol 'Escapable'
import OllamaBlocking

func recordsInAnArray(_ stream: inout BlockingStream) throws {
    var all: [BlockingStream.Record] = []
    while let record = try stream.next() { all.append(record) }
}
