"""The rules of dependency as data: which target may import what, and who may do what.

A new target under Sources/ needs a line in IMPORTS. The picture behind it is in Sources/README.md.
"""

C_KERNELS, C_SHIMS, C_OPENSSL = "CWireKernels", "CLinuxShims", "COpenSSL"
C_ZLIB = "CZlib"
CODECS = {"WireBytes", "WireTime", "WireHTTP1", "WireFraming", "WireJSON", "WireSecurity"}
DRIVER = {"WireSockets", "WireTransport", "WireExchange", "WireDriver", "WireBlocking"}

# Everything that a Swift target may import, system modules included.
IMPORTS = {
    "WireBytes": {C_KERNELS},
    "WireTime": set(),
    "WireHTTP1": {"WireBytes"},
    "WireFraming": {"WireBytes"},
    "WireJSON": {"WireBytes"},
    # Sans-IO, though not pure: OpenSSL reads the date, and certificates from their files.
    "WireSecurity": set(),
    "WireTLS": {"WireBytes", "WireSecurity", C_OPENSSL, "Glibc", "Synchronization"},
    "WireGzip": {"WireBytes", C_ZLIB},
    "WireDigest": {C_OPENSSL},
    "WireExchange": {"WireBytes", "WireTime", "WireHTTP1", "WireFraming", "WireSecurity", "WireGzip"},
    "WireSockets": {"WireTime", C_SHIMS, "Glibc", "Synchronization"},
    "WireTransport": {
        "WireTime", "WireSecurity", "WireTLS", "WireSockets", "WireSystem", "Synchronization"},
    "WireDriver": {
        "WireBytes", "WireTime", "WireHTTP1", "WireSecurity", "WireTLS", "WireGzip", "WireExchange",
        "WireSockets", "WireTransport", "WireSystem", "Synchronization"},
    "WireBlocking": {
        "WireBytes", "WireTime", "WireHTTP1", "WireFraming", "WireSecurity", "WireGzip", "WireExchange",
        "WireSockets",
        "WireTransport", "WireDriver", "Synchronization"},
    "WireReactor": {
        "WireTime", "WireSockets", "WireTransport", "WireSystem", C_SHIMS, "Glibc", "Synchronization"},
    "WireHTTPClient": {
        "WireBytes", "WireTime", "WireHTTP1", "WireFraming", "WireSecurity", "WireGzip", "WireExchange",
        "WireSockets",
        "WireTransport", "WireDriver", "WireReactor", "Synchronization"},
    "OllamaProtocol": {"WireBytes", "WireTime", "WireHTTP1", "WireJSON", "WireExchange"},
    "OllamaFiles": {
        "WireHTTP1", "WireExchange", "WireSockets", "WireSystem", "WireDigest", "OllamaProtocol"},
    "OllamaBlocking": {
        "WireBytes", "WireTime", "WireHTTP1", "WireJSON", "WireExchange", "WireTransport",
        "WireBlocking", "WireSystem", "OllamaProtocol", "OllamaFiles"},
    "Ollama": {
        "WireBytes", "WireTime", "WireHTTP1", "WireJSON", "WireExchange", "WireDriver", "WireReactor",
        "WireHTTPClient", "WireSystem", "OllamaProtocol", "OllamaFiles", "Synchronization"},
    "OllamaCodable": {"WireTime", "WireJSON", "OllamaProtocol", "Ollama", "FoundationEssentials"},
    "TokenWire": {"WireHTTPClient", "Ollama"},
    "WireSystem": {"WireSockets", "Glibc"},
    "WireServer": {
        "WireBytes", "WireTime", "WireHTTP1", "WireJSON", "WireSockets", "WireSystem",
        "Synchronization"},
    "WireProxy": {
        "WireBytes", "WireTime", "WireHTTP1", "WireJSON", "WireSecurity", "WireTLS", "WireSockets",
        "WireTransport", "WireExchange", "WireDriver", "WireReactor", "WireHTTPClient", "WireSystem",
        "WireServer", "Synchronization"},
    "WireSimulation": {
        "WireBytes", "WireTime", "WireHTTP1", "WireJSON", "WireSockets", "WireSystem", "WireServer",
        "Glibc", "Synchronization"},
    "CTokenWire": {
        "CTokenWireHeader", "WireBytes", "WireTime", "WireExchange", "WireBlocking",
        "OllamaProtocol", "OllamaBlocking"},
    "tokenwire": CODECS | DRIVER | {
        "WireReactor", "WireHTTPClient", "OllamaProtocol", "OllamaFiles", "OllamaBlocking", "Ollama",
        "WireDigest", "WireGzip", "WireSystem", "WireServer", "WireProxy", "WireSimulation",
        "Synchronization"},
}

# No sockets, no clock, no lock, no suspension: bytes and `now` come in, values go out.
PURE = {
    "WireBytes", "WireTime", "WireHTTP1", "WireFraming", "WireJSON", "WireSecurity", "WireExchange",
    "OllamaProtocol"}
# zlib computes, and nothing else.
PURE_MAY_IMPORT = PURE | {C_KERNELS, "WireGzip"}

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
