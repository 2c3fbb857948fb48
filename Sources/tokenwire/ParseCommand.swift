import WireBytes
import WireFraming
import WireJSON

/// `tokenwire parse`: the codecs by themselves.
enum ParseCommand {
    static let subcommand = Subcommand(
        name: "parse",
        summary: "lines, NDJSON, server-sent events or JSON from a file or a pipe",
        synopsis: "lines|ndjson|sse|json [FILE|-] [options]",
        details: """
            Prints one JSON object on a line for each thing found, as soon as it is found:

              lines   {"offset":N,"bytes":N} for each line, without its end (LF or CRLF)
              ndjson  the same with "json":"valid" or "invalid", then with "error" and
                      "at", an offset within the line; blank lines are skipped
              sse     {"event":S,"data":S,"id":S} for each event, {"retry":N} for each
                      reconnection time; an event that the end of input leaves
                      unfinished is discarded
              json    {"valid":true,"type":T} or {"valid":false,"error":S,"at":N} for
                      the one JSON text that the input is (strict RFC 8259); T is
                      object, array, string, number, boolean or null

            The exit status is 6 when a line or an event is longer than its limit (the input
            behind it is not read then), when a line of NDJSON is no JSON, and when a JSON
            text is none.
            """,
        options: [
            .init(
                title: "Options",
                options: [
                    .value("--chunk", "N", "feed N bytes at a time; the result is the same"),
                    .value("--split", "A,B,...", "cut the input at these offsets; so is this"),
                    .value(
                        "--max-line", "N",
                        "longest line, or lines of one event together (default 16MiB)"),
                ])
        ],
        examples: [
            .init(
                what: "check a file of records",
                command: "tokenwire parse ndjson prompts.jsonl | grep invalid"),
            .init(
                what: "watch the events of a stream",
                command: "tokenwire http URL | tokenwire parse sse"),
            .init(
                what: "the same verdict, byte by byte",
                command: "tokenwire parse json --chunk 1 answer.json"),
        ],
        run: { arguments, context throws(CommandError) in
            guard let mode = arguments.positionals.first else {
                throw .usage("lines, ndjson, sse or json has to be said")
            }
            if arguments.positionals.count > 2 {
                throw .usage("one file, not '\(arguments.positionals[2])' too")
            }
            let path = arguments.positionals.count == 2 ? arguments.positionals[1] : "-"
            let limit = ByteLimit.bytes(
                try arguments.size("--max-line", least: 1) ?? 16 << 20)
            let reader = try InputReader(path, try cut(arguments), context)
            switch mode {
            case "lines": return try run(LineCodec(limit: limit, checksJSON: false), reader)
            case "ndjson": return try run(LineCodec(limit: limit, checksJSON: true), reader)
            case "sse": return try run(EventCodec(limit: limit), reader)
            case "json": return try run(TextCodec(), reader)
            default: throw .usage("cannot parse '\(mode)', only lines, ndjson, sse and json")
            }
        })

    private static func run<Codec: InputCodec & ~Copyable>(
        _ codec: consuming Codec, _ reader: consuming InputReader
    ) throws(CommandError) -> ExitCode {
        var piece: [UInt8] = []
        while try reader.next(&piece) { try codec.take(piece, reader.output) }
        return try codec.finish(reader.output)
    }

    private static func cut(_ arguments: Arguments) throws(CommandError) -> InputCut {
        if arguments.has("--chunk"), arguments.has("--split") {
            throw .usage("--chunk and --split: only one of them")
        }
        if let count = try arguments.size("--chunk", least: 1) { return .every(count) }
        guard let list = arguments.value("--split") else { return .asRead }
        var offsets: [Int] = []
        for word in list.split(separator: ",", omittingEmptySubsequences: false) {
            guard let offset = Int(word), offset >= 0 else {
                throw .usage("--split takes offsets such as 1,5,20, not '\(list)'")
            }
            offsets.append(offset)
        }
        return .at(offsets.sorted())
    }
}
