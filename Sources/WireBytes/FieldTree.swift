internal import CWireKernels

/// The places in a stream's records that are wanted, and what stands there in the record read last.
@safe public struct FieldTree: ~Copyable {
    /// A place that paths lead to or through. They refer to each other by index; -1: to none. The
    /// first of all is the record itself.
    public struct Node: Sendable {
        /// Of a member: its key, among the names.
        public var name = ByteRange(start: 0, count: 0)
        /// Of an array's element: its index.
        public var element = -1
        public var isArray = false
        /// Which field it is.
        public var field = -1
        public var firstChild = -1
        public var nextSibling = -1

        public init() {}
    }

    /// More places than this are left to the cursor: a link of the kernel's is a byte.
    private static var placeLimit: Int { 250 }

    /// Safe because all three are allocated in `init` with room for what is written there, and freed
    /// once, in `deinit`; the kernel is told how many fields there are, and every link leads to a node.
    /// Nil when there are too many.
    private let nodes: UnsafeMutablePointer<cwk_plan_node>?
    private let names: UnsafeMutablePointer<UInt8>
    private let found: UnsafeMutablePointer<JSONNode>
    public let fieldCount: Int

    /// - Parameter wanted: of each field, the kinds of values that may stand there.
    public init(_ tree: [Node], names text: [UInt8], wanted: [[JSONNode.Kind]]) {
        precondition(!tree.isEmpty && wanted.count < 255, "too many fields")
        fieldCount = wanted.count
        unsafe names = .allocate(capacity: max(1, text.count))
        for (index, byte) in text.enumerated() { unsafe names[index] = byte }
        unsafe found = .allocate(capacity: wanted.count + 1)
        guard tree.count <= FieldTree.placeLimit else {
            unsafe nodes = nil
            return
        }
        let nodes = UnsafeMutablePointer<cwk_plan_node>.allocate(capacity: tree.count + 1)
        unsafe (nodes + Int(CWK_NOBODY)).initialize(to: FieldTree.nobody(fieldCount))
        for (index, node) in tree.enumerated() {
            let kinds = node.field < 0 ? [] : wanted[node.field]
            unsafe (nodes + Int(FieldTree.place(index))).initialize(
                to: FieldTree.place(index, node, text, kinds, fieldCount))
        }
        for (index, node) in tree.enumerated() where !node.isArray {
            var child = node.firstChild
            while child >= 0 {
                unsafe FieldTree.link(
                    &nodes[Int(FieldTree.place(child))], at: FieldTree.place(child),
                    into: &nodes[Int(FieldTree.place(index))])
                child = tree[child].nextSibling
            }
        }
        unsafe self.nodes = nodes
    }

    deinit {
        unsafe nodes?.deallocate()
        unsafe names.deallocate()
        unsafe found.deallocate()
    }

    /// Checks a record and finds the fields.
    ///
    /// - Returns: false when it is no JSON text, when a field has none of the kinds that were wanted, or
    ///   when it has something rare (nesting beyond 64, a key with escapes, one of two equal keys that
    ///   lead to fields): a cursor has to say what it is then.
    public mutating func read(_ text: Span<UInt8>) -> Bool {
        guard let nodes = unsafe nodes else { return false }
        return unsafe text.withUnsafeBufferPointer { bytes in
            var plan = unsafe cwk_plan(nodes: nodes, names: names, field_count: fieldCount)
            // Safe because a node is laid out as the kernel's, and there is room for one more than
            // there are fields.
            return unsafe found.withMemoryRebound(
                to: cwk_json_node.self, capacity: fieldCount + 1
            ) {
                unsafe cwk_json_fields(&plan, bytes.baseAddress, bytes.count, $0) != 0
            }
        }
    }

    /// What stands in a field of the record read last, if that was read.
    public subscript(field: Int) -> JSONNode {
        precondition(field >= 0 && field < fieldCount, "no such field")
        return unsafe found[field]
    }
}

// MARK: As the kernel has it

extension FieldTree {
    /// Where a node is: nobody's place is between the first and the others.
    private static func place(_ index: Int) -> UInt8 {
        index < 0 ? UInt8(CWK_NOBODY) : UInt8(index == 0 ? 0 : index + 1)
    }

    /// The place of all that is not wanted: nothing is inside.
    private static func nobody(_ fieldCount: Int) -> cwk_plan_node {
        let none = UInt8(CWK_NOBODY)
        var node = cwk_plan_node()
        node.name_count = .max
        node.wanted = .max
        node.element = -1
        node.field = UInt8(fieldCount)
        node.inside = none
        node.first_element = none
        node.next_element = none
        node.alike = none
        // Safe because these are all bytes of it.
        unsafe withUnsafeMutableBytes(of: &node.by_length) { firsts in
            for index in firsts.indices { unsafe firsts[index] = none }
        }
        return node
    }

    private static func place(
        _ index: Int, _ node: Node, _ names: [UInt8], _ kinds: [JSONNode.Kind], _ fieldCount: Int
    ) -> cwk_plan_node {
        precondition(node.element <= Int(Int32.max), "an index beyond any array's")
        var place = nobody(fieldCount)
        place.name_start = UInt32(node.name.start)
        place.name_count = UInt32(node.name.count)
        let name = names[node.name.start..<node.name.end].prefix(16)
        // Safe because it has 16 bytes.
        unsafe withUnsafeMutableBytes(of: &place.name_words) { unsafe $0.copyBytes(from: name) }
        place.element = Int32(node.element)
        place.next_element = FieldTree.place(node.nextSibling)
        if node.field >= 0 {
            place.field = UInt8(node.field)
            place.wanted = bits(kinds)
        } else {
            place.inner_bit = 1 << UInt64(min(index, 63))
            place.inside = FieldTree.place(index)
            place.wanted = bits([node.isArray ? .array : .object] + (index == 0 ? [] : [.null]))
            if node.isArray { place.first_element = FieldTree.place(node.firstChild) }
        }
        return place
    }

    private static func bits(_ kinds: [JSONNode.Kind]) -> UInt32 {
        kinds.reduce(0) { $0 | 1 << UInt32($1.rawValue) }
    }

    /// Puts a member among those of the same length.
    private static func link(
        _ member: inout cwk_plan_node, at place: UInt8, into object: inout cwk_plan_node
    ) {
        let length = Int(member.name_count % UInt32(CWK_LENGTHS))
        // Safe because it has CWK_LENGTHS bytes.
        unsafe withUnsafeMutableBytes(of: &object.by_length) { firsts in
            member.alike = unsafe firsts[length]
            unsafe firsts[length] = place
        }
    }
}
