/// Who reads the records of lines, and knows the usual ones by their first bytes.
public protocol RecordReading: ~Copyable {
    /// Reads the record that `content` starts with, if it is of the form that is expected next and a line
    /// feed follows. There is none in it.
    ///
    /// It may read those behind it as well, and say so by `run`. Who calls keeps that for the next call, or
    /// gives an empty one when anything else than this record and its line feed has been consumed.
    ///
    /// - Returns: its bytes; 0 says nothing.
    mutating func readExpected(startOf content: Span<UInt8>, _ run: inout RecordRun) -> Int
    /// The same where no other record follows at once.
    mutating func readExpectedAlone(startOf content: Span<UInt8>) -> Int
}

/// Who reads such records many at a time.
public protocol RecordBatchReading: RecordReading, ~Copyable {
    /// Reads the records that `content` starts with, if they are of the form that is expected next, with a
    /// line feed behind each: some of them, none of more than `limit` bytes.
    ///
    /// - Returns: their bytes, with the last line feed; 0 says nothing.
    mutating func readExpectedBatch(startOf content: Span<UInt8>, limit: Int) -> Int
}
