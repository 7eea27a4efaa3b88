internal import Foundation
internal import TestSupport
internal import Testing

/// Unmodified clients of libvirt's at the daemon's own sockets.
@Suite(.requiresRoot)
struct LibvirtProtocolTests {
    private static let port = "22222222-2222-2222-2222-222222222222"

    private func uri(_ site: Site, suffix: String = "") -> String {
        "network+unix:///system?socket=\(site.host.libvirtSocket)\(suffix)"
    }

    /// Runs virsh at the socket through which networks can be changed.
    private func virsh(_ site: Site, _ words: String...) async throws -> Outcome {
        try await site.host.namespace.run(["virsh", "-q", "-c", uri(site)] + words)
    }

    private func portDocument(_ extra: String = "") -> String {
        """
        <networkport>
          <uuid>\(Self.port)</uuid>
          <owner>
            <name>dd</name>
            <uuid>33333333-3333-3333-3333-333333333333</uuid>
          </owner>
          <mac address='52:54:00:01:02:03'/>
        \(extra)</networkport>

        """
    }

    @Test func `a network's life, told to virsh`() async throws {
        try requireTools("virsh", "udhcpc")
        try await withSite { site in
            try await site.host.must("list")
            func must(_ words: String...) async throws -> String {
                try await site.host.namespace.run(["virsh", "-c", uri(site)] + words).orThrow().text
            }
            let file = try site.lab.file("lab.xml", network("lab"))
            #expect(try await must("net-define", file) == "Network lab defined from \(file)")
            #expect(try await must("net-list", "--all", "--name") == "lab")
            #expect(try await !must("net-list").contains("lab"))
            #expect(try await must("net-start", "lab") == "Network lab started")
            #expect(try await must("net-list", "--name") == "lab")
            // The other door sees it, and shows the same.
            #expect(try await site.host.must("list", "--name").text == "lab")
            let document = try await must("net-dumpxml", "lab")
            #expect(try await site.host.must("dumpxml", "lab").text == document)
            #expect(
                try await must("net-dumpxml", "lab", "--inactive")
                    == site.host.must("dumpxml", "lab", "--inactive").text)
            let uuid = try await must("net-uuid", "lab")
            #expect(try await must("net-name", uuid) == "lab")
            #expect(try await must("net-autostart", "lab") == "Network lab marked as autostarted")
            #expect(try await must("net-info", "lab").contains(#/Autostart: +yes/#))
            #expect(try await must("net-autostart", "lab", "--disable") == "Network lab unmarked as autostarted")
            let host = "<host mac='52:54:00:00:00:22' name='vm2' ip='192.168.150.50'/>"
            _ = try await must("net-update", "lab", "add", "ip-dhcp-host", host, "--live", "--config")
            #expect(try await must("net-dumpxml", "lab").contains(host))
            let guest = try await site.guest("vm2", on: "br-lab", mac: "52:54:00:00:00:22")
            #expect(try await guest.udhcpc() != nil)
            let lease = try await must("net-dhcp-leases", "lab")
            #expect(lease.contains("52:54:00:00:00:22") && lease.contains("192.168.150.50/24"), "\(lease)")
            #expect(try await !must("net-dhcp-leases", "lab", "52:54:00:00:00:23").contains("52:54"))
            #expect(try await must("net-destroy", "lab") == "Network lab destroyed")
            #expect(try await must("net-undefine", "lab") == "Network lab has been undefined")
            #expect(try await must("net-create", file) == "Network lab created from \(file)")
            #expect(try await must("net-destroy", "lab") == "Network lab destroyed")
            #expect(try await site.host.must("list", "--all", "--name").text == "")
        }
    }

    @Test func `what cannot be is refused in libvirt's words`() async throws {
        try requireTools("virsh")
        try await withSite { site in
            try await site.host.must("define", "-", input: network("lab"))
            func refused(_ words: String..., because message: String) async throws {
                let outcome = try await site.host.namespace.run(["virsh", "-q", "-c", uri(site)] + words)
                #expect(outcome.code == 1 && outcome.errors.contains(message), "\(outcome)")
            }
            try await refused(
                "net-info", "nowhere", because: "Network not found: no network with matching name 'nowhere'")
            try await refused(
                "net-destroy", "lab", because: "Requested operation is not valid: network 'lab' is not active")
            try await refused("net-port-list", "lab", because: "network 'lab' is not active")
            try await refused(
                "net-update", "lab", "add", "dns-txt", "<txt name='a' value='b'/>", "--live",
                because: "network is not running")
            let file = try site.lab.file("broken.xml", "<network><colour>")
            try await refused("net-define", file, because: "error: line 1")
            try await site.host.must("start", "lab")
            try await refused(
                "net-start", "lab", because: "Requested operation is not valid: network is already active")
            let wrong = try await site.host.namespace.run(
                "virsh", "-c", uri(site).replacingOccurrences(of: "system", with: "nowhere"), "net-list")
            #expect(wrong.code == 1 && wrong.errors.contains("try network:///system"), "\(wrong)")
        }
    }

    /// Whoever is no member of the group `vnet` may look at everything, and change nothing.
    @Test func `everyone may look, and only root and the group may change`() async throws {
        try requireTools("virsh", "setpriv")
        try await withSite { site in
            try await site.host.run(network("lab"))
            let nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "virsh", "-q"]
            func ask(_ words: String...) async throws -> Outcome { try await site.host.namespace.run(nobody + words) }
            let look = try await ask("-r", "-c", uri(site, suffix: "-ro"), "net-list", "--name")
            #expect(look.isSuccess && look.text == "lab", "\(look)")
            // Also where the client does not say that it means to look only.
            let change = try await ask("-c", uri(site, suffix: "-ro"), "net-destroy", "lab")
            #expect(
                change.code == 1 && change.errors.contains("read only access prevents virNetworkDestroy"), "\(change)")
            let door = try await ask("-c", uri(site), "net-list")
            #expect(door.code == 1 && door.errors.contains("Permission denied"), "\(door)")
            // Not by the socket's mode alone.
            try await site.host.namespace.sh("chmod 666 \(site.host.libvirtSocket)")
            let open = try await ask("-c", uri(site), "net-list")
            // virsh ends by SIGPIPE where the connection is closed before it has written.
            #expect(!open.isSuccess && !open.output.contains("lab"), "\(open)")
            let root = try await site.host.namespace.run("virsh", "-q", "-r", "-c", uri(site), "net-destroy", "lab")
            #expect(root.code == 1 && root.errors.contains("read only access prevents virNetworkDestroy"), "\(root)")
            #expect(try await site.host.must("list", "--name").text == "lab")
        }
    }

    /// The group by the machine's files, as the daemon finds it when it starts.
    @Test func `members of the group vnet may change networks`() async throws {
        try requireTools("virsh", "setpriv", "unshare")
        try await withSite { site in
            let groups = try String(contentsOfFile: "/etc/group", encoding: .utf8)
                .split(separator: "\n").filter { !$0.hasPrefix("vnet:") }.joined(separator: "\n")
            let file = try site.lab.file("group", groups + "\nvnet:x:64242:\n")
            let daemon = try site.host.namespace.start(
                "unshare", "--mount", "sh", "-e", "-c",
                "mount --bind '\(file)' /etc/group; exec '\(VNetHost.binary)' daemon --root '\(site.host.root)'")
            let isReady = try await eventually { try await site.host.namespace.listens(at: site.host.socket) }
            #expect(isReady, "\(daemon.errorsSoFar)")
            try await site.host.run(network("lab"))
            func destroy(group: String) async throws -> Outcome {
                try await site.host.namespace.run(
                    "setpriv", "--reuid=65534", "--regid=\(group)", "--clear-groups", "virsh", "-q", "-c", uri(site),
                    "net-destroy", "lab")
            }
            let stranger = try await destroy(group: "65534")
            #expect(stranger.code == 1 && stranger.errors.contains("Permission denied"), "\(stranger)")
            let member = try await destroy(group: "64242")
            #expect(member.code == 0, "\(member)")
            daemon.signal(SIGTERM)
            #expect(await daemon.outcome().code == 0)
        }
    }

    @Test func `fifty clients at once`() async throws {
        try requireTools("virsh")
        try await withSite { site in
            try await site.host.run(network("lab"))
            let outcome = try await site.host.namespace.sh(
                """
                cd '\(site.lab.folder)'
                for number in $(seq 50); do
                    virsh -q -c '\(uri(site))' net-dumpxml lab >dump.$number 2>&1 &
                done
                wait
                sha256sum dump.* | cut -d ' ' -f 1 | sort | uniq -c
                """)
            #expect(outcome.lines.count == 1, "\(outcome)")
            #expect(outcome.text.hasPrefix("50 "))
            // And fifty that all change the same.
            let changes = try await site.host.namespace.sh(
                """
                cd '\(site.lab.folder)'
                for number in $(seq 50); do
                    virsh -c '\(uri(site))' net-update lab add dns-txt "<txt name='t$number' value='v'/>" --live \
                        >update.$number 2>&1 &
                done
                wait
                cat update.* | sort | uniq -c
                """)
            let texts = try await site.host.must("dumpxml", "lab").lines.count { $0.contains("<txt name='t") }
            #expect(texts == 50, "\(changes)")
            let done = changes.lines.first { $0.contains("Updated network lab live state") }
            #expect(done?.contains("50 Updated") == true, "\(changes)")
        }
    }

    @Test func `what happens through either door is told at both`() async throws {
        try requireTools("virsh", "ss")
        try await withSite { site in
            try await site.host.must("list")
            let loop = try site.host.namespace.start(
                ["virsh", "-q", "-c", uri(site), "net-event", "--event", "lifecycle", "--loop", "--timeout", "120"])
            let own = try site.host.start(["events", "--json"])
            let isThere = try await eventually {
                try await site.host.namespace.run("ss", "-Hx").lines.count {
                    $0.contains(site.host.libvirtSocket) || $0.contains(site.host.socket)
                } >= 2
            }
            #expect(isThere)
            // virsh does not say when it has subscribed, nor, into a pipe, what it has heard.
            try await Task.sleep(for: .seconds(2))
            let file = try site.lab.file("lab.xml", network("lab"))
            try await virsh(site, "net-define", file).orThrow()
            try await site.host.must("start", "lab")
            try await virsh(site, "net-destroy", "lab").orThrow()
            for number in 0..<10 {
                let other = network("n\(number)", bridge: "br\(number)", subnet: "192.168.\(160 + number)")
                let file = try site.lab.file("n\(number).xml", other)
                try await virsh(site, "net-create", file).orThrow()
                try await site.host.must("stop", "n\(number)")
            }
            try await site.host.must("undefine", "lab")
            let isTold = try await eventually {
                own.outputSoFar.split(separator: "\n").count { $0.contains(#""kind":"stopped""#) } == 11
                    && own.outputSoFar.contains(#""kind":"undefined""#)
            }
            #expect(isTold, "\(own.outputSoFar)")
            try await Task.sleep(for: .seconds(1))
            loop.signal(SIGINT)
            let words = await loop.outcome().lines
            let expected = ["Defined", "Started", "Stopped", "Undefined"]
            #expect(
                words.filter { $0.contains("network lab:") }
                    == expected.map { "event 'lifecycle' for network lab: \($0)" })
            #expect(words.count { $0.contains("network n") } == 20, "\(words)")
            own.signal(SIGINT)
            _ = await own.outcome()
        }
    }

    /// What a hypervisor's daemon does: asks for a port, makes a tap for its guest, and gives both back.
    @Test func `a hypervisor's tap is a port as the network says`() async throws {
        try requireTools("virsh")
        try await withSite { site in
            try await site.host.run(
                network("lab", extra: "<port isolated='yes'/>" + extensions("<vnet:antiSpoof>yes</vnet:antiSpoof>")))
            let file = try site.lab.file("port.xml", portDocument())
            try await virsh(site, "net-port-create", "lab", file).orThrow()
            let document = try await virsh(site, "net-port-dumpxml", "lab", Self.port).orThrow().output
            #expect(
                document.contains("<port isolated='yes'/>")
                    && document.contains("<plug type='network' bridge='br-lab'/>"))
            func rules() async throws -> String { try await site.host.namespace.run("nft", "list", "ruleset").output }
            func shown() async throws -> Bool {
                try await site.host.must("ports", "lab").lines.last?.contains("vnet0") == true
            }
            #expect(try await !shown())
            try await site.host.namespace.sh(
                """
                ip tuntap add dev vnet0 mode tap
                ip link set vnet0 address fe:54:00:01:02:03 master br-lab up
                """)
            let isPort = try await eventually {
                let isShown = try await shown()
                let found = try await rules().contains("\"vnet0\"")
                return isShown && found
            }
            #expect(isPort, "\(site.host.log)")
            let link = try await site.host.namespace.run("bridge", "-d", "link", "show", "dev", "vnet0").output
            #expect(link.contains("isolated on"), "\(link)")
            // The next daemon finds it again.
            try await site.host.endDaemon()
            #expect(try await shown())
            #expect(try await rules().contains("\"vnet0\""))
            // A tap that goes takes its rules along.
            try await site.host.namespace.sh("ip link del vnet0")
            let isGone = try await eventually {
                let isShown = try await shown()
                let found = try await rules().contains("\"vnet0\"")
                return !isShown && !found
            }
            #expect(isGone, "\(site.host.log)")
            // A daemon that comes back claims the port of a guest that runs on.
            try await virsh(site, "net-port-delete", "lab", Self.port).orThrow()
            try await site.host.namespace.sh(
                """
                ip tuntap add dev vnet0 mode tap
                ip link set vnet0 address fe:54:00:01:02:03 master br-lab up
                """)
            try await Task.sleep(for: .milliseconds(300))
            #expect(try await site.host.must("ports", "--json").text == "[\n\n]")
            try requireTools("python3")
            _ = try site.lab.file("port.xml", portDocument("  <plug type='network' bridge='br-lab'/>\n"))
            let reclaimed = try await RawClient(site).run(
                """
                connection = Connection(path)
                network = connection.network("lab")
                print(connection.call(406, network + string(open(folder + "/port.xml").read()) + number(1))[0])
                """)
            #expect(reclaimed == "0")
            #expect(try await shown())
            #expect(try await rules().contains("\"vnet0\""))
            try await virsh(site, "net-port-delete", "lab", Self.port).orThrow()
            #expect(try await !rules().contains("\"vnet0\""))
            try await site.host.namespace.sh("ip link del vnet0")
        }
    }

    /// Metadata, which Debian's virsh has no command for.
    @Test func `metadata is set, told and shown`() async throws {
        try requireTools("python3")
        try await withSite { site in
            try await site.host.run(network("lab"))
            let said = try await RawClient(site).run(
                """
                connection = Connection(path)
                network = connection.network("lab")
                print(connection.call(313, number(1) + number(0)))
                def some(text): return number(0) if text is None else number(1) + string(text)
                def put(kind, value, key=None, uri=None, flags=0):
                    return connection.call(444, network + number(kind) + some(value) + some(key) + some(uri) + number(flags))[0]
                def get(kind, uri=None, flags=0):
                    status, answer = connection.call(445, network + number(kind) + some(uri) + number(flags))
                    return text(answer) if status == 0 else code(answer)
                print(get(1), put(1, "A title"), get(1), get(1, flags=2))
                print(put(2, "<a>b</a>", "x", "urn:x", 3), get(2, "urn:x"), put(2, None, None, "urn:x", 3), get(2, "urn:x"))
                print(put(7, "x"), put(1, "x", flags=8))
                connection.call(59)
                print([(event[12:16], event[-16:]) for event in connection.events()])
                """)
            let expected = [
                #"(0, b'\x00\x00\x00\x00')"#, "111 0 A title 111", "0 <a>b</a> 0 111", "1 1",
            ]
            #expect(said.split(separator: "\n").prefix(4).map { String($0) } == expected)
            #expect(said.components(separatedBy: "urn:x").count == 3, "\(said)")
            #expect(try await site.host.must("dumpxml", "lab").output.contains("<title>A title</title>"))
        }
    }

    /// Clients that break off, send rubbish, ask for much at once, or come too often: nobody else notices.
    @Test func `a client that misbehaves harms nobody`() async throws {
        try requireTools("python3", "virsh")
        try await withSite { site in
            try await site.host.must("define", "-", input: network("lab"))
            let said = try await RawClient(site).run(
                """
                import os
                def closed(raw, path=path):
                    client = socket.socket(socket.AF_UNIX)
                    client.settimeout(5)
                    client.connect(path)
                    client.sendall(raw)
                    while True:
                        try: piece = client.recv(65536)
                        except ConnectionResetError: return True
                        except TimeoutError: return False
                        if not piece: return True
                header = struct.pack(">6I", 0x20008086, 1, 66, 0, 0, 0)
                # Lengths that none can be, a type that there is not, and more than a reader may send.
                print([closed(raw) for raw in (bytes(4), number(27) + header, number(0xffffffff), number(0x04000000),
                    number(28) + struct.pack(">6I", 0x20008086, 1, 66, 9, 0, 0))], closed(number(70000), path + "-ro"))
                # Cut at every place, before and in the middle of what changes something.
                call = message(1, number(0) + number(0)) + message(39, Connection(path).network("lab"), 2)
                for count in range(0, len(call), 3):
                    client = socket.socket(socket.AF_UNIX)
                    client.connect(path)
                    client.sendall(call[:count])
                    client.close()
                # As many calls as fit, without waiting for an answer; in any order each gets its own.
                connection = Connection(path)
                for serial in range(100, 600): connection.send(message(59, b"", serial))
                print(sorted(connection.receive()[1] for _ in range(500)) == list(range(100, 600)))
                # Descriptors that nobody asked for.
                client = socket.socket(socket.AF_UNIX)
                client.connect(path)
                socket.send_fds(client, [message(66)], [0, 1, 2])
                print(len(client.recv(100)))
                # More connections than one user may have.
                many = []
                for _ in range(300):
                    client = socket.socket(socket.AF_UNIX)
                    client.connect(path)
                    client.settimeout(5)
                    many.append(client)
                served = 0
                for client in many:
                    try:
                        client.sendall(message(66))
                        served += len(client.recv(100)) == 36
                    except OSError: pass
                print(served <= 256, served > 200)
                """)
            #expect(
                said == """
                    [True, True, True, True, True] True
                    True
                    36
                    True True
                    """)
            #expect(try await site.host.must("list", "--name").text == "")
            let outcome = try await virsh(site, "net-list", "--all", "--name")
            #expect(outcome.text == "lab", "\(outcome)")
            // It is the same daemon all the time.
            #expect(site.host.log.components(separatedBy: "daemon started").count == 2)
        }
    }

    /// Neither the daemon's memory nor anyone's time is a client's that asks and does not read.
    @Test func `a client that does not read what it asked for is dropped`() async throws {
        try requireTools("python3", "virsh")
        try await withSite { site in
            try await site.host.must("list")
            let said = try await RawClient(site).run(
                """
                import os, time
                daemon = open(os.path.dirname(path) + "/daemon.pid").read().strip()
                def memory():
                    lines = open(f"/proc/{daemon}/status").read().splitlines()
                    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))
                before, start = memory(), time.monotonic()
                connection = Connection(path)
                connection.socket.settimeout(110)
                try:
                    while True: connection.send(message(7) * 100)
                except OSError as error: print(type(error).__name__)
                print(25 < time.monotonic() - start < 100, memory() - before < 10000)
                """)
            #expect(said.hasSuffix("\nTrue True") && !said.hasPrefix("TimeoutError"), "\(said)")
            #expect(try await virsh(site, "net-list").isSuccess)
        }
    }

    /// A hypervisor's daemon looks for libvirt's network daemon where that one listens.
    @Test func `vnet stands in for libvirt's network daemon`() async throws {
        try requireTools("virsh", "unshare", "python3")
        try await withSite { site in
            let folder = "\(site.host.root)/run/libvirt"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            let socket = site.host.virtnetworkdSocket
            // One that is there is not pushed aside.
            let other = try site.host.namespace.start(
                "python3", "-c",
                """
                import socket, sys, time
                server = socket.socket(socket.AF_UNIX)
                server.bind(sys.argv[1])
                server.listen()
                time.sleep(600)
                """, socket)
            #expect(try await eventually { try await site.host.namespace.listens(at: socket) })
            let refused = try await site.host.vnet("daemon", "--as-virtnetworkd")
            #expect(
                refused.code == 1 && refused.errors.contains("libvirt's own network daemon listens on"), "\(refused)")
            other.signal(SIGKILL)
            _ = await other.outcome()

            let daemon = try await site.host.startAsVirtnetworkd()
            try await site.host.run(network("lab"))
            let outcome = try await site.host.namespace.run(
                "unshare", "--mount", "sh", "-e", "-c",
                """
                mount -t tmpfs none /run
                mkdir /run/libvirt
                mount --bind '\(folder)' /run/libvirt
                virsh -q -c network:///system net-list --name
                virsh -q -r -c network:///system net-list --name
                stat -c %a /run/libvirt/virtnetworkd-sock /run/libvirt/virtnetworkd-sock-ro
                """)
            #expect(outcome.lines.filter { !$0.isEmpty } == ["lab", "lab", "660", "666"], "\(outcome)")
            daemon.signal(SIGTERM)
            #expect(await daemon.outcome().code == 0)
            let left = try FileManager.default.contentsOfDirectory(atPath: folder)
            #expect(left.isEmpty, "\(left)")
        }
    }
}

/// A client that speaks libvirt's protocol itself, for what libvirt's own clients would never send.
private struct RawClient {
    let site: Site

    init(_ site: Site) { self.site = site }

    private static let words = """
        import socket, struct, sys
        path, folder = sys.argv[1:]
        def number(value): return struct.pack(">I", value & 0xffffffff)
        def string(value):
            value = value.encode()
            return number(len(value)) + value + bytes(-len(value) % 4)
        def text(raw): return raw[4:4 + struct.unpack(">I", raw[:4])[0]].decode()
        def code(raw): return struct.unpack(">I", raw[:4])[0]
        def message(procedure, payload=b"", serial=1):
            return struct.pack(">7I", 28 + len(payload), 0x20008086, 1, procedure, 0, serial, 0) + payload
        class Connection:
            def __init__(self, path):
                self.socket = socket.socket(socket.AF_UNIX)
                self.socket.settimeout(10)
                self.socket.connect(path)
                self.serial, self.told = 1, []
                assert self.call(1, number(1) + string("network:///system") + number(0))[0] == 0
            def send(self, raw): self.socket.sendall(raw)
            def exactly(self, count):
                raw = b""
                while len(raw) < count:
                    piece = self.socket.recv(count - len(raw))
                    if not piece: raise EOFError
                    raw += piece
                return raw
            def receive(self):
                count = struct.unpack(">I", self.exactly(4))[0]
                raw = self.exactly(count - 4)
                program, version, procedure, kind, serial, status = struct.unpack(">6I", raw[:24])
                return kind, serial, status, raw[24:]
            def call(self, procedure, payload=b""):
                self.serial += 1
                self.send(message(procedure, payload, self.serial))
                while True:
                    kind, serial, status, answer = self.receive()
                    if kind == 2: self.told.append(answer)
                    elif serial == self.serial: return status, answer
            def events(self):
                self.socket.settimeout(0.5)
                try:
                    while True:
                        kind, _, _, answer = self.receive()
                        if kind == 2: self.told.append(answer)
                except OSError: return self.told
            def network(self, name):
                status, answer = self.call(46, string(name))
                assert status == 0
                return answer

        """

    /// Runs a script that has `Connection`, and returns what it prints.
    func run(_ script: String) async throws -> String {
        try await site.host.namespace.run(
            ["python3", "-c", Self.words + script, site.host.libvirtSocket, site.lab.folder],
            timeout: .seconds(180)
        ).orThrow().text
    }
}
