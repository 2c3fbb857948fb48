internal import Glibc

/// A system call that failed, and why.
public struct SystemError: Error, Equatable, Sendable {
    /// The call's name, as in its manual page.
    public let call: String
    /// `errno`.
    public let number: Int32

    public init(_ call: String, _ number: Int32) {
        self.call = call
        self.number = number
    }

    /// Takes the calling thread's `errno`.
    static func last(_ call: String) -> SystemError { SystemError(call, errno) }

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
    public var description: String { "\(call): \(message)" }
}
