// expect: overlapping accesses to 'stream'
// So is every span of it.
import OllamaBlocking

func contentBehindNext(_ stream: inout BlockingStream) throws {
    guard let content = try stream.next()?.content else { return }
    _ = try stream.nextText()
    print(content.count)
}
