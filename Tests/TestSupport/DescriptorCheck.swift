internal import CAllocationCounter
internal import Glibc
internal import WireSockets
internal import WireSystem

/// Which sockets the process has open. Of use only where nothing else runs in the process: in an
/// exit test, say. Other kinds of descriptors come and go with the test library's own threads.
public enum DescriptorCheck {
    /// Each with the kernel's own name for it (proc(5)), sorted.
    public static func openSockets() -> [String] {
        guard let names = try? Files.names(in: "/proc/self/fd") else { return [] }
        return names.compactMap { target(of: "/proc/self/fd/\($0)") }
            .filter { $0.hasPrefix("socket:") }.sorted()
    }

    private static func target(of link: String) -> String? {
        unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
            // Safe because readlink writes at most the size given, without a terminator.
            let count = unsafe readlink(link, buffer.baseAddress!, 255)
            guard count > 0 else { return nil }
            unsafe buffer[count] = 0
            return unsafe String(cString: buffer.baseAddress!)
        }
    }
}

/// How much the process has allocated and not freed. Of use only where nothing else runs in the process.
public enum MemoryCheck {
    /// Nil under a sanitizer, which has an allocator of its own.
    public static func bytesInUse() -> Int? {
        allocation_counter_works() ? Int(allocation_counter_live_bytes()) : nil
    }
}
