import Glibc
import Ollama
import OllamaBlocking
import OllamaProtocol
import WireExchange
import WireSockets
import WireSystem
import WireTime

/// Streams until the time is up, a number of them at a time, over the servers in turn.
struct Soak: Sendable {
    var seconds = 60
    var streams = 200
    var isBlocking = false
    var reportSeconds = 60
    var seed: UInt64 = 1
    var hosts: [String] = []
    let ledger = Ledger()

    private static let usage = """
        usage: wire-soak [--seconds N] [--streams N] [--driver async|blocking] [--report SECONDS]
                         [--seed N] URL...

        """

    init(_ arguments: [String]) {
        var rest = arguments.dropFirst()
        while let word = rest.popFirst() {
            if !word.hasPrefix("-") {
                hosts.append(word)
                continue
            }
            let value = rest.popFirst() ?? ""
            let number = Int(value)
            switch (word, number) {
            case ("--seconds", let number?) where number > 0: seconds = number
            case ("--streams", let number?) where number > 0: streams = number
            case ("--report", let number?) where number > 0: reportSeconds = number
            case ("--seed", let number?) where number >= 0: seed = UInt64(number)
            case ("--driver", nil) where value == "async": isBlocking = false
            case ("--driver", nil) where value == "blocking": isBlocking = true
            default: Soak.refuse()
            }
        }
        if hosts.isEmpty { Soak.refuse() }
    }

    private static func refuse() -> Never {
        say(usage)
        exit(2)
    }

    static func say(_ text: String) {
        try? Files.writeAll(text.utf8.span, to: 1, name: "standard output")
    }

    /// - Returns: the process's exit status.
    func run() async -> Int32 {
        let clients = hosts.map { Ollama(host: $0, options: Plan.options) }
        // What a client keeps for good is there after its first request, whatever becomes of that.
        for client in clients { _ = try? await client.version() }
        for client in clients { client.closeIdleConnections() }
        // The runtime's timers have a descriptor of their own from the first one on.
        try? await Task.sleep(for: .milliseconds(1))
        let start = Resources.now
        let end = MonotonicClock.now + .seconds(Int64(seconds))
        let watch = Watch(self, until: end)
        let watcher = PlainThread { watch.run() }
        if isBlocking {
            stream(until: end)
        } else {
            await stream(clients, until: end)
        }
        watch.isOver = true
        watcher.join()
        for client in clients { client.closeIdleConnections() }
        return verdict(watch.flatness, since: start)
    }

    private func stream(_ clients: [Ollama], until end: Instant) async {
        await withTaskGroup { group in
            for number in 0..<streams {
                group.addTask {
                    var random = SplitMix(seed: seed &* 1_000_003 &+ UInt64(number))
                    while MonotonicClock.now < end {
                        let plan = Plan(using: &random)
                        await ask(plan, clients[random.below(clients.count)])
                    }
                }
            }
        }
    }

    private func ask(_ plan: Plan, _ client: Ollama) async {
        ledger.begin()
        let cancellation = Cancellation()
        let canceller = plan.cancelledAfter.map { delay in
            Task {
                try? await Task.sleep(for: .milliseconds(delay))
                if !Task.isCancelled { cancellation.cancel() }
            }
        }
        var hash = TextHash()
        do throws(StreamError) {
            var records = client.chat(plan.request, cancellation: cancellation).records()
            var count = 0
            while let record = try await records.next() {
                hash.add(record.content)
                count += 1
                if count == plan.leavesAfter { break }
            }
            settle(plan, hash, hasLeft: count == plan.leavesAfter)
        } catch { ledger.end(error.outcome) }
        canceller?.cancel()
    }

    private func stream(until end: Instant) {
        let threads = (0..<streams).map { number in
            PlainThread {
                var random = SplitMix(seed: seed &* 1_000_003 &+ UInt64(number))
                // Each has one server.
                guard
                    var client = try? BlockingOllama(
                        host: hosts[number % hosts.count], options: Plan.options)
                else { return ledger.fault("no client for \(hosts[number % hosts.count])") }
                while MonotonicClock.now < end { ask(Plan(using: &random), &client) }
            }
        }
        for thread in threads { thread.join() }
    }

    private func ask(_ plan: Plan, _ client: inout BlockingOllama) {
        ledger.begin()
        var hash = TextHash()
        do throws(StreamError) {
            var records = try client.chat(plan.request)
            var count = 0
            while let record = try records.next() {
                hash.add(record.content)
                count += 1
                if count == plan.leavesAfter { break }
            }
            settle(plan, hash, hasLeft: count == plan.leavesAfter)
        } catch { ledger.end(error.outcome) }
    }

    private func settle(_ plan: Plan, _ hash: TextHash, hasLeft: Bool) {
        if hasLeft { return ledger.end("left") }
        ledger.end("whole")
        if !plan.mayBeWhole { ledger.fault("\(plan.fault ?? "") was taken for whole") }
        if plan.fault == nil { ledger.take(text: hash.value, toPrompt: plan.prompt) }
    }

    /// What is left when all streams are over.
    private func verdict(_ flatness: Flatness, since start: Resources) -> Int32 {
        var problems = flatness.problems
        let (begun, ended) = ledger.counts
        if begun != ended { problems.append("\(begun - ended) of \(begun) have no outcome") }
        let faults = ledger.faults
        problems += faults.prefix(10)
        // A loop closes what it has been told to a moment later.
        var left = Resources.now
        let patience = MonotonicClock.now + .seconds(20)
        while left.descriptors > start.descriptors, MonotonicClock.now < patience {
            usleep(10_000)
            left = Resources.now
        }
        if left.descriptors > start.descriptors {
            problems.append("\(left.descriptors) descriptors; \(start.descriptors) at the start")
        }
        for problem in problems { Soak.say("PROBLEM: \(problem)\n") }
        let word = problems.isEmpty ? "GOOD" : "BAD"
        Soak.say(
            "\(word): \(begun) requests: \(ledger.summary); at the end \(left.residentKiB) KiB, "
                + "\(left.descriptors) descriptors, \(left.threads) threads\n")
        return problems.isEmpty ? 0 : 1
    }
}
