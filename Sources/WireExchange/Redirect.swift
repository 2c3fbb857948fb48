public import WireHTTP1

/// Following redirects, for clients that are told to.
public struct RedirectPolicy: Sendable, Equatable {
    /// How many in a row, at most.
    public var limit: Int
    /// Follows only what leads to the same scheme, host and port, by the same method and with the same
    /// body; any other redirect is a response like others.
    public var isRepetitionOnly = false

    public init(limit: Int = 10) { self.limit = limit }

    /// The same request at another path of the same origin, at most.
    public static let sameOrigin: RedirectPolicy = {
        var policy = RedirectPolicy(limit: 3)
        policy.isRepetitionOnly = true
        return policy
    }()
}

/// A redirect that was followed.
public struct FollowedRedirect: Sendable, Equatable {
    /// Of the response that asked for it.
    public let status: Int
    /// Where that came from, and where it led.
    public let from: HTTPURL
    public let to: HTTPURL

    public init(status: Int, from: HTTPURL, to: HTTPURL) {
        self.status = status
        self.from = from
        self.to = to
    }
}

/// Why a redirect was not followed.
public enum RedirectError: Error, Sendable, Equatable {
    case tooMany(limit: Int)
    /// Where it leads is no http or https URL.
    case badLocation(String)
    /// From https to http: what was protected would be no longer.
    case leavesTLS
}

extension RedirectError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .tooMany(let limit): "more than \(limit) redirects"
        case .badLocation(let reason): "cannot follow the Location field: \(reason)"
        case .leavesTLS: "not following a redirect from https to http"
        }
    }
}

/// Where a response sends its request, and what of the request goes there (RFC 9110 15.4).
///
///     status          | method, body
///     ----------------+------------------------------------------------------
///     301, 302        | POST becomes GET without body; others stay
///     303             | GET without body; HEAD stays
///     307, 308        | stay
///
/// On the way to another scheme, host or port the fields that identify the user are dropped, and
/// so they are gone for the rest of the chain. A request that would have to go with a body that cannot
/// be had again goes nowhere.
public enum Redirection: Sendable {
    /// No redirect, or one without the one target it takes: a response like others.
    case none
    case to(HTTPRequest)
    case refused(RedirectError)

    public init(
        of request: HTTPRequest, by head: ResponseHead, policy: RedirectPolicy = RedirectPolicy()
    ) {
        self = .none
        let locations = Set(head.fields.values(of: "location"))
        guard [301, 302, 303, 307, 308].contains(head.status), locations.count == 1,
            let location = locations.first
        else { return }
        do throws(RequestError) {
            let url = try request.url.resolving(location)
            let isRepetition =
                url.hasSameOrigin(as: request.url)
                && (head.status >= 307 || request.method == "GET" || request.method == "HEAD")
            if policy.isRepetitionOnly, !isRepetition { return }
            if request.url.scheme == .https, url.scheme == .http {
                self = .refused(.leavesTLS)
            } else if let next = Redirection.next(request, head.status, url) {
                self = .to(next)
            }
        } catch { self = .refused(.badLocation("\(error)")) }
    }

    private static func next(
        _ request: HTTPRequest, _ status: Int, _ url: HTTPURL
    ) -> HTTPRequest? {
        var next = request
        next.url = url
        let toGET = status == 303 ? request.method != "HEAD" : request.method == "POST"
        if toGET, status < 307 {
            next.method = "GET"
            next.body = nil
            next.sendsChunked = false
            next.expectsContinue = false
            next.fields.removeAll { field in
                let name = field.name.lowercased()
                return name.hasPrefix("content-") || name == "transfer-encoding" || name == "expect"
            }
        }
        if next.body?.isRepeatable == false { return nil }
        if !url.hasSameOrigin(as: request.url) {
            next.fields.removeAll { field in
                let name = field.name.lowercased()
                return name == "host" || CredentialFields.contains(name)
            }
        }
        return next
    }
}
