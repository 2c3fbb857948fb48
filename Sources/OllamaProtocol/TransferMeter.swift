public import WireTime

/// How far a pull or a push has come in all: the server counts each layer by itself.
public struct TransferMeter: Sendable {
    private struct Layer {
        var completed = 0
        var total = 0
    }

    /// More is no server's: the sum of all layers has to fit into an `Int`.
    private static let layerLimit = 10_000
    private static let byteLimit = 1 << 48
    /// Over so much of the past the rate is taken.
    private static let window = Timeout.seconds(5)

    private var layers: [String: Layer] = [:]
    /// When how much had come, the oldest first: what the window holds, and one before.
    private var samples: [(time: Instant, completed: Int)] = []

    /// Bytes done, of all layers that the server has named so far.
    public private(set) var completed = 0
    /// Bytes of these layers. Grows as the server names more.
    public private(set) var total = 0

    public init() {}

    /// Takes a record of the stream; `now` is when it came.
    public mutating func add(_ record: ModelProgress, at now: Instant) {
        if let digest = record.digest, record.total > 0 {
            let old = layers[digest]
            if old != nil || layers.count < TransferMeter.layerLimit {
                let all = min(record.total, TransferMeter.byteLimit)
                change(
                    digest, old ?? Layer(),
                    to: Layer(completed: max(0, min(record.completed, all)), total: all))
            }
        } else if record.digest == nil, completed < total {
            // What follows the layers concerns the whole: they are there, though the last records of
            // each may have told of less.
            for digest in layers.keys { layers[digest]!.completed = layers[digest]!.total }
            completed = total
        }
        let earliest = now + Timeout(nanoseconds: -TransferMeter.window.nanoseconds)
        while samples.count > 1, samples[1].time <= earliest { samples.removeFirst() }
        // Records come many at a time; a tenth of a second is fine enough.
        if let last = samples.last, now.since(last.time) < .milliseconds(100), samples.count > 1 {
            samples[samples.count - 1].completed = completed
        } else {
            samples.append((now, completed))
        }
    }

    private mutating func change(_ digest: String, _ old: Layer, to new: Layer) {
        layers[digest] = new
        completed += new.completed - old.completed
        total += new.total - old.total
    }

    /// Bytes per second lately; nil before there is anything to tell.
    public var bytesPerSecond: Double? {
        guard let first = samples.first, let last = samples.last, first.time < last.time,
            last.completed > first.completed
        else { return nil }
        return Double(last.completed - first.completed) / last.time.since(first.time).inSeconds
    }

    /// How long the rest takes at that rate.
    public var remaining: Timeout? {
        guard let rate = bytesPerSecond else { return nil }
        let seconds = Double(total - completed) / rate
        return seconds < 1e8 ? Timeout(nanoseconds: Int64(seconds * 1e9)) : nil
    }
}
