import Ollama
import WireHTTPClient

/// Which way into the library is measured.
enum Driver: String {
    case blocking
    /// Callbacks on the loop.
    case reactor
    /// Borrowed records in a task that runs on the loop.
    case task
    /// `for try await` from the default executor.
    case async
    /// The same from the main actor.
    case main
}

enum Leaving: String {
    case `break`, cancel, drop, `throw`
}

/// The command line.
struct Options {
    let job: String
    let url: String
    private var values: [String: String] = [:]

    init?(_ arguments: [String]) {
        guard arguments.count >= 2, arguments.count.isMultiple(of: 2) else { return nil }
        job = arguments[0]
        url = arguments[1]
        for index in stride(from: 2, to: arguments.count, by: 2) {
            guard arguments[index].hasPrefix("--") else { return nil }
            values[String(arguments[index].dropFirst(2))] = arguments[index + 1]
        }
        let known: Set = [
            "driver", "body", "take", "requests", "connections", "streams", "loops", "after",
            "times", "how", "cacert", "resume",
        ]
        if !known.isSuperset(of: values.keys) { return nil }
    }

    var driver: Driver? { Driver(rawValue: values["driver", default: "blocking"]) }
    var how: Leaving? { Leaving(rawValue: values["how", default: "break"]) }
    var takesContent: Bool? {
        switch values["take", default: "lines"] {
        case "lines": false
        case "content": true
        default: nil
        }
    }

    /// What the C server sends from the URL.
    var dialect: Dialect { url.contains("/firehose-sse") ? .openAI : .native }

    /// A number above zero.
    subscript(name: String) -> Int? {
        values[name].flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil }
    }

    /// Of clients: whom `https` trusts, and whether it resumes sessions.
    var settings: HTTPClient.Options {
        var settings = HTTPClient.Options()
        if let authority = values["cacert"] { settings.tls.trust = .only([.file(authority)]) }
        settings.tls.resumesSessions = values["resume"] == "yes"
        return settings
    }

    func request() throws -> HTTPRequest {
        let body = values["body"].map { Array($0.utf8) }
        var request = try HTTPRequest(
            body == nil ? "GET" : "POST", url: url,
            fields: body == nil ? [] : [("Content-Type", "application/json")], body: body)
        // Every send is of the same bytes, as with the C clients.
        try request.prepare()
        return request
    }
}
