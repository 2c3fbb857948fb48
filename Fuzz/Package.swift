// swift-tools-version: 6.2
import PackageDescription

// A package of its own: its programs have no `main` and only link with the fuzzer's.
// See README.md for the commands.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableExperimentalFeature("Lifetimes"),
]

func fuzzer(_ name: String, _ products: String...) -> Target {
    .executableTarget(
        name: "Fuzz" + name,
        dependencies: ["FuzzSupport"]
            + (["WireBytes"] + products).map { .product(name: $0, package: "TokenWire") },
        swiftSettings: settings)
}

let package = Package(
    name: "TokenWireFuzz",
    dependencies: [.package(name: "TokenWire", path: "..", traits: [])],
    targets: [
        .target(
            name: "FuzzSupport", dependencies: [.product(name: "WireBytes", package: "TokenWire")],
            swiftSettings: settings),
        fuzzer("Response", "WireHTTP1"),
        fuzzer("Request", "WireHTTP1"),
        fuzzer("Chunked", "WireHTTP1"),
        fuzzer("URL", "WireHTTP1"),
        fuzzer("Lines", "WireFraming"),
        fuzzer("Events", "WireFraming"),
        fuzzer("JSON", "WireJSON"),
        fuzzer("Content", "WireGzip"),
        fuzzer("Records", "WireJSON"),
        fuzzer("Values", "WireJSON"),
        fuzzer("Kernels"),
    ]
)
