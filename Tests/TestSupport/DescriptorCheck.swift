internal import WireSockets
internal import WireSystem

/// Which descriptors the process has open. Of use only where nothing else runs in the process: in
/// an exit test, say.
public enum DescriptorCheck {
    /// Sorted numbers, without the one that the look itself needs.
    public static func open() -> [Int] {
        // The directory's own descriptor is the lowest free one while it is read, and in the list.
        let listed = numbers()
        let gone = Set(listed).subtracting(numbers(skipping: listed))
        return listed.filter { !gone.contains($0) }
    }

    private static func numbers() -> [Int] {
        guard let names = try? Files.names(in: "/proc/self/fd") else { return [] }
        return names.compactMap { Int($0) }.sorted()
    }

    /// Those of a list that still exist by a look that opens nothing.
    private static func numbers(skipping list: [Int]) -> [Int] {
        list.filter { Files.exists("/proc/self/fd/\($0)") }
    }
}
