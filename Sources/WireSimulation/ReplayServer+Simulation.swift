public import WireServer
public import WireSockets
internal import WireTime

extension ReplayServer {
    /// A simulated server: the Ollama API and the OpenAI-compatible one, without a model. Not started.
    ///
    ///     var options = SimulationOptions()
    ///     options.faults = [try FaultRule(parsing: "stall:after=3records,p=0.1")]
    ///     let server = try ReplayServer.simulating(options)
    ///     server.start()
    ///
    /// - Parameter serving: limits and the like; its observer is the ground truth's when there is one.
    public static func simulating(
        _ options: SimulationOptions = SimulationOptions(),
        on address: SocketAddress = .loopback(port: 0),
        serving: ServerOptions = ServerOptions()
    ) throws(SystemError) -> ReplayServer {
        try ReplayServer(
            on: address, .requests(Simulator(options)), options: options.applied(to: serving))
    }
}

extension TestServer {
    /// A simulated server for a test, started.
    public static func simulating(
        _ options: SimulationOptions = SimulationOptions(),
        serving: ServerOptions = ServerOptions()
    ) throws(SystemError) -> TestServer {
        try TestServer(Simulator(options), options: options.applied(to: serving))
    }
}

extension SimulationOptions {
    /// What a simulation wants of the server that it runs on.
    fileprivate func applied(to serving: ServerOptions) -> ServerOptions {
        var serving = serving
        if let groundTruth { serving.observer = groundTruth.writer }
        if let rule = faults.first(where: { $0.fault.kind == .refuse }) {
            let every = rule.fault.every
            serving.refusal = ServerOptions.Refusal(
                after: rule.after, lasting: rule.fault.time, every: every.isNever ? nil : every)
        }
        return serving
    }
}
