import API
import NetworkModel
import TestSupport
import Testing

@testable import Daemon

/// Who is told of what, and what becomes of those who do not listen.
@Suite struct EventHubTests {
    private static let one: NetworkUUID = "11111111-1111-1111-1111-111111111111"
    private static let two: NetworkUUID = "22222222-2222-2222-2222-222222222222"

    private func event(_ uuid: NetworkUUID, _ number: Int) -> NetworkEvent {
        NetworkEvent(time: Int64(number), network: "lab", uuid: uuid, kind: .updated)
    }

    private func times(_ stream: AsyncStream<NetworkEvent>) async -> [Int64] {
        await stream.reduce(into: []) { $0.append($1.time) }
    }

    @Test func tellsOfTheNetworkThatWasAskedFor() async {
        let hub = EventHub()
        let (all, first, second) = (hub.subscribe(to: nil), hub.subscribe(to: Self.one), hub.subscribe(to: Self.two))
        for number in 1...4 { hub.emit(event(number.isMultiple(of: 2) ? Self.two : Self.one, number)) }
        hub.close()
        #expect(await times(all) == [1, 2, 3, 4])
        #expect(await times(first) == [1, 3])
        #expect(await times(second) == [2, 4])
    }

    @Test func dropsAReaderThatIsTooSlowAndNobodyElse() async {
        let hub = EventHub(backlog: 3)
        let slow = hub.subscribe(to: nil)
        let (quick, isOpen) = (hub.subscribe(to: Self.two), hub.isOpen)
        for number in 1...9 { hub.emit(event(Self.one, number)) }
        // Its stream ends by itself, with what there was room for.
        #expect(await times(slow) == [1, 2, 3])
        #expect(isOpen && hub.isOpen)
        hub.emit(event(Self.two, 10))
        hub.close()
        #expect(await times(quick) == [10])
    }

    @Test func afterItsEndASubscriptionIsOverAtOnce() async {
        let hub = EventHub()
        hub.close()
        #expect(await times(hub.subscribe(to: nil)).isEmpty)
    }
}
