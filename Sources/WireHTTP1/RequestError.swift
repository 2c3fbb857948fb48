/// The caller asked for something that must not or cannot be put on the wire.
public enum RequestError: Error, Equatable, Sendable {
    /// No `http`/`https` URL of the accepted form; says why.
    case invalidURL(String)
    /// A method, target, field name or value that would break out of its place, or a framing field
    /// that contradicts the body; says which.
    case invalidRequest(String)
}

extension RequestError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .invalidURL(let reason): "invalid URL: \(reason)"
        case .invalidRequest(let reason): "invalid request: \(reason)"
        }
    }
}
