import WireBlocking

func transport() throws {
    var http = BlockingHTTPClient()
    let request = try HTTPRequest("GET", url: "http://127.0.0.1:11434/api/tags")
    var response = try http.send(request)
    guard response.status == 200 else { return print(try response.readBody(limit: .kibibytes(64))) }
    while let line = try response.nextLine() { print(line.bytes.count) }
    print(response.isReusedConnection, http.connections.idle)
}
