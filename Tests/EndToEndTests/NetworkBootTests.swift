internal import Foundation
internal import TestSupport
internal import Testing

/// Guests without a disk, whose firmware fetches what they start from.
@Suite(.requiresRoot)
struct NetworkBootTests {
    private static let mac = "52:54:00:15:00:10"

    /// A network whose guests start the kernel and the initial file system of the guest image, as `boots` say.
    private func document(_ site: Site, _ boots: String...) async throws -> String {
        let image = try await GuestImage(site.lab).folder
        let folder = "\(site.lab.folder)/boot"
        try await site.lab.run([
            "sh", "-ec",
            """
            umask 022; mkdir \(folder); cd \(folder)
            cp \(image)/vmlinuz \(image)/initramfs.gz .
            cp /usr/lib/ipxe/snponly.efi .
            cat > menu.ipxe <<'END'
            #!ipxe
            kernel vmlinuz initrd=initramfs.gz console=ttyS0 quiet cryptomgr.notests vnet.name=vm1
            initrd initramfs.gz
            echo ipxe ${net0/ip} ${net0/netmask} ${net0/gateway}
            echo options ${net0/dns} ${net0/domain} ${net0/7:ipv4}
            ifclose net0
            dhcp net0
            echo again ${net0/ip}
            boot
            END
            """,
        ]).orThrow()
        let option = "<vnet:option code='7' value='192.168.150.7'/>"
        return network("lab", extra: extensions(boots.joined() + option) + "<domain name='lab.test'/>")
            .replacing("<dhcp>", with: "<tftp root='\(folder)'/><dhcp>")
    }

    /// Runs a guest whose firmware gets `arguments`, and expects that it ends with its lease.
    @discardableResult
    private func boot(_ site: Site, _ arguments: [String]) async throws -> Outcome {
        let qemu = try site.host.start(
            [
                "qemu", "lab,name=vm1,mac=\(Self.mac)", "--", "qemu-system-x86_64", "-accel", "tcg", "-nodefaults",
                "-display", "none", "-no-reboot", "-serial", "stdio",
            ] + arguments)
        let outcome = await qemu.outcome(timeout: .seconds(400))
        #expect(outcome.code == 0, "\(outcome)")
        #expect(outcome.output.contains("GUEST vm1 lease 192.168.150.1"), "\(outcome)")
        let lease = try #require(try await site.host.leases("lab").first)
        #expect(lease.mac == Self.mac)
        for line in [
            "ipxe \(lease.address) 255.255.255.0 192.168.150.1\r\n", "options 192.168.150.1 lab.test 192.168.150.7\r\n",
        ] {
            #expect(outcome.output.contains(line), "\(outcome)")
        }
        // It asked anew, as after a reboot.
        #expect(outcome.output.contains("again \(lease.address)"), "\(outcome)")
        return outcome
    }

    /// OVMF, with its own driver for the card: QEMU's iPXE would be before it.
    private func bootUEFI(_ site: Site, _ arguments: [String] = []) async throws -> Outcome {
        let variables = "\(site.lab.folder)/variables.fd"
        try await site.lab.run(["cp", "/usr/share/OVMF/OVMF_VARS_4M.fd", variables]).orThrow()
        let firmware = "if=pflash,format=raw,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd"
        return try await boot(
            site,
            [
                "-machine", "q35", "-m", "512", "-drive", firmware, "-drive", "if=pflash,format=raw,file=\(variables)",
                "-global", "virtio-net-pci.romfile=",
            ] + arguments)
    }

    @Test(arguments: ["menu.ipxe", "http://192.168.150.1/menu.ipxe"])
    func `QEMU's own boot ROM starts a guest by TFTP and by HTTP`(file: String) async throws {
        try requireTools("qemu-system-x86_64", "cpio", "busybox")
        try await withSite { site in
            try await site.host.run(try await document(site, "<vnet:httpBoot/><vnet:boot file='\(file)'/>"))
            // What the script names is fetched as the script was.
            try await boot(site, ["-machine", "pc,graphics=off", "-m", "256", "-boot", "n"])
        }
    }

    /// What each asks for is its own: the firmware by its architecture, and iPXE, which it starts, by its user class.
    @Test func `UEFI starts iPXE by TFTP, and that the guest by HTTP`() async throws {
        try requireTools("qemu-system-x86_64", "cpio", "busybox")
        try await withSite { site in
            try await site.host.run(
                try await document(
                    site, "<vnet:httpBoot/><vnet:hostAccess>services</vnet:hostAccess>",
                    "<vnet:boot user='iPXE' file='http://192.168.150.1/menu.ipxe'/>",
                    "<vnet:boot arch='x86_64-uefi' file='snponly.efi'/><vnet:boot file='nothing.pxe'/>"))
            let outcome = try await bootUEFI(site)
            #expect(outcome.output.contains("NBP filename is snponly.efi"), "\(outcome)")
            #expect(outcome.output.contains("http://192.168.150.1/menu.ipxe... ok"), "\(outcome)")
        }
    }

    @Test func `UEFI fetches by HTTP, at another port than usual`() async throws {
        try requireTools("qemu-system-x86_64", "cpio", "busybox")
        try await withSite { site in
            try await site.host.run(
                try await document(
                    site, "<vnet:httpBoot port='8080'/>", "<vnet:boot user='iPXE' file='menu.ipxe'/>",
                    "<vnet:boot arch='x86_64-http' file='/snponly.efi'/>"))
            let noPXE = ["IPv4PXESupport", "IPv6PXESupport"].flatMap {
                ["-fw_cfg", "name=opt/org.tianocore/\($0),string=n"]
            }
            let outcome = try await bootUEFI(site, noPXE)
            #expect(outcome.output.contains("http://192.168.150.1:8080/snponly.efi"), "\(outcome)")
            #expect(outcome.output.contains("tftp://192.168.150.1/menu.ipxe... ok"), "\(outcome)")
        }
    }
}
