import Testing
import WireBytes
import WireExchange
import WireTime

/// The machine's whole table: every situation with every event.
@Suite struct ExchangeTableTests {
    /// An event; the columns of the table in this order.
    enum Event: String, CaseIterable {
        case wrotePart, wroteRest, cut, got, head, item, endOK, endNo, eof, reset, other, cancel
        case leave, early

        func apply(to machine: inout ExchangeMachine, at now: Instant) -> ExchangeActions {
            switch self {
            case .wrotePart: machine.wrote(10, at: now)
            case .wroteRest: machine.wrote(machine.unwrittenBytes, at: now)
            case .cut: machine.writeFailed(at: now)
            case .got: machine.received(7, at: now)
            case .head: return machine.headReceived(at: now)
            case .item: machine.contentReceived(at: now)
            case .endOK: return machine.messageEnded(reusable: true, at: now)
            case .endNo: return machine.messageEnded(reusable: false, at: now)
            case .eof: return machine.inputEnded(earlyClose, at: now)
            case .reset: return machine.wasReset(at: now)
            case .other: return machine.failed(at: now) { .http(earlyClose, $0) }
            case .cancel: return machine.cancelled(at: now)
            case .leave: return machine.abandoned(at: now)
            case .early: return machine.timeReached(now)
            }
            return ExchangeActions()
        }
    }

    /// A cell: letters of the actions, and the state's view when it changes.
    static let table = """
        situation         | wrotePart wroteRest cut   got  head     item  endOK  endNo  eof     reset   other  cancel leave early
        idle              | .         .         .     .    .        .     C>end  C>end  CF>end  CF>end  CF>end CF>end C>end .
        resolving         | .         .         .     .    .        .     C>end  C>end  CF>end  CF>end  CF>end CF>end C>end .
        connecting        | .         .         .     .    .        .     C>end  C>end  CF>end  CF>end  CF>end CF>end C>end .
        sending           | .         >head     >head .    S>first  .     C>end  C>end  CF>end  CF>end  CF>end CF>end C>end .
        sendingPart       | .         >head     >head .    S>first  .     C>end  C>end  CF>end  CF>end  CF>end CF>end C>end .
        sendingReused     | .         >head     >head .    S>first  .     C>end  C>end  CT>wait CT>wait CF>end CF>end C>end .
        sendingPartReused | .         >head     >head .    S>first  .     C>end  C>end  CT>wait CT>wait CF>end CF>end C>end .
        awaiting          | .         .         .     .    >first   .     R>end  C>end  CF>end  CF>end  CF>end CF>end C>end .
        awaitingReused    | .         .         .     .    >first   .     R>end  C>end  CT>wait CT>wait CF>end CF>end C>end .
        awaitingCut       | .         .         .     .    >first   .     C>end  C>end  CF>end  CF>end  CF>end CF>end C>end .
        awaitingWithBytes | .         .         .     .    >first   .     R>end  C>end  CF>end  CF>end  CF>end CF>end C>end .
        headSeen          | .         .         .     .    .        >body R>end  C>end  CF>end  CF>end  CF>end CF>end C>end .
        headSeenEarly     | .         .         .     .    .        >body C>end  C>end  CF>end  CF>end  CF>end CF>end C>end .
        content           | .         .         .     .    .        .     R>end  C>end  CF>end  CF>end  CF>end CF>end C>end .
        ended             | .         .         .     .    .        .     .      .      .       .       .      .      .     .
        """

    @Test func everySituationWithEveryEvent() throws {
        let rows = ExchangeTableTests.table.split(separator: "\n").map { $0.split(separator: " ") }
        #expect(rows[0].dropFirst(2).map(String.init) == Event.allCases.map(\.rawValue))
        #expect(rows.dropFirst().map { String($0[0]) } == Situation.allCases.map(\.rawValue))
        for (situation, row) in zip(Situation.allCases, rows.dropFirst()) {
            for (event, cell) in zip(Event.allCases, row.dropFirst(2)) {
                var machine = situation.machine()
                let before = view(machine)
                let actions = event.apply(to: &machine, at: at(10, 5))
                let after = view(machine)
                let seen = letters(actions) + (after == before ? "" : ">" + after)
                #expect(seen == (cell == "." ? "" : cell), "\(situation) with \(event)")
            }
        }
    }

    /// The same with a request that must not be repeated: where something was written, no retry.
    @Test func nothingIsRetriedThatMustNotBe() {
        for situation in Situation.allCases {
            for event in [Event.eof, .reset] {
                var machine = situation.machine(mayRepeat: false)
                let seen = letters(event.apply(to: &machine, at: at(11)))
                let expected =
                    switch situation {
                    case .sendingReused: "CT"
                    case .ended: ""
                    default: "CF"
                    }
                #expect(seen == expected, "\(situation) with \(event)")
            }
        }
    }

    @Test func afterTheEndNothingHappens() {
        for last in [Event.endOK, .endNo, .eof, .cancel, .leave] {
            var machine = Situation.content.machine()
            _ = last.apply(to: &machine, at: at(11))
            #expect(machine.isEnded == true)
            #expect(machine.nextDeadline == .distantFuture)
            let end = machine.timings.end
            for event in Event.allCases {
                #expect(event.apply(to: &machine, at: at(500)).isEmpty, "\(last), then \(event)")
            }
            #expect(machine.timings.end == end)
            #expect(machine.interest == ExchangeMachine.Interest(read: false, write: false))
        }
    }

    @Test func failuresSayHowFarThingsHadCome() throws {
        for (situation, phase, written, received) in [
            (Situation.resolving, Phase.resolve, 0, 0), (.connecting, .connect, 0, 0),
            (.sendingPart, .request, 40, 0), (.awaiting, .head, 100, 0),
            (.awaitingWithBytes, .head, 100, 5), (.headSeen, .firstContent, 100, 50),
            (.content, .body, 100, 50),
        ] {
            var machine = situation.machine()
            let error = try #require(machine.cancelled(at: at(12)).error)
            #expect(error.kind == .cancelled)
            #expect(error.phase == phase, "\(situation)")
            #expect(error.progress.bytesWritten == written)
            #expect(error.progress.bytesReceived == received)
            #expect(error.progress.elapsed == .seconds(12))
            #expect(error.progress.sinceLastByte == (received > 0 ? .seconds(2) : nil))
        }
    }

    @Test func eachKindOfFailureKeepsItsError() throws {
        var machine = Situation.content.machine()
        let ended = try #require(machine.inputEnded(earlyClose, at: at(11)).error)
        #expect(ended.kind == .closedEarly)
        machine = Situation.content.machine()
        #expect(machine.wasReset(at: at(11)).error?.kind == .reset)
        machine = Situation.content.machine()
        let made = machine.failed(at: at(11)) { .tooLarge(.bytes(9), what: "it", $0) }
        #expect(made.error?.kind == .tooLarge)
        #expect(made.error?.progress.contentCount == 1)
    }
}

/// What a driver must not do ends the process: it is never the peer's doing.
@Suite struct ExchangeMisuseTests {
    @Test func resolvingTwice() async {
        await #expect(processExitsWith: .failure) {
            var machine = Situation.resolving.machine()
            machine.beginResolve(at: at(10))
        }
    }

    @Test func connectingWhileSending() async {
        await #expect(processExitsWith: .failure) {
            var machine = Situation.sending.machine()
            machine.beginConnect(at: at(10))
        }
    }

    @Test func sendingWithoutConnection() async {
        await #expect(processExitsWith: .failure) {
            var machine = Situation.idle.machine()
            machine.beginRequest(reused: false, at: at(10))
        }
    }
}
