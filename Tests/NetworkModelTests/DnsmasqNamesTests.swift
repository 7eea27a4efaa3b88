import NetworkModel
import TestSupport
import Testing

/// dnsmasq's options that are about names, as dnsmasq(8) has them.
@Suite struct DnsmasqNamesTests {
    typealias DNS = ServiceConfiguration.DNS

    static func served(_ lines: String..., forward: Bool = true) throws -> DNS {
        var network = ServiceConfigurationTests.network
        if !forward { network.forward = nil }
        network.dnsmasqOptions = lines
        return try #require(ServiceConfiguration(of: network, resolvers: ServiceConfigurationTests.resolvers)?.dns)
    }

    @Test func readsAddresses() throws {
        let dns = try Self.served(
            "address=/sink.example/10.0.0.1", "address=/sink.example/fd00::1", "address=/a.example/b.example/10.0.0.2",
            "address=/ads.example/", "address=/*.null.example/#", " address = /space.example/10.0.0.3 ",
            // not addresses
            "address=/bad.example/300.1.1.1", "address=10.0.0.1", "address=")
        #expect(
            dns.fixedDomains == [
                .init(name: "sink.example", addresses: ["10.0.0.1", "fd00::1"]),
                .init(name: "a.example", addresses: ["10.0.0.2"]), .init(name: "b.example", addresses: ["10.0.0.2"]),
                .init(name: "ads.example", addresses: []),
                .init(name: "null.example", addresses: ["0.0.0.0", "::"]),
                .init(name: "space.example", addresses: ["10.0.0.3"]),
            ])
    }

    @Test func readsServers() throws {
        let dns = try Self.served(
            "server=9.9.9.9", "server=1.1.1.1#5353@eth0", "server=/corp.example/dev.example/10.0.0.53#54",
            "server=/public.example/#", "local=/closed.example/", "server=/closed2.example/", "server=nonsense",
            "server=/x.example/9.9.9.9#99999")
        #expect(
            dns.forwarders == [
                .init(domain: "corp.example", servers: [.init(address: "10.0.0.53", port: 54)]),
                .init(domain: "dev.example", servers: [.init(address: "10.0.0.53", port: 54)]),
                .init(domain: "public.example", servers: ServiceConfigurationTests.resolvers),
                .init(closing: "closed.example"), .init(closing: "closed2.example"),
                .init(servers: [.init(address: "9.9.9.9"), .init(address: "1.1.1.1", port: 5353)]),
            ])
        // An isolated network asks nobody, whoever is named.
        #expect(try Self.served("server=9.9.9.9", forward: false).forwarders == [])
    }

    @Test func readsRecords() throws {
        let dns = try Self.served(
            "cname=www,ftp,server", "cname=short,server,300", "cname=alone",
            "host-record=nas,nas.lab.test,10.0.7.20,fd00::20,60", "host-record=nobody",
            "txt-record=note,\"one, two\",three", "txt-record=",
            "srv-host=_ldap._tcp.example.com,ldap.example.com,389,1,2", "srv-host=_none._tcp",
            "srv-host=_bad._tcp,x,70000", "stop-dns-rebind", "cache-size=5000")
        #expect(
            dns.aliases == [
                .init(name: "www", target: "server"), .init(name: "ftp", target: "server"),
                .init(name: "short", target: "server"),
            ])
        #expect(
            dns.hosts.dropFirst() == [
                .init(name: "nas", addresses: ["10.0.7.20", "fd00::20"]),
                .init(name: "nas.lab.test", addresses: ["10.0.7.20", "fd00::20"]),
            ])
        #expect(dns.texts == [.init(name: "note", value: "one, twothree")])
        #expect(
            dns.services == [
                .init(name: "_ldap._tcp.example.com", target: "ldap.example.com", port: 389, priority: 1, weight: 2),
                .init(name: "_none._tcp", target: ".", port: 1, priority: 0, weight: 0),
            ])
        #expect(dns.refusesPrivateAddresses)
        #expect(try !Self.served().refusesPrivateAddresses)
    }

    /// The bridge is found under its own name where that is a host's (RFC 1123, section 2.1).
    @Test(arguments: [("virbr7", true), ("br-lab", true), ("br_lab", false), ("br.lab", false), ("-br", false)])
    func namesTheBridge(name: String, isKnown: Bool) throws {
        var network = ServiceConfigurationTests.network
        network.bridge.name = name
        let dns = try #require(ServiceConfiguration(of: network, resolvers: [])?.dns)
        #expect(dns.bridge == (isKnown ? .init(name: name, addresses: ["10.0.7.1"]) : nil))
    }

    /// Others may know reverse names of public addresses, unless the document says no.
    @Test(
        arguments: [
            ("10.0.7.1", nil, true, true), ("8.8.8.1", nil, true, false), ("8.8.8.1", true, true, true),
            ("8.8.8.1", nil, false, true),
        ] as [(IPAddress, Bool?, Bool, Bool)])
    func knowsWhoseReverseNamesAre(address: IPAddress, localPtr: Bool?, forwards: Bool, isOwn: Bool) throws {
        var network = ServiceConfigurationTests.network
        network.ips = [.init(address: address, mask: .prefix(24))]
        network.ips[0].localPtr = localPtr
        if !forwards { network.forward = nil }
        let dns = try #require(ServiceConfiguration(of: network, resolvers: [])?.dns)
        #expect(dns.reverseSubnets.isEmpty == !isOwn)
    }
}
