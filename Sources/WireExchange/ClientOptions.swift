public import WireBytes
public import WireGzip
public import WireHTTP1
public import WireSecurity
public import WireTime

/// What every client of HTTP can be told, whatever drives it.
public struct ClientOptions: Sendable {
    public var deadlines = Deadlines.standard
    public var limits = HTTP1Limits.standard
    /// What heads of responses may have that the rules of HTTP forbid: nothing, unless a server needs it.
    public var leniencies: HTTP1Leniencies = []
    /// How far a body may grow out of its content codings, for requests that offer them.
    public var content = ContentLimits.standard
    /// The longest line or event of a body.
    public var recordLimit = ByteLimit.mebibytes(16)
    /// How many connections there may be. `keepAliveIdle` is that of `deadlines`.
    public var pool = PoolLimits()
    public var connecting = ConnectOptions()
    /// How connections get to their peers; nil for the plain way. In one word, because options are
    /// copied for each exchange.
    package private(set) var route: Route?

    /// Whom `https` trusts, and as whom it comes.
    public var tls = TLSConfiguration()

    /// Is told of every exchange when it is over; nil costs nothing.
    public var observer: (any ExchangeObserver)?

    /// Follows redirects; nil does not: a redirect is a response like others.
    public var redirects: RedirectPolicy?
    /// Asks again when that may help; nil does not.
    public var retries: RetryPolicy?

    public init() {}

    /// How many connections may be kept between requests; 0 keeps none.
    public var idleConnectionLimit: Int {
        get { pool.idle }
        set { pool.idle = newValue }
    }

    public var socket: SocketOptions {
        get { route?.socketOptions ?? SocketOptions() }
        set { setRoute(unixSocket, localAddress, newValue) }
    }

    /// Where connections come from; nil leaves it to the kernel.
    public var localAddress: LocalAddress? {
        get { route?.localAddress }
        set { setRoute(unixSocket, newValue, socket) }
    }

    /// Every connection goes to this socket. What the URL says is asked of whoever listens there; its
    /// host is named to him, and not looked up.
    public var unixSocket: UnixSocketPath? {
        get { route?.unixSocket }
        set { setRoute(newValue, localAddress, socket) }
    }

    private mutating func setRoute(
        _ unixSocket: UnixSocketPath?, _ localAddress: LocalAddress?, _ socket: SocketOptions
    ) {
        let route = Route(
            unixSocket: unixSocket, localAddress: localAddress, socketOptions: socket)
        self.route = route == Route() ? nil : route
    }
}
