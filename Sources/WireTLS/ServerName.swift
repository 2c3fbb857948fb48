#if TLS
internal import COpenSSL

/// Whom a certificate has to be for.
enum ServerName: Equatable {
    /// Without a trailing dot, in lower case.
    case name(String)
    case address(String)

    /// - Parameter text: a host name, or an IP address, an IPv6 one with or without brackets and
    ///   zone.
    init(_ text: String) throws(TLSError) {
        var bare = Substring(text)
        if bare.first == "[" && bare.last == "]" { bare = bare.dropFirst().dropLast() }
        // The zone says by which interface, not which host.
        if bare.contains(":"), let zone = bare.firstIndex(of: "%") { bare = bare[..<zone] }
        if !bare.utf8.contains(0), let parsed = unsafe a2i_IPADDRESS(String(bare)) {
            unsafe ASN1_OCTET_STRING_free(parsed)
            self = .address(String(bare))
            return
        }
        if bare.last == "." { bare = bare.dropLast() }
        guard ServerName.isHostName(bare) else { throw .invalidServerName(text) }
        self = .name(bare.lowercased())
    }

    var text: String {
        switch self {
        case .name(let text), .address(let text): text
        }
    }

    /// OpenSSL takes a leading dot for "any name below", and what ends in a number is an address to
    /// resolvers: neither is a name that one server can have.
    private static func isHostName(_ text: Substring) -> Bool {
        guard (1...253).contains(text.utf8.count) else { return false }
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        let areLabels = labels.allSatisfy { label in
            (1...63).contains(label.utf8.count) && label.utf8.allSatisfy(isHostNameByte)
        }
        return areLabels && !labels[labels.count - 1].utf8.allSatisfy { (0x30...0x39).contains($0) }
    }

    private static func isHostNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "_"): true
        default: false
        }
    }
}
#endif
