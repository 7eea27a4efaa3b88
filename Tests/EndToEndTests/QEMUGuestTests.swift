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
