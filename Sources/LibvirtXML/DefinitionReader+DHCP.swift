internal import NetworkModel

// `<dhcp>` of an IPv4 `<ip>`: ranges, reservations and how long leases last.

extension DefinitionReader {
    typealias IP = NetworkDefinition.IP

    /// Reads the ranges and reservations, which must be in the subnet of `ip`.
    ///
    /// Where `ip` could not be read and is nil, each value is checked by itself.
    mutating func dhcp(_ element: XMLElement, of ip: IP?) -> (ranges: [IP.Range], hosts: [IP.Reservation]) {
        var ranges: [(IP.Range, XMLElement)] = []
        for child in element.all("range") {
            if let range = range(child, of: ip) { ranges.append((range, child)) }
        }
        refuseOverlaps(ranges)
        var hosts: [IP.Reservation] = []
        var taken = Taken()
        for child in element.all("host") {
            guard let host = host(child, of: ip) else { continue }
            refuseRepeats(of: host, child, &taken)
            hosts.append(host)
        }
        return (ranges.map(\.0), hosts)
    }

    private mutating func range(_ element: XMLElement, of ip: IP?) -> IP.Range? {
        let lease = lease(in: element)
        let start = ipv4(element, "start")
        let end = ipv4(element, "end")
        guard let start, let end else { return nil }
        let name = "<range> \(start) to \(end)"
        if start > end {
            refuse(element, "\(name) ends before it starts; swap start and end")
            return nil
        }
        if case .v4(let subnet)? = ip?.subnet {
            if !subnet.contains(start) || !subnet.contains(end) {
                refuse(element, "\(name) is not in the subnet \(subnet) of its <ip>; choose addresses in it")
            } else if start == subnet.base {
                refuse(element, "\(name) starts with the network address of \(subnet); start one address later")
            } else if end == subnet.broadcast {
                refuse(element, "\(name) ends with the broadcast address of \(subnet); end one address earlier")
            } else if start.value >> 16 != end.value >> 16 {
                // libvirt's way to refuse what is too large: the first two octets must be the same.
                refuse(element, "\(name) is too large, or crosses from one /16 into the next; split it there")
            }
        }
        return IP.Range(start: .v4(start), end: .v4(end), lease: lease)
    }

    /// Refuses each range that has an address of one that starts no later.
    private mutating func refuseOverlaps(_ ranges: [(range: IP.Range, element: XMLElement)]) {
        let sorted = ranges.sorted { $0.range.start < $1.range.start }
        guard var farthest = sorted.first else { return }
        for next in sorted.dropFirst() {
            if next.range.start <= farthest.range.end {
                refuse(
                    next.element,
                    "<range> \(next.range.start) to \(next.range.end) overlaps the one \(farthest.element.place); "
                        + "join or separate them")
            }
            if next.range.end > farthest.range.end { farthest = next }
        }
    }

    private mutating func host(_ element: XMLElement, of ip: IP?) -> IP.Reservation? {
        let lease = lease(in: element)
        let mac = element["mac"]
        if let mac { _ = self.mac(element, "mac", mac) }
        let name = element["name"]
        if let name, !isGuestName(name) {
            refuse(element, "name", name, "write letters, digits, '-' or '_', beginning with a letter or digit")
        }
        if mac == nil, name == nil {
            refuse(element, "<host> has neither 'mac' nor 'name'; add the one its client is known by")
        }
        guard let address = ipv4(element, "ip") else { return nil }
        if let ip, case .v4(let subnet)? = ip.subnet {
            if !subnet.contains(address) {
                refuse(
                    element, "<host> address \(address) is not in the subnet \(subnet) of its <ip>; choose one in it")
            } else if .v4(address) == ip.address {
                refuse(element, "<host> address \(address) is the bridge's own; choose another")
            } else if subnet.prefixLength <= 30, address == subnet.base || address == subnet.broadcast {
                refuse(element, "<host> address \(address) is no host's in \(subnet); choose another")
            }
        }
        return IP.Reservation(mac: mac, name: name, address: .v4(address), lease: lease)
    }

    /// What earlier reservations took, and where.
    private struct Taken {
        var macs: [MACAddress: XMLElement] = [:]
        var names: [String: XMLElement] = [:]
        var addresses: [IPAddress: XMLElement] = [:]
    }

    private mutating func refuseRepeats(of host: IP.Reservation, _ element: XMLElement, _ taken: inout Taken) {
        func note<Key>(_ key: Key, _ text: String, _ others: inout [Key: XMLElement]) -> String? {
            guard let other = others[key] else {
                others[key] = element
                return nil
            }
            return "<host> \(text) is reserved \(other.place) already; keep one of them"
        }
        let repeats = [
            host.mac.flatMap { text in MACAddress(text).flatMap { note($0, "MAC address \($0)", &taken.macs) } },
            // DNS names compare without case (RFC 1035, section 2.3.3).
            host.name.flatMap { note($0.lowercased(), "name \(quoted($0))", &taken.names) },
            note(host.address, "address \(host.address)", &taken.addresses),
        ]
        for message in repeats.compactMap(\.self) { refuse(element, message) }
    }

    private mutating func lease(in element: XMLElement) -> IP.LeaseTime? {
        guard let lease = element.first("lease") else { return nil }
        let unit = unit(lease)
        guard required(lease, "expiry") != nil, let unit,
            let expiry: UInt64 = number(lease, "expiry", 0...UInt64.max)
        else { return nil }
        // A lease that never ends has no unit.
        if expiry == 0 { return IP.LeaseTime(expiry: 0) }
        let time = IP.LeaseTime(expiry: expiry, unit: unit)
        if let seconds = time.seconds, seconds < 120 {
            refuse(
                lease, "<lease> of \(expiry) \(unit.rawValue) is too short; write at least 2 minutes, or 0 for no end")
        }
        return time
    }

    private mutating func unit(_ element: XMLElement) -> IP.LeaseTime.Unit? {
        guard let text = element["unit"] else { return .minutes }
        if let unit = IP.LeaseTime.Unit(rawValue: text) { return unit }
        refuse(element, "unit", text, "write 'seconds', 'minutes' or 'hours'")
        return nil
    }

    private mutating func ipv4(_ element: XMLElement, _ attribute: String) -> IPv4Address? {
        switch address(element, attribute) {
        case nil: return nil
        case .v4(let address)?: return address
        case .v6(let address)?:
            refuse(element, attribute, address.description, "write an IPv4 address, as in its <ip>")
            return nil
        }
    }
}
