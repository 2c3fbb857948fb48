import WireDriver
internal import WireExchange
import WireHTTP1
import WireHTTPClient
import WireSockets
import WireTime

/// Runs worlds.
package enum Simulation {
    package struct Report: Sendable {
        package var violations: [String]
        package var trace: [String]
        package var steps: Int
        /// How many calls ended how.
        package var outcomes: [String: Int]
    }

    package static func run(_ scenario: Scenario, isTraced: Bool = false) -> Report {
        let world = SimWorld(scenario, isTraced: isTraced)
        var options = ClientOptions()
        options.deadlines = scenario.deadlines
        options.deadlines.keepAliveIdle = scenario.keepAlive
        options.pool.perOrigin = scenario.perOrigin
        options.pool.total = scenario.total
        options.pool.idle = scenario.idle
        if scenario.retryLimit > 0 {
            var policy = RetryPolicy()
            policy.limit = scenario.retryLimit
            policy.statuses = [429, 503]
            policy.firstDelay = .milliseconds(100)
            // Chance that no seed decides about would make a seed worthless.
            policy.jitter = 0
            policy.repeatsAnyMethod = scenario.repeatsAnyMethod
            options.retries = policy
        }
        world.clients = [HTTPClient(options, system: world), HTTPClient(options, system: world)]
        for lane in scenario.lanes { world.begin(lane[...]) }
        for standstill in scenario.standstills {
            world.after(standstill.at) { [unowned world] in world.now = world.now + standstill.for }
        }
        if let time = scenario.shutDownAfter {
            world.after(time) { [unowned world] in
                world.isShutDown = true
                for client in world.clients { client.shutDown() }
            }
        }
        world.run()
        let report = Report(
            violations: world.violations, trace: world.trace, steps: world.stepCount,
            outcomes: world.outcomes)
        world.dispose()
        return report
    }
}

extension SimWorld {
    /// One call after another.
    func begin(_ lane: ArraySlice<CallPlan>) {
        guard let plan = lane.first else { return }
        after(plan.gap) { [unowned self] in
            begin(plan) { [unowned self] in begin(lane.dropFirst()) }
        }
    }

    private func begin(_ plan: CallPlan, whenOver: @escaping () -> Void) {
        let host = scenario.hosts[plan.host]
        let url = HTTPURL(
            scheme: .http, host: "host\(plan.host)", port: host.port, target: "/call/\(calls.count)"
        )
        let body = plan.body.map { count in
            (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ calls.count) }
        }
        let request = HTTPRequest(plan.method, url, body: body)
        let call = CallModel(id: calls.count, plan, self, request: request)
        calls.append(call)
        call.begins()
        note("\(call) begins: \(plan.method) \(url.host) of client \(plan.client)")
        let loop = LoopExchange(system: self) {
            let exchange = clients[plan.client].exchange(request, nil, call.cancellation)
            return SimCaller(exchange, call, whenOver: whenOver)
        }
        if let time = plan.cancelAfter { cancel(call, after: time) }
        if let time = plan.dropAfter { drop(call, after: time, whenOver) }
        call.wakes(.ready(.none))
        step(of: call) { loop.resumed(.none) }
    }

    private func cancel(_ call: CallModel, after time: Timeout) {
        after(time) { [unowned self] in
            if call.isOver { return }
            note("\(call) is cancelled")
            call.cancellation.cancel()
            call.pausedSinceCancelled = call.isCallerPausing
            let late = Timeout(nanoseconds: 3 * scenario.latency.nanoseconds + 1_000_000)
            after(late) { [unowned self] in
                if !call.isOver, !call.isCallerPausing, !call.pausedSinceCancelled {
                    violate("\(call) is still there after its cancellation")
                }
            }
        }
    }

    private func drop(_ call: CallModel, after time: Timeout, _ whenOver: @escaping () -> Void) {
        after(time) { [unowned self] in
            if call.isOver { return }
            note("\(call) is dropped")
            call.outcome = "dropped"
            call.end()
            call.waiter?.end()
            call.stepEnded()
            whenOver()
        }
    }

    var outcomes: [String: Int] { calls.reduce(into: [:]) { $0[$1.outcome, default: 0] += 1 } }

    /// Lets go of what refers to each other.
    func dispose() {
        for call in calls {
            if call.waiter != nil { call.stage = .over }
            call.waiter?.end()
            call.forgetConnections()
        }
        events = EventQueue()
        clients = []
        transports = []
        calls = []
        queue = []
    }
}
