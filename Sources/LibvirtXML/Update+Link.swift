internal import NetworkModel

// What libvirt has sections for and cannot update: the bridge, its addresses, the domain, and where the network leads.

extension Update {
    /// The element takes the place of the former one; a name that it leaves out stays.
    mutating func bridge() throws(UpdateError) {
        let found = reader.bridge(element)
        let bridge = try sound(found)
        guard command == .modify else {
            throw .refused("network '\(network.name)' has one <bridge>, which can only be modified")
        }
        let name = network.bridge.name
        network.bridge = bridge
        network.bridge.name = bridge.name ?? name
    }

    mutating func domain() throws(UpdateError) {
        let found = reader.domain(element)
        if command == .delete {
            guard let domain = network.domain, found == nil || found?.name == domain.name else {
                throw .refused("network '\(network.name)' has no such <domain>")
            }
            network.domain = nil
        } else {
            let domain = try sound(found)
            network.domain = try replacing(network.domain, by: domain, "<domain>")
        }
    }

    mutating func ip() throws(UpdateError) {
        if command == .delete {
            let address = reader.address(element, "address")
            let wanted = try sound(address)
            guard let index = network.ips.firstIndex(where: { $0.address == wanted }) else {
                throw .refused("network '\(network.name)' has no <ip> with the address \(wanted)")
            }
            network.ips.remove(at: index)
            return
        }
        let found = reader.ip(element)
        let ip = try sound(found)
        let index =
            parentIndex >= 0 ? parentIndex : network.ips.firstIndex { $0.address == ip.address } ?? network.ips.count
        switch command {
        case .modify:
            guard network.ips.indices.contains(index) else {
                throw .refused(
                    "network '\(network.name)' has no <ip> with the address \(ip.address): to change an address, say which"
                        + " <ip> by its index, with --parent-index")
            }
            network.ips[index] = ip
        default:
            guard !network.ips.contains(where: { $0.address == ip.address }) else {
                throw existsAlready("<ip address='\(ip.address)'>")
            }
            insert(ip, into: &network.ips)
        }
    }

    mutating func forward() throws(UpdateError) {
        if command == .delete {
            guard network.forward != nil else { throw .refused("network '\(network.name)' has no <forward>") }
            network.forward = nil
            return
        }
        let found = reader.forward(element)
        let forward = try sound(found)
        network.forward = try replacing(network.forward, by: forward, "<forward>")
    }

    mutating func physicalFunction() throws(UpdateError) {
        let found = reader.interfaceName(element, "dev")
        let name = try sound(found)
        guard let forward = network.forward, forward.interfaces.isEmpty, forward.addresses.isEmpty else {
            throw .refused("<forward> of network '\(network.name)' does not take its devices from a <pf>")
        }
        if command == .delete {
            guard forward.physicalFunction == name else {
                throw .refused("network '\(network.name)' has no <pf dev='\(name)'>")
            }
            network.forward?.physicalFunction = nil
        } else {
            let function = try replacing(forward.physicalFunction, by: name, "<pf>")
            network.forward?.physicalFunction = function
        }
    }

    /// What there can be one of: it is added where there is none, and modified where there is one.
    private func replacing<Value>(_ old: Value?, by new: Value, _ what: String) throws(UpdateError) -> Value {
        switch (command, old) {
        case (.modify, nil): throw .refused("network '\(network.name)' has no \(what): add it")
        case (.addFirst, _?), (.addLast, _?): throw existsAlready(what)
        default: return new
        }
    }
}
