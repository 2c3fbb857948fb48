import OllamaProtocol
import Testing
import WireTime

/// Progress of several layers in one number.
@Suite struct TransferMeterTests {
    private func at(_ milliseconds: Int64) -> Instant {
        Instant(nanoseconds: milliseconds * 1_000_000)
    }

    private func layer(_ digest: String, _ completed: Int, of total: Int) -> ModelProgress {
        ModelProgress(
            status: "pulling \(digest)", digest: digest, total: total, completed: completed)
    }

    @Test func sumsOverLayers() {
        var meter = TransferMeter()
        meter.add(ModelProgress(status: "pulling manifest"), at: at(0))
        #expect((meter.completed, meter.total) == (0, 0))
        meter.add(layer("a", 0, of: 100), at: at(10))
        meter.add(layer("a", 60, of: 100), at: at(20))
        meter.add(layer("b", 5, of: 10), at: at(30))
        meter.add(layer("a", 100, of: 100), at: at(40))
        #expect((meter.completed, meter.total) == (105, 110))
        // The same again, less than before, and more than there is.
        meter.add(layer("a", 100, of: 100), at: at(50))
        #expect((meter.completed, meter.total) == (105, 110))
        meter.add(layer("a", 90, of: 100), at: at(60))
        #expect(meter.completed == 95)
        meter.add(layer("b", 99, of: 10), at: at(70))
        meter.add(layer("b", -3, of: 10), at: at(80))
        #expect(meter.completed == 90)
        // Behind the layers: they are there, whatever was told last.
        meter.add(ModelProgress(status: "verifying sha256 digest"), at: at(90))
        #expect((meter.completed, meter.total) == (110, 110))
        meter.add(layer("a", 100, of: 100), at: at(100))
        #expect((meter.completed, meter.total) == (110, 110))
    }

    @Test func rateAndRemainder() throws {
        var meter = TransferMeter()
        #expect(meter.bytesPerSecond == nil)
        #expect(meter.remaining == nil)
        meter.add(layer("a", 0, of: 10_000), at: at(0))
        #expect(meter.bytesPerSecond == nil)
        for step in 1...10 {
            meter.add(layer("a", step * 100, of: 10_000), at: at(Int64(step) * 1000))
        }
        #expect(meter.bytesPerSecond == 100)
        #expect(meter.remaining == .seconds(90))
        // What came long ago does not count any more.
        for step in 1...10 {
            meter.add(
                layer("a", 1000 + step * 500, of: 10_000), at: at(10_000 + Int64(step) * 1000))
        }
        #expect(meter.bytesPerSecond == 500)
        #expect(meter.remaining == .seconds(8))
    }

    /// As fast as a disk gives them, and for ever: what is remembered stays small.
    @Test func manyRecords() throws {
        var meter = TransferMeter()
        for index in 0..<100_000 {
            meter.add(layer("a", index, of: 200_000), at: at(Int64(index)))
        }
        #expect(meter.completed == 99_999)
        let rate = try #require(meter.bytesPerSecond)
        #expect(rate > 900 && rate < 1100)
    }

    /// Numbers and layers that no server has: nothing overflows, and what is remembered has an end.
    @Test func nonsense() {
        var meter = TransferMeter()
        for index in 0..<20_000 {
            meter.add(layer("\(index)", .max, of: .max), at: at(Int64(index)))
            meter.add(layer("\(index)", .min, of: .max), at: at(Int64(index)))
            meter.add(layer("\(index)", 5, of: .min), at: at(Int64(index)))
        }
        #expect(meter.completed == 0)
        #expect(meter.total == 10_000 << 48)
    }

    @Test func standingStill() {
        var meter = TransferMeter()
        for second in 0..<20 { meter.add(layer("a", 50, of: 100), at: at(Int64(second) * 1000)) }
        #expect(meter.bytesPerSecond == nil)
        #expect(meter.remaining == nil)
    }
}
