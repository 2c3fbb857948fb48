// swift-tools-version: 6.2
import PackageDescription

// Every target: Swift 6 mode, strict memory safety, no warnings. `Lifetimes` is needed where
// functions that return borrowed values are declared; users of the products need no flag.
let settings: [SwiftSetting] = [
    // An async function runs where its caller runs, unless it says otherwise.
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableExperimentalFeature("Lifetimes"),
]

func library(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(
        name: name + "Tests", dependencies: dependencies + ["TestSupport"], swiftSettings: settings)
}

let codecs: [Target.Dependency] = ["WireBytes", "WireTime", "WireHTTP1", "WireFraming", "WireJSON"]
let driver: [Target.Dependency] = [
    "WireSockets", "WireTransport", "WireExchange", "WireDriver", "WireBlocking",
    "WireReactor", "WireHTTPClient",
]
let ollama: [Target.Dependency] = ["OllamaProtocol", "OllamaBlocking", "Ollama"]

let package = Package(
    name: "TokenWire",
    products: [
        .library(name: "TokenWire", targets: ["TokenWire"]),
        .library(name: "Ollama", targets: ["Ollama"]),
        .library(name: "WireBytes", targets: ["WireBytes"]),
        .library(name: "WireFraming", targets: ["WireFraming"]),
        .library(name: "WireHTTP1", targets: ["WireHTTP1"]),
        .library(name: "WireJSON", targets: ["WireJSON"]),
        .library(name: "WireTLS", targets: ["WireTLS"]),
        .library(name: "WireGzip", targets: ["WireGzip"]),
        .library(name: "WireBlocking", targets: ["WireBlocking"]),
        .library(name: "WireHTTPClient", targets: ["WireHTTPClient"]),
        .library(name: "OllamaBlocking", targets: ["OllamaBlocking"]),
        .library(name: "WireServer", targets: ["WireServer"]),
        .library(name: "CTokenWire", type: .static, targets: ["CTokenWire"]),
        .executable(name: "tokenwire", targets: ["tokenwire"]),
    ],
    traits: [
        .trait(name: "TLS", description: "OpenSSL: TLS and digests."),
        .default(enabledTraits: ["TLS"]),
    ],
    targets: [
        // C
        .target(name: "CLinuxShims"),
        .target(name: "CWireKernels"),
        .target(name: "CTokenWireHeader"),
        .systemLibrary(
            name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        // L0
        library("WireBytes", ["CWireKernels"]),
        library("WireTime"),
        // L1
        library("WireHTTP1", ["WireBytes"]),
        library("WireFraming", ["WireBytes"]),
        library("WireJSON", ["WireBytes"]),
        library(
            "WireTLS",
            ["WireBytes", .target(name: "COpenSSL", condition: .when(traits: ["TLS"]))]),
        library("WireGzip", ["WireBytes", "CZlib"]),
        library(
            "WireDigest", [.target(name: "COpenSSL", condition: .when(traits: ["TLS"]))]),
        // L2
        library("WireExchange", ["WireBytes", "WireTime", "WireHTTP1", "WireFraming"]),
        library("WireSockets", ["CLinuxShims", "WireTime"]),
        library("WireTransport", ["WireSockets", "WireTime"]),
        library(
            "WireDriver",
            ["WireBytes", "WireTime", "WireHTTP1", "WireSockets", "WireTransport", "WireExchange"]),
        library(
            "WireBlocking",
            [
                "WireBytes", "WireTime", "WireHTTP1", "WireFraming", "WireSockets", "WireTransport",
                "WireExchange", "WireDriver",
            ]),
        library(
            "WireReactor",
            ["CLinuxShims", "WireTime", "WireSockets", "WireTransport", "WireSystem"]),
        library(
            "WireHTTPClient",
            [
                "WireBytes", "WireTime", "WireHTTP1", "WireFraming", "WireSockets", "WireTransport",
                "WireExchange", "WireDriver", "WireReactor",
            ]),
        // L3
        library(
            "OllamaProtocol", ["WireBytes", "WireTime", "WireHTTP1", "WireJSON", "WireExchange"]),
        library(
            "OllamaBlocking",
            [
                "WireBytes", "WireTime", "WireHTTP1", "WireJSON", "WireTransport", "WireExchange",
                "WireBlocking", "WireSystem", "OllamaProtocol",
            ]),
        library(
            "Ollama",
            [
                "WireBytes", "WireTime", "WireHTTP1", "WireJSON", "WireExchange", "WireDriver",
                "WireReactor", "WireHTTPClient", "WireSystem", "OllamaProtocol",
            ]),
        library("TokenWire", ["WireHTTPClient", "Ollama"]),
        // L4, L5
        library("WireSystem", ["WireSockets"]),
        library(
            "WireServer",
            ["WireBytes", "WireTime", "WireHTTP1", "WireJSON", "WireSockets", "WireSystem"]),
        library(
            "CTokenWire",
            [
                "CTokenWireHeader", "WireBytes", "WireTime", "WireExchange", "WireBlocking",
                "OllamaProtocol", "OllamaBlocking",
            ]),
        .executableTarget(
            name: "tokenwire",
            dependencies: codecs + driver + ollama + ["WireDigest", "WireSystem", "WireServer"],
            // The recordings that `demo` replays: links into Fixtures.
            resources: [.embedInCode("Recordings")], swiftSettings: settings),
        // Tests
        .target(
            name: "CAllocationCounter", path: "Tests/CAllocationCounter"),
        .target(
            name: "CTLSPeer",
            dependencies: [.target(name: "COpenSSL", condition: .when(traits: ["TLS"]))],
            path: "Tests/CTLSPeer", cSettings: [.define("TLS", .when(traits: ["TLS"]))]),
        .target(
            name: "TestSupport",
            dependencies: codecs + driver + ollama + [
                "WireSystem", "WireServer", "CAllocationCounter",
            ],
            path: "Tests/TestSupport", swiftSettings: settings),
        tests("WireBytes", ["WireBytes", "WireTime"]),
        tests("WireHTTP1", ["WireBytes", "WireHTTP1", "WireJSON"]),
        tests("WireFraming", ["WireBytes", "WireFraming", "WireJSON"]),
        tests("WireJSON", ["WireBytes", "WireJSON"]),
        tests("WireTLS", ["WireBytes", "WireTLS", "CTLSPeer"]),
        tests("WireGzip", ["WireBytes", "WireGzip", "CZlib"]),
        tests("WireExchange", codecs + ["WireExchange"]),
        tests("WireReactor", codecs + driver + ["WireSystem"]),
        tests("WireHTTPClient", codecs + driver + ["WireServer", "WireSystem"]),
        tests("Driver", codecs + driver + ["WireServer", "WireSystem"]),
        tests("Ollama", codecs + driver + ollama + ["WireServer", "WireSystem"]),
        tests("WireServer", codecs + driver + ["WireServer", "WireSystem"]),
        tests("Command", codecs + ["WireServer", "WireSystem", "WireSockets"]),
    ]
)
