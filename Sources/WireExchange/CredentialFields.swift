/// The fields of a request by which a server knows its user: they stay with their origin, and out of
/// what is printed.
package enum CredentialFields {
    private static let names: Set<String> = [
        "authorization", "proxy-authorization", "cookie", "x-api-key", "api-key",
        "x-goog-api-key",
    ]

    /// - Parameter name: in lower case.
    package static func contains(_ name: String) -> Bool { names.contains(name) }

    /// For printing.
    package static func redacted(
        _ fields: [(name: String, value: String)]
    ) -> [(name: String, value: String)] {
        fields.map { contains($0.name.lowercased()) ? ($0.name, "REDACTED") : $0 }
    }
}

/// Printed without credentials, and without a body's bytes.
extension HTTPRequest: CustomStringConvertible, CustomReflectable {
    public var description: String { "\(method) \(url)" }

    public var customMirror: Mirror {
        Mirror(
            self,
            children: [
                "method": method, "url": url, "fields": CredentialFields.redacted(fields),
                "hasBody": body != nil,
            ], displayStyle: .struct)
    }
}
