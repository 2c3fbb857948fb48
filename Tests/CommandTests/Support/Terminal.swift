import Glibc
import WireSockets
import WireSystem

/// The two sides of a terminal that echoes nothing.
struct Terminal {
    let user: Int32
    let program: Int32

    init() throws(SystemError) {
        user = unsafe Glibc.open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        var locked: Int32 = 0
        // Safe because the kernel reads one number. (What pty.h has is out of reach.)
        guard user >= 0, unsafe ioctl(user, Terminal.setLock, &locked) == 0 else {
            throw SystemError("open /dev/ptmx", errno)
        }
        program = ioctl(user, Terminal.openPeer, O_RDWR | O_NOCTTY | O_CLOEXEC)
        if program < 0 { throw SystemError("open a terminal", errno) }
        var settings = termios()
        unsafe tcgetattr(program, &settings)
        settings.c_lflag &= ~tcflag_t(ECHO)
        unsafe tcsetattr(program, TCSANOW, &settings)
    }

    /// TIOCSPTLCK, TIOCGPTN, TIOCGPTPEER (ioctl_tty(2)).
    private static let setLock: UInt = 0x4004_5431
    private static let getNumber: UInt = 0x8004_5430
    private static let openPeer: UInt = 0x5441

    func type(_ text: String) throws {
        try Files.writeAll(Array(text.utf8).span, to: user, name: "terminal")
    }

    /// The program's side, for those who open it by name.
    var path: String {
        var number: Int32 = -1
        // Safe because the kernel writes one number.
        _ = unsafe ioctl(user, Terminal.getNumber, &number)
        return "/dev/pts/\(number)"
    }

    /// What has been written so far.
    func written() throws -> String {
        var all: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 4096)
        var entry = pollfd(fd: user, events: Int16(POLLIN), revents: 0)
        // Safe because one entry is given.
        while unsafe poll(&entry, 1, 0) == 1, entry.revents & Int16(POLLIN) != 0 {
            let count = try Files.readSome(descriptor: user, into: &piece)
            all += piece[..<count]
        }
        return String(decoding: all, as: UTF8.self)
    }

    func close() { Files.closeDescriptor(user) }
}
