"""The timed jobs over TLS: how run.py starts, checks and shows them (like `concurrency.Fanout`)."""

import pathlib
import subprocess

import concurrency

LIMIT = "raw C"
HANDSHAKES, IDLE = 1000, 500


def make_certificate(folder):
    """A self-signed certificate for loopback. Returns it, and it with its key; None without openssl."""
    paths = [str(pathlib.Path(folder) / name) for name in ("cert.pem", "key.pem", "both.pem")]
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
               "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
               "subjectAltName=IP:127.0.0.1", "-out", paths[0], "-keyout", paths[1]]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    both = "".join(pathlib.Path(path).read_text() for path in paths[:2])
    pathlib.Path(paths[2]).write_text(both)
    return paths[0], paths[2]


class Secure:
    rounds_at_most, warms_up, is_secure = 1000, True, True
    drivers = ("blocking", "task", "async")

    def clients(self, clients):
        own = pathlib.Path(clients[LIMIT][0][0]).parent / "tls_client"
        chosen = {LIMIT: ([own], [])}
        for driver in self.drivers:
            name = f"{concurrency.WIRE} {driver}"
            if name in clients:
                chosen[name] = clients[name]
        return chosen

    def columns(self, _):
        return {}

    def afterword(self, *_):
        return None


class Handshakes(Secure):
    def __init__(self, resumes):
        self.resumes = resumes

    def title(self, _):
        return f"{HANDSHAKES:,} connections, {'resumed' if self.resumes else 'full'} handshakes"

    def arguments(self, url, options):
        return ["handshakes", f"{url}/small", "--times", str(HANDSHAKES), "--cacert",
                options.certificate, "--resume", "yes" if self.resumes else "no"]

    def check(self, record, _, facts, __):
        concurrency.require("units, bytes", (record["units"], record["bytes"]),
                            (HANDSHAKES, HANDSHAKES * facts["small"]["body_bytes"]))


class Firehose(Secure):
    drivers = ("blocking", "reactor", "task", "async")

    def title(self, options):
        return f"{options.lines:,} records over TLS"

    def arguments(self, url, options):
        return ["firehose", f"{url}/firehose?lines={options.lines}", "--take", "lines",
                "--cacert", options.certificate]

    def check(self, record, _, facts, __):
        sent = facts["firehose"]
        concurrency.require("units, bytes", (record["units"], record["bytes"]),
                            (sent["units"], sent["body_bytes"]))


class Idle(Secure):
    drivers = ("blocking", "task")

    def title(self, _):
        return f"{IDLE} connections, idle after one request"

    def arguments(self, url, options):
        return ["idle", f"{url}/small", "--connections", str(IDLE), "--cacert",
                options.certificate]

    def check(self, record, *_):
        record["kib_per_connection"] = round(record["bytes"] / record["units"] / 1024, 2)

    def columns(self, records):
        return {"KiB/connection": concurrency.middle(records, "kib_per_connection")}


JOBS = {
    "tls-handshakes": Handshakes(False),
    "tls-handshakes-resumed": Handshakes(True),
    "tls-firehose-lines": Firehose(),
    "tls-idle": Idle(),
}
FIELDS = ["kib_per_connection"]
