internal import NetworkModel

/// What a configuration says of each address, as an ``AddressBook`` needs it; addresses that are given out are numbered from 0.
protocol Plannable: Sendable {
    associatedtype Binding: AddressBinding

    /// How many addresses are numbered.
    var rangeCount: Int { get }
    /// Those that are not for every client.
    var numbersKept: [Int] { get }

    func number(of address: Binding.Address) -> Int?
    func address(numbered number: Int) -> Binding.Address
    /// Whether the address is for any client that has none reserved.
    func isForAll(_ address: Binding.Address) -> Bool
    /// Whether the client may hold the address, as far as other clients allow.
    func permits(_ address: Binding.Address, to client: Binding.Holder) -> Bool
}

/// Why a client cannot have an address that the configuration permits to it.
enum AddressConflict: Sendable {
    case setAside, heldByAnother, offeredToAnother
}

/// What is known of each address: who holds it, to whom it is offered, who held it last, and whether it is set aside.
///
/// It can find any of that by address, by client and by name, and a free address, without a search through all of them.
/// Which client is to get which address is for the server to decide.
struct AddressBook<Plan: Plannable>: Sendable {
    typealias Address = Plan.Binding.Address
    typealias Lease = Plan.Binding
    typealias Client = Plan.Binding.Holder
    private typealias State = AddressState<Lease>
    private typealias Index = HolderIndex<Client, Address>

    private(set) var plan: Plan
    private var states: [Address: State] = [:]
    private var leased = Index()
    private var offered = Index()
    private var former = Index()
    private var named: [String: Address] = [:]
    private(set) var offerCount = 0
    private(set) var leaseCount = 0
    /// Set aside, in the order they were declined.
    private var quarantined: [Address] = []
    /// The numbers of the range addresses that have a state, or that are not for every client.
    private var touched: NumberSet
    /// No address becomes free before this moment unless a state changes: spares a flood of clients the long search.
    private var isFullUntil: WallTime?

    init(_ plan: Plan, leases: [Lease]) {
        self.plan = plan
        touched = NumberSet(bound: plan.rangeCount)
        for number in plan.numbersKept { touched.insert(number) }
        for lease in leases { store(lease) }
    }

    // MARK: Questions

    /// In ascending order of their address.
    var leases: [Lease] { states.values.compactMap(\.lease).sorted { $0.address < $1.address } }

    /// The Ethernet addresses of those who hold something, in no order.
    var holders: [MACAddress] { states.values.compactMap { $0.lease?.holder.hardware } }

    func lease(of address: Address) -> Lease? { states[address]?.lease }
    func lease(named name: String) -> Lease? { named[name].flatMap(lease) }
    func leases(of client: Client) -> [Lease] {
        leased.addresses(of: client).compactMap(lease).filter { $0.holder.isSame(as: client) }
    }
    /// What others hold now who identify themselves as the client does.
    func leasesOfTwins(of client: Client, now: WallTime) -> [Lease] {
        leased.addresses(of: client).compactMap(lease).filter {
            !$0.holder.isSame(as: client) && isBinding($0, at: now)
        }
    }
    /// The offers to the client that were not taken yet, also those that have lapsed since.
    func offers(to client: Client) -> [Address] {
        offered.addresses(of: client).filter { states[$0]?.offer?.client.isSame(as: client) == true }
    }
    /// Whether the address is promised to the machine, also by an offer that has lapsed since.
    func isOffered(_ address: Address, to mac: MACAddress) -> Bool { states[address]?.offer?.client.hardware == mac }
    /// The name that the client stated when the address was offered to it.
    func nameInOffer(of address: Address) -> String? { states[address]?.offer?.client.name }
    /// What the client held until its lease ended.
    func formerAddresses(of client: Client) -> [Address] { former.addresses(of: client) }

    /// Why the client cannot have the address now although it is permitted to it; nil where it can.
    func conflict(over address: Address, for client: Client, now: WallTime) -> AddressConflict? {
        guard let state = states[address] else { return nil }
        // Who uses an address without a lease may have one.
        if state.isSetAside(at: now), state.user == nil || state.user != client.hardware { return .setAside }
        if let lease = state.lease, isBinding(lease, at: now), !lease.holder.isSame(as: client) {
            return .heldByAnother
        }
        if let offer = state.offer, offer.isOpen(at: now), !offer.client.isSame(as: client) { return .offeredToAnother }
        return nil
    }

    /// Whether the lease keeps its address from others: it has not ended, and the configuration still permits it.
    func isBinding(_ lease: Lease, at now: WallTime) -> Bool {
        !lease.isExpired(at: now) && plan.permits(lease.address, to: lease.holder)
    }

    /// Whether somebody was found to use the address without a lease.
    func isUsed(_ address: Address) -> Bool { states[address]?.user != nil }
    /// How many addresses somebody was found to use without a lease.
    var usedCount: Int { quarantined.count { states[$0]?.user != nil } }

    // MARK: The search for a free address

    /// The first range address from `hash` on that nobody has had yet, or else the one that has been unused longest.
    mutating func freeAddress(from hash: UInt64, now: WallTime) -> Address? {
        guard plan.rangeCount > 0 else { return nil }
        let start = Int(hash % UInt64(plan.rangeCount))
        return touched.firstAbsent(from: start).map(plan.address(numbered:)) ?? longestUnused(now: now)
    }

    private mutating func longestUnused(now: WallTime) -> Address? {
        if let isFullUntil, now < isFullUntil { return nil }
        var best: (end: WallTime, address: Address)?
        var next = WallTime(seconds: .max)
        for (address, state) in states where plan.isForAll(address) {
            if let end = busyUntil(state, now: now) {
                next = min(next, end)
                continue
            }
            // What was only offered or set aside has never been used.
            let end = state.lease?.expiry ?? state.former?.end ?? WallTime(seconds: .min)
            if best.map({ (end, address) < $0 }) ?? true { best = (end, address) }
        }
        if best == nil { isFullUntil = next }
        return best?.address
    }

    /// When the address can be had at the earliest; nil where it can be now.
    private func busyUntil(_ state: State, now: WallTime) -> WallTime? {
        var end: WallTime?
        func wait(for moment: WallTime) { end = max(moment, end ?? moment) }
        if state.isSetAside(at: now), let moment = state.quarantineEnd { wait(for: moment) }
        if let lease = state.lease, isBinding(lease, at: now) { wait(for: lease.expiry ?? WallTime(seconds: .max)) }
        if let offer = state.offer, offer.isOpen(at: now) { wait(for: offer.end) }
        return end
    }

    // MARK: Changes

    /// Adds the lease, or replaces the one of the same address; what else is known of the address is forgotten, and
    /// what the client was offered.
    mutating func store(_ lease: Lease) {
        withdrawOffers(to: lease.holder)
        update(lease.address) { $0 = State(lease: lease) }
    }

    mutating func removeName(of address: Address) { update(address) { $0.lease?.hostName = nil } }

    /// Ends the lease of the address; who held it is given it again if it is free then.
    mutating func removeLease(of address: Address, now: WallTime) {
        guard let lease = lease(of: address) else { return }
        update(address) {
            $0.lease = nil
            $0.former = .init(client: lease.holder, end: min(lease.expiry ?? now, now))
        }
    }

    /// Forgets who held the address, so that nobody has a claim to it.
    mutating func forgetHolder(of address: Address) { update(address) { $0.former = nil } }

    mutating func offer(_ address: Address, to client: Client, now: WallTime) {
        withdrawOffers(to: client)
        update(address) { $0.offer = Offer(client: client, made: now) }
    }

    mutating func withdrawOffers(to client: Client) {
        for address in offers(to: client) { update(address) { $0.offer = nil } }
    }

    /// Gives the address to nobody for a while, because somebody else was found to use it.
    ///
    /// `user` is who, and may have the address. At most `limit` addresses are; the first of them is released for one more.
    mutating func setAside(_ address: Address, from user: MACAddress? = nil, limit: Int, now: WallTime) {
        update(address) { $0 = State(declined: now, user: user) }
        quarantined.removeAll { $0 == address }
        quarantined.append(address)
        if quarantined.count > limit { update(quarantined.removeFirst()) { ($0.declined, $0.user) = (nil, nil) } }
    }

    /// Takes the rules of a new configuration; leases and offers that they do not permit are dropped.
    ///
    /// Returns the addresses of those leases.
    mutating func adopt(_ plan: Plan) -> [Address] {
        self.plan = plan
        isFullUntil = nil
        touched = NumberSet(bound: plan.rangeCount)
        for number in plan.numbersKept + states.keys.compactMap(plan.number) { touched.insert(number) }
        for (address, state) in states {
            if let offer = state.offer, !plan.permits(address, to: offer.client) { update(address) { $0.offer = nil } }
        }
        return dropUnpermitted()
    }

    /// Forgets offers that have lapsed and set-aside addresses that are to be used again, and ends the leases that have
    /// ended or are not permitted.
    ///
    /// Returns the addresses of those leases. Its cost is linear in the number of addresses in use.
    mutating func sweep(now: WallTime) -> [Address] {
        var ended = dropUnpermitted()
        for (address, state) in states {
            if let offer = state.offer, !offer.isOpen(at: now) { update(address) { $0.offer = nil } }
            if state.declined != nil, !state.isSetAside(at: now) {
                update(address) { ($0.declined, $0.user) = (nil, nil) }
            }
            if let lease = state.lease, lease.isExpired(at: now) {
                removeLease(of: address, now: now)
                ended.append(address)
            }
        }
        quarantined.removeAll { states[$0]?.declined == nil }
        return ended.sorted()
    }

    private mutating func dropUnpermitted() -> [Address] {
        let dropped = states.values.compactMap(\.lease).filter { !plan.permits($0.address, to: $0.holder) }.map(
            \.address)
        for address in dropped { update(address) { $0.lease = nil } }
        return dropped.sorted()
    }

    /// The only place where a state changes: keeps the indices true.
    private mutating func update(_ address: Address, _ change: (inout State) -> Void) {
        var state = states[address] ?? State()
        if let lease = state.lease {
            leaseCount -= 1
            leased.remove(lease.holder, at: address)
            if let name = lease.hostName, named[name] == address { named[name] = nil }
        }
        if let offer = state.offer {
            offered.remove(offer.client, at: address)
            offerCount -= 1
        }
        if let last = state.former { former.remove(last.client, at: address) }

        change(&state)

        if let lease = state.lease {
            leaseCount += 1
            leased.insert(lease.holder, at: address)
            if let name = lease.hostName { named[name] = address }
        }
        if let offer = state.offer {
            offered.insert(offer.client, at: address)
            offerCount += 1
        }
        if let last = state.former { former.insert(last.client, at: address) }

        states[address] = state.isEmpty ? nil : state
        if plan.isForAll(address), let number = plan.number(of: address) {
            if state.isEmpty { touched.remove(number) } else { touched.insert(number) }
        }
        isFullUntil = nil
    }
}
