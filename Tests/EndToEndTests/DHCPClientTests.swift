internal import Foundation
internal import TestSupport
internal import Testing

@Suite(.requiresRoot)
struct DHCPClientTests {
    private static let domain = "<domain name='lab.test' localOnly='yes'/>"
    private static let pool = (100...199).map { "192.168.150.\($0)" }

    @Test func `udhcpc gets a lease with everything that a guest needs`() async throws {
        try requireTools("udhcpc")
        try await withSite { site in
            try await site.host.run(network("lab", extra: Self.domain))
            let guest = try await site.guest("vm1", on: "br-lab", mac: "52:54:00:00:01:01")
            let lease = try #require(try await guest.udhcpc(hostName: "vm1"))
            let address = try #require(lease["ip"])
            #expect(Self.pool.contains(address))
            #expect(lease["subnet"] == "255.255.255.0")
            #expect(lease["router"] == "192.168.150.1")
            #expect(lease["dns"] == "192.168.150.1")
            #expect(lease["domain"] == "lab.test")
            #expect(lease["lease"] == "3600")
            #expect(lease["serverid"] == "192.168.150.1")

            let listed = try await site.host.leases("lab")
            #expect(listed.map(\.address) == [address])
            #expect(listed.map(\.mac) == ["52:54:00:00:01:01"])
            #expect(listed.map(\.hostName) == ["vm1"])
            #expect(listed.map(\.prefixLength) == [24])
            let table = try await site.host.must("leases", "lab").output
            #expect(table.contains("52:54:00:00:01:01   ipv4       \(address)/24"))
            let mine = try await site.host.must("leases", "lab", "--mac", "52:54:00:00:01:01").output
            #expect(mine.contains(address))
            #expect(try await !site.host.must("net-dhcp-leases", "lab", "52:54:00:00:01:02").output.contains(address))

            // The lease is good for something: the way out is the router's.
            #expect(try await guest.pings(Site.outsideAddress))
        }
    }

    @Test func `dhclient gets a lease, keeps its address when it comes back, and gives it up`() async throws {
        try requireTools("dhclient")
        try await withSite { site in
            try await site.host.run(network("lab", extra: Self.domain))
            let guest = try await site.guest("vm1", on: "br-lab")
            let (first, log) = try await guest.dhclient()
            let lease = try #require(first, "\(log)")
            let address = try #require(lease["new_ip_address"])
            #expect(Self.pool.contains(address))
            #expect(lease["new_routers"] == "192.168.150.1")
            #expect(lease["new_domain_name_servers"] == "192.168.150.1")
            #expect(lease["new_domain_name"] == "lab.test")
            #expect(lease["new_broadcast_address"] == "192.168.150.255")
            #expect(try await site.host.leases("lab").map(\.hostName) == ["vm1"])

            // Ended without a word and started again, it asks for what it had (INIT-REBOOT, RFC 2131, section 4.3.2).
            _ = try await guest.run("sh", "-c", "kill $(cat \(site.lab.folder)/dhclient-vm1.pid)")
            let (again, rebootLog) = try await guest.dhclient()
            #expect(again?["new_ip_address"] == address, "\(rebootLog)")
            #expect(rebootLog.contains("DHCPREQUEST for \(address)"))
            #expect(!rebootLog.contains("DHCPDISCOVER"))

            _ = try await guest.dhclient("-r")
            #expect(try await eventually { try await site.host.leases("lab").isEmpty })
        }
    }

    @Test func `a reserved guest gets its address and name, which nobody else gets`() async throws {
        try requireTools("udhcpc")
        try await withSite { site in
            let host = "<host mac='52:54:00:00:01:05' name='server' ip='192.168.150.100'/>"
            try await site.host.run(network("lab", hosts: host, extra: Self.domain))
            let other = try await site.guest("vm1", on: "br-lab", mac: "52:54:00:00:01:01")
            let otherAddress = try #require(try await other.udhcpc()?["ip"])
            #expect(otherAddress != "192.168.150.100")
            let guest = try await site.guest("vm2", on: "br-lab", mac: "52:54:00:00:01:05")
            let lease = try #require(try await guest.udhcpc(requesting: ["hostname"]))
            #expect(lease["ip"] == "192.168.150.100")
            #expect(lease["hostname"] == "server")
        }
    }

    @Test func `an isolated network offers no router, but a name server`() async throws {
        try requireTools("udhcpc")
        try await withSite { site in
            try await site.host.run(network("lab", mode: nil))
            let guest = try await site.guest("vm1", on: "br-lab")
            let lease = try #require(try await guest.udhcpc())
            #expect(lease["router"] == nil)
            #expect(lease["dns"] == "192.168.150.1")
        }
    }

    @Test func `MTU and lease time are as the document says`() async throws {
        try requireTools("udhcpc")
        try await withSite { site in
            let xml = network("lab", extra: "<mtu size='1400'/>" + Self.domain).replacing(
                "end='192.168.150.199'/>", with: "end='192.168.150.199'><lease expiry='10' unit='minutes'/></range>")
            try await site.host.run(xml)
            let guest = try await site.guest("vm1", on: "br-lab")
            let lease = try #require(try await guest.udhcpc(requesting: ["mtu"]))
            #expect(lease["mtu"] == "1400")
            #expect(lease["lease"] == "600")
            #expect(lease["domain"] == "lab.test")
            #expect(try await site.host.namespace.run("cat", "/sys/class/net/br-lab/mtu").text == "1400")
        }
    }

    @Test func `leases outlive the network, the daemon and the responder`() async throws {
        try requireTools("udhcpc")
        try await withSite { site in
            try await site.host.run(network("lab"))
            let guest = try await site.guest("vm1", on: "br-lab")
            let address = try #require(try await guest.udhcpc(hostName: "vm1")?["ip"])

            try await site.host.endDaemon()
            #expect(try await site.host.leases("lab").map(\.address) == [address])
            #expect(try await guest.udhcpc(hostName: "vm1")?["ip"] == address)

            try await site.host.must("stop", "lab")
            try await site.host.must("start", "lab")
            #expect(try await site.host.leases("lab").map(\.address) == [address])
            try await site.host.namespace.sh("ip link set p-vm1 master br-lab")
            let second = try await site.guest("vm2", on: "br-lab")
            let secondAddress = try #require(try await second.udhcpc(hostName: "vm2")?["ip"])
            #expect(secondAddress != address)
            #expect(try await guest.udhcpc(hostName: "vm1")?["ip"] == address)
        }
    }

    @Test func `a released address is free again`() async throws {
        try requireTools("udhcpc")
        try await withSite { site in
            let xml = network("lab").replacing("192.168.150.199", with: "192.168.150.100")
            try await site.host.run(xml)
            let first = try await site.guest("vm1", on: "br-lab")
            let second = try await site.guest("vm2", on: "br-lab")
            #expect(try await first.udhcpc()?["ip"] == "192.168.150.100")
            // One address, and it is taken.
            #expect(try await second.udhcpc(tries: 2) == nil)
            #expect(try await first.udhcpc(thenRelease: true)?["ip"] == "192.168.150.100")
            #expect(try await eventually { try await site.host.leases("lab").isEmpty })
            // A guest that gave its address up uses it no more.
            try await first.sh("ip -4 address flush dev eth0")
            #expect(try await second.udhcpc()?["ip"] == "192.168.150.100")
        }
    }

    @Test func `a person waits for a guest's address, and takes it back`() async throws {
        try requireTools("udhcpc")
        try await withSite { site in
            try await site.host.run(network("lab"))
            let late = try await site.host.vnet("wait-ip", "lab", "vm1", "--timeout", "0.3")
            #expect(late.code == 1)
            #expect(late.errors.contains("no guest 'vm1' has got an address on network 'lab' within 0.3 seconds"))

            let waiting = try site.host.start(["wait-ip", "lab", "52:54:00:00:01:01"])
            let guest = try await site.guest("vm1", on: "br-lab", mac: "52:54:00:00:01:01")
            let address = try #require(try await guest.udhcpc(hostName: "vm1")?["ip"])
            #expect(await waiting.outcome().text == address)
            #expect(try await site.host.must("wait-ip", "lab", "VM1").text == address)

            #expect(
                try await site.host.must("lease", "release", "lab", address).text
                    == "Lease of \(address) on network lab released")
            #expect(try await site.host.leases("lab").isEmpty)
            let again = try await site.host.vnet("lease", "release", "lab", address)
            #expect(again.code == 1)
            #expect(again.errors.contains("nobody holds \(address) on network 'lab'"))
            // Of a network that is stopped too.
            #expect(try await guest.udhcpc() != nil)
            try await site.host.must("stop", "lab")
            let held = try #require(try await site.host.leases("lab").first?.address)
            try await site.host.must("lease", "release", "lab", held)
            #expect(try await site.host.leases("lab").isEmpty)
        }
    }

    @Test func `cloned machines get addresses of their own, and dnsmasq's options are followed`() async throws {
        try requireTools("udhcpc")
        try await withSite { site in
            let options = """
                <options xmlns='http://libvirt.org/schemas/network/dnsmasq/1.0'>
                  <option value='dhcp-option=option:ntp-server,192.168.150.7'/>
                  <option value='dhcp-option=3'/>
                  <option value='dhcp-match=set:clone,option:user-class'/>
                  <option value='dhcp-boot=tag:clone,clone.0,,192.168.150.8'/>
                </options>
                """
            try await site.host.run(network("lab", extra: options))
            var addresses: Set<String> = []
            for number in 1...2 {
                let guest = try await site.guest("vm\(number)", on: "br-lab", mac: "52:54:00:00:01:0\(number)")
                // One identifier, as of a machine that was cloned when it had its identity already.
                let extra = ["-C", "-x", "0x3d:ff00010203"] + (number == 2 ? ["-x", "0x4d:0161"] : [])
                let lease = try #require(try await guest.udhcpc(requesting: ["ntpsrv"], extra: extra))
                #expect(lease["ntpsrv"] == "192.168.150.7")
                #expect(lease["router"] == nil)
                #expect(lease["boot_file"] == (number == 2 ? "clone.0" : nil))
                addresses.insert(lease["ip"] ?? "")
            }
            #expect(addresses.count == 2)
            #expect(Set(try await site.host.leases("lab").map(\.address)) == addresses)
        }
    }

    @Test func `a guest that asks for another network's address is told no, and gets one of here`() async throws {
        try requireTools("dhclient")
        try await withSite { site in
            try await site.host.run(network("lab"))
            let guest = try await site.guest("vm1", on: "br-lab")
            let old = """
                lease {
                  interface "eth0";
                  fixed-address 10.1.2.3;
                  option subnet-mask 255.255.255.0;
                  option dhcp-lease-time 3600;
                  option dhcp-server-identifier 10.1.2.1;
                  renew 2 2037/01/06 00:00:00;
                  rebind 2 2037/01/06 00:00:00;
                  expire 2 2037/01/06 00:00:00;
                }

                """
            let (lease, log) = try await guest.dhclient(leases: old)
            #expect(log.contains("DHCPREQUEST for 10.1.2.3"))
            #expect(log.contains("DHCPNAK from 192.168.150.1"))
            let address = try #require(lease?["new_ip_address"])
            #expect(Self.pool.contains(address))
        }
    }

    @Test func `a relayed request is answered to the relay`() async throws {
        try requireTools("python3")
        try await withSite { site in
            try await site.host.run(network("lab"))
            let relay = try await site.guest("relay", on: "br-lab", addresses: ["192.168.150.250/24": "192.168.150.1"])
            // A DISCOVER as a relay passes it on (RFC 2131, section 4.1): hops 1, giaddr its own, from port 67 to port 67.
            let script = """
                import socket
                relay = socket.inet_aton("192.168.150.250")
                client = bytes.fromhex("525400000199")
                message = bytes([1, 1, 6, 1]) + bytes.fromhex("0badcafe") + bytes(4) + bytes(12) + relay
                message += client + bytes(10) + bytes(192) + bytes.fromhex("63825363") + bytes([53, 1, 1, 255])
                link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                link.bind(("192.168.150.250", 67))
                link.settimeout(20)
                link.sendto(message.ljust(300, bytes(1)), ("192.168.150.1", 67))
                answer, server = link.recvfrom(2048)
                print(answer[0], answer[4:8].hex(), socket.inet_ntoa(answer[16:20]), socket.inet_ntoa(answer[24:28]),
                      answer[28:34].hex(), server[0], answer[240:243].hex())
                """
            let answer = try await relay.run("python3", "-c", script)
            let words = answer.text.split(separator: " ").map { String($0) }
            try #require(words.count == 7, "\(answer)")
            #expect(words[0] == "2")
            #expect(words[1] == "0badcafe")
            #expect(Self.pool.contains(words[2]))
            #expect(words[3] == "192.168.150.250")
            #expect(words[4] == "525400000199")
            #expect(words[5] == "192.168.150.1")
            // Option 53, length 1, OFFER.
            #expect(words[6] == "350102")
        }
    }

    @Test func `guests start from what is for their kind, and are told what is`() async throws {
        try requireTools("udhcpc")
        try await withSite { site in
            try await site.host.run(
                network(
                    "lab",
                    extra: extensions(
                        "<vnet:boot file='menu.ipxe' user='iPXE'/>",
                        "<vnet:boot file='grub.efi' class='efi' server='192.168.150.9'/>",
                        "<vnet:boot file='pxe.0'/>",
                        "<vnet:class name='efi' arch='x86_64-uefi'/>",
                        "<vnet:option code='42' value='192.168.150.7' class='efi'/>",
                        "<vnet:option code='42' value='192.168.150.8'/>",
                        "<vnet:option code='42' value='192.168.150.6' mac='52:54:00:00:01:02'/>")))
            let guest = try await site.guest("vm1", on: "br-lab", mac: "52:54:00:00:01:01")
            let (efi, ipxe) = (["-x", "0x5d:0007"], ["-x", "0x4d:0469505845"])
            for (words, expected) in [
                ([], ["pxe.0", "192.168.150.1", "192.168.150.8"]),
                (efi, ["grub.efi", "192.168.150.9", "192.168.150.7"]),
                (efi + ipxe, ["menu.ipxe", "192.168.150.1", "192.168.150.7"]),
            ] {
                let lease = try #require(try await guest.udhcpc(requesting: ["ntpsrv"], extra: words))
                #expect(["boot_file", "siaddr", "ntpsrv"].map { lease[$0] } == expected, "\(lease.variables)")
            }
            let other = try await site.guest("vm2", on: "br-lab", mac: "52:54:00:00:01:02")
            #expect(try await other.udhcpc(requesting: ["ntpsrv"], extra: efi)?["ntpsrv"] == "192.168.150.7")
            #expect(try await other.udhcpc(requesting: ["ntpsrv"])?["ntpsrv"] == "192.168.150.6")
        }
    }

    @Test func `who had an address is known when another guest has it`() async throws {
        try requireTools("udhcpc")
        try await withSite { site in
            let xml = network("lab").replacing("192.168.150.199", with: "192.168.150.100")
            try await site.host.run(xml)
            let first = try await site.guest("vm1", on: "br-lab", mac: "52:54:00:00:01:01")
            #expect(try await first.udhcpc(hostName: "one", thenRelease: true)?["ip"] == "192.168.150.100")
            #expect(try await eventually { try await site.host.leases("lab").isEmpty })
            // Else it would answer for the address still, and nobody else would get it.
            try await first.sh("ip address flush dev eth0")
            let second = try await site.guest("vm2", on: "br-lab", mac: "52:54:00:00:01:02")
            #expect(try await second.udhcpc(hostName: "two")?["ip"] == "192.168.150.100")
            let words = ["leases", "lab", "--history", "--address", "192.168.150.100"]
            let table = try await site.host.must(words).lines
            #expect(table.count == 4)
            #expect(table[2].contains("52:54:00:00:01:02   two") && table[2].hasSuffix("   now"), "\(table)")
            #expect(table[3].contains("52:54:00:00:01:01   one") && !table[3].hasSuffix("now"), "\(table)")
            let time = try await site.host.namespace.run("date", "+%F %T").text
            let now = try await site.host.must(words + ["--at", time, "--json"]).output
            #expect(now.contains("52:54:00:00:01:02") && !now.contains("52:54:00:00:01:01"), "\(now)")
            let today = try await site.host.namespace.run("date", "+%T").text
            #expect(try await site.host.must(words + ["--at", today]).lines.last?.contains("two") == true)
            #expect(try await site.host.must(words + ["--at", "2020-01-01 00:00"]).lines.count == 2)
            #expect(try await site.host.vnet("leases", "lab", "--at", "14:02").code == 64)
            #expect(try await site.host.vnet("leases", "lab", "--history", "--at", "noon").code == 64)
        }
    }

    @Test func `a network without DHCP leaves that to others`() async throws {
        try requireTools("udhcpc")
        try await withSite { site in
            try await site.host.run(network("lab", range: false))
            let guest = try await site.guest("vm1", on: "br-lab")
            #expect(try await guest.udhcpc(tries: 2) == nil)
        }
    }

    @Test func `a guest that finds its address in use declines it, and gets another`() async throws {
        try requireTools("udhcpc")
        try await withSite { site in
            let xml = network("lab").replacing("192.168.150.199", with: "192.168.150.101")
            try await site.host.run(xml)
            // Two addresses, and somebody has taken one of them without asking.
            _ = try await site.guest("squatter", on: "br-lab", addresses: ["192.168.150.100/24": "192.168.150.1"])
            let guest = try await site.guest("vm1", on: "br-lab")
            // With -a the client asks by ARP before it takes what it was given.
            let lease = try await guest.udhcpc(extra: ["-a"])
            #expect(lease?["ip"] == "192.168.150.101")
        }
    }

    @Test func `a guest with an address of its own is told the rest`() async throws {
        try requireTools("python3")
        try await withSite { site in
            try await site.host.run(network("lab", extra: Self.domain))
            let guest = try await site.guest("vm1", on: "br-lab", mac: "52:54:00:00:01:50")
            try await guest.sh("ip address add 192.168.150.50/24 dev eth0")
            // An INFORM (RFC 2131, section 4.3.5): ciaddr its own; options 53, 55 for mask, router, DNS, domain.
            let script = """
                import socket
                own = socket.inet_aton("192.168.150.50")
                message = bytes([1, 1, 6, 0]) + bytes.fromhex("0badf00d") + bytes(4) + own + bytes(12)
                message += bytes.fromhex("525400000150") + bytes(10) + bytes(192) + bytes.fromhex("63825363")
                message += bytes([53, 1, 8, 55, 4, 1, 3, 6, 15, 255])
                link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                link.bind(("192.168.150.50", 68))
                link.settimeout(20)
                link.sendto(message.ljust(300, bytes(1)), ("192.168.150.1", 67))
                answer, _ = link.recvfrom(2048)
                options, at = {}, 240
                while answer[at] != 255:
                    options[answer[at]] = answer[at + 2:at + 2 + answer[at + 1]]
                    at += 2 + answer[at + 1]
                print(answer[4:8].hex(), socket.inet_ntoa(answer[16:20]), options[53].hex(), options[3].hex(),
                      options[6].hex(), options[15].decode(), 51 in options)
                """
            let answer = try await guest.run("python3", "-c", script)
            // An ACK (5) that gives no address, and so has no lease time (51).
            #expect(answer.text == "0badf00d 0.0.0.0 05 c0a89601 c0a89601 lab.test False", "\(answer)")
            #expect(try await site.host.leases("lab").isEmpty)
        }
    }

    @Test func `guests that come all at once get an address each`() async throws {
        try requireTools("udhcpc")
        try await withSite { site in
            try await site.host.run(network("lab"))
            var guests: [Namespace] = []
            for number in 0..<12 { guests.append(try await site.guest("g\(number)", on: "br-lab")) }
            let addresses = try await withThrowingTaskGroup(of: String?.self) { group in
                for guest in guests { group.addTask { try await guest.udhcpc(hostName: guest.role)?["ip"] } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(Set(addresses.compactMap(\.self)).count == guests.count, "\(addresses)")
            #expect(try await site.host.leases("lab").count == guests.count)
        }
    }

    @Test func `without a DNS server of its own, a network offers none`() async throws {
        try requireTools("udhcpc", "dig")
        try await withSite { site in
            try await site.host.run(network("lab", extra: "<dns enable='no'/>"))
            let guest = try await site.guest("vm1", on: "br-lab")
            let lease = try #require(try await guest.udhcpc())
            #expect(lease["dns"] == nil)
            #expect(lease["router"] == "192.168.150.1")
            let answer = try await guest.run("dig", "@192.168.150.1", "+tries=1", "+time=1", "vm1")
            #expect(!answer.isSuccess)
        }
    }

    /// One that has spoken, and one that has not yet been heard of when its address is offered.
    @Test func `addresses that guests give themselves are shown, and nobody else gets them`() async throws {
        try requireTools("udhcpc", "ping")
        try await withSite { site in
            try await site.host.run(network("lab"))
            let events = try site.host.start(["events", "lab"])
            try #require(try await eventually { events.outputSoFar.contains("lab") || events.isRunning })
            func guest(_ name: String, _ mac: String, at address: String) async throws -> Namespace {
                let guest = try await site.guest(name, on: "br-lab", mac: mac)
                try await guest.sh("ip address add \(address)/24 dev eth0")
                return guest
            }
            let loud = try await guest("vm1", "52:54:00:00:00:71", at: "192.168.150.120")
            #expect(try await loud.pings("192.168.150.1"))
            let line = /static +52:54:00:00:00:71 +ipv4 +192\.168\.150\.120\/24/
            #expect(try await eventually { try await site.host.must("leases", "lab").output.contains(line) })
            #expect(
                try await eventually {
                    events.outputSoFar.contains("192.168.150.120 by 52:54:00:00:00:71, without a lease")
                }, "\(events.outputSoFar)")
            _ = try await guest("vm2", "52:54:00:00:00:72", at: "192.168.150.130")
            for (name, wanted) in [("vm3", "192.168.150.120"), ("vm4", "192.168.150.130")] {
                let guest = try await site.guest(name, on: "br-lab")
                let address = try await guest.udhcpc(extra: ["-r", wanted])?["ip"]
                #expect(address != nil && address != wanted, "\(name)")
            }
            #expect(try await site.host.must("leases", "lab").output.contains("192.168.150.130/24"))
            // It may have the address by lease too, and is no longer without.
            #expect(try await loud.udhcpc(extra: ["-r", "192.168.150.120"])?["ip"] == "192.168.150.120")
            #expect(try await loud.pings("192.168.150.1"))
            #expect(try await eventually { try await !site.host.must("leases", "lab").output.contains(line) })
            events.signal(SIGINT)
            _ = await events.outcome()
        }
    }
}
