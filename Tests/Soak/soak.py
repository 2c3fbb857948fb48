#!/usr/bin/env python3
"""Hours of trouble for the clients: `wire-soak` against `tokenwire simulate`, and what goes wrong between.

    make soak MINUTES=60

The streams go to the server directly, by a name whose addresses change (`names.c`), through haproxy and
nginx, which are restarted (those that are installed), and through a proxy that delays, cuts and loses
(`chaos_proxy.py`). Servers and clients are stopped and continued (SIGSTOP, SIGCONT), the servers killed
and started anew. One client has hardly any descriptors. Each client says in the end whether every
request had one outcome, whether an answer was taken for whole that was not, whether two whole answers to
one request differed, and whether memory, threads and descriptors stayed; and a server that is left alone
writes down what it did, which has to agree with its client. Exits with 0 if all is well.
"""

import argparse
import pathlib
import random
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT / "Benchmarks"))

import truth  # noqa: E402


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port):
    """Until somebody listens."""
    end = time.monotonic() + 60
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 5).close()
            return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


class Child:
    """A process that can be started again."""

    def __init__(self, name, command, **options):
        self.name, self.command, self.options = name, [str(word) for word in command], options
        self.start()

    def start(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                        **self.options)

    def restart(self, how):
        self.process.send_signal(how)
        self.process.wait()
        self.start()

    def freeze(self, seconds):
        self.process.send_signal(signal.SIGSTOP)
        time.sleep(seconds)
        self.process.send_signal(signal.SIGCONT)

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def haproxy(folder, port, server):
    path = folder / "haproxy.cfg"
    path.write_text(f"""
defaults
    mode http
    timeout connect 2s
    timeout client 30s
    timeout server 30s
frontend f
    bind 127.0.0.1:{port}
    default_backend b
backend b
    server s 127.0.0.1:{server}
""")
    return Child("haproxy", ["haproxy", "-db", "-f", path])


def nginx(folder, port, server):
    places = "".join(f"{name}_temp_path {folder}/nginx-{name};\n" for name in
                     ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    path = folder / "nginx.conf"
    path.write_text(f"""
daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/nginx.errors;
events {{ worker_connections 4096; }}
http {{
    access_log off; {places} proxy_http_version 1.1; proxy_set_header Connection "";
    upstream s {{ server 127.0.0.1:{server}; keepalive 50; }}
    server {{ listen 127.0.0.1:{port};
             location / {{ proxy_pass http://s; proxy_buffering off; proxy_read_timeout 30; }} }}
}}
""")
    return Child("nginx", ["nginx", "-p", folder, "-c", path, "-e", folder / "nginx.errors"])


def simulate(options, address, port, *more):
    return Child(f"simulate {address}", [
        options.tokenwire, "simulate", "--listen", f"{address}:{port}", "--slots", 1000, "--queue",
        2000, "--rate", 200, "--output", 25, "--seed", 7, *more])


class Client:
    """A run of wire-soak; its lines are passed on with its name in front."""

    def __init__(self, options, name, hosts, streams, driver="async", descriptors=None, names=None):
        self.name, self.problems, self.last = name, [], ""
        environment = {"PATH": "/usr/bin:/bin"}
        if names:
            environment |= {"LD_PRELOAD": str(names[0]), "SOAK_NAMES": str(names[1])}

        def limit():
            resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))

        self.process = subprocess.Popen(
            [str(word) for word in (
                options.wire_soak, "--seconds", int(options.minutes * 60), "--streams", streams,
                "--driver", driver, "--seed", options.seed, *hosts)],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment,
            preexec_fn=limit if descriptors else None)
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            self.last = line.strip()
            print(f"{time.strftime('%H:%M:%S')} {self.name:16} {self.last}", flush=True)

    def freeze(self, seconds):
        self.process.send_signal(signal.SIGSTOP)
        time.sleep(seconds)
        self.process.send_signal(signal.SIGCONT)

    def wait(self):
        """Whether all was well."""
        self.reader.join()
        return self.process.wait() == 0


def trouble(rng, children, clients, names, until):
    """What happens to the processes, one thing at a time."""
    done = {}
    while (left := until - time.monotonic()) > 0:
        time.sleep(min(left, rng.uniform(0.5, 4)))
        kind = rng.choice(("restart", "kill", "freeze", "freeze client", "names", "names"))
        done[kind] = done.get(kind, 0) + 1
        if kind == "restart":
            rng.choice(children).restart(signal.SIGTERM)
        elif kind == "kill":
            rng.choice(children).restart(signal.SIGKILL)
        elif kind == "freeze":
            rng.choice(children).freeze(rng.uniform(0.1, 5))
        elif kind == "freeze client":
            rng.choice(clients).freeze(rng.uniform(0.1, 3))
        else:
            # Either server, both, one where nobody listens first, late, none at all.
            names.write_text(rng.choice((
                "127.0.0.1\n", "127.0.0.2\n", "127.0.0.2\n127.0.0.1\n", "127.0.0.9\n127.0.0.1\n",
                "slow\n127.0.0.1\n", "")))
    names.write_text("127.0.0.1\n")
    return done


def agrees(entries, client):
    """What a server that was left alone wrote down against what its client says."""
    entries = list(entries)
    kinds = [entry.kind for entry in entries]
    faulted = {(entry.connection, entry.request) for entry in entries if entry.kind == "fault"}
    answered = [entry for entry in entries if entry.kind == "answered"]
    begun = int(re.search(r": (\d+) requests", client.last)[1])
    outcomes = {name.strip(): int(count) for name, count in
                re.findall(r"([a-zA-Z' -]+) (\d+)(?:,|;)", client.last.split("requests:", 1)[1])}
    whole = outcomes.get("whole", 0)
    received = kinds.count("received")
    print(f"{client.name}: {begun} requests, {received} received by the server; {whole} whole, "
          f"{len(answered)} answered to their ends, {len(faulted)} with faults", flush=True)
    problems = []
    # The first request of the client asks for the version.
    if received > begun + 1:
        problems.append("more requests than were made")
    if whole > len(answered):
        problems.append("more whole answers than were given")
    if len({(entry.connection, entry.request) for entry in answered}) != len(answered):
        problems.append("a request was answered twice")
    if kinds.count("accepted") == 0:
        problems.append("no connection")
    return problems


def build_names(folder):
    library = folder / "names.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", library, HERE / "names.c", "-ldl"],
                   check=True)
    names = folder / "names"
    names.write_text("127.0.0.1\n")
    return library, names


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--streams", type=int, default=100, help="at a time, of each async client")
    parser.add_argument("--seed", type=int, default=1)
    release = ROOT / ".build" / "release"
    parser.add_argument("--tokenwire", default=release / "tokenwire")
    parser.add_argument("--wire-soak", default=release / "wire-soak")
    options = parser.parse_args()
    rng = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        names = build_names(folder)
        port, quiet, chaos = free_port(), free_port(), free_port()
        # One that nothing is done to, with its truth.
        alone = simulate(options, "127.0.0.1", quiet, "--truth", folder / "truth")
        children = [simulate(options, "127.0.0.1", port), simulate(options, "127.0.0.2", port),
                    Child("chaos proxy", [sys.executable, HERE / "chaos_proxy.py", chaos, port,
                                          options.seed])]
        hosts = [f"http://127.0.0.1:{port}", f"http://127.0.0.1:{chaos}", f"http://moving.soak:{port}"]
        for make in (haproxy, nginx):
            if shutil.which(make.__name__, path="/usr/sbin:/usr/bin"):
                through = free_port()
                children.append(make(folder, through, port))
                hosts.append(f"http://127.0.0.1:{through}")
            else:
                print(f"SKIPPED: {make.__name__} is not installed (make peers)")
        for place in [quiet, *(int(host.rsplit(":", 1)[1]) for host in hosts)]:
            wait_for(place)
        clients = [
            Client(options, "alone", [f"http://127.0.0.1:{quiet}"], options.streams // 2),
            Client(options, "async", hosts, options.streams, names=names),
            Client(options, "blocking", hosts, max(5, options.streams // 4), "blocking", names=names),
            # Not with tasks: Swift's own thread pool traps where the process has no descriptor left.
            Client(options, "few descriptors", hosts, 30, "blocking", descriptors=20, names=names),
        ]
        done = trouble(rng, children, clients[1:], names[1],
                       time.monotonic() + options.minutes * 60)
        good = [client.wait() for client in clients]
        alone.stop()
        for child in children:
            child.stop()
        problems = agrees(truth.read(folder / "truth"), clients[0]) if good[0] else []
    print("trouble made: " + ", ".join(f"{kind} {count}" for kind, count in sorted(done.items())))
    for problem in problems:
        print(f"PROBLEM: {problem}")
    word = all(good) and not problems
    print("all is well" if word else "BAD")
    return 0 if word else 1


if __name__ == "__main__":
    sys.exit(main())
