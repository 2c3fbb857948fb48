// swift-tools-version: 6.2
import PackageDescription

// Each example is a program of one file, against the library as its users see it.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6), .strictMemorySafety(), .treatAllWarnings(as: .error),
]

func example(_ name: String, _ products: String...) -> Target {
    .executableTarget(
        name: name, dependencies: products.map { .product(name: $0, package: "TokenWire") },
        swiftSettings: settings)
}

let package = Package(
    name: "TokenWireExamples",
    dependencies: [.package(name: "TokenWire", path: "..")],
    targets: [
        example("first-minute", "TokenWire"),
        example("parts", "TokenWire"),
        example("many-streams", "TokenWire"),
        example("on-the-loop", "TokenWire"),
        example("script", "TokenWire"),
        example("both-dialects", "TokenWire"),
        example("guards", "TokenWire"),
        example("batch", "TokenWire"),
        example("latency", "TokenWire"),
        example("fake-server", "WireServer"),
        example("structured", "OllamaCodable"),
        example("tools", "OllamaCodable"),
        example("transport", "WireHTTPClient"),
        example("first-minute-blocking", "OllamaBlocking"),
        example("whole-answer-blocking", "OllamaBlocking"),
        example("test-server", "TokenWire", "WireServer"),
        example("codecs", "WireFraming", "WireJSON"),
    ]
)
