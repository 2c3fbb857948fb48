internal import WireBytes
internal import WireTime

/// One exchange on its way into a directory of recordings. Used by the proxy's thread; holds a bounded
/// part of it, the writer has the rest.
final class ExchangeRecorder {
    private static let pieceBytes = 64 << 10
    /// What `Recording` reads back.
    private static let exchangeLimit = 256 << 20

    let name: String
    private let writer: RecordingWriter
    private let keepsCredentials: Bool
    private var request: [UInt8]
    private var response: [UInt8] = []
    private var timing = Array("[".utf8)
    private var responseBytes = 0
    private var totalBytes: Int
    private var lastAt = Timeout.zero
    /// Nothing of the response's head goes to the disk before what is secret has been taken out.
    private var isHeadOpen = true
    /// It became too large, and has been dropped.
    private(set) var isDropped = false

    init(_ forwarded: ForwardedRequest, into writer: RecordingWriter, keepsCredentials: Bool) {
        name = writer.newName(method: forwarded.method, target: forwarded.target)
        self.writer = writer
        self.keepsCredentials = keepsCredentials
        request = forwarded.recordedHead
        totalBytes = request.count
    }

    /// More of the request's body, framing included.
    func appendRequest(_ bytes: ArraySlice<UInt8>) {
        guard grows(by: bytes.count) else { return }
        request += bytes
        if request.count >= ExchangeRecorder.pieceBytes { flush(&request, .request) }
    }

    /// What one read brought of the response.
    ///
    /// - Parameter at: since the last part of the request was sent.
    func appendResponse(_ bytes: ArraySlice<UInt8>, at: Timeout) {
        if bytes.isEmpty { return }
        // The same order as of the bytes, also where the request went on meanwhile.
        lastAt = max(lastAt, at)
        let separator = responseBytes == 0 ? "" : ", "
        let entry = "\(separator)[\(ExchangeRecorder.seconds(lastAt)), \(responseBytes)]"
        guard grows(by: bytes.count + entry.utf8.count) else { return }
        timing += entry.utf8
        responseBytes += bytes.count
        response += bytes
        if response.count >= ExchangeRecorder.pieceBytes, !isHeadOpen {
            flush(&response, .response)
        }
        if timing.count >= ExchangeRecorder.pieceBytes { flush(&timing, .timing) }
    }

    /// The response's head is complete: no secrets follow.
    ///
    /// - Parameter length: of the head with all before it; nil when nobody can say what is head.
    func endHead(length: Int?) {
        guard isHeadOpen else { return }
        isHeadOpen = false
        if keepsCredentials || isDropped { return }
        SecretFields.mask(in: &response, upTo: min(length ?? .max, response.count))
    }

    /// The exchange is whole.
    func finish() {
        if isDropped { return }
        endHead(length: nil)
        timing += "]\n".utf8
        flush(&request, .request)
        flush(&timing, .timing)
        flush(&response, .response)
        writer.add(.finish(name: name))
    }

    func drop() {
        if isDropped { return }
        isDropped = true
        (request, response, timing) = ([], [], [])
        writer.add(.drop(name: name))
    }

    private func grows(by count: Int) -> Bool {
        totalBytes += count
        if totalBytes > ExchangeRecorder.exchangeLimit { drop() }
        return !isDropped
    }

    /// Also what is empty: the file is there then.
    private func flush(_ bytes: inout [UInt8], _ kind: RecordingWriter.Kind) {
        writer.add(.append(bytes, kind, name: name))
        bytes = []
    }

    /// `1.000250000`
    private static func seconds(_ time: Timeout) -> String {
        let digits = String(time.nanoseconds % 1_000_000_000)
        let zeros = String(repeating: "0", count: 9 - digits.count)
        return "\(time.nanoseconds / 1_000_000_000).\(zeros)\(digits)"
    }
}
