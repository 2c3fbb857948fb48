import CWireKernels
import Glibc

// Codecs against rivals on the same bytes, in memory. See Benchmarks/README.md.

let usage = """
    usage: wire-micro [--task NAME]... [--rounds N] [--rivals FOLDER] [--width WIDTH]
           wire-micro --count [--task NAME]...    each of ours once, for valgrind (count.py)
           wire-micro --write FOLDER              the fixtures as files
    """

struct Options {
    var tasks: Set<String> = []
    var rounds = 15
    var rivals = "Benchmarks/.build/rivals"
    var counts = false
    var folder: String?

    init?(_ arguments: [String]) {
        var rest = arguments[...]
        while let option = rest.popFirst() {
            switch option {
            case "--count": counts = true
            case "--task": tasks.insert(rest.popFirst() ?? "")
            case "--width":
                let names = ["portable", "sse2", "avx2", "avx512"]
                guard let width = names.firstIndex(of: rest.popFirst() ?? "") else { return nil }
                guard cwk_use(cwk_width(UInt32(width))) != 0 else { return nil }
            case "--rivals": rivals = rest.popFirst() ?? ""
            case "--write": folder = rest.popFirst()
            case "--rounds":
                guard let count = rest.popFirst().flatMap({ Int($0) }) else { return nil }
                rounds = count
            default: return nil
            }
        }
    }
}

@main struct WireMicro {
    static func main() {
        guard let options = Options(Array(CommandLine.arguments.dropFirst())) else {
            print(usage)
            exit(2)
        }
        let tasks = Task.all.filter { options.tasks.isEmpty || options.tasks.contains($0.name) }
        if let folder = options.folder { return tasks.forEach { write($0, to: folder) } }
        if options.counts { return count(tasks, options) }
        for task in tasks { measure(task, options) }
    }

    /// All contenders in turn, round by round. Of all runs the fastest counts (what slows one down is
    /// other work on the machine); the median stands beside it.
    static func measure(_ task: Task, _ options: Options) {
        let input = Padded(task.fixture.bytes)
        let contenders =
            Rivals.contenders(of: task.name, in: options.rivals, input)
            + task.contenders(input, task.fixture)
        var times = [[Double]](repeating: [], count: contenders.count)
        for contender in contenders { check(contender, task) }
        for round in 0..<options.rounds {
            for index in contenders.indices {
                let place = (index + round) % contenders.count
                time(contenders[place], &times[place])
            }
        }
        let bytes = task.fixture.bytes.count
        print("\n\(task.name): \(task.fixture.units) units, \(bytes) bytes")
        let reference = times.first?.min() ?? 1
        for (contender, times) in zip(contenders, times) {
            let best = times.min() ?? 0
            let median = times.sorted()[times.count / 2]
            let units = Double(task.fixture.units * task.repeats)
            print(
                pad(contender.name, 34), fixed(best / units, 9), "ns/unit, median",
                fixed(median / units, 9), fixed(Double(bytes * task.repeats) / best, 8), "GB/s",
                fixed(best / reference, 7), "x")
        }
    }

    static func check(_ contender: Contender, _ task: Task) {
        contender.prepare()
        let sum = contender.run()
        if sum != task.fixture.sum {
            print("\(task.name): \(contender.name) found \(sum), not \(task.fixture.sum)")
            exit(1)
        }
    }

    /// Times single runs for about two milliseconds. Not CPU time: asking for that is a system call,
    /// which costs as much as some of the runs.
    static func time(_ contender: Contender, _ times: inout [Double]) {
        var total = 0.0
        while total < 2_000_000 {
            contender.prepare()
            let start = now()
            _ = contender.run()
            times.append(now() - start)
            total += times.last ?? 0
        }
    }

    static func now() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
    }

    /// Runs each of ours once warm and once more inside `wire_micro_measured`, which callgrind watches;
    /// of heads, the C reference too, which theirs is a multiple of.
    static func count(_ tasks: [Task], _ options: Options) {
        for task in tasks {
            let input = Padded(task.fixture.bytes)
            let isHead = task.name.hasPrefix("head-")
            let reference =
                isHead ? Rivals.contenders(of: task.name, in: options.rivals, input).prefix(1) : []
            for contender in reference + task.contenders(input, task.fixture) {
                check(contender, task)
                contender.prepare()
                _ = measured(contender.run)
                print(
                    task.name, task.fixture.bytes.count * task.repeats,
                    task.fixture.units * task.repeats, contender.name, separator: "\t")
            }
        }
    }

    static func write(_ task: Task, to folder: String) {
        guard let file = fopen("\(folder)/\(task.name)", "w") else { exit(1) }
        fwrite(task.fixture.bytes, 1, task.fixture.bytes.count, file)
        fclose(file)
    }

    static func pad(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    static func fixed(_ value: Double, _ width: Int) -> String {
        let hundredths = Int((value * 100).rounded())
        let text = "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100)"
        return String(repeating: " ", count: max(0, width - text.count)) + text
    }
}

/// A symbol that callgrind can be told of.
@inline(never) @_silgen_name("wire_micro_measured")
func measured(_ body: () -> UInt64) -> UInt64 { body() }
