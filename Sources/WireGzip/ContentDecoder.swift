internal import CZlib
internal import WireBytes

/// What one call of `decode` did.
public struct ContentStep: Sendable, Equatable {
    public enum Next: Sendable, Equatable {
        /// All input was taken: come with more, or say `endOfInput`.
        case needsInput
        /// The output is full: come with room, and with the rest of the input (which may be empty).
        case needsRoom
    }

    /// How many bytes of the input were used.
    public var taken: Int
    /// How many bytes were appended to the output.
    public var produced: Int
    public var next: Next
}

/// Undoes one content coding, piece by piece: all that the input so far stands for comes out at
/// once, as a stream needs it, and never more than there is room for.
///
/// gzip bodies may have several members (RFC 1952 2.2). Zeros behind the end are padding; anything
/// else there is an error. An empty body is empty.
///
///     start -> inside -> behind (-> inside, another gzip member) -> padding
@safe public struct ContentDecoder: ~Copyable {
    private enum Phase {
        case start
        /// `deflate` begins with this byte: the next one tells which format it is.
        case undecided(UInt8)
        case inside
        /// A member, or all, has ended.
        case behind
        case padding
    }

    public let coding: ContentCoding
    public let limits: ContentLimits
    /// Bytes taken and made so far, in all.
    public private(set) var totalIn = 0
    public private(set) var totalOut = 0

    /// zlib remembers its address. Safe because it is made in `init` and freed once in `deinit`.
    private let stream: UnsafeMutablePointer<z_stream>
    private var phase = Phase.start
    private var failure: ContentError?

    /// Allocates some kilobytes, and zlib up to 40 more when output begins; nothing afterwards.
    ///
    /// - Throws: `outOfMemory`.
    public init(_ coding: ContentCoding, limits: ContentLimits) throws(ContentError) {
        let made = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        unsafe made.initialize(to: z_stream())
        let windowBits = coding == .gzip ? ContentDecoder.gzipWindow : ContentDecoder.zlibWindow
        guard unsafe czlib_inflate_init(made, windowBits) == Z_OK else {
            unsafe made.deallocate()
            throw .outOfMemory
        }
        self.coding = coding
        self.limits = limits
        unsafe stream = made
    }

    deinit {
        unsafe inflateEnd(stream)
        unsafe stream.deallocate()
    }

    /// zlib's way to name formats: the window's size, shifted for gzip, negative for bare deflate.
    private static let gzipWindow: Int32 = 31
    private static let zlibWindow: Int32 = 15
    private static let bareWindow: Int32 = -15

    /// Decodes as much of `input` as `output` has room for. A failure is final; what was decoded
    /// before it stands in `output` all the same.
    ///
    /// - Precondition: `output` has room.
    public mutating func decode(
        _ input: Span<UInt8>, into output: inout OutputRawSpan
    ) throws(ContentError) -> ContentStep {
        precondition(output.freeCapacity > 0, "no room to decode into")
        if let failure { throw failure }
        let inBefore = totalIn
        let outBefore = totalOut
        var result = Result<ContentStep.Next, ContentError>.success(.needsInput)
        unsafe output.withUnsafeMutableBytes { room, count in
            unsafe input.withUnsafeBytes { bytes in
                do throws(ContentError) {
                    // Safe because both are lent for the call, and sliced with checks.
                    let free = unsafe UnsafeMutableRawBufferPointer(rebasing: room[count...])
                    result = .success(try unsafe decode(bytes, free))
                } catch { result = .failure(error) }
            }
            count += totalOut - outBefore
        }
        switch result {
        case .success(let next):
            return ContentStep(
                taken: totalIn - inBefore, produced: totalOut - outBefore, next: next)
        case .failure(let error):
            failure = error
            throw error
        }
    }

    /// The body has ended.
    ///
    /// - Throws: `truncated` if the coding has not, or the failure that there was.
    public mutating func endOfInput() throws(ContentError) {
        if let failure { throw failure }
        switch phase {
        case .start, .behind, .padding: return
        case .undecided, .inside:
            failure = .truncated
            throw .truncated
        }
    }

    private mutating func decode(
        _ input: UnsafeRawBufferPointer, _ room: UnsafeMutableRawBufferPointer
    ) throws(ContentError) -> ContentStep.Next {
        var taken = 0
        var made = 0
        while true {
            // zlib may owe output without any more input.
            if case .inside = phase {
                let rest = unsafe UnsafeRawBufferPointer(rebasing: input[taken...])
                let free = unsafe UnsafeMutableRawBufferPointer(rebasing: room[made...])
                let (used, produced, hasEnded) = try unsafe inflate(rest, free)
                taken += used
                made += produced
                if hasEnded {
                    phase = .behind
                } else if made == room.count {
                    return .needsRoom
                } else if taken == input.count {
                    return .needsInput
                } else if used == 0 && produced == 0 {
                    throw .corrupt(reason: "no progress")
                }
                continue
            }
            guard taken < input.count else { return .needsInput }
            let byte = unsafe input[taken]
            switch phase {
            case .start where coding == .gzip: phase = .inside
            case .start:
                phase = .undecided(byte)
                taken += 1
                totalIn += 1
            case .undecided(let first): try begin(first, byte)
            case .behind where byte == 0x1F && coding == .gzip:
                guard unsafe inflateReset(stream) == Z_OK else { throw .corrupt(reason: "reset") }
                phase = .inside
            case .behind, .padding:
                guard byte == 0 else { throw .trailingBytes }
                phase = .padding
                taken += 1
                totalIn += 1
            case .inside: break
            }
        }
    }

    /// Chooses between the zlib format and bare deflate by what a zlib header must be (RFC 1950
    /// 2.2). A bare stream could only look like it if its encoder filled unused bits with ones.
    private mutating func begin(_ first: UInt8, _ second: UInt8) throws(ContentError) {
        let isZlib =
            first & 0x0F == 8 && first >> 4 <= 7 && (UInt16(first) << 8 | UInt16(second)) % 31 == 0
        let windowBits = isZlib ? ContentDecoder.zlibWindow : ContentDecoder.bareWindow
        guard unsafe inflateReset2(stream, windowBits) == Z_OK else {
            throw .corrupt(reason: "reset")
        }
        // No code is so short that the first byte could stand for output.
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: 2, alignment: 1)
        defer { unsafe bytes.deallocate() }
        unsafe bytes[0] = first
        _ = try unsafe inflate(
            UnsafeRawBufferPointer(rebasing: bytes[..<1]),
            UnsafeMutableRawBufferPointer(rebasing: bytes[1...]))
        // It was counted when it was seen.
        totalIn -= 1
        phase = .inside
    }

    /// One call of zlib, within the limits.
    private mutating func inflate(
        _ input: UnsafeRawBufferPointer, _ room: UnsafeMutableRawBufferPointer
    ) throws(ContentError) -> (used: Int, produced: Int, hasEnded: Bool) {
        if room.count == 0 { return (0, 0, false) }
        // One byte more than allowed is how an excess shows.
        let allowed = min(room.count - 1, max(0, limits.output.bytes - totalOut), 1 << 30) + 1
        let offered = min(input.count, 1 << 30)
        var empty: UInt8 = 0
        let status = unsafe withUnsafeMutablePointer(to: &empty) { empty in
            // Safe because zlib only reads the input, and writes at most `allowed` bytes; it wants
            // an address even for no input.
            unsafe stream.pointee.next_in =
                input.baseAddress.map {
                    unsafe UnsafeMutablePointer(
                        mutating: $0.assumingMemoryBound(to: UInt8.self))
                } ?? empty
            unsafe stream.pointee.avail_in = UInt32(offered)
            unsafe stream.pointee.next_out = room.baseAddress!.assumingMemoryBound(to: UInt8.self)
            unsafe stream.pointee.avail_out = UInt32(allowed)
            defer {
                unsafe stream.pointee.next_in = nil
                unsafe stream.pointee.next_out = nil
            }
            return unsafe CZlib.inflate(stream, Z_SYNC_FLUSH)
        }
        let used = unsafe offered - Int(stream.pointee.avail_in)
        let produced = unsafe allowed - Int(stream.pointee.avail_out)
        totalIn += used
        try count(produced)
        switch status {
        case Z_OK, Z_STREAM_END, Z_BUF_ERROR: break
        case Z_MEM_ERROR: throw .outOfMemory
        case Z_NEED_DICT: throw .corrupt(reason: "needs a dictionary")
        default: throw .corrupt(reason: reason)
        }
        return (used, produced, status == Z_STREAM_END)
    }

    private mutating func count(_ produced: Int) throws(ContentError) {
        let total = totalOut + produced
        if total > limits.ratioGrace.bytes && total / max(1, limits.ratio) > totalIn {
            throw .ratioLimit(limits.ratio)
        }
        totalOut = min(total, limits.output.bytes)
        if total > limits.output.bytes { throw .outputLimit(limits.output) }
    }

    private var reason: String {
        // Safe because zlib's texts are static.
        unsafe stream.pointee.msg.map { unsafe String(cString: $0) } ?? "unknown"
    }
}
