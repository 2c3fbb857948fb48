internal import CLinuxShims
internal import Glibc

/// `pipe2(2)`.
public enum Pipe {
    /// Both ends, closed in children. Whoever makes it closes them.
    public static func make() throws(SystemError) -> (reading: Int32, writing: Int32) {
        var ends: InlineArray<2, Int32> = [0, 0]
        // Safe because pipe2 writes two descriptors.
        let status = unsafe withUnsafeMutableBytes(of: &ends) {
            unsafe clinux_pipe2($0.baseAddress!.assumingMemoryBound(to: Int32.self), O_CLOEXEC)
        }
        guard status == 0 else { throw .last("pipe2") }
        return (ends[0], ends[1])
    }
}
