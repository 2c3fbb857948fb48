import WireBlocking
import WireHTTP1

/// Where a response sends its request, and what of the request goes there (RFC 9110 15.4).
///
///     status          | method, body
///     ----------------+------------------------------------------------------
///     301, 302        | POST becomes GET without body; others stay
///     303             | GET without body; HEAD stays
///     307, 308        | stay
///
/// On the way to another scheme, host or port the fields that identify the user are dropped, and
/// so they are gone for the rest of the chain.
enum Redirect {
    /// No redirect, or one without the one target it takes: a response like others.
    case none
    case to(HTTPRequest)
    /// A target that is no http or https URL; says what is wrong.
    case refused(String)

    private static let userFields: Set<String> = [
        "authorization", "cookie", "proxy-authorization", "host",
    ]

    init(of request: HTTPRequest, by head: ResponseHead) {
        let locations = Set(head.fields.values(of: "location"))
        guard [301, 302, 303, 307, 308].contains(head.status), locations.count == 1,
            let location = locations.first
        else {
            self = .none
            return
        }
        do throws(RequestError) {
            let url = try request.url.resolving(location)
            self = .to(Redirect.next(request, head.status, url))
        } catch {
            self = .refused("cannot follow the Location field: \(error)")
        }
    }

    private static func next(_ request: HTTPRequest, _ status: Int, _ url: HTTPURL) -> HTTPRequest {
        var next = request
        next.url = url
        let toGET = status == 303 ? request.method != "HEAD" : request.method == "POST"
        if toGET, status < 307 {
            next.method = "GET"
            next.body = nil
            next.sendsChunked = false
            next.fields.removeAll { field in
                let name = field.name.lowercased()
                return name.hasPrefix("content-") || name == "transfer-encoding"
            }
        }
        if !url.hasSameOrigin(as: request.url) {
            next.fields.removeAll { userFields.contains($0.name.lowercased()) }
        }
        return next
    }
}

extension HTTPURL {
    func hasSameOrigin(as other: HTTPURL) -> Bool {
        scheme == other.scheme && host == other.host && port == other.port
    }

    /// A reference found in something that this URL led to (RFC 3986 5.2). The user part is
    /// inherited within the origin only.
    func resolving(_ reference: String) throws(RequestError) -> HTTPURL {
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
