import OllamaProtocol
import WireBytes
import WireExchange
import WireJSON

/// Puts a stream's records on the terminal or into a pipe, in the form asked for.
struct AnswerPrinter {
    private let options: ChatOptions
    private let context: CommandContext
    private var reply = Reply()
    /// Of the records, what `reply` keeps.
    private var replyBytes = 0
    private static let replyLimit = OllamaOptions().replyLimit
    /// Why nothing more can be printed.
    private var outputFailure: CommandError?

    init(_ options: ChatOptions, _ context: CommandContext) {
        self.options = options
        self.context = context
    }

    /// What stops the answer.
    var guards: [Guard] { options.guards }

    /// Reads the stream to its end, or until a guard says to leave it.
    ///
    /// - Returns: the answer as a turn of the conversation; nil when it was left.
    mutating func print<Stream: RecordStream & ~Copyable>(
        _ stream: consuming Stream
    ) async throws(StreamError) -> (code: ExitCode, reply: Message?) {
        var stream = stream
        do throws(StreamError) {
            while try await stream.withNextRecord({ put($0) }) != nil {
                if outputFailure != nil { return (endOfOutput(), nil) }
                if replyBytes > AnswerPrinter.replyLimit.bytes {
                    throw .transport(
                        .tooLarge(AnswerPrinter.replyLimit, what: "the answer", stream.progress),
                        partialText: "")
                }
            }
        } catch {
            guard case .stopped(let stopped) = error else { throw error }
            return (stop(stopped), nil)
        }
        reply.summary = stream.summary ?? Summary()
        finish()
        return (endOfOutput(), outputFailure == nil ? reply.message : nil)
    }

    /// Says why there is no answer, or no more of it.
    mutating func fail(_ error: StreamError) throws(CommandError) -> ExitCode {
        let code = ExitCode(error)
        endLine()
        if options.form == .json {
            try? context.output.writeLine(json(outcome: "\(code.word)", error: "\(error)"))
        }
        try context.output.flush()
        if case .cancelled = error { return code }
        context.console.error("\(error)")
        return code
    }

    private mutating func put(_ record: borrowing AnswerRecord) {
        if !record.thinking.isEmpty {
            if options.form == .json { reply.thinking += record.thinkingText }
            if context.console.isTerminal { context.console.writeDimmed(record.thinkingText) }
        }
        reply.text += record.text
        replyBytes += record.content.count + record.thinking.count
        if let calls = try? record.toolCalls(), !calls.isEmpty {
            reply.toolCalls += calls
            replyBytes += record.json.count
        }
        do throws(CommandError) {
            switch options.form {
            case .raw:
                try context.output.write(record.json)
                try context.output.write("\n")
            case .text: try context.output.write(record.content)
            case .json: return
            }
            try context.output.flush()
        } catch { outputFailure = error }
    }

    /// Whoever reads no more has what it wanted; any other failure to write is told.
    private func endOfOutput() -> ExitCode {
        guard case .failed(let code, let message) = outputFailure else { return .success }
        context.console.error(message)
        return code
    }

    private mutating func stop(_ stopped: StreamError.Stopped) -> ExitCode {
        // The text at which it was stopped has come, but in no record.
        let rest = stopped.partialText.utf8.dropFirst(reply.text.utf8.count)
        reply.text += String(decoding: rest, as: UTF8.self)
        if options.form == .text { try? context.output.write(Array(rest).span) }
        endLine()
        let reason = "stopped: \(stopped.verdict)"
        if options.form == .json {
            try? context.output.writeLine(json(outcome: "stopped", error: reason))
        }
        try? context.output.flush()
        context.console.error(reason)
        return .stoppedByGuard
    }

    private mutating func finish() {
        endLine()
        do throws(CommandError) {
            if options.form == .json {
                try context.output.writeLine(json(outcome: "complete", error: nil))
            }
            for call in reply.toolCalls where options.form == .text {
                let arguments = (try? call.function.arguments.encoded()) ?? []
                try context.output.writeLine(
                    "\(call.function.name) \(String(decoding: arguments, as: UTF8.self))")
            }
            try context.output.flush()
        } catch { outputFailure = error }
        if options.showsStats { context.console.write(stats + "\n") }
    }

    /// Text from a model seldom ends its last line.
    private func endLine() {
        if options.form == .text, !reply.text.isEmpty, reply.text.last != "\n" {
            try? context.output.write("\n")
        }
    }

    private var stats: String {
        let summary = reply.summary
        var parts = ["\(summary.evalCount) tokens"]
        if let rate = summary.tokensPerSecond {
            parts.append("\(AnswerPrinter.rounded(rate)) tokens/s")
        }
        if let first = summary.timeToFirstToken {
            parts.append("first token \(AnswerPrinter.text(first))")
        }
        // What a server does not tell, as in /v1, is zero.
        if summary.loadDuration > .zero {
            parts.append("load \(AnswerPrinter.text(summary.loadDuration))")
        }
        var prompt = "prompt \(summary.promptEvalCount) tokens"
        if summary.promptEvalDuration > .zero {
            prompt += " in \(AnswerPrinter.text(summary.promptEvalDuration))"
        }
        parts.append(prompt)
        if summary.totalDuration > .zero {
            parts.append("total \(AnswerPrinter.text(summary.totalDuration))")
        }
        return parts.joined(separator: ", ")
    }

    private func json(outcome: String, error: String?) -> String {
        var writer = JSONWriter()
        writer.beginObject()
        writer.field("outcome", outcome)
        if let error { writer.field("error", error) }
        writer.field("text", reply.text)
        if !reply.thinking.isEmpty { writer.field("thinking", reply.thinking) }
        if !reply.toolCalls.isEmpty {
            writer.key("tool_calls")
            writer.beginArray()
            for call in reply.toolCalls {
                writer.beginObject()
                if let id = call.id { writer.field("id", id) }
                writer.field("name", call.function.name)
                writer.key("arguments")
                // What was read as JSON can be written as JSON.
                try? call.function.arguments.write(to: &writer)
                writer.endObject()
            }
            writer.endArray()
        }
        let summary = reply.summary
        writer.field("done_reason", summary.reason)
        writer.field("prompt_eval_count", summary.promptEvalCount)
        writer.field("eval_count", summary.evalCount)
        writer.field("load_ms", milliseconds(summary.loadDuration))
        writer.field("total_ms", milliseconds(summary.totalDuration))
        if let first = summary.timeToFirstToken {
            writer.field("first_token_ms", milliseconds(first))
        }
        writer.endObject()
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    private func milliseconds(_ duration: Duration) -> Int { Int(duration / .milliseconds(1)) }

    static func text(_ duration: Duration) -> String {
        let milliseconds = duration / .milliseconds(1)
        return milliseconds < 1000
            ? "\(rounded(milliseconds)) ms" : "\(rounded(milliseconds / 1000)) s"
    }

    private static func rounded(_ value: Double) -> Double { (value * 10).rounded() / 10 }
}

extension ExitCode {
    /// For `outcome` in a JSON answer.
    var word: String {
        switch self {
        case .success: "complete"
        case .serverError: "server-error"
        case .usage: "usage"
        case .unreachable: "unreachable"
        case .tls: "tls"
        case .deadline: "timeout"
        case .peer: "incomplete"
        case .stoppedByGuard: "stopped"
        case .retryable, .permanent: "failed"
        case .interrupted: "interrupted"
        }
    }
}
