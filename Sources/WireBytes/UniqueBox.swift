/// A value on the heap with one owner: for large state inside of small values, which may move.
@safe public struct UniqueBox<Value: ~Copyable>: ~Copyable {
    /// Safe because it is initialized from `init` to `deinit` and reached through `value` alone.
    @usableFromInline let pointer: UnsafeMutablePointer<Value>

    public init(_ value: consuming Value) {
        unsafe pointer = .allocate(capacity: 1)
        unsafe pointer.initialize(to: value)
    }

    deinit {
        unsafe pointer.deinitialize(count: 1)
        unsafe pointer.deallocate()
    }

    @inlinable public var value: Value {
        unsafeAddress { unsafe UnsafePointer(pointer) }
        unsafeMutableAddress { unsafe pointer }
    }
}
