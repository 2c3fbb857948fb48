"""What the tests ask of a server, on Python's http.server; nginx and haproxy stand in front of it.

    app.py PLAIN SECURE HASTY PEM       (ports; HASTY closes idle connections after 100 ms)

/small          "small\\n"
/stream/ID      a chunked line; two more once /release/ID is asked for
/echo           the body of a POST
/endless/ID     lines until the client is gone; /left/ID answers when that has been noticed
"""

import collections
import http.server
import ssl
import sys
import threading

PATIENCE_S = 120
released = collections.defaultdict(threading.Event)
left = collections.defaultdict(threading.Event)


class App(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        _, route, *rest = self.path.split("/")
        name = rest[0] if rest else ""
        if route == "small":
            self.whole(b"small\n")
        elif route == "stream":
            self.stream(name)
        elif route == "release":
            released[name].set()
            self.whole(b"released\n")
        elif route == "endless":
            self.endless(name)
        elif route == "left":
            noticed = left[name].wait(PATIENCE_S)
            self.whole(b"left\n" if noticed else b"still there\n")
        else:
            self.whole(b"not here\n", 404)

    do_HEAD = do_GET

    def do_POST(self):
        self.whole(self.rfile.read(int(self.headers["Content-Length"])))

    def whole(self, body, status=200):
        self.send_response(status)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def begin(self):
        self.send_response(200)
        self.send_header("Content-Type", "application/x-ndjson")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def chunk(self, payload):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(payload), payload))

    def stream(self, name):
        self.begin()
        self.chunk(b"first\n")
        if released[name].wait(PATIENCE_S):
            self.chunk(b"second\n")
            self.chunk(b"third\n")
        self.chunk(b"")

    def endless(self, name):
        try:
            self.begin()
            while True:
                self.chunk(b"line\n" * 100)
        except OSError:
            left[name].set()
            self.close_connection = True

    def handle(self):
        try:
            super().handle()
        except OSError:
            pass

    def log_message(self, *_):
        pass


class HastyApp(App):
    timeout = 0.1


class Server(http.server.ThreadingHTTPServer):
    def __init__(self, port, app, context=None):
        self.context = context
        super().__init__(("127.0.0.1", int(port)), app)

    def finish_request(self, request, client_address):
        # The handshake belongs into the connection's own thread.
        if self.context:
            request = self.context.wrap_socket(request, server_side=True)
        super().finish_request(request, client_address)
        if self.context:
            try:
                request.unwrap()
            except OSError:
                pass

    def handle_error(self, request, client_address):
        pass


def main():
    plain, secure, hasty, pem = sys.argv[1:]
    servers = [Server(plain, App), Server(hasty, HastyApp)]
    if pem:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        servers.append(Server(secure, App, context))
    for server in servers[1:]:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    servers[0].serve_forever()


main()
