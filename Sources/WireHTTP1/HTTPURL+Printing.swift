/// Printed without its user: what is printed gets into logs.
extension HTTPURL: CustomStringConvertible, CustomReflectable {
    public var description: String { "\(scheme)://\(authority)\(target)" }

    /// For `dump` and the printing of what holds a URL.
    public var customMirror: Mirror {
        Mirror(self, children: ["url": description], displayStyle: .struct)
    }
}
