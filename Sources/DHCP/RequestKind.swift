public import NetworkModel

/// What a client means by a DHCPREQUEST.
///
/// The message does not say; which of its fields are filled in does (RFC 2131, section 4.3.2):
///
/// | state       | server id | requested address | ciaddr |
/// |-------------|-----------|-------------------|--------|
/// | SELECTING   | set       | set               | zero   |
/// | INIT-REBOOT | absent    | set               | zero   |
/// | RENEWING    | absent    | absent            | set    |
/// | REBINDING   | absent    | absent            | set    |
///
/// Renewing and rebinding differ only in how they were sent, and get the same answer.
public enum RequestKind: Hashable, Sendable {
    case selecting(server: IPv4Address, address: IPv4Address)
    case rebooting(address: IPv4Address)
    case extending(address: IPv4Address)

    /// Returns nil where the table has no such row; the request is then dropped.
    public init?(_ message: DHCPv4Message) {
        let options = message.options
        let current = message.ciaddr == .any ? nil : message.ciaddr
        switch (options.address(.serverIdentifier), options.address(.requestedAddress), current) {
        case (let server?, let address?, nil): self = .selecting(server: server, address: address)
        case (nil, let address?, nil): self = .rebooting(address: address)
        case (nil, nil, let address?): self = .extending(address: address)
        default: return nil
        }
    }
}
