internal import Glibc
internal import NetworkModel

/// By which port of its bridge each guest comes, as the bridge has learnt it; and how many addresses each port's guests have.
///
/// A guest that asks under ever new Ethernet addresses is one port still.
struct BridgePorts {
    /// `/sys/class/net/BRIDGE/brforward`, open for reading.
    private let table: Int32
    private var ports: [MACAddress: UInt16] = [:]
    /// The Ethernet addresses by each port that have got something.
    private var holders: [UInt16: Set<MACAddress>] = [:]
    /// Those that have got something before it was known by which port they come.
    private var unplaced: Set<MACAddress> = []
    private var nextRead = ContinuousClock.now

    /// Of `struct __fdb_entry` (linux/if_bridge.h): the Ethernet address, the port's number in two parts, whether it is the
    /// bridge's own.
    private static let entrySize = 16
    private static let limit = 65_536
    /// Reading a table of more entries than these takes at most one part in so many of the time: the kernel goes through it from
    /// its beginning for each page.
    private static let shortTable = 1_024
    private static let pause = 50

    init(table: Int32) { self.table = table }

    /// The guests of the guest's port that have got something, and which port it is; nil where that is not known now.
    mutating func holders(beside mac: MACAddress) -> (port: UInt16, holders: Set<MACAddress>)? {
        if ports[mac] == nil { readIfDue() }
        return ports[mac].map { ($0, holders[$0] ?? []) }
    }

    /// Takes note that a guest gets something.
    mutating func note(_ mac: MACAddress) {
        if let port = ports[mac] {
            holders[port, default: []].insert(mac)
        } else if unplaced.count < Self.limit {
            unplaced.insert(mac)
        }
    }

    /// Counts anew: those who have something by now.
    mutating func recount(_ macs: [MACAddress]) {
        let former = ports
        (ports, holders, unplaced) = ([:], [:], [])
        read()
        for mac in macs {
            // The bridge forgets who is silent for five minutes.
            if let port = ports[mac] ?? former[mac] { ports[mac] = port }
            note(mac)
        }
    }

    private mutating func readIfDue() {
        guard ContinuousClock.now >= nextRead else { return }
        read()
        for mac in unplaced where ports[mac] != nil {
            unplaced.remove(mac)
            note(mac)
        }
    }

    private mutating func read() {
        let start = ContinuousClock.now
        var buffer = [UInt8](repeating: 0, count: 4_096)
        var offset = 0
        defer {
            let isShort = offset <= Self.shortTable * Self.entrySize
            nextRead = isShort ? .now : .now + start.duration(to: .now) * Self.pause
        }
        while offset < Self.limit * Self.entrySize {
            let count = unsafe pread(table, &buffer, buffer.count, off_t(offset))
            guard count >= Self.entrySize else { return }
            for start in stride(from: 0, through: count - Self.entrySize, by: Self.entrySize) {
                guard buffer[start + 7] == 0, let mac = MACAddress(octets: buffer[start..<start + 6]) else { continue }
                ports[mac] = UInt16(buffer[start + 6]) | UInt16(buffer[start + 12]) << 8
            }
            offset += count / Self.entrySize * Self.entrySize
        }
    }
}
