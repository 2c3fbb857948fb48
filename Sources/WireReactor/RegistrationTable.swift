/// Which waiter an event belongs to. A token is a place and its generation: when a connection has
/// closed and its place (or its descriptor's number) serves another, an event that was already under
/// way for the old one finds nobody.
struct RegistrationTable {
    private struct Place {
        var generation: UInt32 = 0
        var waiter: Waiter?
    }

    private var places: [Place] = []
    private var free: [UInt32] = []

    var count: Int { places.count - free.count }

    mutating func insert(_ waiter: Waiter) -> UInt64 {
        let index: UInt32
        if let reused = free.popLast() {
            index = reused
        } else {
            index = UInt32(places.count)
            places.append(Place())
        }
        places[Int(index)].waiter = waiter
        return UInt64(places[Int(index)].generation) << 32 | UInt64(index)
    }

    mutating func remove(_ token: UInt64) {
        let index = Int(token & 0xFFFF_FFFF)
        guard find(token) != nil else { return }
        places[index].waiter = nil
        places[index].generation &+= 1
        free.append(UInt32(index))
    }

    func find(_ token: UInt64) -> Waiter? {
        let index = Int(token & 0xFFFF_FFFF)
        guard index < places.count, places[index].generation == UInt32(token >> 32) else {
            return nil
        }
        return places[index].waiter
    }
}
