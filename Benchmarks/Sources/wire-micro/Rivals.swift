import CRival
import Glibc

/// What a contender has to do, and the sum that all of a task have to agree on.
struct Contender {
    let name: String
    /// Not timed: gets the input into place for one `run`.
    let prepare: () -> Void
    let run: () -> UInt64

    init(_ name: String, prepare: @escaping () -> Void = {}, run: @escaping () -> UInt64) {
        self.name = name
        self.prepare = prepare
        self.run = run
    }
}

/// The shared objects that `Benchmarks/micro/Makefile` has built.
enum Rivals {
    /// Those of a task that could be loaded, the reference first.
    static func contenders(of task: String, in folder: String, _ input: Padded) -> [Contender] {
        ["reference", "simdjson", "simdjson-haswell", "rapidjson", "http_parser"].flatMap { file in
            load("\(folder)/\(file).so").filter { $0.task == task }.map { rival in
                let prepared = rival.entry.prepare(input.start, input.count)
                // As new as what ours get: input that was written just now is not in the same caches as
                // what was read before.
                return Contender(rival.name, prepare: { input.renew() }) {
                    withExtendedLifetime(input) { rival.entry.run(prepared) }
                }
            }
        }
    }

    private struct Rival {
        let task: String
        let name: String
        let entry: rival_entry
    }

    private static func load(_ path: String) -> [Rival] {
        guard let library = dlopen(path, RTLD_NOW | RTLD_LOCAL),
            let symbol = dlsym(library, "rival_entries")
        else { return [] }
        typealias Entries = @convention(c) () -> UnsafePointer<rival_entry>?
        guard var entry = unsafeBitCast(symbol, to: Entries.self)() else { return [] }
        var rivals: [Rival] = []
        while let task = entry.pointee.task {
            rivals.append(
                Rival(
                    task: String(cString: task), name: String(cString: entry.pointee.name),
                    entry: entry.pointee))
            entry += 1
        }
        return rivals
    }
}

/// Bytes with readable zeros behind them.
final class Padded {
    let start: UnsafeMutablePointer<UInt8>
    let bytes: [UInt8]
    var count: Int { bytes.count }

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        start = .allocate(capacity: bytes.count + RIVAL_PADDING)
        start.initialize(repeating: 0, count: bytes.count + RIVAL_PADDING)
        renew()
    }

    /// Writes them again.
    func renew() { start.update(from: bytes, count: bytes.count) }

    deinit { start.deallocate() }
}
