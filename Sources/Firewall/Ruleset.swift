/// The text of vnet's tables, as `nft -f` reads it.
///
/// Base chains hold a constant number of rules. Each network has chains of its own, named after its bridge, which verdict
/// maps lead to, and its port forwards are elements of maps; so a packet costs the same with one network and with a
/// thousand, and a network comes and goes in one atomic batch that names only what is its own. Names in the text are
/// ``InterfaceName``s and addresses, which cannot end a token.
public enum Ruleset {
    /// The tables, base chains and maps, in a form that may be there already: what somebody changed in the chains is put back,
    /// and no element of a map is lost.
    ///
    /// Order in `forward` is what keeps networks apart. First what stays on one bridge, and what one network's guests may open
    /// in another: where `bridge-nf-call-iptables` is on, frames between guests come here too. Then the destination's say,
    /// which can only refuse or pass on; the source's say comes last, so that a network's permission to go out never opens
    /// another.
    ///
    /// Forwards from 127.0.0.1 need `route_localnet` on the bridge, and what that would let guests reach is dropped before
    /// anything else: no such address is ever seen on a wire (RFC 1122, section 3.2.1.3).
    public static let base = """
        table inet vnet {
            comment "vnet: made and removed by the vnet daemon"
            set versions { type ifname . mark; }
            set bridges { type ifname; }
            map pairs { type ifname . ifname : verdict; }
            map to_network { type ifname : verdict; }
            map from_network { type ifname : verdict; }
            map from_guests { type ifname : verdict; }
            map source_nat4 { type ipv4_addr : verdict; flags interval; }
            map source_nat6 { type ipv6_addr : verdict; flags interval; }
            map dns_redirect { type ifname : verdict; }
            map forwarded_to { type ifname : verdict; }
        \(forwardMaps)
        }
        table bridge vnet {
            comment "vnet: made and removed by the vnet daemon"
        }

        """ + baseChains.map(\.presence).joined() + baseChains.map(\.content).joined()

    /// Removes all that `base` and every network made.
    public static let removal = """
        delete table inet vnet
        delete table bridge vnet

        """

    /// What of port forwards is known by: the address that is listened on or any of the host's, and the interface that packets
    /// arrive by or any.
    enum ForwardMap: CaseIterable {
        case addressAndDevice, address, device, any

        func name(_ family: Family) -> String {
            switch self {
            case .addressAndDevice: "forward\(family.number)_by_device"
            case .address: "forward\(family.number)"
            case .device: "forward\(family.number)_any_by_device"
            case .any: "forward\(family.number)_any"
            }
        }

        /// The parts of the key, with the type of each and the expression that it is taken from.
        fileprivate func key(_ family: Family) -> [(type: String, expression: String)] {
            let device = ("ifname", "iifname")
            let address = ("ipv\(family.number)_addr", "\(family.keyword) daddr")
            let port = [("inet_proto", "meta l4proto"), ("inet_service", "th dport")]
            return switch self {
            case .addressAndDevice: [device, address] + port
            case .address: [address] + port
            case .device: [device] + port
            case .any: port
            }
        }

        /// Where no address is in the key, the packet must be for one of the host's own.
        fileprivate var guardExpression: String {
            switch self {
            case .addressAndDevice, .address: ""
            case .device, .any: "fib daddr type local "
            }
        }
    }

    enum Family: CaseIterable {
        case ipv4, ipv6

        /// How nft calls the family's header.
        var keyword: String { self == .ipv4 ? "ip" : "ip6" }
        fileprivate var number: Int { self == .ipv4 ? 4 : 6 }
    }

    private static var forwardMaps: String {
        Family.allCases.flatMap { family in
            ForwardMap.allCases.map { map in
                let key = map.key(family).map(\.type).joined(separator: " . ")
                return "    map \(map.name(family)) { type \(key) : ipv\(family.number)_addr . inet_service; }"
            }
        }.joined(separator: "\n")
    }

    static var forwardRules: [String] {
        Family.allCases.flatMap { family in
            ForwardMap.allCases.map { map in
                let key = map.key(family).map(\.expression).joined(separator: " . ")
                return "\(map.guardExpression)dnat \(family.keyword) to \(key) map @\(map.name(family))"
            }
        }
    }
}
