#if TLS
internal import COpenSSL

/// SHA-256 (FIPS 180-4) by OpenSSL, fed piece by piece.
@safe public struct SHA256: ~Copyable {
    /// Whether this build can compute digests: only with the package trait `TLS`.
    public static var isAvailable: Bool { true }

    /// Safe because it is made in `init`, freed once in `deinit`, and never leaves.
    private let context: OpaquePointer

    public init() {
        unsafe context = EVP_MD_CTX_new()
        unsafe EVP_DigestInit_ex(context, EVP_sha256(), nil)
    }

    deinit { unsafe EVP_MD_CTX_free(context) }

    public mutating func update(_ bytes: Span<UInt8>) {
        // Safe because the bytes are only read during the call.
        unsafe bytes.withUnsafeBytes {
            _ = unsafe EVP_DigestUpdate(context, $0.baseAddress, $0.count)
        }
    }

    /// The digest of all that was fed, in lower-case hexadecimal. Nothing can be fed afterwards.
    public consuming func hexDigest() -> String? {
        var digest = [UInt8](repeating: 0, count: 32)
        // Safe because SHA-256 writes 32 bytes.
        unsafe digest.withUnsafeMutableBufferPointer {
            _ = unsafe EVP_DigestFinal_ex(context, $0.baseAddress, nil)
        }
        return digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
#else
/// A build without the package trait `TLS` has no OpenSSL, hence no digests.
public struct SHA256: ~Copyable {
    public static var isAvailable: Bool { false }

    public init() {}
    public mutating func update(_ bytes: Span<UInt8>) {}
    /// Always nil in this build.
    public consuming func hexDigest() -> String? { nil }
}
#endif
