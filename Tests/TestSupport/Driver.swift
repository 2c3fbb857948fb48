public import Testing

/// Which driver a test's client is. Tests of what the drivers share run once with each.
public enum Driver: String, CaseIterable, Sendable {
    case blocking, async

    @TaskLocal public static var current = Driver.blocking
}

/// Runs every test of a suite once with each driver; what goes wrong says with which.
public struct EachDriver: SuiteTrait, TestTrait, TestScoping {
    public var isRecursive: Bool { true }

    @concurrent
    public func provideScope(
        for test: Test, testCase: Test.Case?,
        performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        for driver in Driver.allCases {
            let naming = IssueHandlingTrait.compactMapIssues { issue in
                var issue = issue
                issue.comments.append("driver: \(driver)")
                return issue
            }
            await Driver.$current.withValue(driver) {
                // One driver's failure must not spare the others.
                do {
                    try await naming.provideScope(
                        for: test, testCase: testCase, performing: function)
                } catch { Issue.record(error, "driver: \(driver)") }
            }
        }
    }
}

extension Trait where Self == EachDriver {
    public static var eachDriver: Self { Self() }
}
