// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
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

let package = Package(
    name: "TokenWire",
    products: [
        .library(name: "WireBytes", targets: ["WireBytes"]),
        .library(name: "WireJSON", targets: ["WireJSON"]),
    ],
    targets: [
        .target(name: "CLinuxShims"),
        .target(name: "CWireKernels"),
        library("WireBytes", ["CWireKernels"]),
        library("WireTime"),
        library("WireHTTP1", ["WireBytes"]),
        library("WireFraming", ["WireBytes"]),
        library("WireJSON", ["WireBytes"]),
        library("WireSockets", ["CLinuxShims", "WireTime"]),
        library("WireTransport", ["WireSockets", "WireTime"]),
        library("WireExchange", ["WireBytes", "WireTime", "WireHTTP1", "WireFraming"]),
    ]
)
