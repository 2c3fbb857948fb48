internal import CTokenWireHeader
internal import WireBlocking

@c @implementation
public func tw_cancellation_new() -> OpaquePointer? {
    unsafe Handle.retaining(Cancellation())
}

@c @implementation
public func tw_cancellation_cancel(_ cancellation: OpaquePointer?) {
    guard let cancellation = unsafe cancellation else { return }
    unsafe Handle.object(cancellation, as: Cancellation.self).cancel()
}

@c @implementation
public func tw_cancellation_free(_ cancellation: OpaquePointer?) {
    unsafe Handle.release(cancellation, as: Cancellation.self)
}
