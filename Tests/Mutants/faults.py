"""Faults that a test has to find. Each is one edit; its old text must be in the file exactly once,
so that a fault whose place has moved is noticed instead of tested in vain."""

from typing import NamedTuple


class Fault(NamedTuple):
    name: str
    file: str
    old: str
    new: str
    # A regular expression over test names, as `swift test --filter` takes it.
    test: str


FAULTS = [
    # Time
    Fault(
        "content-idle-never-armed",
        "Sources/WireExchange/ExchangeMachine.swift",
        "        table.arm(.contentIdle, at: now, for: deadlines.contentIdle)\n",
        "",
        "ExchangeTimeTests/contentIdleRunsFromTheLastContent"),
    Fault(
        "timeout-before-bytes",
        "Sources/WireDriver/ExchangeDriver.swift",
        "            // Also at a deadline: bytes that are in the kernel already beat it.\n",
        "            try settle(machine.timeReached(system.now))\n",
        "DeadlineMercyTests/bytesInTheKernelBeatTheTimeout"),
    # Connecting
    Fault(
        "the-next-never-begins",
        "Sources/WireExchange/ConnectMachine.swift",
        "nextAttempt = isDelayRunning ? now + options.attemptDelay : .distantFuture",
        "nextAttempt = isDelayRunning ? now + .never : .distantFuture",
        "RaceTests/theFirstThatStandsWins"),
    Fault(
        "losers-stay-open",
        "Sources/WireDriver/ConnectRace.swift",
        "            for attempt in underWay where attempt.place == place { release(attempt.transport) }\n",
        "            _ = place\n",
        "RaceTests/theFirstThatStandsWins"),
    Fault(
        "connected-to-itself",
        "Sources/WireSockets/StreamSocket.swift",
        "return local == peer ? .failed(.selfConnected) : .connected",
        "_ = local == peer; return .connected",
        "ConnectingTests/selfConnect"),
    Fault(
        "look-ups-are-never-given-up",
        "Sources/WireTransport/NameLookUps.swift",
        "    var isGivenUp: Bool { state.withLock { $0.ended == nil } }\n",
        "    var isGivenUp: Bool { false }\n",
        "NameLookUpTests/whatWasGivenUpIsNotAskedFor"),
    Fault(
        "longer-than-the-server-keeps-it",
        "Sources/WireExchange/PoolMachine.swift",
        "        if serverLimit < limits.keepAliveIdle {\n",
        "        if serverLimit < .zero {\n",
        "ReuseTests/keptNoLongerThanTheServerSays"),
    Fault(
        "low-watermark-stays",
        "Sources/WireDriver/ExchangeDriver+LowWatermark.swift",
        "            try setLowWatermark(1)\n            return true\n",
        "            try setLowWatermark(receiveLowWatermark)\n            return true\n",
        "LowWatermarkTests/resetAtTheEnd"),
    Fault(
        "unix-path-one-too-long",
        "Sources/WireExchange/Route.swift",
        "guard bytes.count <= UnixSocketPath.longest else {",
        "guard bytes.count <= UnixSocketPath.longest + 1 else {",
        "RouteTests/theLongestPath"),
    Fault(
        "total-not-kept-while-decoding",
        "Sources/WireDriver/ExchangeDriver.swift",
        "        try settle(machine.decoded(at: now))\n",
        "",
        "ContentCodingTests/deadlinesBetweenPieces"),
    # Redirects, retries, bodies
    Fault(
        "credentials-follow-redirects",
        "Sources/WireExchange/Redirect.swift",
        "        if !url.hasSameOrigin(as: request.url) {\n",
        "        if url.host != request.url.host, url.host.isEmpty {\n",
        "FollowingTests/credentialsStayWithTheirOrigin"),
    Fault(
        "retried-after-content",
        "Sources/WireExchange/RetryPolicy.swift",
        "        guard progress.bytesReceived == 0 else { return nil }\n",
        "",
        "RetryPolicyTests/failures"),
    Fault(
        "final-answer-keeps-the-connection",
        "Sources/WireExchange/ExchangeMachine.swift",
        "let sentAll = canWrite && !isOpen && progress.bytesWritten == requestBytes",
        "let sentAll = heldBehind != nil || canWrite && progress.bytesWritten == requestBytes",
        "RequestBodyTests/aFinalAnswerSparesTheBody"),
    Fault(
        "unrepeatable-body-repeated",
        "Sources/WireExchange/OutgoingRequest.swift",
        "RetryRule(mayRepeat: mayRepeat && body.isRepeatable)",
        "RetryRule(mayRepeat: mayRepeat)",
        "RequestBodyTests/staleConnections"),
    # Content codings
    Fault(
        "truncated-coding-accepted",
        "Sources/WireExchange/MessageReader.swift",
        "                try coded.finish()\n",
        "",
        "CodedBodyTests/truncatedAtEveryByte"),
    # Framing of messages
    Fault(
        "chunk-end-unchecked",
        "Sources/WireHTTP1/ChunkedDecoder.swift",
        """                guard byte == ASCII.cr else {
                    throw bad(offset + index, "chunk data is not followed by CRLF")
                }
                state = .dataLF
            case .dataLF:
                guard byte == ASCII.lf else {
                    throw bad(offset + index, "chunk data is not followed by CRLF")
                }
""",
        """                state = .dataLF
            case .dataLF:
""",
        "ResponseVectorTests/vector"),
    Fault(
        "plain-chunk-end-unchecked",
        "Sources/WireHTTP1/ChunkedDecoder.swift",
        "            guard UInt16(truncatingIfNeeded: rest) == lineEnd else { return 0 }\n",
        "            guard rest > 0 else { return 0 }\n",
        "ChunkedCodingTests/broken"),
    Fault(
        "conflicting-lengths-accepted",
        "Sources/WireHTTP1/BodyFraming.swift",
        "if let length, length != number {",
        "if let length, length > number {",
        "BodyFramingTests/response"),
    Fault(
        "folded-coding-accepted",
        "Sources/WireHTTP1/HeadReader.swift",
        'for name in ["content-length", "transfer-encoding"] as [StaticString]',
        'for name in ["content-length"] as [StaticString]',
        "ResponseVectorTests/vector"),
    # Lines, events, JSON
    Fault(
        "line-end-off-by-one",
        "Sources/WireFraming/LineScanner.swift",
        "end > 0 && content[end &- 1] == ASCII.cr ? end &- 1 : end",
        "end > 1 && content[end &- 1] == ASCII.cr ? end &- 1 : end",
        "LineVectorTests/vector"),
    Fault(
        "cut-crlf-is-two-line-ends",
        "Sources/WireFraming/SSEScanner.swift",
        "        if skipLF, kept < content.count {\n            if content[kept] == ASCII.lf { kept += 1 }\n",
        "        if skipLF {\n"
        "            if kept < content.count, content[kept] == ASCII.lf { kept += 1 }\n",
        "SSEVectorTests/vector"),
    Fault(
        "lone-surrogate-accepted",
        "Sources/WireJSON/JSONScanner+Strings.swift",
        "UTF16.isTrailSurrogate(try codeUnit(escapedAt: second))",
        "try codeUnit(escapedAt: second) > 0",
        "GrammarTests/rejects"),
    Fault(
        "trailing-bytes-accepted",
        "Sources/WireJSON/JSONCursor.swift",
        "guard index == text.count else { throw JSONError(.trailingBytes, at: index) }",
        "guard index <= text.count else { throw JSONError(.trailingBytes, at: index) }",
        "GrammarTests/rejects"),
    Fault(
        "incomplete-taken-for-complete",
        "Sources/OllamaProtocol/AnswerReader.swift",
        "if isComplete { return false }",
        "if isComplete || recordCount > 0 { return false }",
        "OllamaTests.FailureTests/aCleanEndWithoutTheTerminalRecord"),
    Fault(
        "a-load-asked-for-again",
        "Sources/OllamaProtocol/Readiness.swift",
        "        case .timeout, .incomplete: !isLoading\n",
        "        case .timeout, .incomplete: true\n",
        "ReadinessMachineTests/aLoadIsNotAskedForAgain"),
    Fault(
        "progress-without-success",
        "Sources/OllamaProtocol/ModelProgress.swift",
        'status == "success"',
        "total == completed",
        "ProgressTests/endsWithoutSuccess"),
    Fault(
        "layers-counted-twice",
        "Sources/OllamaProtocol/TransferMeter.swift",
        "        completed += new.completed - old.completed\n",
        "        completed += new.completed\n",
        "TransferMeterTests/sumsOverLayers"),
    # Connections
    Fault(
        "surplus-bytes-kept",
        "Sources/WireHTTP1/ResponseDecoder.swift",
        "guard isComplete, buffer.rawCount == 0, let head",
        "guard isComplete, let head",
        "MessageReaderTests/surplusForbidsReuse"),
    Fault(
        "post-repeated-after-writing",
        "Sources/WireExchange/ExchangeActions.swift",
        "(mayRepeat || bytesWritten == 0)",
        "(mayRepeat || bytesWritten >= 0)",
        "StaleRetryTests/aPostIsNotRepeatedOnceItWasSent"),
    Fault(
        "dropped-response-not-closed",
        "Sources/WireDriver/ConnectionLease.swift",
        "    deinit { close() }\n",
        "    deinit { pool.discard(id) }\n",
        "LeavingTests/theScopeEnds"),
    Fault(
        "cancellation-ignored",
        "Sources/WireDriver/Cancellation.swift",
        "public var isCancelled: Bool { isSet.load(ordering: .acquiring) }",
        "public var isCancelled: Bool { false }",
        "CancellationTests/whileWaiting"),
    # The pool and the loop
    Fault(
        "a-granted-place-not-counted",
        "Sources/WireExchange/PoolMachine.swift",
        """        let opened = open(origin, at: now)
        removeTicket(ticket, of: origin)
""",
        """        let opened = open(origin, at: now)
        removeTicket(ticket, of: origin)
        origin.openCount -= 1
""",
        "PoolQueueTests/nobodyOvertakes"),
    Fault(
        "stale-token-finds-the-next",
        "Sources/WireReactor/RegistrationTable.swift",
        "        places[index].generation &+= 1\n",
        "",
        "RegistrationTableTests/aStaleTokenFindsNobody"),
    Fault(
        "an-event-taken-twice",
        "Sources/WireReactor/Waiter.swift",
        "        if interest.read { remembered.read = false }\n",
        "",
        "WaiterTests/andTakenOnce"),
    # TLS
    Fault(
        "common-name-is-a-name",
        "Sources/WireTLS/TLSEngine.swift",
        "X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | ",
        "",
        "VerificationTests/commonNameIsNoName"),
    Fault(
        "partial-wildcards",
        "Sources/WireTLS/TLSEngine.swift",
        " | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS",
        "",
        "VerificationTests/namesThatDoNot"),
    Fault(
        "leading-dot-is-a-name",
        "Sources/WireTLS/ServerName.swift",
        "(1...63).contains(label.count)",
        "(0...63).contains(label.count)",
        "VerificationTests/whatNobodyCanBeCalled"),
    Fault(
        "pins-judged-after-the-handshake-only",
        "Sources/WireTLS/PeerCertificate.swift",
        "X509_STORE_CTX_get_error_depth(chain) == 0, !context",
        "X509_STORE_CTX_get_error_depth(chain) == 99, !context",
        "VerificationTests/unpinnedServersLearnNothing"),
    Fault(
        "tickets-used-again",
        "Sources/WireTLS/SessionCache.swift",
        "SSL_SESSION_get_protocol_version(pointer) >= TLS1_3_VERSION",
        "SSL_SESSION_get_protocol_version(pointer) > TLS1_3_VERSION",
        "SessionTests/ticketsAreUsedOnce"),
    Fault(
        "session-for-any-name",
        "Sources/WireTLS/TLSEngine.swift",
        '"\\($0)\\u{0}\\(name.text)"',
        '"\\($0)"',
        "SessionTests/othersSessionsAreNotResumed"),
    Fault(
        "sessions-of-nobody-verified",
        "Sources/WireTLS/TLSContext.swift",
        "verifies && configuration.resumesSessions",
        "configuration.resumesSessions",
        "SessionTests/notWhenNobodyVerified"),
    Fault(
        "bare-end-is-an-end",
        "Sources/WireTLS/OpenSSLErrors.swift",
        "if number == SSL_R_UNEXPECTED_EOF_WHILE_READING { return .truncated }",
        "if number == SSL_R_UNEXPECTED_EOF_WHILE_READING { return .notBuiltIn }",
        "ConnectionTests/endWithoutCloseNotify"),
    Fault(
        "write-without-bound",
        "Sources/WireTLS/TLSEngine.swift",
        "pipe.pointee.outbound.rawCount < TLSPipe.outboundMark",
        "pipe.pointee.outbound.rawCount < TLSPipe.outboundLimit.bytes",
        "ConnectionTests/buffersAreBounded"),
    Fault(
        "empty-directory-is-trust",
        "Sources/WireTLS/TrustStore.swift",
        "        guard hasHashedNames(path) else { return false }\n",
        "",
        "SystemTrustTests/nothingAnywhere"),
    # Redirects, retries, bodies
    # Content codings
    Fault(
        "bomb",
        "Sources/WireGzip/ContentDecoder.swift",
        "total / max(1, limits.ratio) > totalIn",
        "total / max(1, limits.ratio) > total",
        "ContentDecoderTests/bombs"),
    Fault(
        "output-limit-off-by-one",
        "Sources/WireGzip/ContentDecoder.swift",
        "if total > limits.output.bytes {",
        "if total > limits.output.bytes + 1 {",
        "ContentDecoderTests/outputLimitIsExact"),
    Fault(
        "early-end-of-gzip",
        "Sources/WireGzip/ContentDecoder.swift",
        "        case .start, .behind, .padding: return\n        case .undecided, .inside:\n",
        "        case .start, .behind, .padding, .inside: return\n        case .undecided:\n",
        "ContentDecoderTests/truncationAtEveryByte"),
    Fault(
        "one-member-only",
        "Sources/WireGzip/ContentDecoder.swift",
        "case .behind where byte == 0x1F && coding == .gzip:",
        "case .behind where byte == 0x1E && coding == .gzip:",
        "ContentDecoderTests/members"),
    # Found by whole worlds
    Fault(
        "sent-again-on-any-connection",
        "Sources/WireDriver/ExchangeDriver+Connecting.swift",
        "try use(lease, fresh: fresh, at: system.now)",
        "try use(lease, fresh: false, at: system.now)",
        "FoundTests/sentAgainOnAFreshConnectionAlsoAfterWaiting"),
    Fault(
        "kept-with-half-a-request-sent",
        "Sources/WireExchange/ExchangeMachine.swift",
        "        let sentAll = canWrite && !isOpen && progress.bytesWritten == requestBytes\n",
        "        let sentAll = true\n",
        "SeedTests/nothingGoesWrong"),
    Fault(
        "a-slow-reader-is-an-idle-peer",
        "Sources/WireExchange/ExchangeMachine.swift",
        "        table.postpone(.bodyIdle, by: pause)\n",
        "",
        "SeedTests/nothingGoesWrong"),
    Fault(
        "dropped-and-open",
        "Sources/WireDriver/ConnectionLease.swift",
        "    deinit { close() }\n\n    var hasPendingOutput",
        "    var hasPendingOutput",
        "SeedTests/nothingGoesWrong"),
    Fault(
        "granted-to-another-origin",
        "Sources/WireExchange/PoolMachine.swift",
        "            guard origin === connection.origin else { return [.close(id)] + discard(id, at: now) }\n",
        "",
        "SeedTests/nothingGoesWrong"),
    Fault(
        "no-descriptors-and-on-it-goes",
        "Sources/WireExchange/ConnectMachine.swift",
        "        if isLocal { next = order.count }\n",
        "        if isLocal { next += 0 }\n",
        "SeedTests/nothingGoesWrong"),
    # Records many at once
    Fault(
        "another-readers-run",
        "Sources/WireBytes/RecordsFound.swift",
        "        guard taken < count, run.number == self.run.number,\n",
        "        guard taken < count,\n",
        "RecordShapeTests/runs"),
    Fault(
        "a-run-of-another-text",
        "Sources/WireBytes/RecordsFound.swift",
        "            RecordsFound.address(of: text) == address &+ UInt(end) &+ 1\n",
        "            RecordsFound.address(of: text) > 0\n",
        "RecordShapeTests/runs"),
    Fault(
        "any-thirty-two-bytes-are-a-number",
        "Sources/CWireKernels/records.inc",
        "            if (__builtin_expect(run == 32, 0)) is_usual = 0;\n",
        "",
        "RecordShapeTests/thirtyTwoBytes"),
    Fault(
        "records-end-behind-their-lines",
        "Sources/CWireKernels/records.inc",
        "result == SAME_SHAPE && compared_end == record_end;",
        "result == SAME_SHAPE;",
        "RecordShapeTests"),
    Fault(
        "a-line-without-an-end",
        "Sources/CWireKernels/records.inc",
        "        return record_end < end && *record_end == '\\n' ? (size_t)(record_end - bytes) : 0;\n",
        "        return (size_t)(record_end - bytes);\n",
        "RecordShapeTests/lines"),
    Fault(
        "known-events-without-an-empty-line",
        "Sources/WireFraming/SSEScanner.swift",
        "            content[end &+ 1] == ASCII.lf, end < limit.bytes\n        else { return nil }\n        dataInPlace",
        "            end < limit.bytes\n        else { return nil }\n        dataInPlace",
        "KnownRecordTests"),
    Fault(
        "calls-stay-behind-the-end",
        "Sources/OllamaProtocol/AnswerReader.swift",
        "        isBare = false\n        if !assembledCalls.isEmpty { assembledCalls = [] }\n        take(line)\n",
        "        take(line)\n",
        "KnownAnswerTests/behindTheEnd"),
]
