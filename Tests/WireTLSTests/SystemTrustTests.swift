#if TLS
import Glibc
import TestSupport
import Testing

@testable import WireTLS

/// Which of a system's authorities are found.
@Suite struct SystemTrustTests {
    /// A directory with a file of one authority, and the same under the name that OpenSSL asks for.
    @safe private final class Directory {
        let path: String

        init() throws {
            var template = Array("/tmp/tokenwire-tls-XXXXXX".utf8CString)
            guard let made = unsafe mkdtemp(&template) else { throw POSIXFailure(errno) }
            path = unsafe String(cString: made)
        }

        deinit {
            for name in ["ca.pem", "empty.pem", "hashed/\(hashedName)", "hashed", "bare", ""] {
                unsafe remove(path + "/" + name)
            }
        }

        /// `openssl x509 -hash` of the subject `CN=Test CA`.
        let hashedName = "3387b84d.0"

        func write(_ name: String, _ bytes: [UInt8]) throws -> String {
            let file = path + "/" + name
            guard let stream = unsafe fopen(file, "w") else { throw POSIXFailure(errno) }
            unsafe fwrite(bytes, 1, bytes.count, stream)
            unsafe fclose(stream)
            return file
        }

        func make(_ name: String) -> String {
            unsafe mkdir(path + "/" + name, 0o700)
            return path + "/" + name
        }
    }

    private struct POSIXFailure: Error {
        let number: Int32
        init(_ number: Int32) { self.number = number }
    }

    private let authority = Credential.authority()
    private let directory: Directory
    private let file: String
    private let empty: String
    private let hashed: String
    private let bare: String

    init() throws {
        directory = try Directory()
        file = try directory.write("ca.pem", authority.certificate)
        empty = try directory.write("empty.pem", [])
        hashed = directory.make("hashed")
        _ = try directory.write("hashed/" + directory.hashedName, authority.certificate)
        bare = directory.make("bare")
    }

    /// Whether a server of that authority is believed.
    private func isBelieved(
        _ system: SystemTrust, _ trust: TLSConfiguration.Trust = .system
    ) throws(TLSError) -> Bool {
        var configuration = TLSConfiguration()
        configuration.trust = trust
        let context = try TLSContext(configuration, system)
        let leaf = Credential("a", by: authority, names: "DNS:a.test")
        var conversation = try Conversation(context, TLSTestServer(leaf))
        do throws(TLSError) { try conversation.connect() } catch {
            guard case .verification(let failure) = error, failure.rule == .unknownAuthority
            else { throw error }
            return false
        }
        return true
    }

    @Test func whatTheUserNames() throws {
        #expect(try isBelieved(SystemTrust(file: file)))
        #expect(try isBelieved(SystemTrust(directories: hashed)))
        #expect(try isBelieved(SystemTrust(directories: "/nonexistent:\(hashed)")))
        #expect(try isBelieved(SystemTrust(file: file, directories: hashed)))
    }

    @Test func whatTheUserNamesReplacesTheRest() throws {
        let other = try directory.write("empty.pem", Credential.authority("Other").certificate)
        let system = SystemTrust(file: other, defaults: [file, hashed], wellKnown: [file])
        #expect(try !isBelieved(system))
    }

    @Test func whatTheUserNamesHasToBeThere() {
        for path in ["/nonexistent", empty, bare, "/dev/null"] {
            #expect(throws: TLSError.noTrustedAuthorities(searched: [path])) {
                _ = try isBelieved(SystemTrust(file: path, defaults: [file], wellKnown: [file]))
            }
            #expect(throws: TLSError.noTrustedAuthorities(searched: [path])) {
                _ = try isBelieved(SystemTrust(directories: path, defaults: [file]))
            }
        }
        #expect(throws: TLSError.noTrustedAuthorities(searched: [bare])) {
            _ = try isBelieved(SystemTrust(file: file, directories: bare))
        }
    }

    @Test func defaultsThenWellKnownPlaces() throws {
        #expect(try isBelieved(SystemTrust(defaults: ["/nonexistent", hashed])))
        #expect(try isBelieved(SystemTrust(defaults: [file, bare])))
        #expect(
            try isBelieved(SystemTrust(defaults: [bare, empty], wellKnown: [bare, empty, file])))
        #expect(try isBelieved(SystemTrust(defaults: [bare], wellKnown: [hashed])))
    }

    @Test func nothingAnywhere() {
        let system = SystemTrust(defaults: [bare, "/nonexistent"], wellKnown: [empty])
        #expect(throws: TLSError.noTrustedAuthorities(searched: [bare, "/nonexistent", empty])) {
            _ = try isBelieved(system)
        }
        // Whoever adds authorities to the system's wants these too.
        #expect(throws: TLSError.self) {
            _ = try isBelieved(system, .systemAnd([.bytes(authority.certificate)]))
        }
    }

    @Test func adding() throws {
        let other = try directory.write("empty.pem", Credential.authority("Other").certificate)
        let system = SystemTrust(defaults: [other])
        #expect(try isBelieved(system, .systemAnd([.file(file)])))
        #expect(try !isBelieved(system))
        #expect(try isBelieved(system, .only([.file(file)])))
    }
}
#endif
