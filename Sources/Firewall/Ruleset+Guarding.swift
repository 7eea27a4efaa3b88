internal import NetworkModel

extension Ruleset {
    /// What guards ports, in a form that may be there already: it is put in place with the first port that is guarded, and
    /// costs nobody anything before.
    ///
    /// A port sends from its MAC address, and from its leased and reserved addresses. IPv6 addresses that a guest gives itself
    /// belong to the port that uses them first (RFC 6620, section 3, without its probes); a port claims at most 16 a minute,
    /// and a claim is taken anew after a day. Frames of other protocols than these would carry addresses past it all.
    ///
    /// `@th` and `@nh` are the packet's transport and network headers: nft 1.0.6 has no name for the target of a solicitation.
    static let guarding =
        """
        add map bridge vnet guarded { type ifname : verdict; }
        add map bridge vnet source_claims { type ifname : verdict; }
        add map bridge vnet target_claims { type ifname : verdict; }
        add set bridge vnet macs { type ifname . ether_addr; }
        add set bridge vnet addresses4 { type ifname . ipv4_addr; }
        add set bridge vnet addresses6 { typeof iifname . @nh,64,128; }
        add set bridge vnet claims { typeof iifname . @nh,64,128; size 65536; flags dynamic,timeout; timeout 1d; }
        add set bridge vnet claiming { type ifname; size 65536; flags dynamic,timeout; timeout 1m; }

        """
        + guardChains.map { chain in
            "add chain bridge vnet \(chain.name)\(chain.hook)\nflush chain bridge vnet \(chain.name)\n"
                + chain.rules.map { "add rule bridge vnet \(chain.name) \($0)\n" }.joined()
        }.joined()

    /// A target that the port has already.
    static let ownTarget = ["iifname . @th,64,128 @addresses6 return", "iifname . @th,64,128 @claims return"]

    /// Each after those that it leads to.
    private static let guardChains: [(name: String, hook: String, rules: [String])] = [
        (
            "guard_arp", "",
            [
                "iifname . arp saddr ether != @macs drop",
                // A probe for an address that is not used yet (RFC 5227, section 1.1).
                "arp saddr ip 0.0.0.0 accept",
                "iifname . arp saddr ip @addresses4 accept",
                "drop",
            ]
        ),
        (
            "guard4", "",
            [
                "udp sport 67 drop",
                "ip saddr 0.0.0.0 udp sport 68 udp dport 67 accept",
                "iifname . ip saddr @addresses4 accept",
                "drop",
            ]
        ),
        (
            "guard6", "",
            [
                "icmpv6 type { nd-router-advert, nd-redirect } drop",
                "udp sport 547 drop",
                "ip6 saddr :: icmpv6 type nd-neighbor-solicit iifname vmap @target_claims",
                "ip6 saddr :: icmpv6 type { nd-neighbor-solicit, nd-router-solicit, mld-listener-report,"
                    + " mld2-listener-report } accept",
                "ip6 saddr :: drop",
                "icmpv6 type nd-neighbor-advert iifname vmap @target_claims",
                "iifname . @nh,64,128 @addresses6 accept",
                "iifname . @nh,64,128 @claims accept",
                "iifname vmap @source_claims",
                "drop",
            ]
        ),
        (
            "guard", "",
            [
                "iifname . ether saddr != @macs drop",
                "ether type arp goto guard_arp",
                "ether type ip goto guard4",
                "ether type ip6 goto guard6",
                // Link-local groups, which the bridge itself forwards or keeps.
                "ether daddr & ff:ff:ff:ff:ff:f0 == 01:80:c2:00:00:00 accept",
                "drop",
            ]
        ),
        (
            // Before br_netfilter, which takes frames with IP through the inet tables from here on.
            "prerouting", " { type filter hook prerouting priority -350; policy accept; }",
            ["iifname vmap @guarded"]
        ),
    ]
}
