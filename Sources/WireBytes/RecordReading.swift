/// Who reads the records of lines, and knows the usual ones by their first bytes.
public protocol RecordReading: ~Copyable {
    /// Reads the record that `content` starts with, if it is of the form that is expected next. There is
    /// no line feed in it; whether one follows is for the caller to see, and if none does, this call
    /// means nothing.
    ///
    /// - Returns: its bytes; 0 says nothing.
    mutating func readExpected(startOf content: Span<UInt8>) -> Int
}
