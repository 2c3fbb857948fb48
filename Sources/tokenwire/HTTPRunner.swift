import WireBlocking
import WireBytes
import WireExchange
import WireHTTP1
import WireHTTPClient
import WireSockets
import WireTime

/// Makes the requests of one `tokenwire http` call, one after another, with one client.
struct HTTPRunner: ~Copyable {
    private let options: HTTPOptions
    private let context: CommandContext
    private var blocking: BlockingHTTPClient
    private let reactor: HTTPClient
    private var file: Output?

    init(_ options: HTTPOptions, _ context: CommandContext) {
        self.options = options
        self.context = context
        blocking = BlockingHTTPClient(options.client)
        reactor = HTTPClient(options.client)
    }

    mutating func run() async throws(CommandError) -> ExitCode {
        var code = try await runFirst()
        for url in options.thenURLs {
            try context.output.flush()
            try context.termination.pause(options.thenDelay)
            let next = try await runThen(url)
            if code == .success { code = next }
        }
        return code
    }

    private mutating func runFirst() async throws(CommandError) -> ExitCode {
        var request: HTTPRequest
        do throws(TransportError) {
            request = try HTTPRequest(options.method, url: options.url, fields: options.fields)
        } catch { return try conclude(ExchangeReport(error)) }
        request.body = options.body
        request.sendsChunked = options.sendsChunked
        request.expectsContinue = options.expectsContinue
        return try conclude(try await exchange(request))
    }

    private mutating func runThen(_ url: String) async throws(CommandError) -> ExitCode {
        var request: HTTPRequest
        do throws(TransportError) { request = try HTTPRequest("GET", url: url) } catch {
            return try conclude(ExchangeReport(error))
        }
        request.followsRedirects = false
        return try conclude(try await exchange(request))
    }

    /// One exchange, its body delivered.
    private mutating func exchange(
        _ request: HTTPRequest
    ) async throws(CommandError) -> ExchangeReport {
        var request = request
        request.offersContentCoding = options.offersContentCoding
        let cancellation = context.termination.cancellation
        var report = ExchangeReport()
        switch options.driver {
        case .blocking:
            var response: BlockingResponse
            do throws(TransportError) {
                response = try blocking.send(request, cancellation: cancellation) {
                    report.timings = $0
                }
            } catch {
                report.fail(error)
                return report
            }
            return try await receive(&response, report)
        case .reactor:
            var response: HTTPResponse
            do throws(TransportError) {
                response = try await reactor.send(request, cancellation: cancellation) {
                    report.timings = $0
                }
            } catch {
                report.fail(error)
                return report
            }
            return try await receive(&response, report)
        }
    }

    /// What becomes of a response whose head is there.
    private mutating func receive<Response: ReadableResponse & ~Copyable>(
        _ response: inout Response, _ report: ExchangeReport
    ) async throws(CommandError) -> ExchangeReport {
        var report = report
        report.take(response)
        if response.contentCodings.isEmpty { noteContentCoding(response.head) }
        try await deliver(&response, &report)
        return report
    }

    /// Reads the body to its end, or as far as it goes.
    private mutating func deliver<Response: ReadableResponse & ~Copyable>(
        _ response: inout Response, _ report: inout ExchangeReport
    ) async throws(CommandError) {
        var sink = BodySink(
            output: try bodyOutput(), limit: options.bodyLimit, digests: options.reports)
        if options.includesHead { try sink.include(response.head) }
        while true {
            var stop: BodySink.Stop?
            do throws(TransportError) {
                guard let taken = try await response.withNextPiece({ sink.take($0) }) else { break }
                stop = taken
            } catch {
                report.fail(error)
                break
            }
            switch stop {
            case nil: continue
            case .output(let error): throw error
            case .limit(let limit):
                let progress = response.progress
                response.cancel()
                report.fail(.tooLarge(limit, what: "the body", progress))
            }
            break
        }
        report.finish(response)
        report.bodyBytes = sink.count
        report.bodySHA256 = sink.finish()
    }

    /// Where bodies go; nil when nobody wants them. A file is made only when there is something to
    /// put into it: a connection refused leaves an older one as it was.
    private mutating func bodyOutput() throws(CommandError) -> Output? {
        guard let path = options.outputPath else { return options.reports ? nil : context.output }
        if file == nil { file = try .file(path) }
        return file
    }

    private func noteContentCoding(_ head: ResponseHead) {
        if let coding = head.fields["content-encoding"], coding.lowercased() != "identity" {
            context.console.note("tokenwire: the body is passed on as it is, in \(coding)")
        }
    }

    /// Says how one request ended.
    private func conclude(_ report: ExchangeReport) throws(CommandError) -> ExitCode {
        if options.reports {
            try context.output.write(report.json(includesReuse: !options.thenURLs.isEmpty))
            try context.output.write("\n")
            try context.output.flush()
            if report.failure?.kind == .cancelled { throw .interrupted }
            return report.exitCode
        }
        if let failure = report.failure {
            if failure.kind == .cancelled { throw .interrupted }
            try context.output.flush()
            context.console.error(failure.message)
        } else if let status = report.status, status >= 400 {
            context.console.note("tokenwire: \(status) \(report.reason ?? "")")
        }
        return report.exitCode
    }
}
