internal import Foundation
public import Testing

/// The usual lab: a host on which `vnet` runs, outside networks around it, and guests on its bridges.
///
///     vm1 ── bridge ── host ── up0, 203.0.113.0/24 ── outside
///                        └──── up1, 198.51.100.0/24 ── outside2
///
/// The host is .1 and the outside is .2 of each, and in IPv6 ::1 and ::2 of 2001:db8:1::/64 and 2001:db8:2::/64. The host's
/// default route leads to `outside`. The outsides know the way back to all guests: what does not come through was stopped.
public final class Site: Sendable {
    public let lab: Lab
    public let host: VNetHost
    public let outside: Namespace
    public let outside2: Namespace

    public static let hostAddress = "203.0.113.1"
    public static let outsideAddress = "203.0.113.2"
    public static let hostAddress2 = "198.51.100.1"
    public static let outsideAddress2 = "198.51.100.2"
    public static let hostAddress6 = "2001:db8:1::1"
    public static let outsideAddress6 = "2001:db8:1::2"

    fileprivate init(_ lab: Lab) async throws {
        self.lab = lab
        host = VNetHost(try await lab.namespace("host", resolver: Self.outsideAddress))
        outside = try await lab.namespace("outside")
        outside2 = try await lab.namespace("outside2")
        try await host.namespace.connect("up0", to: outside, "eth0")
        try await host.namespace.connect("up1", to: outside2, "eth0")
        try await host.namespace.sh(
            """
            sysctl -qw net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0
            sysctl -qw net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0
            ip address add 203.0.113.1/24 dev up0
            ip address add 198.51.100.1/24 dev up1
            ip address add 2001:db8:1::1/64 dev up0 nodad
            ip address add 2001:db8:2::1/64 dev up1 nodad
            ip route add default via 203.0.113.2
            ip -6 route add default via 2001:db8:1::2
            """)
        for (namespace, number, prefix) in [(outside, 1, "203.0.113"), (outside2, 2, "198.51.100")] {
            try await namespace.sh(
                """
                ip address add \(prefix).2/24 dev eth0
                ip address add 2001:db8:\(number)::2/64 dev eth0 nodad
                ip route add default via \(prefix).1
                ip -6 route add default via 2001:db8:\(number)::1
                """)
        }
        try await settle()
    }

    /// Waits for what the kernel does by itself some time after a link has its carrier, so that it is no change later.
    private func settle() async throws {
        for link in ["up0", "up1"] {
            let isSettled = try await eventually(within: .seconds(60)) {
                let routes = try await host.namespace.run("ip", "-6", "route", "show", "table", "all", "dev", link)
                    .lines
                // The subnet's address and the link-local one, each with its subnet, and multicast.
                return routes.filter { $0.hasPrefix("local ") }.count == 2
                    && routes.contains { $0.hasPrefix("fe80::/64 ") }
                    && routes.contains { $0.hasPrefix("multicast ") }
            }
            guard isSettled else { throw ProgramError("\(link) of \(host.namespace.role) gets no IPv6") }
        }
    }

    /// Puts a guest on `bridge`: a namespace whose `eth0` is joined to the bridge by the host's interface `p-NAME`.
    public func guest(_ name: String, on bridge: String, mac: String? = nil) async throws -> Namespace {
        let guest = try await lab.namespace(name)
        try await guest.connect("eth0", to: host.namespace, "p-\(name)")
        try await lab.sh(
            """
            \(mac.map { "ip -n \(guest.name) link set eth0 address \($0)" } ?? "")
            ip -n \(host.namespace.name) link set p-\(name) master \(bridge)
            """)
        let isUp = try await eventually {
            try await host.namespace.run("ip", "-o", "link", "show", "dev", "p-\(name)").output.contains("state UP")
        }
        guard isUp else { throw ProgramError("p-\(name) of \(host.namespace.role) does not come up") }
        return guest
    }

    /// Puts a guest with fixed addresses on a bridge, and none from router advertisements.
    ///
    /// Behind each address, which has its prefix length, stands its gateway: `["192.168.150.101/24": "192.168.150.1"]`.
    public func guest(
        _ name: String, on bridge: String, addresses: KeyValuePairs<String, String>
    ) async throws -> Namespace {
        let guest = try await self.guest(name, on: bridge)
        try await guest.sh("sysctl -qw net.ipv6.conf.eth0.accept_ra=0; ip -6 address flush dev eth0 dynamic")
        for (address, gateway) in addresses {
            let family = address.contains(":") ? "-6" : "-4"
            let nodad = address.contains(":") ? "nodad" : ""
            try await guest.sh(
                """
                ip \(family) address add \(address) dev eth0 \(nodad)
                ip \(family) route add default via \(gateway)
                """)
        }
        return guest
    }

    /// Pulls all guests' cables.
    public func removeGuests() async throws {
        try await host.namespace.sh(
            """
            for link in $(ip -o link show type veth | sed -n 's/^[0-9]*: \\(p-[^@]*\\)@.*/\\1/p'); do
                ip link del $link
            done
            """)
    }
}

/// Runs `body` at a site of its own, and expects that `vnet` leaves nothing on its host when all networks are gone.
public func withSite(
    sourceLocation: SourceLocation = #_sourceLocation, _ body: (Site) async throws -> Void
) async throws {
    try await withLab(sourceLocation: sourceLocation) { lab in
        let site = try await Site(lab)
        let before = try await site.host.snapshot()
        do {
            try await body(site)
        } catch {
            let log = site.host.log
            if !log.isEmpty { Issue.record("the daemon's log:\n\(log)", sourceLocation: sourceLocation) }
            throw error
        }
        await lab.endPrograms()
        try await site.removeGuests()
        try await site.host.finish(before: before, sourceLocation: sourceLocation)
    }
}
