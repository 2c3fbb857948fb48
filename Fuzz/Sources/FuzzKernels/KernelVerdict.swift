internal import WireBytes

/// What the scans say of some bytes from a place on.
struct KernelVerdict: Equatable {
    var lf, lineEnd: Int?
    var plain, unescaped, ascii, fieldValue, utf8: Int
    var places: [Int] = []
    var stringEnd: Int?

    init(_ bytes: Span<UInt8>, from start: Int) {
        lf = ByteScan.firstIndex(of: 0x0A, in: bytes, from: start)
        lineEnd = ByteScan.firstIndex(of: 0x0A, or: 0x0D, in: bytes, from: start)
        plain = ByteScan.jsonPlainRun(in: bytes, from: start)
        unescaped = ByteScan.jsonUnescapedRun(in: bytes, from: start)
        ascii = ByteScan.asciiRun(in: bytes, from: start)
        fieldValue = ByteScan.fieldValueRun(in: bytes, from: start)
        utf8 = ByteScan.utf8Run(in: bytes, from: start)
        stringEnd = ByteScan.jsonString(in: bytes, from: start)?.end
        var found = FoundAhead(0x0A, or: 0x22)
        while let place = found.peek(in: bytes) {
            if !KernelVerdict.isBehindAnother(place, bytes) { places.append(place) }
            found.pass()
        }
    }

    init(slowly bytes: [UInt8], from start: Int) {
        let rest = bytes[start...]
        func run(_ isIn: (UInt8) -> Bool) -> Int { rest.prefix(while: isIn).count }
        func isUnescaped(_ byte: UInt8) -> Bool { byte >= 0x20 && byte != 0x22 && byte != 0x5C }
        lf = rest.firstIndex(of: 0x0A)
        lineEnd = rest.firstIndex { $0 == 0x0A || $0 == 0x0D }
        plain = run { isUnescaped($0) && $0 < 0x80 }
        unescaped = run(isUnescaped)
        ascii = run { $0 < 0x80 }
        fieldValue = run { $0 == 0x09 || $0 >= 0x20 && $0 != 0x7F }
        utf8 = KernelVerdict.validUTF8(rest)
        places = bytes.indices.filter {
            (bytes[$0] == 0x0A || bytes[$0] == 0x22)
                && !KernelVerdict.isBehindAnother($0, bytes.span)
        }
        stringEnd = KernelVerdict.stringEnd(bytes, from: start)
    }

    /// Such a place may be left out.
    private static func isBehindAnother(_ place: Int, _ bytes: Span<UInt8>) -> Bool {
        place > 0 && (bytes[place - 1] == 0x0A || bytes[place - 1] == 0x22)
    }

    /// By the standard library's validation of each scalar.
    private static func validUTF8(_ bytes: ArraySlice<UInt8>) -> Int {
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        var count = 0
        while case .scalarValue(let scalar) = decoder.decode(&iterator) {
            count += UTF8.width(scalar)
        }
        return count
    }

    private static func stringEnd(_ bytes: [UInt8], from start: Int) -> Int? {
        var at = start
        while at < bytes.count, bytes[at] != 0x22 { at += bytes[at] == 0x5C ? 2 : 1 }
        guard at < bytes.count else { return nil }
        let text = [0x22] + bytes[start...at]
        return ReferenceJSON.accepts(text) ? at : nil
    }
}
