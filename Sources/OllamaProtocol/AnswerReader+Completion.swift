internal import WireBytes
internal import WireJSON

/// What a record says besides text, and how an answer comes to its end.
extension AnswerReader {
    /// The record has more than text, or is the whole answer.
    mutating func readMore(_ line: Span<UInt8>) throws(JSONError) {
        switch dialect {
        case .native:
            guard reader.isDone else { return }
            summary = try TerminalRecord(line).summary
            isDone = true
        case .openAI: try readChoice(line)
        }
    }

    private mutating func readChoice(_ line: Span<UInt8>) throws(JSONError) {
        if let usage = reader.usage {
            try unfinished.take(usage: line.extracting(usage.start..<usage.end))
        }
        if let timings = reader.timings {
            unfinished.take(timings: line.extracting(timings.start..<timings.end))
        }
        if let reason = reader.finishReason {
            unfinished.reason = JSONCursor(line).text(of: reason)
            hasFinished = true
        }
        if let calls = reader.toolCalls {
            try assembler.take(line.extracting(calls.start..<calls.end))
        }
        let isWhole = form == .document && reader.error == nil
        if hasFinished || isWhole, !assembler.isEmpty { assembledCalls = try assembler.finish() }
        guard isWhole else { return }
        // An answer without the choice that was asked for is none.
        if reader.content == nil, reader.thinking == nil, assembledCalls.isEmpty, !hasFinished {
            throw JSONError(.missingMember, at: 0)
        }
        summary = unfinished
        isDone = true
    }

    /// `[DONE]`, by which a `/v1` stream says that it is over.
    func isTerminator(_ data: Span<UInt8>) -> Bool {
        guard data[0] == UInt8(ascii: "[") || ASCII.isBlank(data[0]) else { return false }
        return ASCII.equals(data.extracting(ASCII.trimmed(data)), "[DONE]")
    }

    /// The answer is over, by a record that has nothing but that.
    mutating func terminate() -> LineKind {
        isBare = true
        contentPiece = Piece()
        thinkingPiece = Piece()
        assembledCalls = []
        // Of a server that gives no reason.
        if !assembler.isEmpty {
            do throws(JSONError) { assembledCalls = try assembler.finish() } catch {
                return refuseLater(error)
            }
        }
        summary = unfinished
        isDone = true
        return countRecord()
    }
}

extension Summary {
    /// - Parameter usage: `/v1`'s object of that name.
    mutating func take(usage: Span<UInt8>) throws(JSONError) {
        let usage = try JSONValue(parsing: usage)
        if let count = usage["prompt_tokens"]?.int64Value { promptEvalCount = Int(count) }
        if let count = usage["completion_tokens"]?.int64Value { evalCount = Int(count) }
    }

    /// - Parameter timings: llama.cpp's object of that name. What is wrong in it is left out.
    mutating func take(timings: Span<UInt8>) {
        guard let timings = try? JSONValue(parsing: timings) else { return }
        func duration(_ key: String) -> Duration? {
            guard let milliseconds = timings[key]?.doubleValue, milliseconds >= 0,
                milliseconds < 1e12
            else { return nil }
            return .nanoseconds(Int64(milliseconds * 1e6))
        }
        if let prompt = duration("prompt_ms") { promptEvalDuration = prompt }
        if let predicted = duration("predicted_ms") { evalDuration = predicted }
    }
}
