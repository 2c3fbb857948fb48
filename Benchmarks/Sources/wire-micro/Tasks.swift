import CRival
import WireBytes
import WireFraming
import WireHTTP1
import WireJSON

/// One kind of work, and how much of it is measured.
struct Task {
    let name: String
    let fixture: Fixture
    /// Ours; the rivals are found by the task's name.
    let contenders: (Padded, Fixture) -> [Contender]
    /// How often a run does it.
    var repeats = 1

    static var all: [Task] {
        [
            Task(
                name: "lines-120", fixture: .lines(110...130, bytes: 128 << 10), contenders: lines),
            Task(
                name: "lines-300", fixture: .lines(250...350, bytes: 128 << 10), contenders: lines),
            Task(
                name: "lines-4k", fixture: .lines(4096...5000, bytes: 256 << 10), contenders: lines),
            Task(
                name: "lines-64k", fixture: .lines(65_000...66_000, bytes: 256 << 10),
                contenders: lines),
            Task(
                name: "sse-250", fixture: .events(200...300, bytes: 128 << 10), contenders: events),
            Task(
                name: "chunked-120",
                fixture: .chunked(.lines(115...125, bytes: 512 << 10), size: nil),
                contenders: chunkedLines),
            Task(
                name: "chunked-97",
                fixture: .chunked(.lines(115...125, bytes: 512 << 10), size: 97),
                contenders: chunkedLines),
            Task(
                name: "chunked-1", fixture: .chunked(.lines(115...125, bytes: 64 << 10), size: 1),
                contenders: chunkedLines),
            // Twice as much has to cost twice as much (count.py).
            Task(name: "drip", fixture: .oneLine(bytes: 256 << 10), contenders: drip),
            Task(name: "drip-double", fixture: .oneLine(bytes: 512 << 10), contenders: drip),
            Task(name: "nesting", fixture: .nesting(bytes: 64 << 10), contenders: checked),
            Task(name: "nesting-double", fixture: .nesting(bytes: 128 << 10), contenders: checked),
            Task(name: "escapes", fixture: .escapes(bytes: 64 << 10), contenders: checked),
            Task(name: "escapes-double", fixture: .escapes(bytes: 128 << 10), contenders: checked),
            Task(name: "chat", fixture: .chat(bytes: 512 << 10), contenders: chat),
            Task(
                name: "chat-escapes", fixture: .chat(bytes: 512 << 10, special: 12),
                contenders: chat
            ),
            Task(name: "chat-shuffled", fixture: .shuffledChat(bytes: 512 << 10), contenders: chat),
            Task(name: "chat-mixed", fixture: .mixedChat(bytes: 512 << 10), contenders: chat),
            Task(name: "chunk", fixture: .chunks(bytes: 512 << 10), contenders: chunks),
            Task(
                name: "values",
                fixture: {
                    var fixture = Fixture.chat(bytes: 512 << 10)
                    (fixture.payloadBytes, fixture.marks) = (fixture.units, 0)
                    return fixture
                }(), contenders: values),
            Task(
                name: "head-ollama", fixture: .ollamaHead, contenders: head,
                repeats: RIVAL_REPEATS),
            Task(
                name: "head-proxy", fixture: .proxyHead, contenders: head,
                repeats: RIVAL_REPEATS),
        ]
    }
}
