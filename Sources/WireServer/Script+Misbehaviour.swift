public import WireTime

/// What a peer may do that a client has to survive.
extension Script {
    /// Accepts, reads, and says nothing.
    public static let silent = Script([.stall])

    /// Sends the first `count` bytes, then nothing more.
    public static func stalling(after count: Int, of bytes: [UInt8]) -> Script {
        Script([.send(bytes.prefix(count)), .stall])
    }

    /// Sends the first `count` bytes and ends the connection: by FIN, or by RST.
    public static func cut(after count: Int, of bytes: [UInt8], byReset: Bool = false) -> Script {
        Script([.send(bytes.prefix(count)), byReset ? .reset : .finish])
    }

    /// Sends byte by byte, one `every` so long.
    public static func dripping(_ bytes: [UInt8], every pause: Timeout) -> Script {
        .bytes(bytes).split(every: 1, pause: pause)
    }

    /// Sends `prefix`, then `unit` again and again, for ever.
    public static func endless(
        _ prefix: [UInt8], repeating unit: [UInt8], every pause: Timeout = .zero
    ) -> Script {
        Script([.send(prefix[...]), .wait(pause), .send(unit[...]), .goTo(1)])
    }

    /// A stream that is kept alive by blank lines (NDJSON) and never carries anything.
    public static func blankLines(every pause: Timeout) -> Script {
        endless(
            chunkedHead(contentType: "application/x-ndjson"), repeating: chunk([0x0A]), every: pause
        )
    }

    /// An event stream that is kept alive by comments and never carries anything.
    public static func comments(every pause: Timeout) -> Script {
        endless(
            chunkedHead(contentType: "text/event-stream"),
            repeating: chunk([UInt8](": ping\n\n".utf8)), every: pause)
    }

    /// A head of field lines without an end.
    public static func endlessHead(every pause: Timeout = .zero) -> Script {
        endless(
            [UInt8]("HTTP/1.1 200 OK\r\n".utf8),
            repeating: [UInt8]("X-Filler: 0123456789\r\n".utf8),
            every: pause)
    }

    /// One field line without an end.
    public static func endlessFieldLine(every pause: Timeout = .zero) -> Script {
        endless(
            [UInt8]("HTTP/1.1 200 OK\r\nX-Filler: ".utf8),
            repeating: [UInt8](repeating: UInt8(ascii: "x"), count: 4 << 10), every: pause)
    }

    /// Informational responses without an end.
    public static func endlessInformational(every pause: Timeout = .zero) -> Script {
        endless([], repeating: [UInt8]("HTTP/1.1 102 Processing\r\n\r\n".utf8), every: pause)
    }
}
