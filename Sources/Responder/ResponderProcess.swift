internal import CLinux
internal import DHCP
internal import Foundation
internal import LeaseStore
internal import ResponderChannel

/// `vnet responder`: answers guests with the sockets it gets over descriptor 3, and with nothing else to its name.
public enum ResponderProcess {
    /// Runs until the daemon closes the channel; the folder `leases` of the lease database becomes the root of all paths.
    public static func run(leases: String) throws {
        // Descriptor 4 is the lock that tells the next daemon that this process lives; it closes with it.
        let channel = Channel(descriptor: 3)
        let descriptors = clinux_raise_descriptor_limit()
        // A client that leaves while it is sent a file: sendfile(2) knows no MSG_NOSIGNAL.
        signal(SIGPIPE, SIG_IGN)
        let (machineStart, clock) = (LeaseClock.machineStart, LeaseClock())
        try Sandbox.enter(folder: leases)
        let (store, loss) = try openStore("/leases.db")
        try store.follow(offset: clock.offset, ofMachineStart: machineStart)
        let dns = try DNSLoops(count: min(dnsLoopLimit, sysconf(Int32(_SC_NPROCESSORS_ONLN))))
        let dhcp = try Mailbox<DHCPLoop.Message>()
        let boot = try Mailbox<BootLoop.Message>()
        let writer = try LeaseWriter(store)
        try Sandbox.restrictSystemCalls()
        if let loss { try channel.send(ResponderEvent.trouble(loss)) }

        for mailbox in dns.mailboxes {
            let share = descriptors / dns.mailboxes.count
            start { try DNSLoop(mailbox: mailbox, dhcp: dhcp, descriptors: share).run() }
        }
        start { try BootLoop(mailbox: boot, dhcp: dhcp).run() }
        start { try writer.run() }
        start {
            try DHCPLoop(
                mailbox: dhcp, dns: dns, boot: boot, store: store, writer: writer, clock: clock, channel: channel
            ).run()
        }
        while let (request, descriptors) = try channel.receive(ResponderRequest.self) {
            dhcp.post(.request(request, descriptors: descriptors))
        }
    }

    /// How many threads answer DNS at most.
    private static let dnsLoopLimit = 4

    /// Opens the lease database; one that is damaged is set aside for a person to look at, and an empty one takes its place:
    /// guests that ask again get their addresses again, which is better than none.
    private static func openStore(_ path: String) throws -> (store: LeaseStore, loss: String?) {
        let loss: String
        do {
            return (try LeaseStore(path: path), nil)
        } catch {
            guard error.isDamage else { throw error }
            loss = "\(error); it is kept as \(path).damaged, and the new one begins without leases"
        }
        for suffix in ["", "-wal", "-shm"] { unsafe rename(path + suffix, path + ".damaged" + suffix) }
        return (try LeaseStore(path: path), loss)
    }

    /// Runs a loop on a thread of its own; where it fails, the process ends, and the daemon starts another.
    private static func start(_ loop: @escaping @Sendable () throws -> Void) {
        Thread.detachNewThread {
            do {
                try loop()
            } catch {
                FileHandle.standardError.write(Data("vnet responder: \(error)\n".utf8))
            }
            exit(1)
        }
    }
}
