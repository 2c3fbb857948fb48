import TestSupport
import Testing
import WireExchange
import WireTime

/// Every sequence of up to seven events of an exchange (five in debug builds), against a model of its
/// table.
@Suite struct ExchangeWorldTests {
    #if DEBUG
    static let length = 5
    #else
    static let length = 7
    #endif
    static let worlds = [
        ExchangeModel.World(),
        ExchangeModel.World(mayRepeat: false, total: .seconds(4)),
        ExchangeModel.World(form: RequestForm(bytes: 4, isOpen: true)),
        ExchangeModel.World(form: RequestForm(bytes: 9, heldBehind: 5)),
    ]
    /// Where a sequence begins: what leads there is too long to be enumerated with all that may follow.
    static let beginnings: [[ExchangeModel.Event]] = [
        [], [.requestReused], [.requestReused, .writeAll, .head],
    ]

    @Test(arguments: worlds, beginnings)
    func everySequence(_ world: ExchangeModel.World, _ beginning: [ExchangeModel.Event]) {
        var events = beginning
        var tried = 0
        if let fault = tryAll(after: &events, of: beginning.count, world, &tried) {
            return fail(fault)
        }
        #expect(tried > 200)
    }

    private func tryAll(
        after events: inout [ExchangeModel.Event], of beginning: Int, _ world: ExchangeModel.World,
        _ tried: inout Int
    ) -> String? {
        for event in ExchangeModel.Event.allCases {
            var model = ExchangeModel(world)
            for earlier in events { _ = model.apply(earlier) }
            if !model.mayHappen(event) { continue }
            tried += 1
            if let fault = model.apply(event) { return "\(events), \(event): \(fault)" }
            // What follows an end is nothing, two events long.
            let isOver =
                model.state == .ended && events.suffix(2).count == 2 && wasOver(events, world)
            let most = ExchangeWorldTests.length - min(beginning, 2)
            if events.count - beginning == most - 1 || isOver { continue }
            events.append(event)
            if let fault = tryAll(after: &events, of: beginning, world, &tried) { return fault }
            events.removeLast()
        }
        return nil
    }

    private func wasOver(_ events: [ExchangeModel.Event], _ world: ExchangeModel.World) -> Bool {
        var model = ExchangeModel(world)
        for earlier in events { _ = model.apply(earlier) }
        return model.state == .ended
    }
}
