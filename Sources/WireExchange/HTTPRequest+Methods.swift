extension HTTPRequest {
    /// - Throws: `TransportError.request` when the URL is none.
    public static func get(
        _ url: String, fields: [(name: String, value: String)] = []
    ) throws(TransportError) -> HTTPRequest {
        try HTTPRequest("GET", url: url, fields: fields)
    }

    /// - Parameter json: the body, sent as `application/json` unless `fields` says otherwise.
    /// - Throws: `TransportError.request` when the URL is none.
    public static func post(
        _ url: String, json: String, fields: [(name: String, value: String)] = []
    ) throws(TransportError) -> HTTPRequest {
        var fields = fields
        if !fields.contains(where: { $0.name.lowercased() == "content-type" }) {
            fields.append(("Content-Type", "application/json"))
        }
        return try HTTPRequest("POST", url: url, fields: fields, body: Array(json.utf8))
    }
}
