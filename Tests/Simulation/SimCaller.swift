import WireBytes
internal import WireDriver
import WireExchange
import WireHTTP1
internal import WireHTTPClient
import WireTime

/// A caller of the async client's exchanges that has no task: it is carried on by the client's own
/// callback driver, pauses, leaves and checks what it gets.
struct SimCaller: LoopWork, ~Copyable {
    private var exchange: ExchangeDriver
    private let call: CallModel
    private let whenOver: () -> Void
    private var isReading = false
    private var recordsTillPause: Int?
    private var taken = 0

    init(_ exchange: consuming ExchangeDriver, _ call: CallModel, whenOver: @escaping () -> Void) {
        self.exchange = exchange
        self.call = call
        self.whenOver = whenOver
        recordsTillPause = call.plan.pause?.every
    }

    mutating func woke(_ outcome: ExchangeDriver.Outcome) {
        if call.isCallerPausing {
            call.isCallerPausing = false
        } else {
            exchange.wokeWithoutTask(outcome)
        }
    }

    mutating func advance() -> ExchangeWait? {
        if call.isOver { return nil }
        do throws(TransportError) {
            if !isReading {
                if try !exchange.advanceToHead() { return exchange.nextWait() }
                isReading = true
                call.sawHead(exchange.reader.head!.status)
                if case .atHead? = call.plan.leaving { return leave() }
            }
            return try read()
        } catch {
            call.ended(error)
            whenOver()
            return nil
        }
    }

    private mutating func read() throws(TransportError) -> ExchangeWait? {
        while true {
            if case .afterRecords(taken)? = call.plan.leaving { return leave() }
            if recordsTillPause == 0, let pause = call.plan.pause {
                recordsTillPause = pause.every
                call.callerPauses()
                return .pause(until: call.now + pause.1, nil)
            }
            switch try exchange.next(call.plan.unit.driverUnit) {
            case .blocked: return exchange.nextWait()
            case .end:
                call.completes()
                whenOver()
                return nil
            case .record(let range): take(range)
            }
        }
    }

    private mutating func take(_ range: ByteRange) {
        let unit = call.plan.unit
        let record =
            unit == .event
            ? [UInt8](copying: exchange.eventData) : [UInt8](copying: exchange[range])
        if unit == .event || !record.isEmpty { exchange.noteContent() }
        call.took(record, unit: unit)
        taken += 1
        recordsTillPause = recordsTillPause.map { $0 - 1 }
    }

    private mutating func leave() -> ExchangeWait? {
        exchange.abandon()
        call.leaves()
        whenOver()
        return nil
    }
}

extension AnswerPlan.Unit {
    fileprivate var driverUnit: ExchangeDriver.Unit {
        switch self {
        case .line: .line
        case .event: .event
        case .piece: .piece
        }
    }
}
