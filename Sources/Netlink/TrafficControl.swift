internal import CNetlink
internal import Glibc
public import NetworkModel

// Queueing disciplines, classes and filters (linux/pkt_sched.h, linux/pkt_cls.h), as `tc` makes them.

extension RouteSocket {
    // MARK: Observe

    /// The shaper of a device: `tc qdisc show dev NAME root`, `tc class show`, `tc filter show`; nil where it has none, or one
    /// that is not of this program's making.
    public func shaper(of device: Link) throws(NetlinkError) -> Shaper? {
        let operation = "look up the shaper of '\(device.name)'"
        let root = try queue(at: tcRoot, of: device, operation)
        guard root?.kind == "htb", root?.handle == Shaper.major else { return nil }
        var buckets: [UInt16: Shaper.Bucket] = [:]
        let classes = try Request(RTM_GETTCLASS, NLM_F_DUMP, header(device), while: operation)
        for message in try query(classes, while: operation) {
            guard let found = TrafficObject(message), found.handle & 0xFFFF_0000 == Shaper.major,
                let bucket = Shaper.Bucket(found.options)
            else { continue }
            buckets[UInt16(truncatingIfNeeded: found.handle)] = bucket
        }
        guard let total = buckets[1], let rest = buckets[2] else { return nil }
        var shaper = Shaper(total: total, rest: rest)
        guard buckets.count > 2 else { return shaper }
        let filters = try Request(RTM_GETTFILTER, NLM_F_DUMP, header(device, parent: Shaper.major), while: operation)
        for message in try query(filters, while: operation) {
            guard let found = TrafficObject(message), found.kind == "u32",
                let number = found.options?.integer(TCA_U32_CLASSID, as: UInt32.self).map({
                    UInt16(truncatingIfNeeded: $0)
                }),
                let receiver = found.options?.bytes(TCA_U32_SEL).flatMap(TrafficSelector.receiver),
                let bucket = buckets[number]
            else { continue }
            shaper.shares[number] = .init(bucket, to: receiver)
        }
        return shaper
    }

    /// The kind of a queueing discipline at the root or the entrance of a device that somebody else has put there; nil for none.
    public func foreignQueue(of device: Link) throws(NetlinkError) -> String? {
        let operation = "look up the queues of '\(device.name)'"
        // What the kernel gives a device by itself has no number.
        if let root = try queue(at: tcRoot, of: device, operation), root.handle != 0, root.handle != Shaper.major {
            return root.kind
        }
        guard let entrance = try queue(at: tcIngress, of: device, operation) else { return nil }
        return try redirection(of: device) == nil ? entrance.kind : nil
    }

    /// The index of the device that all frames which arrive on `device` are taken to: `tc filter show dev NAME ingress`.
    public func redirection(of device: Link) throws(NetlinkError) -> Int32? {
        let operation = "look up where frames of '\(device.name)' go"
        guard try queue(at: tcIngress, of: device, operation) != nil else { return nil }
        let filters = try Request(RTM_GETTFILTER, NLM_F_DUMP, header(device, parent: tcEntrance), while: operation)
        for message in try query(filters, while: operation) {
            guard let found = TrafficObject(message), found.kind == "u32",
                let action = found.options?.nested(TCA_U32_ACT)?.nested(1), action.string(1) == "mirred",
                let parameters = action.nested(2)?.bytes(TCA_MIRRED_PARMS), parameters.count >= 28
            else { continue }
            return parameters[...].hostInteger(at: 24, as: Int32.self)
        }
        return nil
    }

    private func queue(at parent: UInt32, of device: Link, _ operation: String) throws(NetlinkError) -> TrafficObject? {
        // The kernel answers as if it told of a change (net/sched/sch_api.c): who asked hears of it only by echo.
        let request = try Request(RTM_GETQDISC, NLM_F_ECHO, header(device, parent: parent), while: operation)
        do throws(NetlinkError) {
            // One that the kernel gave the device by itself is not told of.
            return try lookUp(request, while: operation).flatMap(TrafficObject.init)
        } catch  where error.code == .notFound || error.code == .system(EINVAL) {
            return nil
        }
    }

    // MARK: Change

    /// Makes `new` of `old`, which the device has now, nil for none; rates change without a packet lost.
    ///
    /// - Throws: ``NetlinkError/Code/exists`` where somebody else's discipline is at the root.
    public func setShaper(_ name: InterfaceName, from old: Shaper?, to new: Shaper?) throws(NetlinkError) {
        let operation = "shape traffic of '\(name)'"
        guard let device = try link(named: name) else { throw NetlinkError(errno: ENODEV, while: operation) }
        guard let new else {
            if old != nil {
                let request = try Request(RTM_DELQDISC, 0, header(device, parent: tcRoot), while: operation)
                try perform(request, while: operation)
            }
            return
        }
        let changes = new.changes(from: old)
        if changes.isNew { try addRoot(device, operation) }
        do throws(NetlinkError) {
            for number in changes.undirected { try removeFilter(device, number, operation) }
            for (number, parent, bucket) in changes.added {
                try setClass(device, number, parent, bucket, NLM_F_CREATE | NLM_F_EXCL, operation)
                if number > 1 { try addLeaf(device, number, operation) }
            }
            for (number, parent, bucket) in changes.changed {
                try setClass(device, number, parent, bucket, 0, operation)
            }
            for (number, receiver) in changes.directed { try addFilter(device, number, receiver, operation) }
            for number in changes.removed {
                let header = header(device, handle: Shaper.major | UInt32(number))
                try perform(Request(RTM_DELTCLASS, 0, header, while: operation), while: operation)
            }
        } catch {
            // Half a discipline would not be known for one.
            if changes.isNew {
                let request = try Request(RTM_DELQDISC, 0, header(device, parent: tcRoot), while: operation)
                try perform(request, while: operation)
            }
            throw error
        }
    }

    private func addRoot(_ device: Link, _ operation: String) throws(NetlinkError) {
        let request = try Request(
            RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, header(device, parent: tcRoot, handle: Shaper.major),
            while: operation)
        request.put(TCA_KIND, "htb")
        request.nest(TCA_OPTIONS) {
            request.put(
                TCA_HTB_INIT, structure: tc_htb_glob(version: 3, rate2quantum: 10, defcls: 2, debug: 0, direct_pkts: 0))
        }
        try perform(request, while: operation)
    }

    private func setClass(
        _ device: Link, _ number: UInt16, _ parent: UInt16, _ bucket: Shaper.Bucket, _ flags: CInt, _ operation: String
    ) throws(NetlinkError) {
        let request = try Request(
            RTM_NEWTCLASS, flags,
            header(device, parent: Shaper.major | UInt32(parent), handle: Shaper.major | UInt32(number)),
            while: operation)
        request.put(TCA_KIND, "htb")
        request.nest(TCA_OPTIONS) {
            var options = tc_htb_opt()
            options.rate.rate = UInt32(clamping: bucket.rate)
            options.ceil.rate = UInt32(clamping: bucket.ceiling)
            // With a link layer the kernel computes what a packet costs, and wants no table of it.
            options.rate.linklayer = 1
            options.ceil.linklayer = 1
            options.buffer = bucket.ticks
            options.cbuffer = bucket.ceilingTicks
            // How much a class sends before its neighbours' turn: at least a frame, at most what the kernel does not warn of.
            options.quantum = UInt32(min(max(bucket.rate / 10, 1_514), 200_000))
            request.put(TCA_HTB_PARMS, structure: options)
            if bucket.rate > UInt64(UInt32.max) { request.put(TCA_HTB_RATE64, structure: bucket.rate) }
            if bucket.ceiling > UInt64(UInt32.max) { request.put(TCA_HTB_CEIL64, structure: bucket.ceiling) }
        }
        try perform(request, while: operation)
    }

    /// Gives a class a queue in which flows take turns; a kernel that has none gets one of at most 127 frames, since what the
    /// class has by itself holds as many as the device, for seconds at a low rate.
    private func addLeaf(_ device: Link, _ number: UInt16, _ operation: String) throws(NetlinkError) {
        let header = header(device, parent: Shaper.major | UInt32(number))
        let fair = try Request(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, header, while: operation)
        fair.put(TCA_KIND, "fq_codel")
        do throws(NetlinkError) { return try perform(fair, while: operation) } catch  where error.code == .notFound {}
        let short = try Request(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, header, while: operation)
        short.put(TCA_KIND, "pfifo")
        short.put(TCA_OPTIONS, structure: UInt32(127))
        try perform(short, while: operation)
    }

    private func addFilter(
        _ device: Link, _ number: UInt16, _ receiver: MACAddress, _ operation: String
    ) throws(NetlinkError) {
        let request = try Request(
            RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_EXCL, filterHeader(device, Shaper.major, number), while: operation)
        request.put(TCA_KIND, "u32")
        request.nest(TCA_OPTIONS) {
            request.put(TCA_U32_CLASSID, Shaper.major | UInt32(number))
            request.put(TCA_U32_SEL, TrafficSelector.frames(to: receiver))
        }
        try perform(request, while: operation)
    }

    private func removeFilter(_ device: Link, _ number: UInt16, _ operation: String) throws(NetlinkError) {
        let request = try Request(RTM_DELTFILTER, 0, filterHeader(device, Shaper.major, number), while: operation)
        request.put(TCA_KIND, "u32")
        try perform(request, while: operation)
    }

    /// Takes all frames that arrive on a device to another one, which hands them back when its own queue lets them through:
    /// `tc qdisc add dev NAME ingress`, `tc filter add … action mirred egress redirect dev TARGET`.
    ///
    /// - Throws: ``NetlinkError/Code/exists`` where somebody else has a discipline there.
    public func redirect(_ name: InterfaceName, to target: InterfaceName) throws(NetlinkError) {
        let operation = "lead what arrives on '\(name)' through '\(target)'"
        guard let device = try link(named: name), let target = try link(named: target) else {
            throw NetlinkError(errno: ENODEV, while: operation)
        }
        let entrance = try Request(
            RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, header(device, parent: tcIngress, handle: tcEntrance),
            while: operation)
        entrance.put(TCA_KIND, "ingress")
        try perform(entrance, while: operation)
        let filter = try Request(
            RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_EXCL, filterHeader(device, tcEntrance, nil), while: operation)
        filter.put(TCA_KIND, "u32")
        filter.nest(TCA_OPTIONS) {
            filter.put(TCA_U32_SEL, TrafficSelector.all)
            filter.nest(TCA_U32_ACT) {
                filter.nest(1) {
                    filter.put(1, "mirred")
                    filter.nest(2) {
                        var action = tc_mirred()
                        action.action = TC_ACT_STOLEN
                        action.eaction = TCA_EGRESS_REDIR
                        action.ifindex = UInt32(bitPattern: target.index)
                        filter.put(TCA_MIRRED_PARMS, structure: action)
                    }
                }
            }
        }
        do throws(NetlinkError) {
            try perform(filter, while: operation)
        } catch {
            try endRedirection(name)
            throw error
        }
    }

    /// Lets frames that arrive on a device go their own way again: `tc qdisc del dev NAME ingress`.
    public func endRedirection(_ name: InterfaceName) throws(NetlinkError) {
        let operation = "end the detour of what arrives on '\(name)'"
        guard let device = try link(named: name) else { return }
        let request = try Request(
            RTM_DELQDISC, 0, header(device, parent: tcIngress, handle: tcEntrance), while: operation)
        try perform(request, while: operation)
    }

    private func header(_ device: Link, parent: UInt32 = 0, handle: UInt32 = 0) -> tcmsg {
        var header = tcmsg()
        header.tcm_ifindex = device.index
        header.tcm_parent = parent
        header.tcm_handle = handle
        return header
    }

    /// The header of the filter that leads to class `number`, in the first hash table; nil for any number.
    private func filterHeader(_ device: Link, _ parent: UInt32, _ number: UInt16?) -> tcmsg {
        let handle = number.map { 0x8000_0000 | UInt32($0) } ?? 0
        var header = header(device, parent: parent, handle: handle)
        // The priority, 2, and below it the protocol, all of them, in network byte order.
        header.tcm_info = 2 << 16 | UInt32(UInt16(ETH_P_ALL).bigEndian)
        return header
    }
}

// linux/pkt_sched.h, whose macros Swift does not see.
private let tcRoot: UInt32 = 0xFFFF_FFFF
private let tcIngress: UInt32 = 0xFFFF_FFF1
private let tcEntrance: UInt32 = 0xFFFF_0000
