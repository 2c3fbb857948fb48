/// Where a cursor or a writer stands in a text: what may come next there.
@usableFromInline
enum JSONPlace: UInt8, Sendable {
    case value
    /// A key or the end of the object; a comma in front of the key if it is not the first.
    case firstKey, nextKey
    /// An element or the end of the array; a comma in front of the element if it is not the first.
    case firstElement, nextElement
    /// Nothing: the value at the top is complete.
    case end
}

/// The open containers as one bit each, innermost lowest: no recursion and no allocation, however
/// deep a text nests.
struct JSONNesting: Sendable {
    private(set) var depth = 0
    /// The innermost 64.
    private var kinds: UInt64 = 0
    /// Each time 64 more are open, what `kinds` was.
    private var outer = InlineArray<8, UInt64>(repeating: 0)

    /// False when nothing is open.
    private var isInObject: Bool { kinds & 1 == 1 }

    /// The place behind a value in the innermost container.
    var placeBehindValue: JSONPlace {
        depth == 0 ? .end : isInObject ? .nextKey : .nextElement
    }

    /// - Precondition: `depth` is below `JSON.maximumDepth`.
    mutating func push(isObject: Bool) {
        if depth & 63 == 0 { outer[depth >> 6] = kinds }
        kinds = kinds << 1 | (isObject ? 1 : 0)
        depth += 1
    }

    /// - Precondition: something is open.
    mutating func pop() {
        depth -= 1
        kinds = depth & 63 == 0 ? outer[depth >> 6] : kinds >> 1
    }

    /// What a caller needs to come back to a depth, as long as it has not gone below it.
    struct Mark {
        let depth: Int
        fileprivate let kinds: UInt64
    }

    var mark: Mark { Mark(depth: depth, kinds: kinds) }

    mutating func restore(_ mark: Mark) {
        depth = mark.depth
        kinds = mark.kinds
    }
}
