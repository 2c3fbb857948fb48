import Testing
import WireJSON

/// A report line of `tokenwire http`, taken apart.
struct Report {
    let json: JSONValue
    /// The line with what differs from run to run made equal: each timing is 1, elapsed_ms is 0.
    let steady: String

    init(_ line: String) throws {
        json = try JSONValue(parsing: Array(line.utf8).span)
        var writer = JSONWriter()
        try Report.steadied(json).write(to: &writer)
        steady = String(decoding: writer.bytes, as: UTF8.self)
    }

    /// The only line of a result.
    init(_ result: CommandResult) throws {
        #expect(result.outputLines.count == 1, "one line, not: \(result.output)")
        try self.init(result.outputLines.first ?? "null")
    }

    var outcome: String? { json["outcome"]?.stringValue }
    var kind: String? { json["error"]?["kind"]?.stringValue }
    var phase: String? { json["error"]?["phase"]?.stringValue }
    var offset: Int64? { json["error"]?["offset"]?.int64Value }
    var bytesReceived: Int64? { json["error"]?["bytes_received"]?.int64Value }
    var status: Int64? { json["status"]?.int64Value }
    var bodyBytes: Int64? { json["body_bytes"]?.int64Value }
    var connection: String? { json["connection"]?.stringValue }
    var reused: Bool? { json["reused"]?.boolValue }

    func timing(_ name: String) -> Int64? { json["timings_us"]?[name]?.int64Value }

    private static func steadied(_ value: JSONValue, in key: String = "") -> JSONValue {
        guard let members = value.members else {
            return key == "elapsed_ms" ? 0 : value
        }
        return .object(
            members.map { member in
                let isTiming = key == "timings_us" && !member.value.isNull
                return JSONValue.Member(
                    key: member.key,
                    value: isTiming ? 1 : steadied(member.value, in: member.key))
            })
    }
}

// As JSON; a build without TLS has no digests.
#if TLS
/// SHA-256 of nothing.
let emptyDigest = #""e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855""#
/// SHA-256 of `hello`.
let helloDigest = #""2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824""#
#else
let emptyDigest = "null"
let helloDigest = "null"
#endif
