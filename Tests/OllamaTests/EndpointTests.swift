import OllamaProtocol
import Testing
import WireExchange
import WireHTTP1

/// The reading of `OLLAMA_HOST` and of host arguments.
@Suite struct EndpointTests {
    @Test(arguments: [
        ("", "http://127.0.0.1:11434"),
        ("   ", "http://127.0.0.1:11434"),
        ("\"\"", "http://127.0.0.1:11434"),
        ("1.2.3.4", "http://1.2.3.4:11434"),
        ("1.2.3.4:1234", "http://1.2.3.4:1234"),
        (":1234", "http://127.0.0.1:1234"),
        ("example.com", "http://example.com:11434"),
        ("Example.COM:80", "http://example.com"),
        ("example.com:1234", "http://example.com:1234"),
        ("gpu_1.lan", "http://gpu_1.lan:11434"),
        // Quotes and blanks, in any order.
        (" 1.2.3.4 ", "http://1.2.3.4:11434"),
        ("\"1.2.3.4\"", "http://1.2.3.4:11434"),
        (" \" 1.2.3.4 \" ", "http://1.2.3.4:11434"),
        ("'1.2.3.4'\n", "http://1.2.3.4:11434"),
        ("' \"http://1.2.3.4\" '", "http://1.2.3.4"),
        // Schemes.
        ("http://1.2.3.4", "http://1.2.3.4"),
        ("HTTP://1.2.3.4", "http://1.2.3.4"),
        ("http://1.2.3.4:4321", "http://1.2.3.4:4321"),
        ("https://1.2.3.4", "https://1.2.3.4"),
        ("https://1.2.3.4:4321", "https://1.2.3.4:4321"),
        ("http://", "http://127.0.0.1"),
        ("tcp://1.2.3.4", "http://1.2.3.4:11434"),
        ("ollama.com", "https://ollama.com"),
        ("http://ollama.com", "http://ollama.com"),
        ("ollama.com:8080", "http://ollama.com:8080"),
    ])
    func hostsAndSchemes(text: String, url: String) throws {
        #expect(try OllamaEndpoint(text).description == url)
    }

    @Test(arguments: ["unix:/run/ollama.sock", " 'unix:@ollama' "])
    func unixSockets(text: String) throws {
        let endpoint = try OllamaEndpoint(text)
        #expect(text.contains(endpoint.description))
        #expect(endpoint.unixSocket?.description == endpoint.description)
        #expect(endpoint.isLoopback)
        #expect(endpoint.url("/api/chat").authority == "localhost")
    }

    @Test(arguments: [
        // What is no port is none.
        ("example.com:", "http://example.com:11434"),
        ("example.com:0", "http://example.com:11434"),
        ("example.com:66000", "http://example.com:11434"),
        ("example.com:-1", "http://example.com:11434"),
        ("example.com:+80", "http://example.com:11434"),
        ("example.com:port", "http://example.com:11434"),
        ("example.com:١٢", "http://example.com:11434"),
        (":66000", "http://127.0.0.1:11434"),
        ("http://example.com:66000", "http://example.com"),
        ("https://example.com:x", "https://example.com"),
        ("example.com:65535", "http://example.com:65535"),
        ("example.com:00080", "http://example.com"),
        ("[::1]:x", "http://[::1]:11434"),
    ])
    func ports(text: String, url: String) throws {
        #expect(try OllamaEndpoint(text).description == url)
    }

    @Test(arguments: [
        ("[::1]", "http://[::1]:11434"),
        ("[::1]:1337", "http://[::1]:1337"),
        ("::1", "http://[::1]:11434"),
        ("2001:DB8::1", "http://[2001:db8::1]:11434"),
        ("http://[2001:db8::1]", "http://[2001:db8::1]"),
        ("https://[2001:db8::1]:8443/base/", "https://[2001:db8::1]:8443/base"),
        // The zone is for the socket, not for the Host field.
        ("[fe80::1%eth0]:80", "http://[fe80::1]"),
        // All interfaces to a server, this machine to a client.
        ("0.0.0.0", "http://127.0.0.1:11434"),
        ("http://0.0.0.0:8080", "http://127.0.0.1:8080"),
        ("[::]", "http://[::1]:11434"),
        ("::", "http://[::1]:11434"),
        ("[::]:1234", "http://[::1]:1234"),
        ("0:0:0:0:0:0:0:0", "http://[::1]:11434"),
    ])
    func addresses(text: String, url: String) throws {
        #expect(try OllamaEndpoint(text).description == url)
    }

    @Test func zone() throws {
        #expect(try OllamaEndpoint("[fe80::1%eth0]").host == "fe80::1%eth0")
    }

    @Test(arguments: [
        ("example.com/", "", "http://example.com:11434/api/chat"),
        ("example.com///", "", "http://example.com:11434/api/chat"),
        ("example.com/ollama", "/ollama", "http://example.com:11434/ollama/api/chat"),
        ("example.com/ollama/", "/ollama", "http://example.com:11434/ollama/api/chat"),
        ("https://example.com/a/b//", "/a/b", "https://example.com/a/b/api/chat"),
        (":1234/x", "/x", "http://127.0.0.1:1234/x/api/chat"),
        ("/base", "/base", "http://127.0.0.1:11434/base/api/chat"),
        ("http://h/base:8", "/base:8", "http://h/base:8/api/chat"),
        ("h/caf\u{E9}", "/caf%C3%A9", "http://h:11434/caf%C3%A9/api/chat"),
        ("h/x#fragment", "/x", "http://h:11434/x/api/chat"),
    ])
    func paths(text: String, basePath: String, chat: String) throws {
        let endpoint = try OllamaEndpoint(text)
        #expect(endpoint.basePath == basePath)
        let url = endpoint.url("/api/chat")
        #expect("\(url.scheme)://\(url.authority)\(url.target)" == chat)
    }

    /// Each a typed error that names its reason, never a guess at another host.
    @Test(arguments: [
        "exa mple.com", "example.com:80 80/x y", "h\u{0}st", "h\r\nst", "b\u{FC}cher.example",
        "[::1", "[::1]junk", "[not-an-address]", "1:2:3:nonsense", "[fe80::1%]",
        "user@example.com", "user:password@example.com", "http://user:password@example.com:80/",
        "[user@::1]", "h/a b", "h/base?query=1", "h?query", "\u{7F}", "host\\path", "unix:",
        "unix:@", "unix:/\u{0}",
    ])
    func rubbish(text: String) {
        #expect(throws: RequestError.self) { try OllamaEndpoint(text) }
    }

    @Test(arguments: [
        ("", true), ("localhost", true), ("LOCALHOST:80", true), ("ollama.localhost", true),
        ("127.0.0.1", true), ("127.255.255.254", true), ("::1", true), ("[::]", true),
        ("0.0.0.0", true),
        ("127.0.0.1.example.com", false), ("127.example.com", false), ("localhost.example", false),
        ("notlocalhost", false), ("128.0.0.1", false), ("10.0.0.1", false), ("::2", false),
        ("[::ffff:127.0.0.1]", false), ("example.com/localhost", false),
    ])
    func loopback(text: String, isLoopback: Bool) throws {
        #expect(try OllamaEndpoint(text).isLoopback == isLoopback)
    }
}
