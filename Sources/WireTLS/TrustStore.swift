#if TLS
internal import COpenSSL
internal import Glibc

/// Where a system keeps its authorities.
struct SystemTrust {
    /// What the user names by `SSL_CERT_FILE` and `SSL_CERT_DIR`: replaces all the rest.
    var file: String?
    var directories: String?
    /// What OpenSSL was built with; all of it is used.
    var defaults: [String] = []
    /// Where distributions keep them, when the defaults hold nothing because OpenSSL was built for
    /// another one, or into the program; the first that holds something is used.
    var wellKnown: [String] = []

    static var current: SystemTrust {
        // Safe because the texts are static.
        unsafe SystemTrust(
            file: environment("SSL_CERT_FILE"), directories: environment("SSL_CERT_DIR"),
            defaults: [
                String(cString: X509_get_default_cert_file()),
                String(cString: X509_get_default_cert_dir()),
            ], wellKnown: distributions)
    }

    private static let distributions = [
        // Debian, Alpine, Arch; Fedora and RHEL, old and new; SUSE; Alpine, BSD.
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
        "/etc/ssl/ca-bundle.pem",
        "/etc/ssl/cert.pem",
        "/etc/ssl/certs",
        "/etc/pki/tls/certs",
    ]

    /// As OpenSSL reads it: nothing in a program that runs with more rights than its user.
    private static func environment(_ name: String) -> String? {
        guard OPENSSL_issetugid() == 0, let value = unsafe getenv(name) else { return nil }
        let text = unsafe String(cString: value)
        return text.isEmpty ? nil : text
    }
}

/// The authorities that a context trusts.
enum TrustStore {
    static func load(
        _ trust: TLSConfiguration.Trust, _ system: SystemTrust, into store: OpaquePointer
    ) throws(TLSError) {
        switch trust {
        case .system: try unsafe load(system, into: store)
        case .systemAnd(let sources):
            try unsafe load(system, into: store)
            try unsafe load(sources, into: store)
        case .only(let sources):
            if sources.isEmpty { throw .noTrustedAuthorities(searched: []) }
            try unsafe load(sources, into: store)
        }
    }

    /// With any, certificates are held against them: the whole chain.
    static func load(
        revocationLists sources: [TLSConfiguration.PEM], into store: OpaquePointer
    ) throws(TLSError) {
        if sources.isEmpty { return }
        for source in sources {
            try unsafe Credentials.forEachRevocationList(source, { .revocationList(file: $0) }) {
                unsafe X509_STORE_add_crl(store, $0) == 1
            }
        }
        unsafe X509_STORE_set_flags(
            store, UInt(X509_V_FLAG_CRL_CHECK) | UInt(X509_V_FLAG_CRL_CHECK_ALL))
    }

    private static func load(
        _ sources: [TLSConfiguration.PEM], into store: OpaquePointer
    ) throws(TLSError) {
        let role = { TLSCredential.authorities(file: $0) }
        for source in sources {
            try unsafe Credentials.forEachCertificate(source, role) {
                unsafe X509_STORE_add_cert(store, $0) == 1
            }
        }
    }

    private static func load(
        _ system: SystemTrust, into store: OpaquePointer
    ) throws(TLSError) {
        if system.file != nil || system.directories != nil {
            return try unsafe loadNamed(system.file, system.directories, into: store)
        }
        var found = false
        for path in system.defaults where unsafe add(path, to: store) { found = true }
        if found { return }
        for path in system.wellKnown where unsafe add(path, to: store) { return }
        throw .noTrustedAuthorities(searched: system.defaults + system.wellKnown)
    }

    /// A file that the user names has to be one, and of the directories one.
    private static func loadNamed(
        _ file: String?, _ directories: String?, into store: OpaquePointer
    ) throws(TLSError) {
        if let file, unsafe !addFile(file, to: store) {
            throw .noTrustedAuthorities(searched: [file])
        }
        guard let directories else { return }
        let paths = directories.split(separator: ":").map(String.init)
        var found = false
        for path in paths where unsafe addDirectory(path, to: store) { found = true }
        if !found { throw .noTrustedAuthorities(searched: paths) }
    }

    private static func add(_ path: String, to store: OpaquePointer) -> Bool {
        unsafe addFile(path, to: store) || addDirectory(path, to: store)
    }

    /// False when the file has no certificate.
    private static func addFile(_ path: String, to store: OpaquePointer) -> Bool {
        defer { ERR_clear_error() }
        return unsafe X509_STORE_load_file(store, path) == 1
    }

    /// OpenSSL looks into a directory only when it verifies, and only for names that it knows: a
    /// directory without any would be an empty store that nobody notices.
    private static func addDirectory(_ path: String, to store: OpaquePointer) -> Bool {
        guard hasHashedNames(path) else { return false }
        defer { ERR_clear_error() }
        return unsafe X509_STORE_load_path(store, path) == 1
    }

    /// Whether there is any `0123abcd.0` in it.
    private static func hasHashedNames(_ path: String) -> Bool {
        guard let directory = unsafe opendir(path) else { return false }
        defer { unsafe closedir(directory) }
        while let entry = unsafe readdir(directory) {
            // Safe because the name is terminated, and read before the next call.
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) {
                unsafe $0.prefix { $0 != 0 }.map { $0 }
            }
            guard name.count > 9, name[8] == UInt8(ascii: ".") else { continue }
            let isHash = name.prefix(8).allSatisfy { Character(Unicode.Scalar($0)).isHexDigit }
            if isHash && name.dropFirst(9).allSatisfy({ (0x30...0x39).contains($0) }) {
                return true
            }
        }
        return false
    }
}
#endif
