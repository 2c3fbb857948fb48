import Synchronization
import TestSupport
import Testing
import WireSystem

@testable import WireReactor

@Suite struct RegistrationTableTests {
    @Test func aStaleTokenFindsNobody() throws {
        let core = try LoopCore()
        let (first, second) = (Waiter(on: core), Waiter(on: core))
        var table = RegistrationTable()
        let old = table.insert(first)
        #expect(table.find(old) === first)
        table.remove(old)
        #expect(table.find(old) == nil)
        let new = table.insert(second)
        #expect(new & 0xFFFF_FFFF == old & 0xFFFF_FFFF, "the same place")
        #expect(table.find(old) == nil)
        table.remove(old)
        #expect(table.find(new) === second, "a stale token removes nobody either")
        #expect(table.find(new + 1) == nil, "no such place")
        #expect(table.count == 1)
    }

    /// Against a dictionary; tokens are never given out twice.
    @Test func likeADictionary() throws {
        let core = try LoopCore()
        var random = SeededGenerator(seed: 5)
        var table = RegistrationTable()
        var live: [UInt64: Waiter] = [:]
        var dead: Set<UInt64> = []
        for _ in 0..<5_000 {
            if live.count < 40, random.chance(1, in: 2) {
                let waiter = Waiter(on: core)
                let token = table.insert(waiter)
                #expect(live[token] == nil && !dead.contains(token))
                live[token] = waiter
            } else if let token = live.keys.sorted().randomElement(using: &random) {
                table.remove(token)
                live[token] = nil
                dead.insert(token)
            }
            #expect(table.count == live.count)
        }
        #expect(live.allSatisfy { table.find($0.key) === $0.value })
        #expect(dead.allSatisfy { table.find($0) == nil })
    }
}

@Suite struct InboxTests {
    @Test func inTheOrderOfTheirComing() {
        let inbox = Inbox<Int>()
        #expect(inbox.isEmpty)
        for number in 0..<5 { inbox.push(number) }
        #expect(!inbox.isEmpty)
        var taken: [Int] = []
        #expect(inbox.takeAll { taken.append($0) } == 5)
        #expect(taken == [0, 1, 2, 3, 4])
        #expect(inbox.isEmpty)
        #expect(inbox.takeAll { _ in } == 0)
    }

    /// What is pushed by the taker itself comes with the next taking.
    @Test func pushedWhileTaking() {
        let inbox = Inbox<Int>()
        inbox.push(1)
        #expect(inbox.takeAll { inbox.push($0 + 1) } == 1)
        var taken: [Int] = []
        _ = inbox.takeAll { taken.append($0) }
        #expect(taken == [2])
    }

    @Test func whatIsLeftIsFreed() {
        final class Message: Sendable {
            let freed: @Sendable () -> Void
            init(_ freed: @escaping @Sendable () -> Void) { self.freed = freed }
            deinit { freed() }
        }
        let count = Counter()
        do {
            let inbox = Inbox<Message>()
            for _ in 0..<3 { inbox.push(Message { count.add() }) }
            #expect(count.value == 0)
        }
        #expect(count.value == 3)
    }

    /// Nothing is lost, nothing comes twice, and each thread's messages keep their order.
    @Test func severalThreadsPush() {
        let (threadCount, perThread) = (4, 20_000)
        let inbox = Inbox<(thread: Int, number: Int)>()
        let threads = (0..<threadCount).map { thread in
            PlainThread { for number in 0..<perThread { inbox.push((thread, number)) } }
        }
        var next = [Int](repeating: 0, count: threadCount)
        var count = 0
        var inOrder = true
        while count < threadCount * perThread {
            count += inbox.takeAll { message in
                inOrder = inOrder && next[message.thread] == message.number
                next[message.thread] = message.number + 1
            }
        }
        for thread in threads { thread.join() }
        #expect(inOrder)
        #expect(next == [Int](repeating: perThread, count: threadCount))
        #expect(inbox.isEmpty)
    }
}

final class Counter: Sendable {
    private let count = Atomic(0)
    func add() { count.wrappingAdd(1, ordering: .sequentiallyConsistent) }
    var value: Int { count.load(ordering: .sequentiallyConsistent) }
}
