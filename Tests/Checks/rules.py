"""The rules of dependency as data: which target may import what, and who may do what.

A new target under Sources/ needs a line in IMPORTS. The picture behind it is in Sources/README.md.
"""

C_KERNELS, C_SHIMS, C_OPENSSL = "CWireKernels", "CLinuxShims", "COpenSSL"
C_ZLIB = "CZlib"
CODECS = {"WireBytes", "WireTime", "WireHTTP1", "WireFraming", "WireJSON"}
DRIVER = {"WireSockets", "WireTransport", "WireExchange", "WireDriver", "WireBlocking"}

# Everything that a Swift target may import, system modules included.
IMPORTS = {
    "WireBytes": {C_KERNELS},
    "WireTime": set(),
    "WireHTTP1": {"WireBytes"},
    "WireFraming": {"WireBytes"},
    "WireJSON": {"WireBytes"},
    # Sans-IO, though not pure: OpenSSL reads the date, and certificates from their files.
    "WireTLS": {"WireBytes", C_OPENSSL, "Glibc", "Synchronization"},
    "WireGzip": {"WireBytes", C_ZLIB},
    "WireDigest": {C_OPENSSL},
    "WireExchange": {"WireBytes", "WireTime", "WireHTTP1", "WireFraming"},
    "WireSockets": {"WireTime", C_SHIMS, "Glibc", "Synchronization"},
    "WireTransport": {"WireTime", "WireSockets"},
    "WireDriver": {
        "WireBytes", "WireTime", "WireHTTP1", "WireExchange", "WireSockets", "WireTransport",
        "Synchronization"},
    "WireBlocking": {
        "WireBytes", "WireTime", "WireHTTP1", "WireFraming", "WireExchange", "WireSockets", "WireTransport",
        "WireDriver", "Synchronization"},
    "WireReactor": {
        "WireTime", "WireSockets", "WireTransport", "WireSystem", C_SHIMS, "Glibc", "Synchronization"},
    "WireHTTPClient": {
        "WireBytes", "WireTime", "WireHTTP1", "WireFraming", "WireExchange", "WireSockets",
        "WireTransport", "WireDriver", "WireReactor", "Synchronization"},
    "OllamaProtocol": {"WireBytes", "WireTime", "WireHTTP1", "WireJSON", "WireExchange"},
    "OllamaBlocking": {
        "WireBytes", "WireTime", "WireHTTP1", "WireJSON", "WireExchange", "WireTransport",
        "WireBlocking", "WireSystem", "OllamaProtocol"},
    "Ollama": {
        "WireBytes", "WireTime", "WireHTTP1", "WireJSON", "WireExchange", "WireDriver", "WireReactor",
        "WireHTTPClient", "WireSystem", "OllamaProtocol"},
    "TokenWire": {"WireHTTPClient", "Ollama"},
    "WireSystem": {"WireSockets", "Glibc"},
    "WireServer": {
        "WireBytes", "WireTime", "WireHTTP1", "WireJSON", "WireSockets", "WireSystem",
        "Synchronization"},
    "CTokenWire": {
        "CTokenWireHeader", "WireBytes", "WireTime", "WireExchange", "WireBlocking",
        "OllamaProtocol", "OllamaBlocking"},
    "tokenwire": CODECS | DRIVER | {
        "WireReactor", "WireHTTPClient", "OllamaProtocol", "OllamaBlocking", "Ollama", "WireDigest",
        "WireSystem", "WireServer", "Synchronization"},
}

# No sockets, no clock, no lock, no suspension: bytes and `now` come in, values go out.
PURE = {
    "WireBytes", "WireTime", "WireHTTP1", "WireFraming", "WireJSON", "WireExchange",
    "OllamaProtocol"}
PURE_MAY_IMPORT = PURE | {C_KERNELS}

# Whatever these link (found by their dependencies) must not need a concurrency runtime.
BLOCKING_ROOTS = {"OllamaBlocking", "CTokenWire"}
CONCURRENCY = r"\b(async|await|actor|MainActor|Task\w*|Async\w+|with\w*(TaskGroup|Continuation))\b"

UNSAFE_ALLOWED = {
    "WireBytes", "WireTLS", "WireGzip", "WireSockets", "WireReactor", "WireSystem", "WireDigest",
    "CTokenWire"}

CLOCK_FILES = {
    "Sources/WireSockets/MonotonicClock.swift",
    # Declares what that file calls.
    "Sources/CLinuxShims/include/CLinuxShims.h",
}
CLOCK = (
    r"\b(clinux_monotonic_ns|clinux_realtime_ns|clock_gettime|gettimeofday|timespec_get"
    r"|ContinuousClock|SuspendingClock|DispatchTime|DispatchWallTime)\b|(?<![\w.])time\s*\(")

FILE_LINES = 500
FUNCTION_LINES = 70
