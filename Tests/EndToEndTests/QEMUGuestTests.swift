internal import Foundation
internal import TestSupport
internal import Testing

/// A real guest: Debian's kernel in QEMU without hardware acceleration.
@Suite(.requiresRoot)
struct QEMUGuestTests {
    @Test func `a guest that vnet qemu runs gets its lease and its name, and takes its tap along`() async throws {
        try requireTools("qemu-system-x86_64", "cpio", "busybox")
        try await withSite { site in
            let image = try await GuestImage(site.lab).folder
            try await site.host.must("define", "--template", "netwerk1")
            try await site.host.must("start", "netwerk1")
            let before = try await site.host.snapshot()

            let qemu = try site.host.start([
                "qemu", "netwerk1,name=vm1,mac=52:54:00:15:00:10", "--",
                "qemu-system-x86_64", "-accel", "tcg", "-machine", "q35", "-bios", "qboot.rom", "-m", "128",
                "-nodefaults", "-display", "none", "-no-reboot", "-kernel", "\(image)/vmlinuz",
                "-initrd", "\(image)/initramfs.gz", "-append", "console=ttyS0 quiet cryptomgr.notests vnet.name=vm1",
                "-serial", "stdio",
            ])
            let isAttached = try await eventually {
                try await site.host.must("ports", "netwerk1").output.contains("vm1")
            }
            #expect(isAttached, "\(qemu.errorsSoFar)")
            let taps = try await site.host.namespace.run("ip", "-o", "link", "show", "type", "tun").output
            #expect(taps.contains("master virbr-nw1"))

            let outcome = await qemu.outcome(timeout: .seconds(300))
            #expect(outcome.code == 0, "\(outcome)")
            // The MAC address is the one that the template reserves an address for.
            let line = "GUEST vm1 lease 192.168.150.10 router 192.168.150.1 dns 192.168.150.1 domain netwerk1.lab"
            #expect(outcome.output.contains(line), "\(outcome)")
            #expect(try await site.host.leases("netwerk1").map(\.address) == ["192.168.150.10"])
            #expect(try await site.host.must("ports", "netwerk1", "--json").text == "[\n\n]")
            try await site.host.expectUnchanged(since: before)
        }
    }

    /// busybox's client in the guest, by signals and by its own clock, and once more as after a reboot.
    private static let checks = """
        cat >/run/note <<'END'
        #!/bin/sh
        /lib/guest/lease "$1" 2>/dev/null
        echo "$1" >>/run/events
        echo "event $1 $ip lease $lease mtu $mtu ntp $ntpsrv search $search routes $staticroutes"
        END
        chmod 755 /run/note
        # event NAME COUNT SECONDS: waits until NAME has been COUNT times.
        event() {
            seconds=0
            until [ "$(grep -c "$1" /run/events)" -ge "$2" ]; do
                seconds=$((seconds + 1))
                [ $seconds -lt "$3" ] || { echo "failed $1 $2"; return; }
                sleep 1
            done
        }
        touch /run/events
        options="-i eth0 -f -s /run/note -x hostname:$name -O mtu -O ntpsrv -O search -O staticroutes"
        udhcpc $options 2>&1 &
        client=$!
        event bound 1 30
        sleep 2
        kill -USR1 $client
        event renew 1 30
        # What it sends to the server alone is lost from here on.
        event renew 2 150
        kill -USR2 $client
        event deconfig 2 30
        sleep 6
        kill -USR1 $client
        event bound 2 30
        kill -KILL $client
        udhcpc $options -q -r $address
        """

    @Test func `a guest renews, rebinds, gives back and starts again`() async throws {
        try requireTools("qemu-system-x86_64", "cpio", "busybox", "nft")
        try await withSite { site in
            let image = try await GuestImage(site.lab)
            let initrd = try await image.initrd(site.lab, checks: Self.checks)
            let options = """
                <vnet:option code='26' value='1400'/><vnet:option code='42' value='192.168.150.1'/>\
                <vnet:option code='119' value='lab.test,test'/>\
                <vnet:option code='121' value='10.9.0.0/16,192.168.150.1'/>
                """
            try await site.host.run(
                network("lab", extra: extensions(options)).replacing(
                    "end='192.168.150.199'/>", with: "end='192.168.150.199'><lease expiry='2'/></range>"))
            let before = try await site.host.snapshot()
            let qemu = try site.host.start([
                "qemu", "lab,name=vm1", "--", "qemu-system-x86_64", "-accel", "tcg", "-machine", "q35", "-bios",
                "qboot.rom", "-m", "128", "-nodefaults", "-display", "none", "-no-reboot", "-kernel",
                "\(image.folder)/vmlinuz",
                "-initrd", initrd, "-append", "console=ttyS0 quiet cryptomgr.notests vnet.name=vm1", "-serial", "stdio",
            ])
            func events(_ name: String) -> Int {
                qemu.outputSoFar.split(separator: "\r\n").count { $0.contains("event \(name) ") }
            }

            let hasRenewed = try await eventually(within: .seconds(120)) { events("renew") == 1 || !qemu.isRunning }
            try #require(hasRenewed && qemu.isRunning, "\(qemu.outputSoFar)")
            let lease = try #require(try await site.host.leases("lab").first)
            let tap = try await site.host.namespace.sh("ip -o link show type tun | cut -d: -f2").text
            try await site.host.namespace.sh(
                """
                nft -f - <<'END'
                table netdev lost {
                    chain renewals {
                        type filter hook ingress device "\(tap)" priority 0
                        ip daddr 192.168.150.1 udp dport 67 counter drop
                    }
                }
                END
                """)
            let hasRebound = try await eventually(within: .seconds(150)) { events("renew") == 2 || !qemu.isRunning }
            #expect(hasRebound, "\(qemu.outputSoFar)")
            let lost = try await site.host.namespace.run("nft", "list", "table", "netdev", "lost").output
            #expect(lost.contains(#/packets [1-9]/#), "\(lost)")
            try await site.host.namespace.run("nft", "delete", "table", "netdev", "lost").orThrow()
            let rebound = try #require(try await site.host.leases("lab").first)
            #expect(rebound.address == lease.address)
            #expect(rebound.expiry ?? 0 > lease.expiry ?? 0, "\(lease) \(rebound)")

            let hasGivenBack = try await eventually { try await site.host.leases("lab").isEmpty || !qemu.isRunning }
            #expect(hasGivenBack && qemu.isRunning, "\(qemu.outputSoFar)")
            let outcome = await qemu.outcome()
            #expect(outcome.code == 0 && !outcome.output.contains("failed"), "\(outcome)")
            let given = "\(lease.address) lease 120 mtu 1400 ntp 192.168.150.1 search lab.test test routes 10.9.0.0/16"
            let words = outcome.output.split(separator: "\r\n").filter { $0.contains("event ") }.map { line in
                line.contains(given) ? line.split(separator: " ")[3] : line.contains("deconfig") ? "deconfig" : line
            }
            #expect(words == ["deconfig", "bound", "renew", "renew", "deconfig", "bound", "deconfig", "bound"])
            #expect(try await site.host.leases("lab").map(\.address) == [lease.address])
            try await site.host.expectUnchanged(since: before)
        }
    }

    @Test func `a guest with a macvtap is outside, and gets its lease there`() async throws {
        try requireTools("qemu-system-x86_64", "cpio", "busybox")
        try await withSite { site in
            let image = try await GuestImage(site.lab).folder
            let leases = try site.lab.file("udhcpd.leases", "")
            let server = try site.lab.file(
                "udhcpd.conf",
                """
                start 203.0.113.50
                end 203.0.113.60
                interface eth0
                lease_file \(leases)
                option subnet 255.255.255.0
                option router \(Site.outsideAddress)
                option dns \(Site.outsideAddress)
                option domain outside.lab

                """)
            _ = try site.outside.start("busybox", "udhcpd", "-f", server)
            let lan = "<network><name>lan</name><forward mode='bridge' dev='up0'/></network>"
            try await site.host.run(lan)
            let before = try await site.host.snapshot()
            let qemu = try site.host.start([
                "qemu", "lan,name=vm1", "--", "qemu-system-x86_64", "-accel", "tcg", "-machine", "q35", "-bios",
                "qboot.rom", "-m", "128", "-nodefaults", "-display", "none", "-no-reboot", "-kernel",
                "\(image)/vmlinuz",
                "-initrd", "\(image)/initramfs.gz", "-append", "console=ttyS0 quiet cryptomgr.notests vnet.name=vm1",
                "-serial", "stdio",
            ])
            let outcome = await qemu.outcome(timeout: .seconds(300))
            #expect(outcome.code == 0, "\(outcome)")
            let lease = #/GUEST vm1 lease 203\.0\.113\.(5[0-9]|60) router 203\.0\.113\.2 .* domain outside\.lab/#
            #expect(outcome.output.contains(lease), "\(outcome)")
            try await site.host.expectUnchanged(since: before)
        }
    }

    @Test func `a QEMU that cannot start leaves no tap, and its exit code is vnet's`() async throws {
        try requireTools("qemu-system-x86_64")
        try await withSite { site in
            try await site.host.run(network("lab"))
            let before = try await site.host.snapshot()
            let broken = try await site.host.vnet(
                "qemu", "lab,name=vm1", "--", "qemu-system-x86_64", "-machine", "nonsense")
            #expect(broken.code == 1)
            #expect(broken.errors.contains("machine"))
            let missing = try await site.host.vnet("qemu", "lab,name=vm1", "--", "/no/such/qemu")
            #expect(missing.code == 1)
            #expect(missing.errors.contains("error: run '/no/such/qemu': No such file or directory"))
            let stranger = try await site.host.vnet("qemu", "lab", "nowhere", "--", "true")
            #expect(stranger.code == 1)
            #expect(stranger.errors.contains("there is no network 'nowhere'"))
            try await site.host.expectUnchanged(since: before)
        }
    }

    @Test func `QEMU gets the signals that it is sent, and its end is the end of the port`() async throws {
        try await withSite { site in
            try await site.host.run(network("lab"))
            let before = try await site.host.snapshot()
            // Any program will do; the arguments for the card are behind its own.
            let script = "grep SigBlk /proc/self/status; echo $@ >&2; exec sleep 60"
            let command = try site.host.start(["qemu", "lab,name=vm1", "--", "sh", "-c", script, "sh"])
            let isUp = try await eventually { command.errorsSoFar.contains("-device") }
            try #require(isUp, "\(command.errorsSoFar)")
            #expect(command.outputSoFar.contains("SigBlk:\t0000000000000000"), "\(command.outputSoFar)")
            #expect(command.errorsSoFar.contains("-netdev tap,id=vnet0,ifname=vtap"))
            // The tap is open to its owner alone, and there while the program runs.
            #expect(try await site.host.must("ports", "lab").output.contains("vm1"))
            let sleeping = try await site.host.namespace.run("pgrep", "-P", "\(command.pid)")
            kill(try #require(Int32(sleeping.text), "\(sleeping)"), SIGTERM)
            let outcome = await command.outcome()
            #expect(outcome.code == 128 + SIGTERM, "\(outcome)")
            try await site.host.expectUnchanged(since: before)
        }
    }
}
