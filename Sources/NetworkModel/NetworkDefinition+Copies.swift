// Making a second network from a definition that is there already.

extension NetworkDefinition {
    /// Gives the network another name, and its domain with it where that is made of the name.
    public mutating func rename(to new: String) {
        if let domain = domain?.name, domain == name || domain.hasPrefix(name + ".") {
            self.domain?.name = new + domain.dropFirst(name.count)
        }
        name = new
    }

    /// Moves the network's IPv4 subnets up, all by the same number of subnets, until none overlaps with those taken.
    public mutating func move(clearOf taken: [IPSubnet]) {
        for steps in UInt32(0)..<256 {
            let moved = ips.map { $0.moved(by: steps) }
            let overlaps = moved.compactMap(\.subnet).contains { subnet in taken.contains { $0.overlaps(subnet) } }
            if !overlaps {
                ips = moved
                return
            }
        }
    }
}

extension NetworkDefinition.IP {
    fileprivate func moved(by steps: UInt32) -> Self {
        guard let length = subnet?.prefixLength else { return self }
        func move(_ address: IPAddress) -> IPAddress {
            switch address {
            case .v4(let v4): .v4(IPv4Address(v4.value &+ steps << (32 - UInt32(length))))
            case .v6(let v6): .v6(IPv6Address(v6.value &+ UInt128(steps) << (128 - UInt128(length))))
            }
        }
        var moved = self
        moved.address = move(address)
        for index in ranges.indices {
            moved.ranges[index].start = move(ranges[index].start)
            moved.ranges[index].end = move(ranges[index].end)
        }
        for index in hosts.indices { moved.hosts[index].address = move(hosts[index].address) }
        if let server = boot?.server, subnet?.contains(server) == true { moved.boot?.server = move(server) }
        return moved
    }
}
