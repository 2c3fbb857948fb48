package import WireExchange
internal import WireHTTP1
package import WireSockets

/// How a client's connections are made: what its options say, in the system's terms. Made once for a
/// client.
package struct ConnectSettings: Sendable {
    let options: ConnectOptions
    /// Nil for the plain one.
    let route: Route?
    let setup: SocketSetup
    /// 1 is the kernel's own.
    let receiveLowWatermark: Int
    /// Instead of the origin's addresses.
    package let unixSocket: SocketAddress?
    package let tls: SharedTLSContext
    let observer: (any ExchangeObserver)?
    /// What every request is refused for.
    let error: RequestError?

    package init(_ options: ClientOptions) {
        self.options = options.connecting
        route = options.route
        tls = SharedTLSContext(options.tls)
        unixSocket = options.unixSocket.map { .unix($0.bytes) }
        var error: RequestError?
        var local: [SocketAddress] = []
        if let address = options.localAddress {
            do throws(RequestError) { local = try address.socketAddresses() } catch let invalid {
                error = invalid
            }
        }
        setup = SocketSetup(
            local: local, options: options.socket.list,
            stampsReceived: options.socket.receiveTimestamps)
        observer = options.observer
        receiveLowWatermark = max(1, options.socket.receiveLowWatermark ?? 1)
        self.error = error
    }
}

extension LocalAddress {
    fileprivate func socketAddresses() throws(RequestError) -> [SocketAddress] {
        guard let host else {
            return [
                SocketAddress(family: .ipv4, address: [0, 0, 0, 0], port: port),
                SocketAddress(
                    family: .ipv6, address: [UInt8](repeating: 0, count: 16), port: port),
            ]
        }
        guard let address = SocketAddress(literal: host, port: port) else {
            throw .invalidRequest("the local address '\(host)' is no IPv4 or IPv6 address")
        }
        return [address]
    }
}

extension SocketOptions {
    fileprivate var list: [SocketOption] {
        var list: [SocketOption] = []
        if let keepAlive {
            list += SocketOption.keepAlive(
                idle: keepAlive.idle, interval: keepAlive.interval, count: keepAlive.count)
        }
        if let userTimeout { list.append(.userTimeout(userTimeout)) }
        if let receiveBuffer { list.append(.receiveBuffer(receiveBuffer)) }
        if let sendBuffer { list.append(.sendBuffer(sendBuffer)) }
        if let trafficClass { list += SocketOption.trafficClass(trafficClass) }
        if let device { list.append(.device(device)) }
        if receiveTimestamps { list += SocketOption.receiveStamps }
        return list
    }
}
