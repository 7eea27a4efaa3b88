import DHCP
import NetworkModel
import TestSupport
import Testing

/// What of the leases' changes is news.
@Suite struct LeaseHistoryTests {
    private static let network: NetworkUUID = "11111111-2222-3333-4444-555555555555"
    private static let known = Lease(
        address: "10.0.0.5", mac: "52:54:00:00:00:05", hostName: "five", expiry: WallTime(seconds: 100))

    private static func changed(_ change: (inout Lease) -> Void) -> LeaseChange {
        var lease = known
        change(&lease)
        return .store(lease)
    }

    @Test(
        arguments: [
            // An address that nobody had,
            (.store(Lease(address: "10.0.0.6", mac: "52:54:00:00:00:06")), .added),
            // the same client for longer,
            (changed { $0.expiry = WallTime(seconds: 200) }, nil),
            // the same client under another name,
            (changed { $0.hostName = "fünf" }, .changed),
            // another client,
            (changed { $0.mac = "52:54:00:00:00:07" }, .changed),
            // given back,
            (.remove("10.0.0.5"), .ended),
            // an address of the other family,
            (.storeIPv6(IPv6Lease("fd00::5/128", duid: [0, 4, 1], iaid: 1, mac: nil)), .added),
            // given back by nobody.
            (.remove("10.0.0.9"), nil), (.removeIPv6("fd00::5/128"), nil),
        ] as [(LeaseChange, LeaseNews.Kind?)])
    func news(change: LeaseChange, expected: LeaseNews.Kind?) {
        var history = LeaseHistory()
        history.begin(Self.network, with: NetworkLeases(ipv4: [Self.known]))
        let news = history.news(of: [(Self.network, change)])
        #expect(news.map(\.kind) == [expected].compactMap(\.self))
    }

    @Test func changesOfANetworkThatIsNotServedAreNoNews() {
        var history = LeaseHistory()
        history.begin(Self.network, with: NetworkLeases())
        history.end(Self.network)
        #expect(history.news(of: [(Self.network, .store(Self.known))]).isEmpty)
    }

    /// Whatever guests do, so much is told in a second, and as much again in the next.
    @Test func onlySoMuchIsToldInASecond() {
        var history = LeaseHistory()
        history.begin(Self.network, with: NetworkLeases(ipv4: [Self.known]))
        let flips: [(network: NetworkUUID, change: LeaseChange)] = (0..<64).map { number in
            (Self.network, Self.changed { $0.hostName = "name\(number)" })
        }
        let news = history.news(of: flips)
        #expect(news.count == 64)
        let told = (0..<10).reduce(0) { sum, _ in sum + history.told(news, now: WallTime(seconds: 1)).count }
        #expect(told == LeaseHistory.newsPerSecond)
        #expect(history.told(news, now: WallTime(seconds: 2)).count == 64)
    }
}
