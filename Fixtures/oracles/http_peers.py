"""What other HTTP clients make of a response: http.client always, h11 when it is installed."""

import http.client
import io

try:
    import h11
except ImportError:
    h11 = None

MAX_INCOMPLETE_EVENT_BYTES = 1 << 20


class _Socket:
    def __init__(self, raw):
        self.raw = raw

    def makefile(self, *_):
        return io.BytesIO(self.raw)


def ask_http_client(raw, method):
    """(status, body), or None for an error."""
    response = http.client.HTTPResponse(_Socket(raw), method=method)
    try:
        response.begin()
        return response.status, response.read()
    except (http.client.HTTPException, ValueError, OSError, OverflowError):
        return None


def ask_h11(raw, method):
    """(status, body), or None for an error."""
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_INCOMPLETE_EVENT_BYTES)
    connection.send(h11.Request(method=method, target="/", headers=[("Host", "x")]))
    connection.send(h11.EndOfMessage())
    status, body = None, bytearray()
    try:
        connection.receive_data(raw)
        connection.receive_data(b"")
        while True:
            event = connection.next_event()
            if isinstance(event, h11.Response):
                status = event.status_code
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.EndOfMessage):
                return status, bytes(body)
            elif event in (h11.NEED_DATA, h11.PAUSED) or isinstance(event, h11.ConnectionClosed):
                return None
    except h11.RemoteProtocolError:
        return None


PEERS = {"http.client": ask_http_client}
if h11:
    PEERS["h11"] = ask_h11


def answers(raw, method, well_formed):
    """(peer, answer) of each worth asking: http.client forgives too much to judge errors."""
    return [(name, ask(raw, method)) for name, ask in PEERS.items()
            if well_formed or name != "http.client"]


def _by_case(groups):
    return {name: reason for reason, names in groups.items() for name in names.split()}


POLICY = {
    "http.client": _by_case({
        "skips no 1xx but 100":
            "info-several info-unknown-status info-fields-not-merged info-60000-bytes",
        "100 fields at most": "limit-100-fields limit-512-fields limit-section-250000",
        "does not trim before comparing the coding": "coding-ows",
        "reads chunks after a 204": "status-204-chunked",
    }),
    "h11": _by_case({
        "takes LF as a line end":
            "status-line-lf whole-head-lf field-bare-lf empty-line-bare-lf trailer-bare-lf "
            "trailer-empty-line-lf",
        "takes any HTTP version": "version-0.9 version-2.0",
        "takes most control characters in values":
            "field-value-control field-value-escape field-value-delete",
        "takes folds in every field":
            "fold-transfer-encoding-on-next-line fold-in-connection",
        "lets Transfer-Encoding win over Content-Length": "coding-and-length length-and-coding",
        "takes 20 digits of chunk size, and white space after them":
            "chunk-17-digits chunk-size-trailing-space chunk-size-trailing-tab",
        "takes anything in an extension, but no white space before it":
            "extension-cr extension-nul extension-escape extension-delete extension-bws",
        "checks the framing fields of a trailer section":
            "trailer-framing-fields-without-effect",
        "has one limit for all, set high here":
            "info-33 info-80000-bytes extension-20k extension-on-last-chunk "
            "extension-many-small-too-many trailer-one-line-17k trailer-many-lines-20k "
            "limit-line-70000 limit-folded-line limit-status-line-17000 limit-513-fields "
            "limit-section-300000",
    }),
}
