import WireBytes
import WireFraming
import WireJSON

/// A codec as `tokenwire parse` runs it: fed piece by piece, it prints what it finds.
protocol InputCodec: ~Copyable {
    mutating func take(_ piece: [UInt8], _ output: Output) throws(CommandError)
    mutating func finish(_ output: Output) throws(CommandError) -> ExitCode
}

/// Lines, and with `checksJSON` records: lines that are JSON texts.
struct LineCodec: InputCodec, ~Copyable {
    private var framer: LineFramer
    private let checksJSON: Bool
    private var writer = JSONWriter(reserving: 256)
    private var sawInvalid = false

    init(limit: ByteLimit, checksJSON: Bool) {
        framer = LineFramer(limit: limit)
        self.checksJSON = checksJSON
    }

    mutating func take(_ piece: [UInt8], _ output: Output) throws(CommandError) {
        framer.append(piece.span)
        try drain(output)
    }

    mutating func finish(_ output: Output) throws(CommandError) -> ExitCode {
        framer.finish()
        try drain(output)
        return sawInvalid ? .peer : .success
    }

    private mutating func drain(_ output: Output) throws(CommandError) {
        while try LineCodec.writeNext(&framer, checksJSON, &writer, &sawInvalid) {
            try output.write(writer.bytes)
            try output.write("\n")
            writer.removeAll()
        }
    }

    /// Puts the next line's description into `writer`; false when there is no line.
    private static func writeNext(
        _ framer: inout LineFramer, _ checksJSON: Bool, _ writer: inout JSONWriter,
        _ sawInvalid: inout Bool
    ) throws(CommandError) -> Bool {
        do throws(FramingError) {
            while let line = try framer.next() {
                if checksJSON, isBlank(line.bytes) { continue }
                writer.beginObject()
                writer.field("offset", line.offset)
                writer.field("bytes", line.bytes.count)
                if checksJSON, !check(line.bytes, &writer) { sawInvalid = true }
                writer.endObject()
                return true
            }
            return false
        } catch { throw .failed(.peer, "too-large: \(error)") }
    }

    /// Whether the line is a JSON text.
    private static func check(_ line: Span<UInt8>, _ writer: inout JSONWriter) -> Bool {
        do throws(JSONError) {
            _ = try JSON.validate(line)
            writer.field("json", "valid")
            return true
        } catch {
            writer.field("json", "invalid")
            writer.field("error", error.code.description)
            writer.field("at", error.at)
            return false
        }
    }

    private static func isBlank(_ line: Span<UInt8>) -> Bool {
        for index in line.indices {
            guard ASCII.isBlank(line[index]) || line[index] == ASCII.cr else { return false }
        }
        return true
    }
}

/// Server-sent events and reconnection times, in their order.
struct EventCodec: InputCodec, ~Copyable {
    private var buffer = ReceiveBuffer(limit: .bytes(.max))
    private var scanner: SSEScanner
    private var writer = JSONWriter(reserving: 256)

    init(limit: ByteLimit) { scanner = SSEScanner(limit: limit) }

    mutating func take(_ piece: [UInt8], _ output: Output) throws(CommandError) {
        buffer.appendContent(piece.span)
        while try writeNext() {
            try output.write(writer.bytes)
            try output.write("\n")
            writer.removeAll()
        }
    }

    mutating func finish(_ output: Output) throws(CommandError) -> ExitCode { .success }

    private mutating func writeNext() throws(CommandError) -> Bool {
        let step: SSEScanner.Step
        do throws(FramingError) { step = try scanner.next(in: &buffer) } catch {
            throw .failed(.peer, "too-large: \(error)")
        }
        if step == .needsBytes { return false }
        writer.beginObject()
        if case .retry(let milliseconds) = step {
            writer.field("retry", milliseconds)
        } else {
            let type = String(decoding: scanner.eventType)
            let data = String(decoding: scanner.data(in: buffer))
            let id = String(decoding: scanner.lastEventID)
            writer.field("event", type.isEmpty ? "message" : type)
            writer.field("data", data)
            writer.field("id", id)
        }
        writer.endObject()
        return true
    }
}

/// One JSON text, held whole: only its end tells whether it is one.
struct TextCodec: InputCodec, ~Copyable {
    private static let limit = ByteLimit.mebibytes(1024)

    private var text: [UInt8] = []

    mutating func take(_ piece: [UInt8], _ output: Output) throws(CommandError) {
        if piece.count > TextCodec.limit.bytes - text.count {
            throw .failed(.usage, "a JSON text of more than \(TextCodec.limit.bytes) bytes")
        }
        text += piece
    }

    mutating func finish(_ output: Output) throws(CommandError) -> ExitCode {
        var writer = JSONWriter(reserving: 64)
        writer.beginObject()
        var code = ExitCode.success
        do throws(JSONError) {
            let type = try JSON.validate(text.span)
            writer.field("valid", true)
            writer.field("type", TextCodec.name(of: type))
        } catch {
            code = .peer
            writer.field("valid", false)
            writer.field("error", error.code.description)
            writer.field("at", error.at)
        }
        writer.endObject()
        try output.write(writer.bytes)
        try output.write("\n")
        return code
    }

    private static func name(of type: JSONType) -> String {
        switch type {
        case .object: "object"
        case .array: "array"
        case .string: "string"
        case .number: "number"
        case .bool: "boolean"
        case .null: "null"
        }
    }
}
