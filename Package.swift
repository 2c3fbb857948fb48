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

let codecs: [Target.Dependency] = [
    "WireBytes", "WireTime", "WireHTTP1", "WireFraming", "WireJSON", "WireSecurity",
]
let driver: [Target.Dependency] = [
    "WireGzip", "WireSockets", "WireTransport", "WireExchange", "WireDriver", "WireBlocking",
    "WireReactor", "WireHTTPClient",
]
let ollama: [Target.Dependency] = [
    "OllamaProtocol", "OllamaFiles", "OllamaBlocking", "Ollama",
]

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
        .library(name: "OllamaCodable", targets: ["OllamaCodable"]),
        .library(name: "WireServer", targets: ["WireServer"]),
        .library(name: "WireProxy", targets: ["WireProxy"]),
        .library(name: "WireSimulation", targets: ["WireSimulation"]),
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
        library("WireSecurity"),
        library(
            "WireTLS",
            [
                "WireBytes", "WireSecurity",
                .target(name: "COpenSSL", condition: .when(traits: ["TLS"])),
            ]),
        library("WireGzip", ["WireBytes", "CZlib"]),
        library(
            "WireDigest", [.target(name: "COpenSSL", condition: .when(traits: ["TLS"]))]),
        // L2
        library(
            "WireExchange",
            ["WireBytes", "WireTime", "WireHTTP1", "WireFraming", "WireSecurity", "WireGzip"]),
        library("WireSockets", ["CLinuxShims", "WireTime"]),
        library(
            "WireTransport", ["WireSockets", "WireSystem", "WireTime", "WireSecurity", "WireTLS"]),
        library(
            "WireDriver",
            [
                "WireBytes", "WireTime", "WireHTTP1", "WireSecurity", "WireTLS", "WireGzip",
                "WireSockets", "WireTransport", "WireExchange", "WireSystem",
            ]),
        library(
            "WireBlocking",
            [
                "WireBytes", "WireTime", "WireHTTP1", "WireFraming", "WireSecurity", "WireGzip",
                "WireSockets",
                "WireTransport", "WireExchange", "WireDriver",
            ]),
        library(
            "WireReactor",
            ["CLinuxShims", "WireTime", "WireSockets", "WireTransport", "WireSystem"]),
        library(
            "WireHTTPClient",
            [
                "WireBytes", "WireTime", "WireHTTP1", "WireFraming", "WireSecurity", "WireGzip",
                "WireSockets",
                "WireTransport", "WireExchange", "WireDriver", "WireReactor",
            ]),
        // L3
        library(
            "OllamaProtocol", ["WireBytes", "WireTime", "WireHTTP1", "WireJSON", "WireExchange"]),
        library(
            "OllamaFiles",
            [
                "WireHTTP1", "WireExchange", "WireSockets", "WireSystem", "WireDigest",
                "OllamaProtocol",
            ]),
        library(
            "OllamaBlocking",
            [
                "WireBytes", "WireTime", "WireHTTP1", "WireJSON", "WireTransport", "WireExchange",
                "WireBlocking", "WireSystem", "OllamaProtocol", "OllamaFiles",
            ]),
        library(
            "Ollama",
            [
                "WireBytes", "WireTime", "WireHTTP1", "WireJSON", "WireExchange", "WireDriver",
                "WireReactor", "WireHTTPClient", "WireSystem", "OllamaProtocol", "OllamaFiles",
            ]),
        library("OllamaCodable", ["WireTime", "WireJSON", "OllamaProtocol", "Ollama"]),
        library("TokenWire", ["WireHTTPClient", "Ollama"]),
        // L4, L5
        library("WireSystem", ["WireSockets"]),
        library(
            "WireServer",
            ["WireBytes", "WireTime", "WireHTTP1", "WireJSON", "WireSockets", "WireSystem"]),
        library(
            "WireProxy",
            [
                "WireBytes", "WireTime", "WireHTTP1", "WireJSON", "WireSecurity", "WireTLS",
                "WireSockets", "WireTransport", "WireExchange", "WireDriver", "WireReactor",
                "WireHTTPClient", "WireSystem", "WireServer",
            ]),
        library(
            "WireSimulation",
            [
                "WireBytes", "WireTime", "WireHTTP1", "WireJSON", "WireSockets", "WireSystem",
                "WireServer",
            ]),
        library(
            "CTokenWire",
            [
                "CTokenWireHeader", "WireBytes", "WireTime", "WireExchange", "WireBlocking",
                "OllamaProtocol", "OllamaBlocking",
            ]),
        .executableTarget(
            name: "tokenwire",
            dependencies: codecs + driver + ollama + [
                "WireDigest", "WireSystem", "WireServer", "WireProxy", "WireSimulation",
            ],
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
                "WireSystem", "WireServer", "CAllocationCounter", "CTLSPeer", "CZlib",
            ],
            path: "Tests/TestSupport", swiftSettings: settings),
        .target(
            name: "WireSimDriver",
            dependencies: codecs + driver + ["TestSupport", "WireServer", "WireSystem"],
            path: "Tests/Simulation", swiftSettings: settings),
        .executableTarget(
            name: "wire-sim", dependencies: ["WireSimDriver"], path: "Tests/SimulationCommand",
            swiftSettings: settings),
        tests("Simulation", ["WireSimDriver", "WireTime", "WireSystem"]),
        .executableTarget(
            name: "wire-soak",
            dependencies: ollama + [
                "WireTime", "WireExchange", "WireSockets", "WireSystem", "WireTransport",
            ],
            path: "Tests/SoakCommand", swiftSettings: settings),
        tests("WireBytes", ["WireBytes", "WireTime", "CWireKernels"]),
        tests("WireHTTP1", ["WireBytes", "WireHTTP1", "WireJSON"]),
        tests("WireFraming", ["WireBytes", "WireFraming", "WireJSON"]),
        tests("WireJSON", ["WireBytes", "WireJSON"]),
        tests(
            "WireTLS",
            [
                "WireBytes", "WireTime", "WireSecurity", "WireTLS", "WireSockets", "WireTransport",
                "CTLSPeer",
            ]),
        tests("WireGzip", ["WireBytes", "WireGzip"]),
        tests("WireExchange", codecs + ["WireExchange", "WireGzip"]),
        tests("WireReactor", codecs + driver + ["WireSystem"]),
        tests("WireHTTPClient", codecs + driver + ["WireServer", "WireSystem"]),
        tests("Driver", codecs + driver + ["WireServer", "WireSystem"]),
        tests(
            "Ollama", codecs + driver + ollama + ["OllamaCodable", "WireServer", "WireSystem"]),
        tests("WireServer", codecs + driver + ["WireServer", "WireSystem"]),
        tests("WireProxy", codecs + driver + ["WireServer", "WireProxy", "WireSystem"]),
        tests(
            "WireSimulation",
            codecs + driver + ollama + ["WireServer", "WireSimulation", "WireSystem"]),
        tests("Command", codecs + ["WireServer", "WireSystem", "WireSockets"]),
        .testTarget(
            name: "LiveServerTests",
            dependencies: [
                "Ollama", "OllamaBlocking", "OllamaProtocol", "TestSupport", "WireJSON",
                "WireSystem", "WireTime",
            ],
            exclude: ["llama"], swiftSettings: settings),
        .testTarget(
            name: "RealPeerTests",
            dependencies: codecs + driver + ["WireSystem", "TestSupport"],
            exclude: ["Peers", "Clients"], swiftSettings: settings),
    ]
)

// A build of a part (`make sanitized`) leaves out what it does not test.
if let names = Context.environment["TOKENWIRE_WITHOUT"]?.split(separator: ",").map(String.init) {
    package.products.removeAll { names.contains($0.name) }
    package.targets.removeAll { names.contains($0.name) }
}
