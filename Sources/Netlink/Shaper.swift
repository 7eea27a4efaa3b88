public import NetworkModel

/// How fast frames leave a device: the hierarchy token bucket (`htb`) at its root (net/sched/sch_htb.c).
///
/// Its number, `766e:`, tells it from one that somebody else has put there.
public struct Shaper: Hashable, Sendable {
    /// Of all frames together: class `:1`.
    public var total: Bucket
    /// Of frames that no share is for: class `:2`, below the first.
    public var rest: Bucket
    /// Guaranteed to one receiver each, by number of the class, from 3: also below the first.
    public var shares: [UInt16: Share]

    public init(total: Bucket, rest: Bucket, shares: [UInt16: Share] = [:]) {
        self.total = total
        self.rest = rest
        self.shares = shares
    }

    /// A rate, and how far it may be exceeded and for how long.
    public struct Bucket: Hashable, Sendable {
        /// In octets per second, at least 1.
        public var rate: UInt64
        /// In octets per second: what may pass with tokens that were saved, or lent by the class above.
        public var ceiling: UInt64
        /// How long the bucket takes to fill at `rate`, in the kernel's ticks of 64 ns (include/net/pkt_sched.h).
        public var ticks: UInt32
        /// As `ticks`, at `ceiling`.
        public var ceilingTicks: UInt32

        public init(rate: UInt64, ceiling: UInt64, ticks: UInt32, ceilingTicks: UInt32) {
            self.rate = rate
            self.ceiling = ceiling
            self.ticks = ticks
            self.ceilingTicks = ceilingTicks
        }

        /// Makes a bucket that holds `burst` octets, and never less than two milliseconds' worth: what a timer that comes late
        /// may miss.
        public init(rate: UInt64, ceiling: UInt64? = nil, burst: UInt64 = 0) {
            let rate = max(rate, 1)
            let ceiling = max(ceiling ?? rate, rate)
            self.init(
                rate: rate, ceiling: ceiling, ticks: Self.ticks(of: max(burst, Self.least(at: rate)), at: rate),
                ceilingTicks: Self.ticks(of: Self.least(at: ceiling), at: ceiling))
        }

        /// In octets.
        public var burst: UInt64 { UInt64(min(Double(ticks) * 64e-9 * Double(rate), 1e18)) }

        private static func least(at rate: UInt64) -> UInt64 { max(2 * 1_514, rate / 500) }

        private static func ticks(of octets: UInt64, at rate: UInt64) -> UInt32 {
            UInt32(clamping: UInt64(min(Double(octets) / Double(rate) * 1e9 / 64, 1e15).rounded(.up)))
        }
    }

    public struct Share: Hashable, Sendable {
        public var bucket: Bucket
        /// Frames to this address are counted here.
        public var receiver: MACAddress

        public init(_ bucket: Bucket, to receiver: MACAddress) {
            self.bucket = bucket
            self.receiver = receiver
        }
    }
}

extension Shaper {
    static let major: UInt32 = 0x766E_0000

    /// The classes by number, each with the number of the one that it is below, parents first.
    private var classes: [(number: UInt16, parent: UInt16, bucket: Bucket)] {
        [(1, 0, total), (2, 1, rest)] + shares.sorted { $0.key < $1.key }.map { ($0.key, 1, $0.value.bucket) }
    }

    /// What of this is not yet so in `old`; nil for nothing there at all.
    func changes(from old: Self?) -> Changes {
        let before = Dictionary(uniqueKeysWithValues: (old?.classes ?? []).map { ($0.number, $0.bucket) })
        let now = Set(classes.map(\.number))
        return Changes(
            isNew: old == nil,
            added: classes.filter { before[$0.number] == nil },
            changed: classes.filter { before[$0.number] != nil && before[$0.number] != $0.bucket },
            directed: shares.filter { old?.shares[$0.key]?.receiver != $0.value.receiver }.sorted { $0.key < $1.key }
                .map { ($0.key, $0.value.receiver) },
            undirected: (old?.shares ?? [:]).filter { shares[$0.key]?.receiver != $0.value.receiver }.map(\.key)
                .sorted(),
            removed: before.keys.filter { !now.contains($0) }.sorted()
        )
    }

    /// What it takes to make one shaper of another, in the order of the members but for `undirected`, which comes first.
    struct Changes {
        var isNew: Bool
        var added: [(number: UInt16, parent: UInt16, bucket: Bucket)]
        var changed: [(number: UInt16, parent: UInt16, bucket: Bucket)]
        var directed: [(number: UInt16, receiver: MACAddress)]
        /// Classes that frames are to be led to no longer.
        var undirected: [UInt16]
        var removed: [UInt16]
    }

    /// The `tc` commands that make this of `old` on a device; nil for a device without a shaper.
    public func commands(on name: InterfaceName, from old: Self?) -> [String] {
        let changes = changes(from: old)
        func classCommand(_ verb: String, _ entry: (number: UInt16, parent: UInt16, bucket: Bucket)) -> String {
            let parent = entry.parent == 0 ? "766e:" : "766e:\(hexadecimal(entry.parent))"
            return "tc class \(verb) dev \(name) parent \(parent) classid 766e:\(hexadecimal(entry.number)) htb"
                + " rate \(entry.bucket.rate)bps ceil \(entry.bucket.ceiling)bps burst \(entry.bucket.burst)b"
        }
        var commands: [String] = []
        if changes.isNew { commands.append("tc qdisc add dev \(name) root handle 766e: htb default 2") }
        for number in changes.undirected {
            commands.append("tc filter del dev \(name) parent 766e: prio 2 handle 800::\(hexadecimal(number)) u32")
        }
        for entry in changes.added {
            commands.append(classCommand("add", entry))
            if entry.number > 1 {
                commands.append("tc qdisc add dev \(name) parent 766e:\(hexadecimal(entry.number)) fq_codel")
            }
        }
        commands += changes.changed.map { classCommand("change", $0) }
        for (number, receiver) in changes.directed {
            commands.append(
                "tc filter add dev \(name) parent 766e: protocol all prio 2 handle 800::\(hexadecimal(number))"
                    + " u32 match ether dst \(receiver) flowid 766e:\(hexadecimal(number))")
        }
        commands += changes.removed.map { "tc class del dev \(name) classid 766e:\(hexadecimal($0))" }
        return commands
    }

    /// The command that takes any shaper away.
    public static func removal(from name: InterfaceName) -> String { "tc qdisc del dev \(name) root" }
}

private func hexadecimal(_ number: UInt16) -> String { String(number, radix: 16) }
