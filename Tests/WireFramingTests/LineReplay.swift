import TestSupport
import WireBytes
import WireFraming

/// All that a line reader says about one input.
struct ReplayedLines: Equatable, Sendable {
    var offsets: [Int] = []
    var lines: [[UInt8]] = []
    var error: FramingError?
    /// Broken promises of the reader itself.
    var faults: [String] = []
}

/// Brings the pieces to a `LineFramer`, each from the edge of a guard page.
func frameLines(_ input: [UInt8], _ cut: Segmentation, limit: ByteLimit) -> ReplayedLines {
    var result = ReplayedLines()
    var framer = LineFramer(limit: limit)
    var guarded = GuardedBytes(capacity: input.count)
    do throws(FramingError) {
        for piece in cut.pieces(of: input.count) {
            framer.append(guarded.place(input.span.extracting(piece)))
            while let line = try framer.next() { result.take(line.bytes, at: line.offset) }
        }
        framer.finish()
        while let line = try framer.next() { result.take(line.bytes, at: line.offset) }
    } catch {
        result.error = error
        do throws(FramingError) {
            let line = try framer.next()
            result.faults.append(line == nil ? "nothing after an error" : "a line after an error")
        } catch let again {
            if again != error { result.faults.append("\(again) after \(error)") }
        }
    }
    return result
}

/// Brings the pieces as a socket does to a buffer, and looks at it with a `LineScanner`.
///
/// - Parameter exposed: how many bytes are released at a time, as a transfer decoder does.
func scanLines(
    _ input: [UInt8], _ cut: Segmentation, limit: ByteLimit, exposed: Int
) -> ReplayedLines {
    var result = ReplayedLines()
    var buffer = ReceiveBuffer(limit: .mebibytes(4))
    var scanner = LineScanner(limit: limit)
    do throws(FramingError) {
        for piece in cut.pieces(of: input.count) {
            do throws(ByteLimitExceeded) {
                try buffer.receive(input.span.extracting(piece))
            } catch { result.faults.append("\(error)") }
            while buffer.rawCount > 0 {
                buffer.expose(min(exposed, buffer.rawCount))
                while let line = try scanner.next(in: &buffer) {
                    result.take(buffer.bytes(in: line), at: scanner.offset)
                }
            }
        }
        while let line = try scanner.next(in: &buffer, atEnd: true) {
            result.take(buffer.bytes(in: line), at: scanner.offset)
        }
        if buffer.held != 0 { result.faults.append("\(buffer.held) bytes left") }
        if scanner.offset != input.count { result.faults.append("stopped at \(scanner.offset)") }
    } catch {
        result.error = error
    }
    return result
}

extension ReplayedLines {
    fileprivate mutating func take(_ bytes: Span<UInt8>, at offset: Int) {
        offsets.append(offset)
        lines.append([UInt8](copying: bytes))
    }
}
