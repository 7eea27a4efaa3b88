internal import CLinux
internal import DHCP
internal import LeaseStore
internal import NetworkModel
internal import ResponderChannel

// What becomes of decisions: first the disk, then names, then the guests that wait for an answer.
extension DHCPLoop {
    /// Leases that are to be on disk together.
    struct Commit {
        var changes: [(network: NetworkUUID, change: LeaseChange)] = []
        /// What is new with them.
        var news: [LeaseNews] = []
        /// Replies that speak of them.
        var acknowledgements: [(network: NetworkUUID, reply: Reply)] = []
    }

    enum Reply {
        case v4(DHCPv4Reply)
        case v6(DHCPv6Reply)
    }

    /// How many changes may wait for the disk; then guests wait too, in the queues of their sockets.
    private static let waitingLimit = 1_024

    func add(_ changes: [LeaseChange], of uuid: NetworkUUID) {
        next.changes += changes.map { (uuid, $0) }
    }

    /// Sends offers and refusals, which promise nothing that lasts, and has the rest put on disk.
    func finishRound() {
        if !replies.isEmpty {
            for (uuid, reply) in replies { send(reply, of: uuid) }
            flush()
            replies.removeAll(keepingCapacity: true)
        }
        if underway == nil { beginCommit() }
        if next.changes.count >= Self.waitingLimit { awaitDisk() }
    }

    /// Finishes the round and waits until all is on disk and its replies are sent; false where the disk has not got something.
    @discardableResult
    func settle() -> Bool {
        finishRound()
        return awaitDisk()
    }

    @discardableResult
    private func awaitDisk() -> Bool {
        var isOnDisk = true
        while underway != nil {
            _ = commits.wait(nil)
            if !takeResults() { isOnDisk = false }
        }
        return isOnDisk
    }

    private func beginCommit() {
        guard !next.changes.isEmpty else { return }
        next.news = history.news(of: next.changes)
        writer.post(LeaseWriter.Batch(changes: next.changes, news: next.news, time: now))
        underway = next
        next = Commit()
    }

    /// Goes on with what is on disk now; false where the disk has not got something.
    @discardableResult
    func takeResults() -> Bool {
        var isOnDisk = true
        for result in writer.results.take() {
            guard let commit = underway else { continue }
            underway = nil
            switch result {
            case .success: conclude(commit)
            case .failure(let error):
                isOnDisk = false
                abandon(commit, error)
            }
            beginCommit()
        }
        return isOnDisk
    }

    private func conclude(_ commit: Commit) {
        tellNames(of: commit.news)
        report(commit.changes)
        for (uuid, reply) in commit.acknowledgements { send(reply, of: uuid) }
        flush()
        let told = history.told(commit.news, now: now)
        if !told.isEmpty { send(.leaseNews(told)) }
    }

    /// Nobody hears of a lease that is not on disk; the clients will ask again.
    private func abandon(_ commit: Commit, _ error: LeaseStoreError) {
        for uuid in Set(commit.changes.map(\.network)) {
            if let known = try? store.leases(of: uuid) { history.begin(uuid, with: known) }
        }
        send(.trouble("\(error)"))
    }

    private func flush() {
        for network in networks.values { network.flush() }
    }

    private func send(_ reply: Reply, of uuid: NetworkUUID) {
        switch reply {
        case .v4(let reply): networks[uuid]?.send(reply)
        case .v6(let reply): networks[uuid]?.send(reply)
        }
    }

    /// Tells the name service what is new, as far as it has to do with names.
    private func tellNames(of news: [LeaseNews]) {
        let changes = news.filter { $0.kind == .changed || $0.lease.hostName != nil }.map {
            (network: $0.network, change: $0.change)
        }
        if !changes.isEmpty { dns.post(.leases(changes)) }
    }

    /// Tells the daemon of the changes that it asks for, before the guests hear of them.
    private func report(_ changes: [(network: NetworkUUID, change: LeaseChange)]) {
        let told = changes.filter { networks[$0.network]?.reportsLeases == true }
        for (uuid, changes) in Dictionary(grouping: told, by: \.network) {
            send(.leasesChanged(uuid, changes.map(\.change)))
        }
    }
}
