internal import Foundation
internal import TestSupport

/// What a DHCP client told its script: the variables of its environment.
struct ClientLease: Sendable {
    let variables: [String: String]

    init?(environmentFile path: String) {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return nil }
        variables = text.split(separator: "\n").reduce(into: [:]) { variables, line in
            let pair = line.split(separator: "=", maxSplits: 1)
            if pair.count == 2 { variables[String(pair[0])] = String(pair[1]) }
        }
    }

    subscript(name: String) -> String? { variables[name] }
}

extension Namespace {
    /// Asks for a lease with busybox's client, and configures the address where there is one; nil where nobody answers.
    ///
    /// Variables: `ip`, `subnet`, `router`, `dns`, `domain`, `mtu`, `lease`, `serverid`.
    func udhcpc(
        hostName: String? = nil, requesting options: [String] = [], tries: Int = 15, thenRelease: Bool = false,
        extra: [String] = [], timeout: Duration = .seconds(120)
    ) async throws -> ClientLease? {
        let result = "\(lab.folder)/udhcpc-\(role).env"
        try? FileManager.default.removeItem(atPath: result)
        // The variable `interface` is the client's; the mask `mask` the prefix length.
        let script = try await lab.script(
            "udhcpc-\(role).sh",
            """
            #!/bin/sh
            [ "$1" = bound ] || exit 0
            ip -4 address flush dev "$interface"
            ip address add "$ip/$mask" dev "$interface"
            [ -z "$router" ] || ip route replace default via "$router"
            env > \(result)
            """)
        var words = ["udhcpc", "-i", "eth0", "-f", "-n", "-t", "\(tries)", "-T", "1", "-s", script] + extra
        if let hostName { words += ["-x", "hostname:\(hostName)"] }
        for option in options { words += ["-O", option] }
        guard thenRelease else {
            _ = try await run(words + ["-q"], timeout: timeout)
            return ClientLease(environmentFile: result)
        }
        let client = try start(words)
        _ = try await eventually { FileManager.default.fileExists(atPath: result) || !client.isRunning }
        // Bound is what it is when its script has ended.
        _ = try await eventually { client.errorsSoFar.contains("obtained") }
        client.signal(SIGUSR2)
        _ = try await eventually { client.errorsSoFar.contains("released") }
        client.signal(SIGTERM)
        _ = await client.outcome()
        return ClientLease(environmentFile: result)
    }

    /// Asks for a lease with ISC's client and leaves the client running; the text is its log.
    ///
    /// Variables: `new_ip_address`, `new_routers`, `new_domain_name_servers`, …
    func dhclient(_ extra: String..., leases: String? = nil) async throws -> (lease: ClientLease?, log: String) {
        let files = "\(lab.folder)/dhclient-\(role)"
        if let leases { _ = try lab.file("dhclient-\(role).leases", leases) }
        let script = try await lab.script(
            "dhclient-\(role).sh",
            """
            #!/bin/sh
            env > \(files).$reason.env
            case $reason in
                BOUND | RENEW | REBIND | REBOOT)
                    ip -4 address flush dev "$interface"
                    ip address add "$new_ip_address/24" dev "$interface"
                    ;;
            esac
            """)
        let configuration = try lab.file(
            "dhclient-\(role).conf",
            """
            send host-name = "\(role)";
            request subnet-mask, broadcast-address, routers, domain-name, domain-name-servers, interface-mtu;
            timeout 60;
            initial-interval 1;
            select-timeout 0;
            """)
        let outcome = try await run(
            [
                "dhclient", "-4", "-1", "-v", "-sf", script, "-cf", configuration, "-lf", "\(files).leases", "-pf",
                "\(files).pid",
            ]
                + extra + ["eth0"])
        let lease =
            ClientLease(environmentFile: "\(files).BOUND.env") ?? ClientLease(environmentFile: "\(files).REBOOT.env")
        return (lease, outcome.errors)
    }
}

/// A lease as `vnet leases --json` prints it.
struct ListedLease: Decodable {
    var address: String
    var mac: String
    var hostName: String?
    var prefixLength: Int
    var isStatic: Bool
    /// In seconds since 1970.
    var expiry: Int64?
}

extension VNetHost {
    /// What was leased, without what guests have given themselves.
    func leases(_ network: String) async throws -> [ListedLease] {
        let output = try await must("leases", network, "--json").output
        return try JSONDecoder().decode([ListedLease].self, from: Data(output.utf8)).filter { !$0.isStatic }
    }
}

extension Namespace {
    /// Asks by DHCPv6 with ISC's client and leaves the client running; the text is its log.
    ///
    /// Variables: `new_ip6_address`, `new_dhcp6_name_servers`, `new_max_life`, …
    func dhclient6(_ extra: String...) async throws -> (lease: ClientLease?, log: String) {
        let files = "\(lab.folder)/dhclient6-\(role)"
        let reasons = ["BOUND6", "REBIND6", "RENEW6"]
        for reason in reasons { try? FileManager.default.removeItem(atPath: "\(files).\(reason).env") }
        let script = try await lab.script(
            "dhclient6-\(role).sh",
            """
            #!/bin/sh
            case $reason in
                BOUND6 | RENEW6 | REBIND6)
                    ip -6 address flush dev "$interface" scope global
                    [ -z "$new_ip6_address" ] || ip -6 address add "$new_ip6_address/64" dev "$interface" nodad
                    ;;
            esac
            env > \(files).$reason.new
            mv \(files).$reason.new \(files).$reason.env
            """)
        let configuration = try lab.file(
            "dhclient6-\(role).conf",
            """
            send fqdn.fqdn "\(role)";
            request dhcp6.name-servers, dhcp6.domain-search, dhcp6.fqdn;
            timeout 60;
            """)
        // The client cannot send before its own link-local address is known to be nobody else's.
        _ = try await eventually {
            let text = try await run("ip", "-6", "-o", "address", "show", "dev", "eth0", "scope", "link").output
            return !text.isEmpty && !text.contains("tentative")
        }
        let words = [
            "dhclient", "-6", "-1", "-v", "-sf", script, "-cf", configuration, "-lf", "\(files).leases", "-pf",
            "\(files).pid",
        ]
        let outcome = try await run(words + extra + ["eth0"])
        let lease = reasons.lazy.compactMap { ClientLease(environmentFile: "\(files).\($0).env") }.first
        return (lease, outcome.errors)
    }
}
