/// One address that was tried, and why it did not serve.
public struct ConnectAttempt: Sendable, Equatable {
    public enum Cause: Sendable, Equatable {
        /// Nobody listens there.
        case refused
        /// Nobody listens there: connecting had reached its own socket instead.
        case selfConnected
        /// No way there, or nobody on it.
        case unreachable
        /// Nothing came back until the kernel gave up, or the connect deadline passed.
        case unanswered
        /// There is no local address or no free port for it.
        case noLocalAddress
        /// The local address is in use already.
        case localAddressInUse
        /// The process or the system has no descriptor left.
        case noDescriptors
        /// This machine does not allow it.
        case denied
        /// There is no Unix socket of that path.
        case noSuchSocket
        /// The queue of the Unix socket's listener is full.
        case queueFull
        /// The kernel refused a socket option; its name.
        case option(String)
        /// See the number.
        case other

        public var isRefusal: Bool { self == .refused || self == .selfConnected }

        /// What can be done about it, where the number's text does not say it.
        public var advice: String? {
            switch self {
            case .selfConnected: "nobody listens on that port, and the client met itself"
            case .noLocalAddress:
                "no local address or free port: keep connections alive, or use fewer at once"
            case .noDescriptors:
                "raise the limit of open files (ulimit -n), or lower that of connections"
            case .queueFull: "the listener's queue is full: try again later"
            case .option(let name): "leave \(name) out, or give it another value"
            default: nil
            }
        }
    }

    public let address: String
    public let cause: Cause
    /// `errno` of the failure; 0 if it was none of a call's.
    public let errorNumber: Int32
    public let message: String

    public init(address: String, cause: Cause? = nil, errorNumber: Int32, message: String) {
        self.address = address
        self.cause = cause ?? Cause(errorNumber: errorNumber)
        self.errorNumber = errorNumber
        self.message = message
    }

    /// For an address that had not answered when time was up.
    package static func unanswered(_ address: String) -> ConnectAttempt {
        ConnectAttempt(address: address, cause: .unanswered, errorNumber: 0, message: "no answer")
    }

    static func list(_ attempts: [ConnectAttempt]) -> String {
        if attempts.isEmpty { return "no address" }
        return attempts.map(\.description).joined(separator: "; ")
    }
}

extension ConnectAttempt.Cause {
    /// Of the numbers of Linux; the C header is out of reach of a pure target.
    init(errorNumber: Int32) {
        switch errorNumber {
        case 111: self = .refused  // ECONNREFUSED
        case 101, 113, 100, 112: self = .unreachable  // ENETUNREACH, EHOSTUNREACH, E*DOWN
        case 110: self = .unanswered  // ETIMEDOUT
        case 99: self = .noLocalAddress  // EADDRNOTAVAIL
        case 98: self = .localAddressInUse  // EADDRINUSE
        case 23, 24: self = .noDescriptors  // ENFILE, EMFILE
        case 1, 13: self = .denied  // EPERM, EACCES
        case 2: self = .noSuchSocket  // ENOENT
        case 11: self = .queueFull  // EAGAIN
        default: self = .other
        }
    }

    /// No other address would do better.
    package var isLocal: Bool { self == .noDescriptors }
}

extension ConnectAttempt: CustomStringConvertible {
    public var description: String {
        let advice = cause.advice.map { " (\($0))" } ?? ""
        return "\(address): \(message)\(advice)"
    }
}
