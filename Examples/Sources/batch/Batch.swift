import Glibc
import TokenWire

/// A batch run: `batch MODEL PROMPTS.jsonl ANSWERS.jsonl [CONCURRENCY]`. Of each line in,
/// `{"id":"...","prompt":"..."}`, one line comes out; ids that are there already are skipped, so a run
/// that was broken off goes on where it was.
@main struct Batch {
    static func main() async throws {
        let words = Array(CommandLine.arguments.dropFirst())
        guard words.count >= 3 else { return print("usage: batch MODEL IN OUT [CONCURRENCY]") }
        let concurrency = words.count > 3 ? Int(words[3]) ?? 4 : 4
        let done = Set(lines(of: words[2]).compactMap { $0["id"]?.stringValue })
        let waiting = lines(of: words[1]).filter { !done.contains($0["id"]?.stringValue ?? "") }
        guard let output = unsafe fopen(words[2], "a") else {
            return print("cannot write \(words[2])")
        }
        var options = Ollama.Options()
        options.http.retries = .ollama
        options.requestsPerModel = concurrency
        let ollama = Ollama(options: options)
        var failures = 0
        await withTaskGroup(of: (line: String, failed: Bool).self) { group in
            var next = waiting.makeIterator()
            func start() {
                guard let job = next.next() else { return }
                group.addTask { await answer(job, words[0], ollama) }
            }
            for _ in 0..<concurrency { start() }
            while let (line, failed) = await group.next() {
                unsafe fputs(line + "\n", output)
                unsafe fflush(output)
                if failed { failures += 1 }
                start()
            }
        }
        unsafe fclose(output)
        print("\(waiting.count) asked, \(done.count) skipped, \(failures) failed")
    }

    /// One line out for one line in; of a failure, on standard error, so that it is asked again.
    static func answer(
        _ job: JSONValue, _ model: String, _ ollama: Ollama
    ) async -> (line: String, failed: Bool) {
        let id = job["id"] ?? nil
        do throws(StreamError) {
            let reply = try await ollama.chat(
                model, job["prompt"]?.stringValue ?? "", guards: [.repetition()]
            ).collect()
            return (
                text([
                    "id": id, "text": .string(reply.text),
                    "tokens": .int(Int64(reply.summary.evalCount)),
                ]), false
            )
        } catch {
            return (text(["failed": id, "error": .string("\(error)")]), true)
        }
    }

    static func text(_ value: JSONValue) -> String {
        String(decoding: (try? value.encoded()) ?? [], as: UTF8.self)
    }

    static func lines(of path: String) -> [JSONValue] {
        guard let file = unsafe fopen(path, "r") else { return [] }
        defer { unsafe fclose(file) }
        var bytes: [UInt8] = []
        while case let byte = unsafe getc(file), byte != EOF { bytes.append(UInt8(byte)) }
        return bytes.split(separator: 10).compactMap { try? JSONValue(parsing: $0.span) }
    }
}
