internal import NetworkModel

extension ExtensionElement {
    static let peer = Self(
        "peer",
        .many(
            Vocabulary(
                attributes: ["network"],
                children: ["vnet:allow": .many(Vocabulary(attributes: ["proto", "port", "end"]))]))
    ) { element, network, reader in
        guard reader.requireRules(element, network), let peer = reader.peer(element) else { return }
        if peer.network == network.name {
            reader.refuse(
                element, "network", peer.network, "write another network: guests of one always reach each other")
        } else if network.extensions.peers.contains(where: { $0.network == peer.network }) {
            reader.refuse(
                element, "network", peer.network,
                "put all <vnet:allow> into one: another \(tag(element.name)) has it already")
        }
        network.extensions.peers.append(peer)
    }
}

extension DefinitionReader {
    fileprivate mutating func peer(_ element: XMLElement) -> Peer? {
        let allowed = element.all("vnet:allow").compactMap { allowance($0) }
        return required(element, "network").map { Peer(network: $0, allowed: allowed) }
    }

    private mutating func allowance(_ element: XMLElement) -> Peer.Allowance? {
        let ports = ports(element, "port", "end", isRequired: false)
        guard required(element, "proto") != nil,
            let kind: Peer.Allowance.Kind = choice(element, "proto", "write 'tcp', 'udp', 'sctp' or 'icmp'")
        else { return nil }
        if kind == .icmp, ports != nil {
            refuse(element, "\(tag(element.name)) has a port, and ICMP has none; remove it")
        }
        return .init(kind, ports: ports)
    }
}
