/// A string that C code passes in.
enum CallerText {
    /// A copy of the text; nil for NULL.
    static func optional(
        _ pointer: UnsafePointer<CChar>?, _ name: String
    ) throws(Failure) -> String? {
        guard let pointer = unsafe pointer else { return nil }
        // Safe because the header asks for a NUL at the end.
        guard let text = unsafe String(validatingCString: pointer) else {
            throw .invalidArgument("\(name) is not valid UTF-8")
        }
        return text
    }

    static func required(
        _ pointer: UnsafePointer<CChar>?, _ name: String
    ) throws(Failure) -> String {
        guard let text = try unsafe optional(pointer, name) else {
            throw .invalidArgument("\(name) is NULL")
        }
        return text
    }
}
