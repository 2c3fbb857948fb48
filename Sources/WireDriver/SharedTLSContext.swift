internal import Synchronization
package import WireSecurity
internal import WireSockets
package import WireTLS

/// A client's TLS, made ready when its first `https` request needs it: certificates are read then, and
/// once. What fails then fails for good.
package final class SharedTLSContext: Sendable {
    private let configuration: TLSConfiguration
    private let made = Lock<Result<TLSContext, TLSError>?>(nil)

    init(_ configuration: TLSConfiguration) { self.configuration = configuration }

    package func context() throws(TLSError) -> TLSContext {
        let result = made.withLock { made in
            if let made { return made }
            let result: Result<TLSContext, TLSError>
            do throws(TLSError) {
                result = .success(try TLSContext(configuration))
            } catch { result = .failure(error) }
            made = result
            return result
        }
        return try result.get()
    }
}
