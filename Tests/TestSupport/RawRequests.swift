package import WireServer

extension Fixtures {
    package static let recordings = path("recordings")

    package static func recording(_ name: String) throws -> Recording {
        try Recording(path: path("recordings/\(name)"))
    }
}

/// `GET target` with the fields that HTTP/1.1 demands, and others.
package func get(_ target: String, _ fields: String...) -> String {
    "GET \(target) HTTP/1.1\r\nHost: test\r\n" + fields.map { "\($0)\r\n" }.joined() + "\r\n"
}

package func post(_ target: String, _ body: String) -> String {
    "POST \(target) HTTP/1.1\r\nHost: test\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
}
