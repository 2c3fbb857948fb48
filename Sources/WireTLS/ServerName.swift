#if TLS
internal import COpenSSL

/// Whom a certificate has to be for.
enum ServerName: Equatable {
    /// Without a trailing dot, in lower case.
    case name(String)
    /// As text, and as it stands in certificates.
    case address(String, octets: [UInt8])

    /// - Parameter text: a host name, or an IP address, an IPv6 one with or without brackets and
    ///   zone.
    init(_ text: String) throws(TLSError) {
        var bare = text.utf8[...]
        if bare.first == UInt8(ascii: "["), bare.last == UInt8(ascii: "]") {
            bare = bare.dropFirst().dropLast()
        }
        // The zone says by which interface, not which host.
        let hasColon = bare.contains(UInt8(ascii: ":"))
        if hasColon, let zone = bare.firstIndex(of: UInt8(ascii: "%")) { bare = bare[..<zone] }
        // No address ends otherwise.
        if hasColon || bare.last.map(ServerName.isDigit) == true, !bare.contains(0) {
            let address = String(Substring(bare))
            if let octets = ServerName.octets(of: address) {
                self = .address(address, octets: octets)
                return
            }
        }
        if bare.last == UInt8(ascii: ".") { bare = bare.dropLast() }
        guard ServerName.isHostName(bare) else { throw .invalidServerName(text) }
        self = .name(Substring(bare).lowercased())
    }

    var text: String {
        switch self {
        case .name(let text), .address(let text, _): text
        }
    }

    private static func octets(of address: String) -> [UInt8]? {
        guard let parsed = unsafe a2i_IPADDRESS(address) else { return nil }
        defer { unsafe ASN1_OCTET_STRING_free(parsed) }
        let count = unsafe Int(ASN1_STRING_length(parsed))
        // Safe because so many bytes belong to `parsed`.
        return unsafe [UInt8](
            UnsafeBufferPointer(start: ASN1_STRING_get0_data(parsed), count: count))
    }

    /// OpenSSL takes a leading dot for "any name below", and what ends in a number is an address to
    /// resolvers: neither is a name that one server can have.
    private static func isHostName(_ text: Substring.UTF8View) -> Bool {
        guard (1...253).contains(text.count) else { return false }
        let labels = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        let areLabels = labels.allSatisfy { label in
            (1...63).contains(label.count) && label.allSatisfy(isHostNameByte)
        }
        return areLabels && !labels[labels.count - 1].allSatisfy(isDigit)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    private static func isHostNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "_"): true
        default: false
        }
    }
}
#endif
