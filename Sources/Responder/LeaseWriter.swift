internal import LeaseStore
internal import NetworkModel

/// Puts leases on disk on a thread of its own, so that the DHCP loop goes on deciding while the disk works.
///
/// One batch is under way at a time. What is decided meanwhile makes the next one: the more guests ask, the more leases share a
/// commit.
final class LeaseWriter: Sendable {
    struct Batch: Sendable {
        var changes: [(network: NetworkUUID, change: LeaseChange)]
        var news: [LeaseNews]
        var time: WallTime
    }

    /// What has become of each batch.
    let results: Mailbox<Result<Void, LeaseStoreError>>
    private let batches: Mailbox<Batch>
    private let store: LeaseStore

    init(_ store: LeaseStore) throws {
        self.store = store
        batches = try Mailbox()
        results = try Mailbox()
    }

    func post(_ batch: Batch) { batches.post(batch) }

    func run() throws {
        let poller = try Poller()
        try poller.add(batches.descriptor, token: 0)
        while true {
            _ = poller.wait(nil)
            for batch in batches.take() {
                let result = Result { () throws(LeaseStoreError) in
                    try store.commit(batch.changes, news: batch.news, at: batch.time)
                }
                results.post(result)
            }
        }
    }
}
