// Not refused by this compiler, and wrong: `last` is read after the call that ended its life. Debug
// builds overwrite such bytes, so that it shows. When this is refused one day, move it to `refused`.
import OllamaBlocking

func spanKeptBehindItsRecord(_ stream: inout BlockingStream) throws {
    var last = Span<UInt8>()
    while let record = try stream.next() { last = record.content }
    print(last.count)
}
