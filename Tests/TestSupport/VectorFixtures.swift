/// Where the repository keeps what its tests compare against.
public enum Fixtures {
    /// The repository's root, from where this file was compiled.
    public static let repository: String = {
        var parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        parts.removeLast(3)
        return parts.joined(separator: "/")
    }()

    /// The path of something under `Fixtures/`, such as `vectors/sse.json`.
    public static func path(_ relative: String) -> String { "\(repository)/Fixtures/\(relative)" }
}
