internal import Glibc

/// A system call that failed, and why.
public struct SystemError: Error, Equatable, Sendable {
    /// The call's name, as in its manual page.
    public let call: String
    /// `errno`.
    public let number: Int32
    /// What the call was about, where its name does not say enough: the name of a socket option.
    public let subject: String?

    public init(_ call: String, _ number: Int32, subject: String? = nil) {
        self.call = call
        self.number = number
        self.subject = subject
    }

    /// Takes the calling thread's `errno`.
    static func last(_ call: String, subject: String? = nil) -> SystemError {
        SystemError(call, errno, subject: subject)
    }

    /// Connecting has reached its own socket: nobody listens on the port, and the kernel had picked
    /// the very same one as the local port.
    public static let selfConnected = SystemError(
        "connect", ECONNREFUSED, subject: "to itself")

    /// The C library's text for the number.
    public var message: String {
        // Safe because strerror_r writes at most the buffer, zero-terminated.
        unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { buffer in
            guard let base = buffer.baseAddress, unsafe strerror_r(number, base, 128) == 0 else {
                return "error \(number)"
            }
            return unsafe String(cString: base)
        }
    }

    /// Nothing more can be sent: the peer's FIN had come, or an RST after one.
    public var isBrokenPipe: Bool { number == EPIPE }

    /// The peer has gone: RST came, or it was sent something after its close.
    public var isReset: Bool { number == ECONNRESET || number == EPIPE || number == ENOTCONN }
}

extension SystemError: CustomStringConvertible {
    public var description: String {
        let subject = subject.map { "(\($0))" } ?? ""
        return "\(call)\(subject): \(message)"
    }
}
