internal import NetworkModel

// `<vnet:delegation>`: prefixes for networks behind guests (RFC 8415, section 6.3).

extension ExtensionElement {
    static let delegation = Self(
        "delegation", .many(Vocabulary(attributes: ["prefix", "length", "expiry", "unit"]))
    ) { element, network, reader in
        guard reader.requireOwnBridge(element, network), let text = reader.required(element, "prefix") else { return }
        guard network.ips.contains(where: { $0.address.family == .ipv6 && !$0.address.isLinkLocal }) else {
            return reader.refuse(
                element, "\(tag(element.name)) needs an <ip family='ipv6'>, from which guests ask for it")
        }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let base = IPv6Address(String(parts[0])), let size = Int(parts[1]),
            (8...127).contains(size), let block = IPv6Subnet(containing: base, prefixLength: size), block.base == base
        else {
            return reader.refuse(
                element, "prefix", text,
                "write a block of addresses, such as 'fd12:3456:789a::/48', without bits behind it")
        }
        let length: Int
        if let text = element["length"] {
            guard let number = Int(text), (size...127).contains(number) else {
                return reader.refuse(element, "length", text, "write \(size), the block's own length, to 127")
            }
            length = number
        } else {
            length = max(64, size)
        }
        let others = network.ips.compactMap(\.subnet) + network.extensions.delegations.map { .v6($0.block) }
        if let other = others.first(where: { $0.overlaps(.v6(block)) }) {
            return reader.refuse(element, "prefix", text, "choose another: it overlaps with \(other) of this network")
        }
        let time = element["expiry"] == nil ? nil : reader.leaseTime(element)
        network.extensions.delegations.append(
            .init(block: block, prefixLength: length, leaseSeconds: time.leaseSeconds))
    }
}
