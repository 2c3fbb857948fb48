import Glibc

/// What the process has used so far (getrusage(2)) and when (CLOCK_MONOTONIC).
struct Usage {
    let wallSeconds: Double
    let userSeconds: Double
    let systemSeconds: Double
    /// High-water mark.
    let residentKibibytes: Int

    static var now: Usage {
        var usage = rusage()
        unsafe getrusage(RUSAGE_SELF.rawValue, &usage)
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return Usage(
            wallSeconds: Double(time.tv_sec) + Double(time.tv_nsec) / 1e9,
            userSeconds: seconds(usage.ru_utime), systemSeconds: seconds(usage.ru_stime),
            residentKibibytes: usage.ru_maxrss)
    }

    private static func seconds(_ time: timeval) -> Double {
        Double(time.tv_sec) + Double(time.tv_usec) / 1e6
    }
}

/// What a job did.
struct Result {
    var units = 0
    var bytes = 0
    /// One entry for each unit of a job that measures latency, in microseconds.
    var latencies: [Double] = []
    /// Of jobs with so many that a list of them would be most of the memory that is measured.
    var histogram: Histogram?
    /// Of the job `leave`: CLOCK_MONOTONIC at each leaving.
    var leftMicroseconds: [Double] = []

    mutating func add(_ other: Result) {
        units += other.units
        bytes += other.bytes
        latencies += other.latencies
    }

    /// The one line that every client of the timed jobs prints. CPU time and memory are those of the
    /// whole process, starting up included; wall time is the job's.
    func report(job: String, driver: String, since start: Usage) -> String {
        let end = Usage.now
        let cpu = end.userSeconds + end.systemSeconds
        let sorted = latencies.sorted()
        func percentile(_ share: Double) -> String {
            if let histogram { return histogram.percentile(share) }
            if sorted.isEmpty { return "null" }
            return "\(sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))])"
        }
        let left = leftMicroseconds.isEmpty ? "" : ",\"left_us\":\(leftMicroseconds)"
        return """
            {"job":"\(job)","driver":"\(driver)","wall_s":\(end.wallSeconds - start.wallSeconds),\
            "cpu_s":\(cpu),"user_s":\(end.userSeconds),\
            "rss_kib":\(end.residentKibibytes),"units":\(units),"bytes":\(bytes),\
            "p50_us":\(percentile(0.5)),"p99_us":\(percentile(0.99)),"allocations":null\(left)}
            """
    }
}

/// Memory that the process has now (proc_pid_statm(5)), in bytes, free pages between blocks in use
/// given back to the system first (malloc_trim(3)).
func residentBytes() -> Int {
    // Glibc's module leaves malloc_trim out.
    typealias Trim = @convention(c) (Int) -> Int32
    if let symbol = unsafe dlsym(nil, "malloc_trim") {
        _ = unsafe unsafeBitCast(symbol, to: Trim.self)(0)
    }
    guard let file = unsafe fopen("/proc/self/statm", "r") else { return 0 }
    defer { unsafe fclose(file) }
    var line = [CChar](repeating: 0, count: 256)
    guard unsafe fgets(&line, 256, file) != nil else { return 0 }
    let text = String(decoding: line.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let words = text.split(separator: " ")
    return (words.count > 1 ? Int(words[1]) ?? 0 : 0) * Int(getpagesize())
}

/// CLOCK_MONOTONIC.
func nanoseconds() -> Int {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return time.tv_sec * 1_000_000_000 + time.tv_nsec
}
