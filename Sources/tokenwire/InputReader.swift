import WireSockets
import WireSystem

/// How input is cut into the pieces that a codec is fed with.
enum InputCut {
    /// As `read(2)` brings it.
    case asRead
    /// So many bytes at a time.
    case every(Int)
    /// At these offsets, ascending; behind the last of them as read.
    case at([Int])
}

/// A file or standard input, read piece by piece. Whatever is to be seen on the output is there
/// before a read that may wait.
struct InputReader: ~Copyable {
    private let path: String
    private let descriptor: Descriptor
    private let context: CommandContext
    private let cut: InputCut
    private var block = [UInt8](repeating: 0, count: 64 << 10)
    /// Bytes of `block` that were read and not handed out yet.
    private var unused = 0..<0
    private var offset = 0

    init(_ path: String, _ cut: InputCut, _ context: CommandContext) throws(CommandError) {
        self.path = path
        self.cut = cut
        self.context = context
        do throws(SystemError) {
            descriptor = Descriptor(owning: path == "-" ? 0 : try Files.open(path))
        } catch { throw InputFile.failure(path, error) }
    }

    var output: Output { context.output }

    /// Puts the next piece into `piece`.
    ///
    /// - Returns: false when there is none.
    mutating func next(_ piece: inout [UInt8]) throws(CommandError) -> Bool {
        piece.removeAll(keepingCapacity: true)
        let wanted = wantedBytes
        repeat {
            if unused.isEmpty { try read() }
            if unused.isEmpty { break }
            let count = min(unused.count, (wanted ?? .max) - piece.count)
            piece += block[unused.prefix(count)]
            unused = unused.dropFirst(count)
        } while wanted != nil && piece.count < wanted!
        offset += piece.count
        return !piece.isEmpty
    }

    /// The size of the next piece; nil when it may be any.
    private var wantedBytes: Int? {
        switch cut {
        case .asRead: nil
        case .every(let count): count
        case .at(let offsets): offsets.first { $0 > offset }.map { $0 - offset }
        }
    }

    private mutating func read() throws(CommandError) {
        try context.output.flush()
        try context.termination.waitForInput(descriptor)
        do throws(SystemError) {
            unused = 0..<(try Files.readSome(descriptor: descriptor.rawValue, into: &block))
        } catch { throw InputFile.failure(path, error) }
    }
}
