import OllamaBlocking
import OllamaProtocol
import TestSupport
import Testing
import WireBytes

/// Heap allocations of reading, once everything has its size.
@Suite struct AllocationTests {
    private static let recordCount = 10_000
    private static let warmUp = 500

    private struct Counts {
        var records = 0
        var contentBytes = 0
        var allocations = 0
    }

    /// Reads 10,000 records by `take` behind a warm-up. Several arrive in one read, cut anywhere.
    private func count(
        _ content: String, partialText: Int?,
        _ take: (inout BlockingStream) throws(StreamError) -> Int?
    ) throws -> Counts {
        let lines =
            Wire.chunk(Wire.chat(content) + "\n") + Wire.chunk(Wire.chat(content + "!") + "\n")
        let bytes = Array(lines.utf8)
        let total = (AllocationTests.recordCount + AllocationTests.warmUp) / 2
        let system = ScriptedSystem(
            ConnectionScript([
                .request, .text(Wire.streamHead), .repeated(bytes, count: total),
                .text(Wire.chunk(Wire.chatDone + "\n") + Wire.end),
            ]))
        system.recordsCalls = false
        var options = BlockingOllama.Options()
        if let partialText { options.partialTextLimit = .bytes(partialText) }
        var client = try BlockingOllama.scripted(system, options)
        var stream = try client.chat(anyChat)
        var counts = Counts()
        for _ in 0..<AllocationTests.warmUp { _ = try take(&stream) }
        counts.allocations = try AllocationCount.during { () throws(StreamError) in
            while counts.records < AllocationTests.recordCount, let bytes = try take(&stream) {
                counts.records += 1
                counts.contentBytes += bytes
            }
        }.allocations
        #expect(counts.records == AllocationTests.recordCount)
        return counts
    }

    private func borrowed(_ stream: inout BlockingStream) throws(StreamError) -> Int? {
        guard let record = try stream.next() else { return nil }
        return record.content.count
    }

    private func text(_ stream: inout BlockingStream) throws(StreamError) -> Int? {
        try stream.nextText()?.utf8.count
    }

    @Test(.enabled(if: AllocationCount.works), arguments: [" w123", " esc\\u00e9\\n", ""])
    func borrowedRecordsCostNothing(content: String) throws {
        let counts = try count(content, partialText: 0, borrowed)
        #expect(counts.allocations == 0)
    }

    /// Events of `/v1`, where nothing is kept for an error.
    @Test(.enabled(if: AllocationCount.works), arguments: [" w123", " esc\\u00e9\\n", ""])
    func borrowedEventsCostNothing(content: String) throws {
        let speech = Speech.both[1]
        let records = [speech.text(content), speech.text(content + "!")]
        let bytes = records.flatMap { Wire.chunk(speech.framed($0)) }
        let total = (AllocationTests.recordCount + AllocationTests.warmUp) / 2
        let head = Wire.streamHead.replacing("application/x-ndjson", with: "text/event-stream")
        let end = speech.end.flatMap { Wire.chunk(speech.framed($0)) } + Array(Wire.end.utf8)
        let system = ScriptedSystem(
            ConnectionScript([
                .request, .text(head), .repeated(bytes, count: total), .bytes(end),
            ]))
        system.recordsCalls = false
        var options = BlockingOllama.Options()
        options.partialTextLimit = .bytes(0)
        var client = try BlockingOllama.scripted(system, options, host: "127.0.0.1:80/v1")
        var stream = try client.chat(anyChat)
        for _ in 0..<AllocationTests.warmUp { _ = try borrowed(&stream) }
        var count = 0
        let allocations = try AllocationCount.during { () throws(StreamError) in
            while count < AllocationTests.recordCount, try borrowed(&stream) != nil { count += 1 }
        }.allocations
        #expect(count == AllocationTests.recordCount)
        #expect(allocations == 0)
    }

    /// Text beyond ASCII makes the reader learn the form of the records again and again.
    @Test(.enabled(if: AllocationCount.works))
    func learningCostsNothing() throws {
        let counts = try count("\u{E9}🦜", partialText: 0, borrowed)
        #if DEBUG
        // Unoptimized, the standard library boxes what is appended to an array.
        #expect(counts.allocations <= AllocationTests.recordCount)
        #else
        #expect(counts.allocations == 0)
        #endif
    }

    /// The text that an error would keep grows by doubling: a handful, however long the stream.
    @Test(.enabled(if: AllocationCount.works))
    func partialTextCostsItsDoublings() throws {
        let counts = try count(" w123", partialText: nil, borrowed)
        #expect(counts.contentBytes > 50_000)
        #expect(counts.allocations <= 6)
    }

    @Test(.enabled(if: AllocationCount.works))
    func shortTextsCostNothing() throws {
        let counts = try count(" w123", partialText: 0, text)
        #expect(counts.allocations == 0)
    }

    @Test(.enabled(if: AllocationCount.works))
    func longTextsCostOneEach() throws {
        let counts = try count(" a text of more than 15 bytes", partialText: 0, text)
        #expect(counts.allocations <= AllocationTests.recordCount)
        #expect(counts.allocations > 0)
    }
}
