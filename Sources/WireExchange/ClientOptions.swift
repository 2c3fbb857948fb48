public import WireBytes
public import WireHTTP1
public import WireTime

/// What every client of HTTP can be told, whatever drives it.
public struct ClientOptions: Sendable {
    public var deadlines = Deadlines.standard
    public var limits = HTTP1Limits.standard
    /// The longest line or event of a body.
    public var recordLimit = ByteLimit.mebibytes(16)
    /// How many connections there may be. `keepAliveIdle` is that of `deadlines`.
    public var pool = PoolLimits()

    public init() {}

    /// How many connections may be kept between requests; 0 keeps none.
    public var idleConnectionLimit: Int {
        get { pool.idle }
        set { pool.idle = newValue }
    }
}
