// Making a second network from a definition that is there already.

extension NetworkDefinition {
    /// Gives the network another name, and its domain with it where that is made of the name.
    public mutating func rename(to new: String) {
        if let domain = domain?.name, domain == name || domain.hasPrefix(name + ".") {
            self.domain?.name = new + domain.dropFirst(name.count)
        }
        name = new
    }

    /// Moves the network's subnets up, all by the same number of subnets, until none overlaps with those taken.
    public mutating func move(clearOf taken: [IPSubnet]) {
        for steps in UInt32(0)..<256 {
            let moved = ips.map { $0.moved(by: steps) }
            let overlaps = moved.compactMap(\.subnet).contains { subnet in taken.contains { $0.overlaps(subnet) } }
            if !overlaps {
                for index in routes.indices {
                    let gateway = routes[index].gateway
                    let ip = ips.first { $0.subnet?.contains(gateway) == true }
                    routes[index].gateway = ip?.moved(gateway, by: steps) ?? gateway
                }
                ips = moved
                return
            }
        }
    }
}

extension NetworkDefinition.IP {
    fileprivate func moved(by steps: UInt32) -> Self {
        var moved = self
        moved.address = self.moved(address, by: steps)
        for index in ranges.indices {
            moved.ranges[index].start = self.moved(ranges[index].start, by: steps)
            moved.ranges[index].end = self.moved(ranges[index].end, by: steps)
        }
        for index in hosts.indices { moved.hosts[index].address = self.moved(hosts[index].address, by: steps) }
        if let server = boot?.server, subnet?.contains(server) == true {
            moved.boot?.server = self.moved(server, by: steps)
        }
        return moved
    }

    /// `address` as many subnets of this one's size up; as it is where it is of the other family.
    fileprivate func moved(_ address: IPAddress, by steps: UInt32) -> IPAddress {
        guard address.family == self.address.family, let length = subnet?.prefixLength else { return address }
        switch address {
        case .v4(let v4): return .v4(IPv4Address(v4.value &+ steps << (32 - UInt32(length))))
        case .v6(let v6): return .v6(IPv6Address(v6.value &+ UInt128(steps) << (128 - UInt128(length))))
        }
    }
}
