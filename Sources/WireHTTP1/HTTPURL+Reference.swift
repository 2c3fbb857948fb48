internal import WireBytes

extension HTTPURL {
    /// Scheme, host and port (RFC 9110 4.3.1).
    public func hasSameOrigin(as other: HTTPURL) -> Bool {
        scheme == other.scheme && host == other.host && port == other.port
    }

    /// A reference found in something that this URL led to (RFC 3986 5.2, strict: a scheme in it always
    /// counts). Its fragment is dropped, as in every URL here; the user part is inherited within the
    /// origin only.
    ///
    /// - Throws: `RequestError.invalidURL` for what is no http or https URL then.
    public func resolving(_ reference: String) throws(RequestError) -> HTTPURL {
        if HTTPURL.hasScheme(reference) { return inheritingUser(try HTTPURL(reference)) }
        if reference.hasPrefix("//") {
            return inheritingUser(try HTTPURL("\(scheme.rawValue):\(reference)"))
        }
        let relative = reference.prefix { $0 != "#" }
        let referencePath = relative.prefix { $0 != "?" }
        let query = relative[referencePath.endIndex...]
        let path = target.prefix { $0 != "?" }
        if referencePath.isEmpty {
            return inheritingUser(try sibling(query.isEmpty ? target : "\(path)\(query)"))
        }
        let merged: String
        if referencePath.hasPrefix("/") {
            merged = String(referencePath)
        } else {
            let directory = path[...(path.lastIndex(of: "/") ?? path.startIndex)]
            merged = "\(directory)\(referencePath)"
        }
        return inheritingUser(try sibling(HTTPURL.removingDotSegments(merged) + query))
    }

    /// `scheme ":"` in front (RFC 3986 3.1).
    private static func hasScheme(_ reference: String) -> Bool {
        guard let colon = reference.utf8.firstIndex(of: UInt8(ascii: ":")) else { return false }
        let scheme = reference.utf8[..<colon]
        return !scheme.isEmpty && scheme.allSatisfy { !"/?#".utf8.contains($0) }
    }

    /// The same origin; the target is checked and encoded like that of any URL.
    private func sibling(_ target: String) throws(RequestError) -> HTTPURL {
        let checked = try HTTPURL("\(scheme.rawValue)://h\(target)")
        return with(target: checked.target)
    }

    private func inheritingUser(_ url: HTTPURL) -> HTTPURL {
        guard url.userInfo == nil, hasSameOrigin(as: url) else { return url }
        return HTTPURL(
            scheme: url.scheme, host: url.host, port: url.port, target: url.target,
            userInfo: userInfo)
    }

    /// RFC 3986 5.2.4, for paths that begin with a slash.
    private static func removingDotSegments(_ path: String) -> String {
        var kept: [Substring] = []
        let segments = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        for (index, segment) in segments.enumerated() {
            let isLast = index == segments.count - 1
            switch segment {
            case ".": if isLast { kept.append("") }
            case "..":
                _ = kept.popLast()
                if isLast { kept.append("") }
            default: kept.append(segment)
            }
        }
        return "/" + kept.joined(separator: "/")
    }
}
