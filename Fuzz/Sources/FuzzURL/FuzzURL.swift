internal import FuzzSupport
internal import WireHTTP1

@c(LLVMFuzzerTestOneInput)
public func fuzzURL(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = unsafe FuzzInput(start, count)
    guard let url = try? HTTPURL(String(decoding: input.bytes, as: UTF8.self)) else { return 0 }
    // What was accepted can go on the wire, and nothing of it ends a line or hides in the host.
    let head = try? RequestHead(method: "GET", target: url.target, authority: url.authority)
    precondition(head != nil, "an accepted URL that makes no request: \(url)")
    precondition(!url.target.utf8.contains(0x23), "a fragment on the wire: \(url)")
    precondition(url.host.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x5C }, "\(url)")
    return 0
}
