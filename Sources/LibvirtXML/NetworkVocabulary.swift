// libvirt's `<network>` as of version 12, top down; an element's own table comes after the one it stands in.

extension Vocabulary {
    static let network = Self(
        attributes: ["connections"],
        attributesNotYet: ["ipv6", "trustGuestRxFilters"],
        children: [
            "name": .once(text),
            "uuid": .once(text),
            "metadata": .once(Self(content: .anything)),
            "forward": .once(forward),
            "bridge": .once(bridge),
            "mtu": .once(Self(attributes: ["size"])),
            "mac": .once(Self(attributes: ["address"])),
            "domain": .once(Self(attributes: ["name", "localOnly"], attributesNotYet: ["register"])),
            "dns": .once(dns),
            "ip": .many(ip),
        ],
        childrenNotYet: ["title", "description", "vlan", "bandwidth", "port", "route", "virtualport", "portgroup"]
    )

    private static let forward = Self(
        attributes: ["mode", "dev"],
        attributesNotYet: ["managed"],
        children: [
            "nat": .once(nat),
            "interface": .many(Self(attributes: ["dev", "connections"])),
        ],
        childrenNotYet: ["driver", "pf", "address"]
    )

    private static let nat = Self(
        attributesNotYet: ["ipv6"],
        children: ["port": .once(Self(attributes: ["start", "end"]))],
        childrenNotYet: ["address"]
    )

    private static let bridge = Self(
        attributes: ["name", "stp", "delay"],
        attributesNotYet: ["zone", "macTableManager"]
    )

    private static let dns = Self(
        attributes: ["enable", "forwardPlainNames"],
        children: [
            "forwarder": .many(Self(attributes: ["addr", "domain"], attributesNotYet: ["port"])),
            "txt": .many(Self(attributes: ["name", "value"])),
            "srv": .many(
                Self(attributes: ["service", "protocol", "domain", "target", "port", "priority", "weight"])),
            "host": .many(Self(attributes: ["ip"], children: ["hostname": .many(text)])),
        ]
    )

    private static let ip = Self(
        attributes: ["family", "address", "netmask", "prefix", "localPtr"],
        children: ["dhcp": .once(dhcp)],
        childrenNotYet: ["tftp"]
    )

    private static let dhcp = Self(
        children: [
            "range": .many(Self(attributes: ["start", "end"], children: ["lease": .once(lease)])),
            "host": .many(
                Self(
                    attributes: ["mac", "name", "ip"], attributesNotYet: ["id"], children: ["lease": .once(lease)])),
        ],
        childrenNotYet: ["bootp"]
    )

    private static let lease = Self(attributes: ["expiry", "unit"])

    private static let text = Self(content: .text)
}
