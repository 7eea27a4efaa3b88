internal import Foundation
internal import TestSupport
internal import Testing

/// What keeps a network's packets from their way, found and undone, with packets that show it.
@Suite(.requiresRoot)
struct DoctorTests {
    /// As the doctor's JSON has it.
    private struct Finding: Decodable {
        struct Place: Decodable {
            var family: String
            var table: String
            var chain: String
            var handle: UInt64?
            var rule: String
        }

        var network: String?
        var severity: String
        var what: String
        var `where`: Place?
        var remedy: [String]
        var fixable: Bool
        var fixed: Bool

        /// `ip filter FORWARD`.
        var place: String { `where`.map { "\($0.family) \($0.table) \($0.chain)" } ?? "" }
    }

    /// What the doctor says; its exit code must go with it.
    private func findings(
        _ site: Site, _ words: String..., sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> [Finding] {
        let outcome = try await site.host.namespace.run(
            ["env", "VNET_ROOT=\(site.host.root)", VNetHost.binary, "doctor", "--json"] + words)
        let found = try JSONDecoder().decode([Finding].self, from: Data(outcome.output.utf8))
        #expect(outcome.code == (found.allSatisfy(\.fixed) ? 0 : 1), "\(outcome)", sourceLocation: sourceLocation)
        return found
    }

    private func guest(_ site: Site, _ name: String = "vm1", _ number: Int = 201) async throws -> Namespace {
        try await site.guest(name, on: "br-lab", addresses: ["192.168.150.\(number)/24": "192.168.150.1"])
    }

    // MARK: Docker

    /// The rules of Docker's daemon for its default bridge, as iptables-nft puts them into the kernel.
    private static let docker = """
        ip link add docker0 type bridge
        ip address add 172.17.0.1/16 dev docker0
        ip link set docker0 up
        iptables -P FORWARD DROP
        for chain in DOCKER DOCKER-ISOLATION-STAGE-1 DOCKER-ISOLATION-STAGE-2 DOCKER-USER; do iptables -N $chain; done
        iptables -A FORWARD -j DOCKER-USER
        iptables -A FORWARD -j DOCKER-ISOLATION-STAGE-1
        iptables -A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
        iptables -A FORWARD -o docker0 -j DOCKER
        iptables -A FORWARD -i docker0 ! -o docker0 -j ACCEPT
        iptables -A FORWARD -i docker0 -o docker0 -j ACCEPT
        iptables -A DOCKER-ISOLATION-STAGE-1 -i docker0 ! -o docker0 -j DOCKER-ISOLATION-STAGE-2
        iptables -A DOCKER-ISOLATION-STAGE-1 -j RETURN
        iptables -A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP
        iptables -A DOCKER-ISOLATION-STAGE-2 -j RETURN
        iptables -A DOCKER-USER -j RETURN
        iptables -t nat -N DOCKER
        iptables -t nat -A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
        iptables -t nat -A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
        """
    private static let withoutDocker = """
        nft flush ruleset
        ip link delete docker0
        """

    @Test func `Docker's policy is found, and its chain for users lets the network pass`() async throws {
        try requireTools("iptables", "nft")
        try await withSite { site in
            let host = site.host.namespace
            try await site.host.run(network("lab"))
            let guest = try await guest(site)
            #expect(try await guest.pings(Site.outsideAddress))
            #expect(try await findings(site).isEmpty)
            #expect(try await site.host.must("doctor", "lab").text == "Nothing is in the way of network lab")

            try await host.sh(Self.docker)
            let rules = try await host.run("iptables-save", "-t", "filter").output
            #expect(try await !guest.pings(Site.outsideAddress))
            let found = try await findings(site, "lab")
            #expect(found.map(\.place) == ["ip filter FORWARD"])
            #expect(found.first?.where?.rule == "policy drop")
            #expect(found.first?.fixable == true && found.first?.fixed == false)
            #expect(found.first?.what.contains("what guests send to the outside") == true)
            #expect(found.first?.remedy.first == "iptables -I DOCKER-USER -i br-lab -o up0 -j ACCEPT")

            // By hand, as it is printed.
            for command in found.first?.remedy ?? [] { try await host.sh(command) }
            #expect(try await guest.pings(Site.outsideAddress))
            #expect(try await findings(site).isEmpty)
            for command in found.first?.remedy ?? [] {
                try await host.sh(command.replacing("-I DOCKER-USER", with: "-D DOCKER-USER"))
            }
            #expect(try await !guest.pings(Site.outsideAddress))

            let fixed = try await findings(site, "lab", "--fix")
            #expect(fixed.map(\.fixed) == [true])
            #expect(try await guest.pings(Site.outsideAddress))
            #expect(try await findings(site).isEmpty)
            // Docker's own tool can read it, and a daemon that is killed has written it down.
            let save = try await host.run("iptables-save", "-t", "filter").orThrow().output
            #expect(save.contains("-A DOCKER-USER -i br-lab -o up0 -m comment --comment \"vnet:"), "\(save)")
            let daemon = try await site.host.processes().daemon
            kill(daemon, SIGKILL)
            #expect(try await eventually { try await !host.processes().contains(daemon) })
            try await site.host.must("stop", "lab")
            func withoutTime(_ text: String) -> [Substring] {
                text.split(separator: "\n").filter { !$0.hasPrefix("#") && !$0.hasPrefix(":") }
            }
            #expect(
                withoutTime(try await host.run("iptables-save", "-t", "filter").output) == withoutTime(rules))
            try await host.sh(Self.withoutDocker)
        }
    }
}
