internal import NetworkModel

// Reservations and ranges.

extension Update {
    mutating func dhcpHost() throws(UpdateError) {
        let parent = try parent()
        let ip = network.ips[parent]
        switch command {
        case .delete: try deleteHost(from: parent)
        case .modify:
            let host = try completeHost(of: ip)
            guard let index = ip.hosts.firstIndex(where: { $0.shares(with: host) != nil }) else {
                throw .refused("network '\(network.name)' has no reservation with \(host.keys)")
            }
            network.ips[parent].hosts[index] = host
        case .addFirst, .addLast:
            let host = try completeHost(of: ip)
            try requireOnlyDHCP(in: parent)
            if let shared = ip.hosts.lazy.compactMap({ $0.shares(with: host) }).first {
                throw existsAlready("a reservation with \(shared)")
            }
            insert(host, into: &network.ips[parent].hosts)
        }
    }

    private mutating func completeHost(
        of ip: NetworkDefinition.IP
    ) throws(UpdateError) -> NetworkDefinition.IP.Reservation {
        let host = reader.host(element, of: ip, family: ip.address.family)
        if let host, host.address.family != ip.address.family {
            reader.refuse(
                element, "ip", host.address.description, "write an address of the family of its <ip>, \(ip.address)")
        }
        return try sound(host)
    }

    private mutating func deleteHost(from parent: Int) throws(UpdateError) {
        let family = network.ips[parent].address.family
        let keys = reader.hostKeys(element, family)
        let address = element["ip"] == nil ? nil : reader.address(element, "ip", of: family)
        if element["ip"] == nil, keys.mac == nil, keys.id == nil, keys.name == nil {
            reader.refuse(element, "<host> has neither 'mac' nor 'id' nor 'name' nor 'ip'; say which one is meant")
        }
        _ = try sound(element)
        func matches(_ host: NetworkDefinition.IP.Reservation) -> Bool {
            let hasOtherKey = keys.name != nil || keys.id != nil || address != nil
            // Like libvirt, let an entry without a MAC address be found with one, but not by that alone.
            let matchesMAC =
                keys.mac == nil || (host.mac.map { MACAddress.same($0, keys.mac) } ?? hasOtherKey)
            return matchesMAC && (keys.name == nil || keys.name == host.name) && (keys.id == nil || keys.id == host.id)
                && (address == nil || address == host.address)
        }
        guard let index = network.ips[parent].hosts.firstIndex(where: matches) else {
            throw .refused("network '\(network.name)' has no such reservation")
        }
        network.ips[parent].hosts.remove(at: index)
    }

    mutating func dhcpRange() throws(UpdateError) {
        let parent = try parent()
        let ip = network.ips[parent]
        let found = reader.range(element, of: ip, family: ip.address.family)
        let range = try sound(found)
        let title = "<range start='\(range.start)' end='\(range.end)'>"
        let index = ip.ranges.firstIndex { $0.start == range.start && $0.end == range.end }
        switch (command, index) {
        case (.delete, let index?): network.ips[parent].ranges.remove(at: index)
        case (.delete, nil): throw .refused("network '\(network.name)' has no \(title)")
        case (_, _?): throw existsAlready(title)
        case (_, nil):
            try requireOnlyDHCP(in: parent)
            insert(range, into: &network.ips[parent].ranges)
        }
    }

    /// The index of the `<ip>` that is meant.
    private func parent() throws(UpdateError) -> Int {
        let ips = network.ips
        guard parentIndex < 0 else {
            if ips.indices.contains(parentIndex) { return parentIndex }
            throw .refused("network '\(network.name)' has no <ip> of index \(parentIndex), counted from 0")
        }
        let chosen =
            ips.firstIndex(where: \.hasDHCP) ?? ips.firstIndex { $0.address.family == .ipv4 } ?? ips.indices.first
        if let chosen { return chosen }
        throw .refused("network '\(network.name)' has no <ip> that could have DHCP")
    }

    private func requireOnlyDHCP(in parent: Int) throws(UpdateError) {
        let ips = network.ips
        let other = ips.indices.first { index in
            index != parent && ips[index].hasDHCP && ips[index].address.family == ips[parent].address.family
        }
        guard let other else { return }
        throw .refused(
            "<ip> \(ips[other].address) of network '\(network.name)' has DHCP, and only one of a family can: use that one"
        )
    }
}

extension NetworkDefinition.IP.Reservation {
    /// What both are known by, for a message; nil where that is nothing.
    fileprivate func shares(with other: Self) -> String? {
        if let mac, MACAddress.same(mac, other.mac) { return "MAC address \(mac)" }
        if let name, name == other.name { return "name '\(name)'" }
        return address == other.address ? "address \(address)" : nil
    }

    fileprivate var keys: String {
        [mac.map { "MAC address \($0)" }, name.map { "name '\($0)'" }, "address \(address)"].compactMap(\.self)
            .joined(separator: " or ")
    }
}

extension MACAddress {
    fileprivate static func same(_ a: String, _ b: String?) -> Bool {
        guard let b, let first = Self(a), let second = Self(b) else { return a == b }
        return first == second
    }
}
