// swift-tools-version: 6.2
import PackageDescription

// A package of its own, so that what only measuring needs never reaches users.
let package = Package(
    name: "TokenWireBenchmarks",
    dependencies: [.package(name: "TokenWire", path: "..")],
    targets: [
        .executableTarget(
            name: "wire-client",
            dependencies: [
                .product(name: "WireBlocking", package: "TokenWire"),
                .product(name: "WireHTTPClient", package: "TokenWire"),
                .product(name: "Ollama", package: "TokenWire"),
                .product(name: "OllamaBlocking", package: "TokenWire"),
            ],
            swiftSettings: [
                .swiftLanguageMode(.v6), .strictMemorySafety(),
                .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
            ],
            // As a batch tool would ship: starting up is part of what is measured.
            linkerSettings: [.unsafeFlags(["-static-stdlib"])]),
        // What a rival of the micro benchmarks exports: micro/ has them.
        .target(name: "CRival"),
        .executableTarget(
            name: "wire-micro",
            dependencies: [
                "CRival",
                .product(name: "WireBytes", package: "TokenWire"),
                .product(name: "WireFraming", package: "TokenWire"),
                .product(name: "WireHTTP1", package: "TokenWire"),
                .product(name: "WireJSON", package: "TokenWire"),
            ],
            swiftSettings: [
                .swiftLanguageMode(.v6), .enableExperimentalFeature("Lifetimes"),
            ]),
    ]
)
