public import CWireKernels

/// The values of one whole JSON text in its order, each a node of 16 bytes: a container stands in
/// front of what it holds, a key in front of its value. Kept and reused, so that the steady state
/// allocates nothing.
@safe public struct JSONTape: ~Copyable {
    /// The longest text that a tape is made of: 256 MiB less one byte.
    @inlinable public static var textLimit: Int { Int(CWK_JSON_COUNT) }

    /// Safe because it is owned alone, freed once, and the kernel is told how many there is room for.
    @usableFromInline var base: UnsafeMutablePointer<JSONNode>?
    private var capacity = 0
    @usableFromInline var count = 0

    /// Nothing is allocated before the first text.
    public init() { unsafe base = nil }

    deinit { unsafe base?.deallocate() }

    /// Checks a text by RFC 8259 and lists its values in place of those before.
    ///
    /// - Returns: whether it is one JSON text, not longer than `textLimit` nor nested deeper than
    ///   `depthLimit`. If not, the tape is empty: it does not know why, a cursor does.
    public mutating func read(_ text: Span<UInt8>, depthLimit: Int) -> Bool {
        count = 0
        if capacity == 0 { grow(to: max(32, text.count / 8)) }
        while true {
            let found = unsafe text.withUnsafeBufferPointer { bytes in
                // Safe because a node is laid out as the kernel's, and there is room for `capacity`.
                unsafe base!.withMemoryRebound(to: cwk_json_node.self, capacity: capacity) {
                    unsafe cwk_json_tape(
                        bytes.baseAddress, bytes.count, $0, capacity, depthLimit)
                }
            }
            // CWK_JSON_NO_ROOM, which is all ones, is below zero here.
            if found >= 0 {
                count = found
                return found > 0
            }
            // No value takes less than two bytes, but the only one: it ends.
            grow(to: capacity * 4)
        }
    }

    private mutating func grow(to larger: Int) {
        unsafe base?.deallocate()
        unsafe base = .allocate(capacity: larger)
        capacity = larger
    }

    /// What was read; borrowed until the next text.
    @inlinable public var nodes: Span<JSONNode> {
        @_lifetime(borrow self)
        @inline(__always) borrowing get {
            guard let base = unsafe base else { return Span() }
            // Safe because `count` nodes were written and the span cannot outlive `self`.
            let span = unsafe Span<JSONNode>(_unsafeStart: UnsafePointer(base), count: count)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }
}

/// A value or a key on a tape.
public struct JSONNode: BitwiseCopyable, Sendable {
    public enum Kind: UInt8, Sendable, CaseIterable {
        // As the kernel numbers them.
        case null, `false`, `true`, string, escapedString, int, uint, double, number, object, array
        /// Of a field (`FieldTree`): there is none.
        case absent
    }

    @usableFromInline let node: cwk_json_node

    @inlinable @inline(__always)
    public var kind: Kind {
        Kind(rawValue: UInt8(truncatingIfNeeded: node.count_and_kind &>> 28)) ?? .null
    }

    /// Of a string: its content, undecoded; of anything else: all of it.
    @inlinable public var range: ByteRange {
        ByteRange(start: Int(node.start), count: Int(node.count_and_kind & CWK_JSON_COUNT))
    }

    /// Of an `int`.
    @inlinable public var int: Int64 { Int64(truncatingIfNeeded: node.value) }
    /// Of a `uint`, which is above `Int64.max`.
    @inlinable public var uint: UInt64 { node.value }
    /// Of a `double`. (A `number` has to be read from its text.)
    @inlinable public var double: Double { Double(bitPattern: node.value) }

    /// Of a container: how many members or elements it has.
    @inlinable public var childCount: Int { Int(node.value &>> 32) }

    /// The index of the node behind this one, which is at `index`, and all that it holds.
    @inlinable @inline(__always)
    public func next(from index: Int) -> Int {
        isContainer ? Int(node.value & 0xFFFF_FFFF) : index &+ 1
    }

    @inlinable public var isContainer: Bool {
        node.count_and_kind &>> 28 &- UInt32(Kind.object.rawValue) < 2
    }
}
