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

    static func failure(_ path: String, _ error: SystemError) -> CommandError {
        .failed(.usage, "cannot read \(path == "-" ? "standard input" : path): \(error.message)")
    }
}
