import WireSockets
import WireSystem

/// Files named on the command line; `-` is standard input.
enum InputFile {
    /// - Parameter limit: in bytes; a longer file is refused.
    static func read(_ path: String, limit: Int) throws(CommandError) -> [UInt8] {
        do throws(SystemError) {
            if path == "-" {
                return try Files.read(descriptor: 0, limit: limit, name: "standard input")
            }
            return try Files.read(path, limit: limit)
        } catch { throw InputFile.failure(path, error) }
    }

    /// Says now what would else only show when the file is read.
    static func check(_ path: String) throws(CommandError) {
        do throws(SystemError) { try Files.checkReadable(path) } catch {
            throw InputFile.failure(path, error)
        }
    }

    static func failure(_ path: String, _ error: SystemError) -> CommandError {
        .failed(.usage, "cannot read \(path == "-" ? "standard input" : path): \(error.message)")
    }
}

extension StringProtocol {
    /// Without their ends, LF or CRLF: Unicode's other line ends are text.
    var textLines: [String] {
        utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map {
            String(decoding: $0.last == UInt8(ascii: "\r") ? $0.dropLast() : $0, as: UTF8.self)
        }
    }
}
