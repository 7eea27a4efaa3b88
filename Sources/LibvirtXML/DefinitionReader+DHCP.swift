internal import NetworkModel

// `<dhcp>` of an `<ip>`: ranges, reservations and how long leases last.

extension DefinitionReader {
    /// Reads the ranges, which must be in the subnet of `ip`, the reservations and what guests start from.
    ///
    /// Where `ip` could not be read and is nil, each value is checked by itself.
    mutating func dhcp(
        _ element: XMLElement, of ip: IP?, family: AddressFamily
    ) -> (ranges: [IP.Range], hosts: [IP.Reservation], boot: IP.Boot?) {
        var ranges: [(IP.Range, XMLElement)] = []
        for child in element.all("range") {
            if let range = range(child, of: ip, family: family) { ranges.append((range, child)) }
        }
        warnOfOverlaps(ranges)
        var hosts: [IP.Reservation] = []
        let reservations = element.all("host")
        var taken = Taken(capacity: reservations.count)
        for child in reservations {
            guard let host = host(child, of: ip, family: family) else { continue }
            warnOfRepeats(of: host, child, &taken)
            hosts.append(host)
        }
        let boots = element.all("bootp").compactMap { boot($0, family: family) }
        return (ranges.map(\.0), hosts, boots.last)
    }

    // MARK: Ranges

    mutating func range(_ element: XMLElement, of ip: IP?, family: AddressFamily) -> IP.Range? {
        let lease = lease(in: element)
        let start = address(element, "start", of: family)
        let end = address(element, "end", of: family)
        guard let start, let end else { return nil }
        let name = "<range> \(start) to \(end)"
        guard start <= end else {
            refuse(element, "\(name) ends before it starts; swap start and end")
            return nil
        }
        guard let ip else { return IP.Range(start: start, end: end, lease: lease) }
        guard let subnet = ip.subnet, subnet.contains(start), subnet.contains(end) else {
            let subnet = ip.subnet.map { "the subnet \($0)" } ?? "a subnet"
            refuse(element, "\(name) is not in \(subnet) of its <ip>; choose addresses in it")
            return nil
        }
        switch (subnet, start, end) {
        case (.v4(let subnet), .v4(let start), .v4(let end)):
            if start == subnet.base {
                refuse(element, "\(name) starts with the network address of \(subnet); start one address later")
            } else if end == subnet.broadcast {
                refuse(element, "\(name) ends with the broadcast address of \(subnet); end one address earlier")
            } else if start.value >> 16 != end.value >> 16 {
                // libvirt's way to refuse what is too large: the first two octets must be the same.
                refuse(element, "\(name) is too large, or crosses from one /16 into the next; split it there")
            }
        case (_, .v6(let start), .v6(let end)) where start.value >> 16 != end.value >> 16:
            refuse(element, "\(name) is too large, or crosses from one /112 into the next; split it there")
        default: break
        }
        return IP.Range(start: start, end: end, lease: lease)
    }

    /// Warns of each range that has an address of one that starts no later.
    private mutating func warnOfOverlaps(_ ranges: [(range: IP.Range, element: XMLElement)]) {
        let sorted = ranges.sorted { $0.range.start < $1.range.start }
        guard var farthest = sorted.first else { return }
        for next in sorted.dropFirst() {
            if next.range.start <= farthest.range.end {
                warn(
                    next.element,
                    "<range> \(next.range.start) to \(next.range.end) overlaps the one \(farthest.element.place); "
                        + "join or separate them")
            }
            if next.range.end > farthest.range.end { farthest = next }
        }
    }

    // MARK: Reservations

    mutating func host(_ element: XMLElement, of ip: IP?, family: AddressFamily) -> IP.Reservation? {
        let lease = lease(in: element)
        let keys = hostKeys(element, family)
        if keys.name == nil, family == .ipv4 ? keys.mac == nil : keys.id == nil {
            let key = family == .ipv4 ? "mac" : "id"
            refuse(element, "<host> has neither '\(key)' nor 'name'; add the one its client is known by")
        }
        guard let address = address(element, "ip") else { return nil }
        if let ip { warnOfPlace(of: address, element, ip) }
        return IP.Reservation(mac: keys.mac, id: keys.id, name: keys.name, address: address, lease: lease)
    }

    /// What a client is known by, as it stands there.
    mutating func hostKeys(_ element: XMLElement, _ family: AddressFamily) -> (mac: String?, id: String?, name: String?)
    {
        let mac = element["mac"]
        if let mac {
            if family == .ipv6 {
                refuse(element, "mac", mac, "write the client's DUID as 'id' instead: DHCPv6 knows no MAC addresses")
            } else {
                _ = self.mac(element, "mac", mac)
            }
        }
        let id = element["id"]
        if let id, !id.utf8.allSatisfy({ $0 == UInt8(ascii: ":") || Unicode.Scalar($0).properties.isASCIIHexDigit }) {
            refuse(element, "id", id, "write the octets of the client's DUID in hexadecimal, with ':' between them")
        }
        let name = element["name"]
        if let name, name.utf8.first.map(isAlphanumeric) != true {
            refuse(element, "name", name, "write letters, digits, '-' or '_', beginning with a letter or digit")
        } else if let name {
            _ = domainName(element, "name", name)
        }
        return (mac, id, name)
    }

    private mutating func warnOfPlace(of address: IPAddress, _ element: XMLElement, _ ip: IP) {
        guard let subnet = ip.subnet else { return }
        if !subnet.contains(address) {
            warn(element, "<host> address \(address) is not in the subnet \(subnet) of its <ip> and is never given out")
        } else if address == ip.address {
            warn(element, "<host> address \(address) is the bridge's own and is never given out")
        } else if case (.v4(let subnet), .v4(let address)) = (subnet, address), subnet.prefixLength <= 30,
            address == subnet.base || address == subnet.broadcast
        {
            warn(element, "<host> address \(address) is no host's in \(subnet) and is never given out")
        }
    }

    /// What earlier reservations took, and where.
    private struct Taken {
        var macs: [MACAddress: SourcePosition?] = [:]
        var names: [String: SourcePosition?] = [:]
        var addresses: [IPAddress: SourcePosition?] = [:]

        init(capacity: Int) {
            macs.reserveCapacity(capacity)
            names.reserveCapacity(capacity)
            addresses.reserveCapacity(capacity)
        }
    }

    private mutating func warnOfRepeats(of host: IP.Reservation, _ element: XMLElement, _ taken: inout Taken) {
        func note<Key>(_ key: Key, _ text: @autoclosure () -> String, _ others: inout [Key: SourcePosition?]) -> String?
        {
            guard let other = others.updateValue(element.position, forKey: key) else { return nil }
            others[key] = other
            return "<host> \(text()) is reserved \(place(other)) already; keep one of them"
        }
        let repeats = [
            host.mac.flatMap { text in MACAddress(text).flatMap { note($0, "MAC address \($0)", &taken.macs) } },
            // DNS names compare without case (RFC 1035, section 2.3.3).
            host.name.flatMap { note($0.lowercased(), "name \(quoted($0))", &taken.names) },
            note(host.address, "address \(host.address)", &taken.addresses),
        ]
        for message in repeats.compactMap(\.self) { warn(element, message) }
    }

    // MARK: Boot and leases

    private mutating func boot(_ element: XMLElement, family: AddressFamily) -> IP.Boot? {
        guard family == .ipv4, let file = element["file"] else {
            let reason = family == .ipv4 ? "without a 'file'" : "in an <ip> of family 'ipv6'"
            warn(element, "<bootp> has no effect \(reason)")
            return nil
        }
        return IP.Boot(file: file, server: element["server"] == nil ? nil : address(element, "server"))
    }

    /// The last of several counts, and one without `expiry` does not, as in libvirt.
    private mutating func lease(in element: XMLElement) -> IP.LeaseTime? {
        element.all("lease").compactMap { lease($0) }.last
    }

    private mutating func lease(_ lease: XMLElement) -> IP.LeaseTime? {
        guard lease["expiry"] != nil else {
            warn(lease, "<lease> has no 'expiry' and no effect")
            return nil
        }
        return leaseTime(lease)
    }

    /// What the attributes `expiry` and `unit` say.
    mutating func leaseTime(_ lease: XMLElement) -> IP.LeaseTime? {
        let unit = unit(lease)
        guard let unit, let expiry: UInt64 = number(lease, "expiry", .min ... .max, .asInC, isOptional: false) else {
            return nil
        }
        // A lease that never ends has no unit.
        if expiry == 0 { return IP.LeaseTime(expiry: 0) }
        let time = IP.LeaseTime(expiry: expiry, unit: unit)
        if let seconds = time.seconds, seconds < 120 {
            refuse(
                lease,
                "\(tag(lease.name)) of \(expiry) \(unit.rawValue) is too short; write at least 2 minutes, or 0 for no end"
            )
        }
        return time
    }

    private mutating func unit(_ element: XMLElement) -> IP.LeaseTime.Unit? {
        guard let text = element["unit"] else { return .minutes }
        if let unit = IP.LeaseTime.Unit(rawValue: text) { return unit }
        refuse(element, "unit", text, "write 'seconds', 'minutes' or 'hours'")
        return nil
    }
}
