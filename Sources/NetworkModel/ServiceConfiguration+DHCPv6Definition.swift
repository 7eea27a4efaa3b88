extension ServiceConfiguration.DHCPv6 {
    /// What is to be served on a subnet of IPv6.
    init?(of definition: NetworkDefinition, on ip: NetworkDefinition.IP, hasDNS: Bool) {
        guard case .v6(let address) = ip.address, case .v6(let subnet)? = ip.subnet else { return nil }
        self.init(
            serverIdentifier: Self.identifier(of: definition.uuid), serverAddress: address, subnet: subnet)
        for range in ip.ranges {
            guard case .v6(let start) = range.start, case .v6(let end) = range.end else { continue }
            ranges.append(.init(start: start, end: end, leaseSeconds: range.lease.leaseSeconds))
        }
        for host in ip.hosts {
            guard case .v6(let reserved) = host.address else { continue }
            reservations.append(
                .init(
                    duid: host.id.flatMap(Self.duid), name: host.name, address: reserved,
                    leaseSeconds: host.lease.leaseSeconds))
        }
        machines = definition.ips.flatMap(\.hosts).compactMap { host in
            guard let mac = host.mac.flatMap({ MACAddress($0) }), let name = host.name else { return nil }
            return Machine(mac: mac, name: name)
        }
        delegations = definition.extensions.delegations
        // A link-local address would need a zone wherever a guest writes it down.
        if hasDNS, !address.isLinkLocal { nameServers = [address] }
        domain = definition.servedDomain
        options = definition.extensions.dhcpOptions.filter { $0.family == .ipv6 }
        // What libvirt's element says of IPv4 is there for IPv6 too where it comes from this host.
        let usual = definition.ips.lazy.compactMap(\.boot).first { $0.server == nil }.map { NetworkBoot(file: $0.file) }
        let own = definition.bootRoots.isEmpty || address.isLinkLocal ? nil : address
        let all = (definition.extensions.boots + [usual].compactMap(\.self)).compactMap { boot in
            var found = Boot(of: boot, at: own)
            if let own, !boot.isURL, boot.server == nil {
                found?.httpURL = definition.bootURL(of: boot.file, at: .v6(own))
            }
            return found
        }
        boots = all.filter { !$0.clients.isEmpty } + all.filter(\.clients.isEmpty)
    }

    /// A DUID-UUID (RFC 6355, section 4): kept with the definition, and no other machine's.
    private static func identifier(of uuid: NetworkUUID) -> [UInt8] { [0, 4] + IPv6Address(uuid.value).octets }

    /// The octets of a DUID as libvirt's documents have it: hexadecimal, each octet in one or two digits between colons.
    ///
    /// Nil where the text is nothing of that kind, or of more octets than a DUID can have (RFC 8415, section 11.1).
    static func duid(_ text: String) -> [UInt8]? {
        let groups = text.split(separator: ":", omittingEmptySubsequences: false)
        let octets = groups.compactMap { $0.utf8.count <= 2 ? UInt8($0, radix: 16) : nil }
        return octets.count == groups.count && (3...130).contains(octets.count) ? octets : nil
    }
}

extension NetworkDefinition {
    /// Where DHCPv6 is served: on the subnet that has ranges or reservations, or, where prefixes alone are given out, on the
    /// first that is more than link-local; nil for nowhere.
    var ipOfDHCPv6: IP? {
        let all = ips.filter { $0.address.family == .ipv6 }
        return all.first(where: \.hasDHCP)
            ?? (extensions.delegations.isEmpty ? nil : all.first { !$0.address.isLinkLocal })
    }
}

extension NetworkDefinition.IP.LeaseTime? {
    /// In seconds; where the document does not say how long a lease lasts, an hour, as under libvirt.
    public var leaseSeconds: UInt32 { map { $0.seconds ?? .max } ?? 3_600 }
}

extension ServiceConfiguration.DHCPv6.Boot {
    /// Nil where no server of IPv6 has the file.
    fileprivate init?(of boot: NetworkBoot, at own: IPv6Address?) {
        if boot.isURL {
            self.init(url: boot.file, clients: boot.clients)
        } else if case .v6(let server)? = boot.server ?? own.map({ .v6($0) }) {
            self.init(url: "tftp://[\(server)]/\(boot.file.drop { $0 == "/" })", clients: boot.clients)
        } else {
            return nil
        }
    }
}
