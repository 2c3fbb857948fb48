import Glibc

// Does one timed job against the server that a URL names and prints one JSON object.

let usage = """
    usage: wire-client firehose URL [--body JSON] --take lines|content
           wire-client pingpong URL --requests N
           wire-client fanout URL --connections C --requests N [--loops L]
           wire-client streams URL --streams N [--body JSON] [--loops L]
           wire-client leave URL [--body JSON] --after K --times N --how break|cancel|drop|throw
           wire-client handshakes URL --times N [--resume yes|no]
           wire-client idle URL --connections N
           wire-client cancel URL --times N --driver async     (URL: a stream that pauses)
           wire-client late URL --times N                      (the same)
    --cacert FILE: whom https trusts, instead of the system's authorities
    --driver blocking (firehose, pingpong, leave), reactor (callbacks on the loop; of leave, tasks),
             task (borrowed records in tasks on the loop), async (the default executor),
             main (async from the main actor; firehose, pingpong)
    """

func fail(_ message: String, _ status: Int32) -> Never {
    let text = Array("wire-client: \(message)\n".utf8)
    _ = unsafe text.withUnsafeBytes { unsafe write(2, $0.baseAddress, $0.count) }
    exit(status)
}

/// What this build does not measure.
struct NotYet: Error {}

@main struct WireClient {
    static func main() async {
        guard let options = Options(Array(CommandLine.arguments.dropFirst())),
            let driver = options.driver
        else { fail(usage, 2) }
        do {
            let start = Usage.now
            let (name, result) = try await run(options, driver)
            print(result.report(job: name, driver: driver.rawValue, since: start))
        } catch is NotYet {
            fail("not yet: \(options.job) with the driver \(driver)", 2)
        } catch {
            fail("\(error)", 1)
        }
    }

    static func run(_ options: Options, _ driver: Driver) async throws -> (String, Result) {
        switch options.job {
        case "firehose":
            guard let content = options.takesContent else { fail(usage, 2) }
            let name = content ? "firehose-content" : "firehose-lines"
            return (name, try await firehose(options, driver, takesContent: content))
        case "pingpong":
            guard let requests = options["requests"] else { fail(usage, 2) }
            return ("pingpong", try await pingpong(options, driver, requests: requests))
        case "fanout":
            guard let connections = options["connections"], let requests = options["requests"]
            else { fail(usage, 2) }
            return ("fanout", try await fanout(options, driver, connections, requests))
        case "streams":
            guard let streams = options["streams"] else { fail(usage, 2) }
            return ("streams", try await streamsAtOnce(options, driver, streams))
        case "leave":
            guard let after = options["after"], let times = options["times"],
                let how = options.how
            else { fail(usage, 2) }
            return ("leave", try await leave(options, driver, after: after, times: times, how))
        case "handshakes":
            guard let times = options["times"] else { fail(usage, 2) }
            return ("handshakes", try await handshakes(options, driver, times: times))
        case "idle":
            guard let connections = options["connections"] else { fail(usage, 2) }
            return ("idle", try await idleConnections(options, driver, connections))
        case "cancel":
            guard let times = options["times"] else { fail(usage, 2) }
            return ("cancel", try await cancel(options, driver, times: times))
        case "late":
            guard let times = options["times"] else { fail(usage, 2) }
            return ("late", try await late(options, driver, times: times))
        default: fail(usage, 2)
        }
    }
}
