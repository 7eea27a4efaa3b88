/// What `net-update` does with one element of a network (`virNetworkUpdateCommand`).
public enum UpdateCommand: String, Hashable, Sendable, CaseIterable, Codable {
    case modify, delete
    case addFirst = "add-first"
    case addLast = "add-last"

    /// From libvirt's number; nil for one it does not have.
    public init?(code: UInt32) {
        switch code {
        case 1: self = .modify
        case 2: self = .delete
        case 3: self = .addLast
        case 4: self = .addFirst
        default: return nil
        }
    }
}

/// The kinds of element that `net-update` knows, by their libvirt names (`virNetworkUpdateSection`).
public enum UpdateSection: String, Hashable, Sendable, CaseIterable, Codable {
    case bridge, domain, ip
    case dhcpHost = "ip-dhcp-host"
    case dhcpRange = "ip-dhcp-range"
    case forward
    case forwardInterface = "forward-interface"
    case forwardPF = "forward-pf"
    case portGroup = "portgroup"
    case dnsHost = "dns-host"
    case dnsText = "dns-txt"
    case dnsService = "dns-srv"

    /// From libvirt's number; nil for 0, which stands for no section, and for one it does not have.
    public init?(code: UInt32) {
        guard code > 0, code <= UInt32(Self.allCases.count) else { return nil }
        self = Self.allCases[Int(code) - 1]
    }
}
