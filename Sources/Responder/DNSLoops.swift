internal import NetworkModel

/// The loops that answer DNS, each on a thread of its own; a network stays with the loop that it was given to.
final class DNSLoops: Sendable {
    let mailboxes: [Mailbox<DNSLoop.Message>]

    init(count: Int) throws(SystemError) {
        var mailboxes: [Mailbox<DNSLoop.Message>] = []
        for _ in 0..<max(1, count) { mailboxes.append(try Mailbox()) }
        self.mailboxes = mailboxes
    }

    /// Hands a message to the loop that has its network.
    func post(_ message: DNSLoop.Message) {
        switch message {
        case .serve(let configuration, _, _, _), .reconfigure(let configuration, _):
            mailboxes[index(of: configuration.uuid)].post(message)
        case .withdraw(let uuid, _), .cache(let uuid, _, _): mailboxes[index(of: uuid)].post(message)
        case .leases(let changes):
            for (index, group) in Dictionary(grouping: changes, by: { index(of: $0.network) }) {
                mailboxes[index].post(.leases(group))
            }
        }
    }

    private func index(of uuid: NetworkUUID) -> Int {
        Int(UInt(bitPattern: uuid.hashValue) % UInt(mailboxes.count))
    }
}
