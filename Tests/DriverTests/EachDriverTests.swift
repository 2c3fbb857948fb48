import Synchronization
import TestSupport
import Testing

/// The tests of this directory mean what they say only if they run with each driver.
@Suite(.eachDriver, .serialized) struct EachDriverTests {
    private static let seen = Mutex<[Driver]>([])

    @Test(arguments: 1...2) func onceWithEach(_ round: Int) {
        EachDriverTests.seen.withLock { seen in
            seen.append(Driver.current)
            let both: [Driver] = [.blocking, .async, .blocking, .async]
            #expect(seen[...] == both.prefix(seen.count))
            if Driver.current == .async { #expect(seen.count == 2 * round) }
        }
    }
}
