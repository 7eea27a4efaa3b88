public import NetworkModel

extension NetworkRules {
    /// A port that may send only as itself.
    public struct Guard: Hashable, Sendable, Codable {
        public var tap: InterfaceName
        public var mac: MACAddress
        /// Leased or reserved for it.
        public var addresses: [IPAddress]
        /// Delegated to it, for the networks behind it.
        public var prefixes: [IPv6Subnet]

        public init(tap: InterfaceName, mac: MACAddress, addresses: [IPAddress], prefixes: [IPv6Subnet] = []) {
            self.tap = tap
            self.mac = mac
            self.addresses = addresses
            self.prefixes = prefixes
        }
    }

    var guardParts: RuleParts {
        guard !guards.isEmpty else { return RuleParts() }
        return RuleParts(
            chains: claiming("source", "@nh", then: "accept") + claiming("target", "@th", then: "return"),
            elements: guards.flatMap { elements(of: $0) })
    }

    private func elements(of port: Guard) -> [RuleParts.Element] {
        let tap = "\"\(port.tap)\""
        func element(_ container: String, _ key: String, _ value: String? = nil) -> RuleParts.Element {
            .init(table: .bridge, container: container, key: key, value: value)
        }
        return [
            element("guarded", tap, "goto guard"), element("macs", "\(tap) . \(port.mac)"),
            element("source_claims", tap, "goto claim-source-\(bridge)"),
            element("target_claims", tap, "jump claim-target-\(bridge)"),
        ]
            + port.addresses.map { address in
                switch address {
                case .v4: element("addresses4", "\(tap) . \(address)")
                case .v6(let v6): element("addresses6", "\(tap) . \(v6.number)")
                }
            }
    }

    /// The chains that give an IPv6 address to the port that uses it first: of the network's own subnets and of the link, and
    /// none that the bridge or another port has.
    ///
    /// `header` is where nft finds the address: a solicitation's and an advertisement's target stands as far behind its
    /// beginning as a packet's source (RFC 4861, sections 4.3 and 4.4; RFC 8200, section 3).
    private func claiming(_ what: String, _ header: String, then verdict: String) -> [RuleParts.Chain] {
        let address = "\(header),64,128"
        let taken = addresses.compactMap { address in if case .v6(let v6) = address { v6.number } else { nil } }
        let reserved = guards.flatMap(\.addresses).compactMap { address in
            if case .v6(let v6) = address { v6.number } else { nil }
        }
        // Where guests' link-local addresses are (RFC 4291, section 2.5.6).
        let near =
            ["64 0xfe80000000000000"]
            + subnets6.filter { $0.prefixLength > 0 && !delegated6.contains($0) }.map(\.beginning)
        let behind = guards.flatMap { port in
            port.prefixes.map { "iifname \"\(port.tap)\" \(header),64,\($0.beginning) \(verdict)" }
        }
        return [
            .init(
                table: .bridge, name: "take-\(what)-\(bridge)",
                // Of the two that fill it the first.
                sets: what == "source"
                    ? ["claimed-\(bridge)": "typeof @nh,64,128; size 4096; flags dynamic,timeout; timeout 1d;"] : [:],
                rules: Set(taken + reserved).sorted().map { "\(address) \($0) drop" } + [
                    "\(address) @claimed-\(bridge) drop",
                    "add @claiming { iifname limit rate over 16/minute burst 16 packets } drop",
                    "add @claimed-\(bridge) { \(address) } add @claims { iifname . \(address) } \(verdict)",
                ]),
            .init(
                table: .bridge, name: "claim-\(what)-\(bridge)",
                rules: (what == "target" ? Ruleset.ownTarget : behind)
                    + near.map { "\(header),64,\($0) goto take-\(what)-\(bridge)" } + ["drop"]
            ),
        ]
    }
}

extension NetworkRules {
    /// A command that prints the IPv6 addresses that ports of all networks have claimed.
    public static let claims = "list set bridge vnet claims"

    /// What frees the IPv6 addresses of ports that are guarded no more, where these rules have become `new`, or nothing: for
    /// whoever comes next; no text where there is nothing to be freed.
    ///
    /// `claims` is what the command of that name prints: `"vtap0" . 0xfe80… timeout 1d expires 23h59m…`.
    public func release(becoming new: Self?, claims: String) -> String {
        let gone = Set(guards.map(\.tap)).subtracting(new?.guards.map(\.tap) ?? [])
        let hasOthers = new?.guards.isEmpty == false
        return claims.matches(of: /"([^"]+)" \. (0x[0-9a-f]+)/).flatMap { match -> [RuleParts.Element] in
            guard let tap = InterfaceName(String(match.1)), gone.contains(tap) else { return [] }
            let claim = RuleParts.Element(table: .bridge, container: "claims", key: "\"\(tap)\" . \(match.2)")
            // Without any port that is guarded the network has no such set.
            let claimed = RuleParts.Element(table: .bridge, container: "claimed-\(bridge)", key: String(match.2))
            return hasOthers ? [claim, claimed] : [claim]
        }.map(\.removal).joined()
    }

    /// Whether some port that these rules guard is not guarded by `new`.
    public func guardsMore(than new: Self?) -> Bool {
        !Set(guards.map(\.tap)).isSubset(of: new?.guards.map(\.tap) ?? [])
    }
}

extension IPv6Address {
    /// As nft writes what it takes out of a packet without knowing that it is an address.
    fileprivate var number: String { "0x" + String(value, radix: 16) }
}

extension IPv6Subnet {
    /// How many bits all its addresses begin with, and these bits as nft writes them.
    fileprivate var beginning: String {
        "\(prefixLength) 0x" + String(base.value >> (128 - UInt128(prefixLength)), radix: 16)
    }
}
