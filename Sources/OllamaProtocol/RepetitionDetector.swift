/// Notices that the end of a text is one unit again and again, at the first byte at which that is so.
///
/// Incremental, in O(1) a byte however the text is cut. For lengths of repetition up to a window W (each
/// twice the one before), the last W bytes are looked at every W/4 bytes: by the Z function of the
/// reversed text, which tells for each unit how far back it repeats. A unit that has got a quarter of the
/// window is followed from there, byte by byte. Two such units of one window at a time have a common
/// period (Fine and Wilf), so it is enough to follow the shorter one.
struct RepetitionDetector: Sendable {
    private struct Window: Sendable {
        let size: Int
        let longestUnit: Int
        /// The unit that is followed, in bytes; 0 for none.
        var unit = 0
        /// How many of the last bytes repeat with it.
        var run = 0
    }

    private let rule: Guard.Repetition
    private var windows: [Window] = []
    /// The text's end: at least the longest window, if so much has come.
    private var tail: [UInt8] = []
    private var count = 0
    /// Of the reversed tail; working memory.
    private var matches: [Int32]

    init(_ rule: Guard.Repetition) {
        self.rule = rule
        // What has to be reached at least, and the most that a window has to hold.
        let shortest = max(rule.units, rule.characters)
        let longest = max(rule.units * rule.longestUnit, shortest)
        var size = 64
        while size < shortest { size *= 2 }
        while true {
            windows.append(
                Window(size: size, longestUnit: min(rule.longestUnit, size / rule.units)))
            if size >= longest { break }
            size *= 2
        }
        matches = [Int32](repeating: 0, count: min(rule.longestUnit, size / rule.units) + 1)
    }

    /// - Returns: the unit's length in bytes when the text has come to repeat itself.
    mutating func feed(_ byte: UInt8) -> Int? {
        tail.append(byte)
        count += 1
        let end = tail.count - 1
        var repeated: Int?
        for index in windows.indices where windows[index].unit > 0 {
            let unit = windows[index].unit
            if tail[end - unit] == byte {
                windows[index].run += 1
                if isRepeated(unit, run: windows[index].run) {
                    repeated = min(repeated ?? unit, unit)
                }
            } else {
                windows[index].unit = 0
            }
        }
        if count & 15 == 0 { look() }
        let longest = windows[windows.count - 1].size
        if tail.count >= 4 * longest { tail.removeFirst(tail.count - longest) }
        return repeated
    }

    private mutating func look() {
        for index in windows.indices {
            let size = windows[index].size
            guard count & (size / 4 - 1) == 0 else { continue }
            // A unit that is followed still stands for all that this window could find.
            if windows[index].unit == 0, tail.count >= size / 4 { look(index) }
        }
    }

    /// The shortest unit that repeats over a quarter of the window.
    private mutating func look(_ index: Int) {
        let window = windows[index]
        let size = min(window.size, tail.count)
        let last = tail.count - 1
        // The Z function: the match [left, right) of the reversed text with its own start that reaches
        // farthest.
        var left = 0
        var right = 0
        for unit in 1..<(min(window.longestUnit, size / 2) + 1) {
            var match = unit < right ? min(right - unit, Int(matches[unit - left])) : 0
            while unit + match < size, tail[last - match] == tail[last - unit - match] {
                match += 1
            }
            matches[unit] = Int32(match)
            if unit + match > right { (left, right) = (unit, unit + match) }
            if match + unit >= window.size / 4, match >= unit {
                windows[index].unit = unit
                windows[index].run = match + unit
                return
            }
        }
    }

    private func isRepeated(_ unit: Int, run: Int) -> Bool {
        let units = run / unit
        guard units >= rule.units, units * unit >= rule.characters else { return false }
        let characters = tail.suffix(unit).count { $0 & 0xC0 != 0x80 }
        return units * characters >= rule.characters
    }
}
