internal import WireBytes

/// All values of one JSON text, checked and found at one go, and then looked up without another look
/// at the text: the fastest way to a whole text. `JSONValue` is for values that are passed on or
/// changed.
///
///     var document = JSONDocument()
///     try document.parse(body)
///     var models = document.root["models"]?.children
///     while let model = models?.next() {
///         print(model["name"]?.string ?? "")
///     }
///
/// It holds a copy of the text and a flat list of the values: two allocations, which the next text
/// uses again. Strings are decoded when they are asked for, numbers are read at once. The policies are
/// those of `JSON`: of equal keys a look-up finds the last, and `children` gives each.
public struct JSONDocument: ~Copyable {
    private var text = ScratchBuffer()
    private var tape = JSONTape()

    /// Holds nothing until something is parsed: `root` traps.
    public init() {}

    public init(
        parsing text: Span<UInt8>, depthLimit: Int = JSON.maximumDepth
    ) throws(JSONError) {
        try parse(text, depthLimit: depthLimit)
    }

    /// Reads one whole JSON text of less than 256 MiB, in place of the one before. Takes 16 bytes of
    /// memory for each value and key, up to eight times the text's size for one of nothing but digits and
    /// commas, and keeps them for the next.
    ///
    /// - Throws: what `JSON.validate` says of the text, or `tooLong`. The document holds nothing then.
    public mutating func parse(
        _ text: Span<UInt8>, depthLimit: Int = JSON.maximumDepth
    ) throws(JSONError) {
        self.text.removeAll()
        try tape.parse(text, depthLimit: depthLimit)
        self.text.append(text)
    }

    /// The value at the top; borrowed until the next text.
    ///
    /// - Precondition: a text was parsed.
    public var root: JSONElement {
        @_lifetime(borrow self)
        borrowing get { JSONElement(tape.nodes, text.bytes) }
    }
}

extension JSONTape {
    /// Reads a text; why it was refused, the cursor says.
    mutating func parse(_ text: Span<UInt8>, depthLimit: Int) throws(JSONError) {
        guard text.count <= JSONTape.textLimit else {
            throw JSONError(.tooLong, at: JSONTape.textLimit)
        }
        if read(text, depthLimit: min(depthLimit, JSON.maximumDepth)) { return }
        try JSON.validate(text, depthLimit: depthLimit)
        // Both readers take the same texts (`FuzzValues`). Were there one that they do not, then it is
        // refused: what a peer sends never traps.
        throw JSONError(.expectedValue, at: 0)
    }
}
