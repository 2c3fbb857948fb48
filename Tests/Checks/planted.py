"""Violations for `imports --self-test`: each is planted in a copy and has to be found, where it is
and by its rule; what only looks like one must not be."""

import pathlib
import shutil
import tempfile

# (target, text of a new file there, the lines and rules that have to be reported)
SWIFT = [
    ("WireHTTP1", "internal import WireTime\n", [(1, "imports")]),
    ("WireSockets", "internal import WireJSON\n", [(1, "imports")]),
    ("OllamaBlocking", "// first\n@preconcurrency public import WireSockets\n", [(2, "imports")]),
    ("WireTransport", "import struct WireBytes.ByteRange\n", [(1, "imports")]),
    ("WireJSON", "internal import Glibc\n", [(1, "pure")]),
    ("WireExchange", "internal import Synchronization\n", [(1, "pure")]),
    ("OllamaProtocol", "internal import Dispatch\npublic import WireSockets\n",
     [(1, "pure"), (2, "pure")]),
    ("WireServer", "import FoundationEssentials\n", [(1, "foundation"), (1, "imports")]),
    ("WireBlocking", "func later() async {\n    Task { await later() }\n}\n",
     [(1, "blocking"), (2, "blocking"), (2, "blocking")]),
    ("WireTime", "actor Clock {}\n", [(1, "blocking")]),
    ("tokenwire", "let pointer = unsafe sink(1)\n", [(1, "unsafe")]),
    ("WireExchange", 'let text = "\\(unsafe peek())"\n', [(1, "unsafe")]),
    ("WireServer", "let start = ContinuousClock.now\n", [(1, "clock")]),
    ("WireSystem", "let seconds = time(nil)\n", [(1, "clock")]),
    ("WireSockets", "let now = clinux_monotonic_ns()\n", [(1, "clock")]),
    ("WireSystem", "/// A box.\nfinal class Box: @unchecked Sendable {}\n", [(2, "unchecked")]),
    ("tokenwire", "\n" * 501, [(501, "size")]),
    ("tokenwire", "struct Long {\n    func long() {\n" + "        step()\n" * 69 + "    }\n}\n",
     [(2, "size")]),
    ("WireServer", "struct Long {\n    init() {\n" + "        step()\n" * 69 + "    }\n}\n",
     [(2, "size")]),
    ("WireServer", "var long: Int {\n" + "    step()\n" * 69 + "}\n", [(1, "size")]),
    ("NewTarget", "public struct New {}\n", [(1, "imports")]),
    # What is right, although it looks wrong.
    ("WireBlocking", "// async, await\n/* Task /* await */ actor */\n", []),
    ("WireBlocking", 'let text = "async \\("await") unsafe"\nlet raw = #"await " async"#\n', []),
    ("WireBlocking", 'let text = """\n    import Glibc\n    "await" async\n    """\n', []),
    ("WireSystem", "/// `@unchecked Sendable`: one thread's.\nclass Box: @unchecked Sendable {}\n",
     []),
    ("tokenwire", "protocol P {\n    func a()\n    func b(_ c: Int) -> Int\n}\nfunc d() {\n"
     + "    step()\n" * 68 + "}\n", []),
    ("WireServer", "let runtime(of: 1)\nlet end = clock.time(at: 3)\n", []),
]
C = [("CWireKernels", "long now(void) { return clock_gettime(1, 0); }\n", [(1, "clock")])]
# Changes of Package.swift: (old, new, what has to be reported: start of the path, rule).
MANIFEST = [
    ('library("WireFraming", ["WireBytes"])', 'library("WireFraming", ["WireBytes", "WireTime"])',
     ("Package.swift", "manifest")),
    ('"WireTransport", ["WireSockets", "WireSystem", "WireTime", "WireSecurity", "WireTLS"]',
     '"WireTransport", ["WireSockets", "WireSecurity", "WireTLS"]',
     ("Sources/WireTransport/", "undeclared")),
]


def run(root, check):
    with tempfile.TemporaryDirectory() as directory:
        copy = pathlib.Path(directory)
        shutil.copytree(root / "Sources", copy / "Sources")
        manifest = (root / "Package.swift").read_text()
        (copy / "Package.swift").write_text(manifest)
        clean = check(copy)
        if clean:
            print(f"self-test: {len(clean)} problems before anything is planted")
            return 1
        expected = plant(copy)
        for old, new, _ in MANIFEST:
            if manifest.count(old) != 1:
                print(f"self-test: Package.swift does not hold once: {old}")
                return 1
            manifest = manifest.replace(old, new)
        (copy / "Package.swift").write_text(manifest)
        found = [(path, line, text.split(":")[0]) for path, line, text in check(copy)]
    return compare(expected, found)


def plant(copy):
    """Writes the files; returns what has to be reported, as (path, line, rule)."""
    expected = []
    planted = [(target, text, rules, "swift") for target, text, rules in SWIFT]
    planted += [(target, text, rules, "c") for target, text, rules in C]
    for number, (target, text, rules, suffix) in enumerate(planted):
        path = pathlib.Path("Sources") / target / f"Planted{number}.{suffix}"
        (copy / path).parent.mkdir(exist_ok=True)
        (copy / path).write_text(text)
        expected += [(str(path), line, rule) for line, rule in rules]
    return expected


def compare(expected, found):
    missed = [each for each in expected if found.count(each) < expected.count(each)]
    for path, rule in (report for _, _, report in MANIFEST):
        matches = [each for each in found if each[0].startswith(path) and each[2] == rule]
        if not matches:
            missed.append((path, 0, rule))
        found = [each for each in found if each not in matches]
    wrong = [each for each in found if each not in expected]
    for label, problems in (("not found", missed), ("found wrongly", wrong)):
        for path, line, rule in problems:
            print(f"self-test: {label}: {path}:{line}: {rule}")
    if missed or wrong:
        return 1
    count = len(expected) + len(MANIFEST)
    print(f"imports --self-test: {count} planted violations found, nothing else reported")
    return 0
