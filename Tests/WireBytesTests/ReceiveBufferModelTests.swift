import TestSupport
import Testing
import WireBytes

/// What a receive buffer holds, without the buffer: two arrays.
private struct Model {
    var content: [UInt8] = []
    var raw: [UInt8] = []
    let limit: Int

    var held: Int { content.count + raw.count }
}

/// Random operations on a buffer and on its model; after each the two say the same, the cursors are
/// in order and the padding is zero.
@Suite struct ReceiveBufferModelTests {
    @Test(arguments: [64, 100, 5_000, 40_000, 150_000])
    func randomOperations(_ limit: Int) throws {
        for seed in 0..<6 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            var buffer = ReceiveBuffer(limit: .bytes(limit))
            var model = Model(limit: limit)
            for step in 0..<400 {
                try operate(&buffer, &model, &random)
                try check(buffer, model, "limit \(limit), seed \(seed), step \(step)")
            }
        }
    }

    private func operate(
        _ buffer: inout ReceiveBuffer, _ model: inout Model, _ random: inout SeededGenerator
    ) throws {
        switch random.below(12) {
        case 0...3: try refill(&buffer, &model, &random)
        case 4: try append(&buffer, &model, &random)
        case 5...6:
            let count = random.below(model.raw.count + 1)
            buffer.expose(count)
            model.content += model.raw[..<count]
            model.raw.removeFirst(count)
        case 7:
            let count = random.below(min(model.raw.count, 20) + 1)
            buffer.skip(count)
            model.raw.removeFirst(count)
        case 8...10:
            let count =
                random.chance(1, in: 2)
                ? model.content.count : random.below(model.content.count + 1)
            let range = ByteRange(start: buffer.consumed, count: count)
            buffer.consume(count)
            model.content.removeFirst(count)
            #if DEBUG
            let dead = [UInt8](copying: buffer.bytes(in: range))
            try #require(dead == Array(repeating: 0xDB, count: count), "consumed but not poisoned")
            #endif
        default:
            guard random.chance(1, in: 10) else { return }
            buffer.removeAll()
            model.content = []
            model.raw = []
        }
    }

    private func refill(
        _ buffer: inout ReceiveBuffer, _ model: inout Model, _ random: inout SeededGenerator
    ) throws {
        let share = random.below(5)
        var received: [UInt8] = []
        var room = 0
        do throws(ByteLimitExceeded) {
            let result = try buffer.refill { output in
                room = output.freeCapacity
                let most = share == 0 ? 0 : share == 4 ? room : min(room, 1 + random.below(3_000))
                received = random.bytes(most)
                output.append(copying: received.span)
                return most
            }
            #expect(result == received.count)
        } catch {
            #expect(error == ByteLimitExceeded(limit: .bytes(model.limit), held: model.held))
            try #require(model.held >= model.limit)
            return
        }
        try #require(model.held < model.limit, "a refill of a full buffer")
        try #require(room > 0 && room <= model.limit - model.held)
        model.raw += received
    }

    private func append(
        _ buffer: inout ReceiveBuffer, _ model: inout Model, _ random: inout SeededGenerator
    ) throws {
        let bytes = random.bytes(random.below(min(model.limit * 2, 6_000)))
        do throws(ByteLimitExceeded) {
            try buffer.append(bytes.span)
        } catch {
            #expect(error == ByteLimitExceeded(limit: .bytes(model.limit), held: model.held))
            try #require(model.held + bytes.count > model.limit)
            return
        }
        try #require(model.held + bytes.count <= model.limit, "an append beyond the limit")
        model.raw += bytes
    }

    private func check(
        _ buffer: borrowing ReceiveBuffer, _ model: Model, _ comment: Comment
    ) throws {
        let cursors = [
            0, buffer.consumed, buffer.contentEnd, buffer.scanned, buffer.filled, buffer.capacity,
        ]
        try #require(cursors == cursors.sorted(), comment)
        let content = [UInt8](copying: buffer.content)
        try #require(content == model.content, comment)
        let raw = [UInt8](copying: buffer.raw)
        try #require(raw == model.raw, comment)
        let counts = [buffer.contentCount, buffer.rawCount, buffer.held]
        try #require(counts == [model.content.count, model.raw.count, model.held], comment)
        let range = buffer.contentRange
        try #require(
            range == ByteRange(start: buffer.consumed, count: model.content.count), comment)
        try #require(buffer.held <= model.limit && buffer.capacity <= model.limit, comment)
        let isPadded = (0..<ReceiveBuffer.padding).allSatisfy { index in
            unsafe buffer.base.load(fromByteOffset: buffer.capacity + index, as: UInt8.self) == 0
        }
        try #require(isPadded, comment)
        let isAligned = unsafe UInt(bitPattern: buffer.base) % 16 == 0
        try #require(isAligned, comment)
    }

    /// `appendContent` has no limit, and exposes what is raw as well.
    @Test func appendedContent() throws {
        for seed in 0..<50 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            var buffer = ReceiveBuffer(limit: .bytes(10))
            var content: [UInt8] = []
            for _ in 0..<100 {
                let bytes = random.bytes(random.below(300))
                buffer.appendContent(bytes.span)
                content += bytes
                let count = random.below(content.count + 1)
                buffer.consume(count)
                content.removeFirst(count)
                let found = [UInt8](copying: buffer.content)
                try #require(found == content && buffer.rawCount == 0, "seed \(seed)")
            }
        }
        var buffer = ReceiveBuffer(limit: .bytes(10))
        try buffer.append(([1, 2] as [UInt8]).span)
        buffer.appendContent(([3] as [UInt8]).span)
        let found = [UInt8](copying: buffer.content)
        #expect(found == [1, 2, 3])
    }
}
