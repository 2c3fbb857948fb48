internal import WireExchange
internal import WireSockets
internal import WireTransport

/// How much has to be there for a wait to end: more than a byte only while a body of known length has
/// that much to come, so that no head, no last piece and no idle connection's end is waited for.
extension ExchangeDriver {
    mutating func adjustLowWatermark() throws(TransportError) {
        let most = pool.connecting.receiveLowWatermark
        if most == 1 { return }
        do throws(SystemError) {
            try setLowWatermark(reader.bytesToCome >= most ? most : 1)
        } catch { try connectionFailed(error) }
    }

    /// - Returns: false when the connection cannot go on without it.
    mutating func resetLowWatermark() -> Bool {
        do throws(SystemError) {
            try setLowWatermark(1)
            return true
        } catch { return false }
    }

    private mutating func setLowWatermark(_ bytes: Int) throws(SystemError) {
        guard bytes != receiveLowWatermark, let transport = lease?.transport else { return }
        try transport.setReceiveLowWatermark(bytes)
        receiveLowWatermark = bytes
    }
}
