// expect: overlapping accesses to 'response'
import WireBlocking

func twoLines(_ response: inout BlockingResponse) throws {
    guard let first = try response.nextLine() else { return }
    guard let second = try response.nextLine() else { return }
    print(first.bytes.count, second.bytes.count)
}
