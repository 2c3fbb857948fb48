#if TLS
internal import COpenSSL
internal import Synchronization

/// An `SSL_SESSION`, freed with its last owner.
@safe final class Session: Sendable {
    /// Safe because it is counted by OpenSSL, and this count is given back once, in `deinit`.
    nonisolated(unsafe) let pointer: OpaquePointer

    init(owning pointer: OpaquePointer) { unsafe self.pointer = pointer }

    deinit { unsafe SSL_SESSION_free(pointer) }

    /// TLS 1.3 tickets are used once, so that nobody can tell that two connections are one
    /// client's (RFC 8446 C.4).
    var isForOneUse: Bool { unsafe SSL_SESSION_get_protocol_version(pointer) >= TLS1_3_VERSION }
}

/// Sessions of verified connections, by what the caller says that they belong to.
final class SessionCache: Sendable {
    static let sessionsPerKey = 8
    static let mostKeys = 256

    private struct Entry {
        var sessions: [Session] = []
        var lastUse: UInt64 = 0
    }

    private struct Contents {
        var entries: [String: Entry] = [:]
        var uses: UInt64 = 0
    }

    private let contents = Mutex(Contents())

    /// The newest session; those for one use are gone afterwards.
    func take(for key: String) -> Session? {
        contents.withLock { contents in
            guard let newest = contents.entries[key]?.sessions.last else { return nil }
            if newest.isForOneUse { contents.entries[key]?.sessions.removeLast() }
            return newest
        }
    }

    func put(_ session: Session, for key: String) {
        contents.withLock { contents in
            contents.uses += 1
            var entry = contents.entries[key] ?? Entry()
            if entry.sessions.count == SessionCache.sessionsPerKey { entry.sessions.removeFirst() }
            entry.sessions.append(session)
            entry.lastUse = contents.uses
            contents.entries[key] = entry
            guard contents.entries.count > SessionCache.mostKeys else { return }
            let oldest = contents.entries.min { $0.value.lastUse < $1.value.lastUse }
            if let oldest { contents.entries[oldest.key] = nil }
        }
    }
}
#endif
