import WireTime

extension Scenario {
    /// The smallest world that can be found in which the same goes wrong: the same apart from the call,
    /// the connection and the time.
    package func shrunk(_ isFailing: (Scenario) -> Bool, tries: Int = 2_000) -> Scenario {
        var smallest = self
        var left = tries
        var hasShrunk = true
        while hasShrunk, left > 0 {
            hasShrunk = false
            for candidate in smallest.smaller() {
                if left == 0 { break }
                left -= 1
                if isFailing(candidate) {
                    smallest = candidate
                    hasShrunk = true
                    break
                }
            }
        }
        return smallest
    }

    /// Worlds with one thing less in them, the largest steps first.
    private func smaller() -> [Scenario] {
        var list: [Scenario] = []
        func with(_ change: (inout Scenario) -> Void) {
            var copy = self
            change(&copy)
            list.append(copy)
        }
        if lanes.count > 1 { for lane in lanes.indices { with { $0.lanes.remove(at: lane) } } }
        for lane in lanes.indices where lanes[lane].count > 1 {
            for call in lanes[lane].indices { with { $0.lanes[lane].remove(at: call) } }
        }
        if latency != .zero { with { $0.latency = .zero } }
        if spuriousWakes > 0 { with { $0.spuriousWakes = 0 } }
        if !standstills.isEmpty { with { $0.standstills.removeLast() } }
        if shutDownAfter != nil { with { $0.shutDownAfter = nil } }
        if retryLimit > 0 { with { $0.retryLimit = 0 } }
        if deadlines != .standard { with { $0.deadlines = .standard } }
        for host in hosts.indices {
            if hosts[host].addresses.count > 1 { with { $0.hosts[host].addresses.removeLast() } }
            if hosts[host].lookUpTime != .zero { with { $0.hosts[host].lookUpTime = .zero } }
            if !hosts[host].isLiteral { with { $0.hosts[host].isLiteral = true } }
            if hosts[host].sendBuffer != 4_096 { with { $0.hosts[host].sendBuffer = 4_096 } }
        }
        for lane in lanes.indices {
            for call in lanes[lane].indices {
                for smaller in lanes[lane][call].smaller() {
                    with { $0.lanes[lane][call] = smaller }
                }
            }
        }
        return list
    }
}

extension CallPlan {
    fileprivate func smaller() -> [CallPlan] {
        var list: [CallPlan] = []
        func with(_ change: (inout CallPlan) -> Void) {
            var copy = self
            change(&copy)
            list.append(copy)
        }
        if answers.count > 1 {
            for index in answers.indices { with { $0.answers.remove(at: index) } }
        }
        if leaving != nil { with { $0.leaving = nil } }
        if pause != nil { with { $0.pause = nil } }
        if cancelAfter != nil { with { $0.cancelAfter = nil } }
        if dropAfter != nil { with { $0.dropAfter = nil } }
        if gap != .zero { with { $0.gap = .zero } }
        if let body, body > 0 { with { $0.body = body / 2 } }
        for index in answers.indices {
            for smaller in answers[index].smaller() { with { $0.answers[index] = smaller } }
        }
        return list
    }
}

extension AnswerPlan {
    fileprivate func smaller() -> [AnswerPlan] {
        var list: [AnswerPlan] = []
        func with(_ change: (inout AnswerPlan) -> Void) {
            var copy = self
            change(&copy)
            list.append(copy)
        }
        if idle != nil { with { $0.idle = nil } }
        if stop != nil { with { $0.stop = nil } }
        if requestStop != nil { with { $0.requestStop = nil } }
        if answersEarlyAfter != nil { with { $0.answersEarlyAfter = nil } }
        if brokenChunk != nil { with { $0.brokenChunk = nil } }
        if surplus > 0 { with { $0.surplus = 0 } }
        if informational > 0 { with { $0.informational = 0 } }
        if isLastOpen { with { $0.isLastOpen = false } }
        if delay != .zero { with { $0.delay = .zero } }
        if !records.isEmpty { with { $0.records.removeLast() } }
        if segments.count > 1 { with { $0.segments.removeLast() } }
        if segments.count == 1, segments[0].bytes < 100_000 {
            with { $0.segments = [(100_000, .zero)] }
        }
        if reads.delay != .zero { with { $0.reads = (100_000, .zero) } }
        if framing != .length { with { $0.framing = .length } }
        return list
    }
}
