internal import Foundation
internal import TestSupport
internal import Testing

/// What the death of a process of `vnet`'s does to guests: nothing.
@Suite(.requiresRoot)
struct DeathTests {
    /// A ping twenty times a second, and what became of it.
    private struct Ping {
        let program: RunningProgram

        init(_ guest: Namespace, _ target: String) throws {
            program = try guest.start("ping", "-n", "-i", "0.05", "-W", "1", target)
        }

        /// Ends it, and returns how many requests were sent and how many stayed without answer.
        func end() async throws -> (sent: Int, lost: Int) {
            program.signal(SIGINT)
            let outcome = await program.outcome()
            let numbers = try #require(
                outcome.output.firstMatch(of: /(\d+) packets transmitted, (\d+) received/), "\(outcome)")
            let sent = try #require(Int(numbers.1))
            return (sent, sent - (Int(numbers.2) ?? 0))
        }
    }

    private static let records = "<domain name='lab.test' localOnly='yes'/>"

    /// A network with a guest that has a lease, another one with a fixed address, and what must not change.
    private func build(_ site: Site) async throws -> (guest: Namespace, address: String, before: HostSnapshot) {
        try await site.host.run(network("lab", extra: Self.records))
        let guest = try await site.guest("vm1", on: "br-lab")
        _ = try await site.guest("vm2", on: "br-lab", addresses: ["192.168.150.202/24": "192.168.150.1"])
        let address = try #require(try await guest.udhcpc(hostName: "vm1")?["ip"])
        return (guest, address, try await site.host.snapshot())
    }

    /// Both services answer, and know what they knew.
    private func expectService(_ site: Site, _ guest: Namespace, _ address: String) async throws {
        let name = try await guest.run("dig", "@192.168.150.1", "+short", "+tries=3", "+time=5", "vm1.lab.test")
        #expect(name.text == address)
        #expect(try await guest.udhcpc(hostName: "vm1")?["ip"] == address)
        #expect(try await site.host.leases("lab").map(\.address) == [address])
        let other = try await site.guest("vm3", on: "br-lab")
        let otherAddress = try await other.udhcpc(hostName: "vm3")?["ip"]
        #expect(otherAddress != nil && otherAddress != address)
    }

    @Test func `a killed responder is replaced, and no guest's packet is lost`() async throws {
        try requireTools("udhcpc", "dig", "curl")
        try await withSite { site in
            let (guest, address, before) = try await build(site)
            let processes = try await site.host.processes()
            let outwards = try Ping(guest, Site.outsideAddress)
            let sideways = try Ping(guest, "192.168.150.202")
            try await Task.sleep(for: .milliseconds(500))

            kill(processes.responder, SIGKILL)
            // Asked at once, it waits in the socket for the next responder.
            let name = try await guest.run("dig", "@192.168.150.1", "+short", "+tries=1", "+time=30", "vm1.lab.test")
            #expect(name.text == address)
            let isReplaced = try await eventually {
                guard let now = try? await site.host.processes() else { return false }
                return now.responder != processes.responder
            }
            #expect(isReplaced)
            #expect(try await site.host.processes().daemon == processes.daemon)
            try await Task.sleep(for: .milliseconds(500))

            try await site.host.expectUnchanged(since: before)
            for ping in [outwards, sideways] {
                let (sent, lost) = try await ping.end()
                #expect(sent > 10)
                #expect(lost == 0)
            }
            try await expectService(site, guest, address)
        }
    }

    @Test func `a killed daemon's networks run on, and the next daemon takes them over as they are`() async throws {
        try requireTools("udhcpc", "dig", "curl")
        try await withSite { site in
            let (guest, address, before) = try await build(site)
            try await site.host.must("attach", "lab", "--name", "port1")
            let withPort = try await site.host.snapshot()
            let processes = try await site.host.processes()
            let outwards = try Ping(guest, Site.outsideAddress)
            let sideways = try Ping(guest, "192.168.150.202")
            try await Task.sleep(for: .milliseconds(500))

            kill(processes.daemon, SIGKILL)
            // Its responder does not outlive it: nobody could restart it, or tell it anything.
            let isAlone = try await eventually {
                try await Set(site.host.namespace.processes()).isDisjoint(with: [processes.daemon, processes.responder])
            }
            #expect(isAlone)
            try await site.host.expectUnchanged(since: withPort)

            let list = try await site.host.must("list").output
            #expect(list.contains("lab    active"))
            let now = try await site.host.processes()
            #expect(now.daemon != processes.daemon)
            try await site.host.expectUnchanged(since: withPort)
            try await Task.sleep(for: .milliseconds(500))
            for ping in [outwards, sideways] {
                let (sent, lost) = try await ping.end()
                #expect(sent > 10)
                #expect(lost == 0)
            }
            #expect(try await site.host.must("ports", "lab").output.contains("port1"))
            try await site.host.must("detach", "lab", "port1")
            try await site.host.expectUnchanged(since: before)
            try await expectService(site, guest, address)
        }
    }

    @Test func `a daemon that ends in order takes nothing along`() async throws {
        try requireTools("udhcpc", "dig")
        try await withSite { site in
            let (guest, address, before) = try await build(site)
            let ping = try Ping(guest, Site.outsideAddress)
            try await site.host.endDaemon()
            #expect(try await eventually { try await site.host.namespace.processes().isEmpty })
            try await site.host.expectUnchanged(since: before)
            try await site.host.must("list")
            let (_, lost) = try await ping.end()
            #expect(lost == 0)
            try await expectService(site, guest, address)
        }
    }

    @Test(arguments: [
        "nft flush chain inet vnet forward", "nft insert rule inet vnet input drop",
        "nft 'chain inet vnet forward { policy drop; }'", "nft flush ruleset",
        "sysctl -qw net.ipv4.ip_forward=0",
    ])
    func `what is done to a network while no daemon runs is put right by the next`(interference: String) async throws {
        try requireTools("nft")
        try await withSite { site in
            try await site.host.run(network("lab"))
            let before = try await site.host.snapshot()
            try await site.host.endDaemon()
            try await site.host.namespace.sh(interference)
            try await site.host.must("list")
            let isBack = try await eventually { try await site.host.snapshot().sections == before.sections }
            if !isBack { try await site.host.expectUnchanged(since: before) }
        }
    }

    @Test func `a lease database that a disk fault damaged is set aside, and guests are served`() async throws {
        try requireTools("udhcpc")
        try await withSite { site in
            try await site.host.run(network("lab"))
            let guest = try await site.guest("vm1", on: "br-lab")
            #expect(try await guest.udhcpc() != nil)
            try await site.host.endDaemon()
            #expect(try await eventually { try await site.host.namespace.processes().isEmpty })
            let database = "\(site.host.root)/var/lib/vnet/leases/leases.db"
            try await site.lab.sh("rm -f \(database)-*; echo nonsense > \(database)")
            #expect(try await guest.udhcpc(tries: 1) == nil)
            #expect(try await site.host.must("list", "--name").text == "lab")
            #expect(try await guest.udhcpc() != nil)
            #expect(try await site.host.leases("lab").count == 1)
            #expect(FileManager.default.fileExists(atPath: database + ".damaged"))
            #expect(site.host.log.contains("begins without leases"))
        }
    }

    /// Killed at twenty moments, while guests get one lease after the other.
    @Test func `a responder that is killed again and again keeps every lease that it acknowledged`() async throws {
        try requireTools("python3")
        try await withSite { site in
            try await site.host.run(network("lab", extra: extensions("<vnet:leasesPerPort>200</vnet:leasesPerPort>")))
            let guest = try await site.guest("vm1", on: "br-lab", addresses: ["192.168.150.250/24": "192.168.150.1"])
            // As a relay agent, which may speak for as many clients as it likes.
            let script = """
                import socket, struct, time
                relay, server = socket.inet_aton("192.168.150.250"), socket.inet_aton("192.168.150.1")
                link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                link.bind(("192.168.150.250", 67))
                link.settimeout(0.1)
                def ask(number, kind, options=b""):
                    mac = bytes([0x52, 0x54, 0, 9, 0, number])
                    message = bytes([1, 1, 6, 1]) + struct.pack("!IHH", number, 0, 0) + bytes(12) + relay + mac + bytes(202)
                    message += bytes.fromhex("63825363") + bytes([53, 1, kind]) + options + bytes([255])
                    link.sendto(message.ljust(300, bytes(1)), ("192.168.150.1", 67))
                    try: answer = link.recv(2000)
                    except TimeoutError: return None
                    return (answer[16:20], answer[242]) if answer[4:8] == struct.pack("!I", number) else None
                for number in range(1, 91):
                    while True:
                        offer = ask(number, 1)
                        if not offer or offer[1] != 2: continue
                        answer = ask(number, 3, bytes([50, 4]) + offer[0] + bytes([54, 4]) + server)
                        if answer and answer[1] == 5: break
                    print("52:54:00:09:00:%02x" % number, socket.inet_ntoa(answer[0]), flush=True)
                    time.sleep(0.02)
                """
            let clients = try guest.start("python3", "-c", script)
            var random = SystemRandomNumberGenerator()
            var deaths = 0
            for _ in 0..<20 {
                try await Task.sleep(for: .milliseconds(Int.random(in: 40...160, using: &random)))
                guard let responder = try await site.host.responder() else { continue }
                kill(responder, SIGKILL)
                deaths += 1
            }
            #expect(deaths > 4)
            let outcome = await clients.outcome()
            let acknowledged = outcome.lines.map { $0.split(separator: " ").map { String($0) } }
            #expect(acknowledged.count == 90, "\(outcome)")
            let isServed = try await eventually { try await site.host.vnet("leases", "lab").isSuccess }
            #expect(isServed)
            let leases = Dictionary(try await site.host.leases("lab").map { ($0.mac, $0.address) }) { $1 }
            for pair in acknowledged { #expect(leases[pair[0]] == pair[1], "\(pair)") }
        }
    }

    @Test func `a file that was not finished counts for nothing, and is removed`() async throws {
        try await withSite { site in
            let uuid = "5f0b1c2d-0000-4000-8000-000000000005"
            try await site.host.run(network("lab", uuid: uuid))
            try await site.host.must("attach", "lab", "--name", "vm1")
            try await site.host.endDaemon()
            let before = try await site.host.snapshot()
            // As a daemon leaves them that is killed between writing a file and giving it its name.
            let run = "\(site.host.root)/run/vnet"
            let rules = try String(contentsOfFile: "\(run)/live/lab.json", encoding: .utf8)
            let intent = #"{"name":"lab","uuid":"\#(uuid)","rules":\#(rules)}"#
            try await site.lab.sh(
                """
                echo '\(intent)' > \(run)/intents/.\(uuid)~
                cp \(run)/live/lab.xml \(run)/live/.lab.xml~
                """)
            #expect(try await site.host.must("list", "--name").text == "lab")
            #expect(
                try await site.host.must("ports", "lab", "--json").output.components(separatedBy: "\"tap\"").count == 2)
            try await site.host.expectUnchanged(since: before)
        }
    }

    @Test func `both killed at once, the next daemon serves again`() async throws {
        try requireTools("udhcpc", "dig", "curl")
        try await withSite { site in
            let (guest, address, before) = try await build(site)
            let ping = try Ping(guest, Site.outsideAddress)
            for _ in 0..<3 {
                let processes = try await site.host.processes()
                kill(processes.daemon, SIGKILL)
                kill(processes.responder, SIGKILL)
                let isAlone = try await eventually { try await site.host.namespace.processes().isEmpty }
                #expect(isAlone)
                try await site.host.must("list")
            }
            let (_, lost) = try await ping.end()
            #expect(lost == 0)
            try await site.host.expectUnchanged(since: before)
            try await expectService(site, guest, address)
        }
    }

    /// Milliseconds from the command to the death of the daemon that carries it out.
    @Test(arguments: [2, 8, 15, 25, 40, 70])
    func `a daemon that is killed while networks start or stop leaves whole networks or none`(delay: Int) async throws {
        try await withSite { site in
            for number in 0..<4 {
                try await site.host.must(
                    "define", "-", input: network("net\(number)", subnet: "192.168.\(160 + number)"))
            }
            for verb in ["start", "stop", "start"] {
                try await site.host.must("list")
                let daemon = try await site.host.processes().daemon
                let command = try site.host.start([verb, "--all"])
                try await Task.sleep(for: .milliseconds(delay))
                kill(daemon, SIGKILL)
                _ = await command.outcome()
                try await expectWholeNetworks(site, "killed \(delay) ms after \(verb)")
            }
            try await site.host.must("start", "--all")
            #expect(try await site.host.must("list", "--name").lines.count == 4)
        }
    }

    /// Each network has either all that it needs in the kernel, or nothing.
    private func expectWholeNetworks(_ site: Site, _ comment: Comment) async throws {
        let active = Set(try await site.host.must("list", "--name").lines)
        let links = try await site.host.namespace.run("ip", "-o", "link", "show", "type", "bridge").output
        let rules = try await site.host.namespace.run("nft", "list", "ruleset").output
        for number in 0..<4 {
            let name = "net\(number)"
            #expect(links.contains("br-\(name):") == active.contains(name), comment)
            #expect(rules.contains("chain to-br-\(name) ") == active.contains(name), comment)
        }
        let forwarding = try await site.host.namespace.run("sysctl", "-n", "net.ipv4.ip_forward").text
        #expect(forwarding == (active.isEmpty ? "0" : "1"), comment)
        let intents = try await site.host.namespace.run("find", "\(site.host.root)/run/vnet/intents", "-type", "f")
        #expect(intents.text.isEmpty, comment)
    }
}
