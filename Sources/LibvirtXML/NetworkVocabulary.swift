// libvirt's `<network>` as of version 12, top down; an element's own table comes after the one it stands in.

extension Vocabulary {
    static let network = Self(
        attributes: ["connections", "ipv6", "trustGuestRxFilters"],
        children: [
            "name": .once(text),
            "uuid": .once(text),
            "title": .once(text),
            "description": .once(text),
            "metadata": .once(Self(content: .anything)),
            "forward": .once(forward),
            "bridge": .once(Self(attributes: ["name", "zone", "stp", "delay", "macTableManager"])),
            "mtu": .once(Self(attributes: ["size"])),
            "mac": .once(Self(attributes: ["address"])),
            "domain": .once(Self(attributes: ["name", "localOnly", "register"])),
            "dns": .once(dns),
            "vlan": .once(vlan),
            "bandwidth": .once(bandwidth),
            "port": .once(Self(attributes: ["isolated"])),
            "ip": .many(ip),
            "route": .many(Self(attributes: ["family", "address", "netmask", "prefix", "gateway", "metric"])),
            "virtualport": .once(virtualPort),
            "portgroup": .many(portGroup),
            "dnsmasq:options": .many(dnsmasq),
        ]
    )

    private static let forward = Self(
        attributes: ["mode", "dev", "managed"],
        children: [
            "driver": .once(Self(attributes: ["name", "model"])),
            "nat": .many(nat),
            "pf": .many(Self(attributes: ["dev"])),
            "interface": .many(Self(attributes: ["dev", "connections"])),
            "address": .many(Self(attributes: ["type", "domain", "bus", "slot", "function", "multifunction"])),
        ]
    )

    private static let nat = Self(
        attributes: ["ipv6"],
        children: [
            "address": .many(Self(attributes: ["start", "end"])),
            "port": .many(Self(attributes: ["start", "end"])),
        ]
    )

    private static let dns = Self(
        attributes: ["enable", "forwardPlainNames"],
        children: [
            "forwarder": .many(Self(attributes: ["addr", "domain", "port"])),
            "txt": .many(Self(attributes: ["name", "value"])),
            "srv": .many(
                Self(attributes: ["service", "protocol", "domain", "target", "port", "priority", "weight"])),
            "host": .many(Self(attributes: ["ip"], children: ["hostname": .many(text)])),
        ]
    )

    private static let vlan = Self(
        attributes: ["trunk"], children: ["tag": .many(Self(attributes: ["id", "nativeMode"]))])

    private static let bandwidth = Self(
        attributes: ["classID"], children: ["inbound": .many(rate), "outbound": .many(rate)])

    private static let rate = Self(attributes: ["average", "peak", "burst", "floor"])

    private static let virtualPort = Self(
        attributes: ["type"],
        children: [
            "parameters": .once(
                Self(attributes: ["managerid", "typeid", "typeidversion", "instanceid", "interfaceid", "profileid"]))
        ]
    )

    private static let portGroup = Self(
        attributes: ["name", "default", "trustGuestRxFilters"],
        children: ["vlan": .once(vlan), "virtualport": .once(virtualPort), "bandwidth": .once(bandwidth)]
    )

    private static let dnsmasq = Self(children: ["dnsmasq:option": .many(Self(attributes: ["value"]))])

    private static let ip = Self(
        attributes: ["family", "address", "netmask", "prefix", "localPtr"],
        children: ["tftp": .once(Self(attributes: ["root"])), "dhcp": .once(dhcp)]
    )

    private static let dhcp = Self(
        children: [
            "range": .many(Self(attributes: ["start", "end"], children: ["lease": .last(lease)])),
            "host": .many(Self(attributes: ["mac", "id", "name", "ip"], children: ["lease": .last(lease)])),
            "bootp": .last(Self(attributes: ["file", "server"])),
        ]
    )

    private static let lease = Self(attributes: ["expiry", "unit"])

    private static let text = Self(content: .text)
}

// libvirt's `<networkport>`.

extension Vocabulary {
    static let networkPort = Self(
        children: [
            "uuid": .once(text),
            "owner": .once(Self(children: ["name": .once(text), "uuid": .once(text)])),
            "group": .once(text),
            "mac": .once(Self(attributes: ["address"])),
            "virtualport": .once(virtualPort),
            "bandwidth": .once(bandwidth),
            "vlan": .once(vlan),
            "port": .once(Self(attributes: ["isolated"])),
            "rxfilters": .once(Self(attributes: ["trustGuest"])),
            "plug": .once(plug),
        ]
    )

    private static let plug = Self(
        attributes: ["type", "bridge", "macTableManager", "dev", "mode", "managed"],
        children: [
            "driver": .once(Self(attributes: ["name"])),
            "address": .once(Self(attributes: ["type", "domain", "bus", "slot", "function"])),
        ]
    )
}
