internal import CWireKernels

/// The places of a byte, or of either of two, in a receive buffer's content: found many at a time,
/// whole blocks at once, and handed out one by one. Nothing is searched twice, however the content
/// comes.
///
/// Places count from the content's start. The owner says with `consumed` when that moves; the content
/// may otherwise only grow. Of two different bytes, a place right behind another may be left out: who sees
/// one looks at the next byte anyway.
public struct FoundAhead: Sendable {
    @usableFromInline static var room: Int { 256 }
    /// Below this many bytes, looking for the next place alone is as fast as looking for all.
    @usableFromInline static var fewBytes: Int { 192 }

    @usableFromInline let first: UInt8
    @usableFromInline let second: UInt8
    /// Empty until many are looked for at once: what holds this is moved about, and most bodies are short.
    @usableFromInline var places: [UInt32] = []
    @usableFromInline var next = 0
    @usableFromInline var count = 0
    /// What `places` count from.
    @usableFromInline var origin = 0
    /// Content bytes of which every place has been found.
    @usableFromInline var searched = 0
    /// The last places were so far apart that each is looked for when it is wanted: its surroundings are
    /// at hand then.
    private var isSparse = false

    /// So far ahead at most, so that what is found is still near when it is used.
    private static var window: Int { 16 << 10 }
    /// For who takes many at once anyway.
    private static var batchWindow: Int { 64 << 10 }

    /// - Parameters:
    ///   - first: one byte to look for.
    ///   - second: the other; the same for none.
    public init(_ first: UInt8, or second: UInt8) {
        self.first = first
        self.second = second
    }

    /// The first place not passed yet; nil when more content is needed.
    @inlinable @inline(__always)
    public mutating func peek(in content: Span<UInt8>) -> Int? {
        if next < count { return place(next) }
        return searched < content.count ? search(content) : nil
    }

    @inlinable @inline(__always)
    func place(_ index: Int) -> Int {
        index < places.count ? origin &+ Int(places[index]) : origin
    }

    /// Passes the place that `peek` has returned.
    @inlinable @inline(__always)
    public mutating func pass() { next &+= 1 }

    /// The place behind that which `peek` returns, if it is known already.
    @inlinable @inline(__always)
    public var placeAfter: Int? {
        let after = next &+ 1
        return after < count ? place(after) : nil
    }

    /// The content's first `count` bytes are gone; of places among them only such as may be left out are
    /// not passed yet, and are below zero then. They need not have been searched.
    @inlinable @inline(__always)
    public mutating func consumed(_ count: Int) {
        origin &-= count
        searched = max(searched &- count, 0)
    }

    /// Passes the places that are gone with what was consumed.
    @inlinable @inline(__always)
    public mutating func passConsumed() {
        while next < count, place(next) < 0 { next &+= 1 }
    }

    /// Forgets what was found: the content is another one.
    public mutating func removeAll() {
        next = 0
        count = 0
        searched = 0
    }

    /// Looks for more when all that were found have been passed.
    @usableFromInline
    mutating func search(_ content: Span<UInt8>) -> Int? {
        isSparse ? searchFar(content) : searchMany(content, window: FoundAhead.window)
    }

    private mutating func searchMany(_ content: Span<UInt8>, window: Int) -> Int? {
        let rest = content.count - searched
        next = 0
        count = 0
        if rest <= FoundAhead.fewBytes { return note(findOne(content), in: content) }
        origin = searched
        if places.isEmpty { places = [UInt32](repeating: 0, count: FoundAhead.room) }
        let most = min(rest, window)
        var reached = 0
        count = unsafe content.withUnsafeBufferPointer { content in
            unsafe places.withUnsafeMutableBufferPointer { places in
                // Safe because what is searched lies in the content, and there is room for `room`.
                unsafe cwk_find_all(
                    content.baseAddress! + searched, most, first, second, places.baseAddress!,
                    FoundAhead.room, &reached)
            }
        }
        searched += reached
        isSparse = first == second && count == 0 && reached >= FoundAhead.window
        if count > 0 { return place(0) }
        return searched < content.count ? searchFar(content) : nil
    }

    private mutating func searchFar(_ content: Span<UInt8>) -> Int? {
        next = 0
        count = 0
        let start = searched
        guard first == second else { return note(findOne(content), in: content) }
        let place = unsafe content.withUnsafeBufferPointer { content in
            // Safe because what was searched lies in the content.
            unsafe start + cwk_find_far(content.baseAddress! + start, content.count - start, first)
        }
        isSparse = place - start >= FoundAhead.window
        return note(place < content.count ? place : nil, in: content)
    }

    private mutating func note(_ place: Int?, in content: Span<UInt8>) -> Int? {
        searched = place.map { $0 + 1 } ?? content.count
        guard let place else { return nil }
        origin = place
        if !places.isEmpty { places[0] = 0 }
        count = 1
        return place
    }

    /// Passes line ends that are there, and says which lines they end.
    ///
    /// - Parameters:
    ///   - base: what the lines' starts count from, before the content.
    ///   - limit: the longest line, without its end.
    ///   - lines: gets them.
    /// - Returns: how many, and where the last one's end ends; fewer than there is room for in front of
    ///   a longer one too.
    public mutating func takeLines(
        in content: Span<UInt8>, from base: Int, limit: Int,
        into lines: inout MutableSpan<ByteRange>
    ) -> (count: Int, end: Int) {
        var (taken, start) = (0, 0)
        while taken < lines.count, let first = peekMany(in: content) {
            // Without places there is one.
            let most = places.isEmpty ? 1 : min(count - next, lines.count - taken)
            precondition(first >= start && place(next + most - 1) < content.count)
            let more = unsafe content.withUnsafeBufferPointer { content in
                unsafe lines.withUnsafeMutableBytes { lines in
                    // Safe because the places lie in the content, in order, and there is room for
                    // `most` lines: a range is a start and a count, as the kernel writes them.
                    let room = unsafe lines.baseAddress!.assumingMemoryBound(to: cwk_line.self)
                    guard !places.isEmpty else {
                        var place: UInt32 = 0
                        return unsafe cwk_lines(
                            content.baseAddress!, &place, origin, 1, start, base, limit,
                            room + taken)
                    }
                    return unsafe places.withUnsafeBufferPointer { places in
                        unsafe cwk_lines(
                            content.baseAddress!, places.baseAddress! + next, origin, most, start,
                            base, limit, room + taken)
                    }
                }
            }
            if more > 0 { start = place(next + more - 1) + 1 }
            next += more
            taken += more
            if more < most { break }
        }
        return (taken, start)
    }

    private mutating func peekMany(in content: Span<UInt8>) -> Int? {
        if next < count { return place(next) }
        guard searched < content.count else { return nil }
        return searchMany(content, window: FoundAhead.batchWindow)
    }

    /// Whether no place is at hand, and so little is left to be searched that `takeOne` is the faster
    /// way.
    @inlinable @inline(__always)
    public func hasLittleToSearch(in content: Span<UInt8>) -> Bool {
        next >= count && content.count &- searched <= FoundAhead.fewBytes
    }

    /// No place is at hand: the next has yet to be searched for.
    @inlinable @inline(__always)
    public var isUsedUp: Bool { next >= count }

    /// `peek` and, if `accept` says so, `pass` in one, for when `hasLittleToSearch`.
    ///
    /// - Returns: what `accept` returns for the place; nil when there is none.
    @inlinable @inline(__always)
    public mutating func takeOne<Result>(
        in content: Span<UInt8>, _ accept: (Int) -> Result?
    ) -> Result? {
        guard let place = searched < content.count ? findOne(content) : nil else {
            searched = content.count
            return nil
        }
        let result = accept(place)
        if result != nil { searched = place &+ 1 }
        return result
    }

    @inlinable @inline(__always)
    func findOne(_ content: Span<UInt8>) -> Int? {
        // The last byte by itself: a record that came whole ends there, and a search that finds
        // nothing before it needs no guess of how long the record is.
        let last = content.count &- 1
        let body = content.extracting(0..<last)
        let place =
            first == second
            ? ByteScan.firstIndex(of: first, in: body, from: searched)
            : ByteScan.firstIndex(of: first, or: second, in: body, from: searched)
        if let place { return place }
        return content[last] == first || content[last] == second ? last : nil
    }
}
