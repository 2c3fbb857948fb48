internal import CZlib

/// Bodies as servers make them, put together out of what zlib's one function for it makes.
public enum EncodedBody {
    /// RFC 1950.
    public static func zlib(_ bytes: [UInt8], level: Int32 = 6) -> [UInt8] {
        var count = compressBound(UInt(bytes.count))
        var output = [UInt8](repeating: 0, count: Int(count))
        let status = unsafe compress2(&output, &count, bytes, UInt(bytes.count), level)
        precondition(status == Z_OK, "zlib refused")
        return Array(output[..<Int(count)])
    }

    /// RFC 1951: without the header of two bytes and the check sum of four.
    public static func bare(_ bytes: [UInt8], level: Int32 = 6) -> [UInt8] {
        Array(zlib(bytes, level: level).dropFirst(2).dropLast(4))
    }

    /// RFC 1952.
    public static func gzip(_ bytes: [UInt8], level: Int32 = 6) -> [UInt8] {
        let header: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3]
        let sum = unsafe UInt32(crc32(0, bytes, UInt32(bytes.count)))
        return header + bare(bytes, level: level) + little(sum) + little(UInt32(bytes.count))
    }

    private static func little(_ number: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }
    }

    /// Text that compresses as JSON does.
    public static func text(_ count: Int) -> [UInt8] {
        var generator = SeededGenerator(seed: 3)
        var bytes: [UInt8] = []
        while bytes.count < count {
            bytes += Array("{\"token\":\"\(generator.below(1_000))\",\"done\":false}\n".utf8)
        }
        return Array(bytes[..<count])
    }
}
