/// C's hold on an object: a pointer that keeps the object alive until it is released.
enum Handle {
    static func retaining(_ object: AnyObject) -> OpaquePointer {
        unsafe OpaquePointer(Unmanaged.passRetained(object).toOpaque())
    }

    /// Safe as long as the caller keeps to the header: `pointer` came from `retaining`, with an object
    /// of this class, and has not been released.
    static func object<Object: AnyObject>(
        _ pointer: OpaquePointer, as: Object.Type = Object.self
    ) -> Object {
        unsafe Unmanaged<Object>.fromOpaque(UnsafeRawPointer(pointer)).takeUnretainedValue()
    }

    /// Safe on the same terms as `object`; nil is nothing to release.
    static func release<Object: AnyObject>(_ pointer: OpaquePointer?, as: Object.Type) {
        guard let pointer = unsafe pointer else { return }
        unsafe Unmanaged<Object>.fromOpaque(UnsafeRawPointer(pointer)).release()
    }
}
