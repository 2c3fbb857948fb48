import Glibc

// Does one timed job against the server that a URL names and prints one JSON object.

let usage = """
    usage: wire-client firehose URL [--body JSON] --take lines|content [--driver blocking]
           wire-client pingpong URL --requests N [--driver blocking]
    """

func fail(_ message: String, _ status: Int32) -> Never {
    let text = Array("wire-client: \(message)\n".utf8)
    _ = unsafe text.withUnsafeBytes { unsafe write(2, $0.baseAddress, $0.count) }
    exit(status)
}

func run(_ arguments: [String]) throws {
    guard arguments.count >= 2 else { fail(usage, 2) }
    var options: [String: String] = [:]
    var index = 2
    while index + 1 < arguments.count {
        options[arguments[index]] = arguments[index + 1]
        index += 2
    }
    guard index == arguments.count, options["--driver", default: "blocking"] == "blocking" else {
        fail(usage, 2)
    }
    let start = Usage.now
    let result: Result
    var name = arguments[0]
    switch arguments[0] {
    case "firehose":
        let take = options["--take", default: "lines"]
        guard take == "lines" || take == "content" else { fail(usage, 2) }
        name = "firehose-\(take)"
        result = try firehose(
            arguments[1], body: options["--body"], takesContent: take == "content")
    case "pingpong":
        guard let requests = options["--requests"].flatMap({ Int($0) }), requests > 0 else {
            fail(usage, 2)
        }
        result = try pingpong(arguments[1], requests: requests)
    default: fail(usage, 2)
    }
    print(result.report(job: name, driver: "blocking", since: start))
}

do {
    try run(Array(CommandLine.arguments.dropFirst()))
} catch {
    fail("\(error)", 1)
}
