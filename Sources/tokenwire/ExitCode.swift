import WireExchange

/// What the process tells its caller. The numbers are a contract.
enum ExitCode: Equatable, Sendable {
    case success
    /// The server answered with an error.
    case serverError
    /// Arguments that make no sense, an input file that cannot be used.
    case usage
    /// The name did not resolve, or no address could be connected to.
    case unreachable
    case tls
    case deadline
    /// The peer broke the protocol or closed early.
    case peer
    case stoppedByGuard
    /// A run ended with failures that may succeed when tried again.
    case retryable
    /// A run ended with failures that will come again.
    case permanent
    case interrupted(signal: Int32)

    var status: Int32 {
        switch self {
        case .success: 0
        case .serverError: 1
        case .usage: 2
        case .unreachable: 3
        case .tls: 4
        case .deadline: 5
        case .peer: 6
        case .stoppedByGuard: 7
        case .retryable: 8
        case .permanent: 9
        case .interrupted(let signal): 128 + signal
        }
    }

    /// Of an exchange that failed. A cancelled one counts as interrupted: only SIGINT and SIGTERM
    /// cancel in this program, and the number of the one that came replaces this.
    init(_ error: TransportError) {
        switch error.kind {
        case .invalidURL, .invalidRequest: self = .usage
        case .resolveFailed, .connectRefused, .connectFailed: self = .unreachable
        case .timeout: self = .deadline
        case .cancelled: self = .interrupted(signal: 2)
        case .tlsFailed, .tlsVerifyFailed: self = .tls
        case .unsupported:
            // What a build may not do itself is https; else the peer sent what is unsupported.
            if case .tls = error { self = .tls } else { self = .peer }
        case .closedEarly, .reset, .badStatusLine, .badHeader, .badFraming, .badChunk, .tooLarge,
            .badContentCoding, .tooManyRedirects:
            self = .peer
        }
    }
}

/// Why a subcommand ended before its result.
enum CommandError: Error {
    /// Arguments that cannot be meant. One line, exit 2.
    case usage(String)
    /// Anything else, said in one line.
    case failed(ExitCode, String)
    /// Nobody reads the output any more. The reader has what it wanted: quiet, and a success.
    case outputClosed
    /// SIGINT or SIGTERM came.
    case interrupted
}
