internal import Foundation
internal import TestSupport
internal import Testing

/// Guests of libvirt's own QEMU driver on vnet's networks, where vnet stands in for libvirt's network daemon.
///
/// The driver runs in `virt-qemu-run`, which opens the same socket in the same way as virtqemud does.
@Suite(.requiresRoot, .serialized)
struct LibvirtHypervisorTests {
    private static let mac = "52:54:00:15:00:10"

    private func domain(_ folder: String, image: String, tries: Int) -> String {
        """
        <domain type='qemu'>
          <name>vm1</name>
          <uuid>aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee</uuid>
          <memory unit='MiB'>128</memory>
          <vcpu>1</vcpu>
          <os>
            <type arch='x86_64'>hvm</type>
            <kernel>\(image)/vmlinuz</kernel>
            <initrd>\(folder)/initramfs.gz</initrd>
            <cmdline>console=ttyS0 quiet cryptomgr.notests vnet.name=vm1 vnet.tries=\(tries)</cmdline>
          </os>
          <features><acpi/></features>
          <on_poweroff>destroy</on_poweroff>
          <devices>
            <emulator>/usr/bin/qemu-system-x86_64</emulator>
            <serial type='file'><source path='\(folder)/console'/></serial>
            <interface type='network'>
              <mac address='\(Self.mac)'/>
              <source network='lab'/>
              <model type='virtio'/>
            </interface>
          </devices>
        </domain>
        """
    }

    /// Empty folders hide the machine's own libvirt; the socket of its network daemon is vnet's.
    private func script(_ site: Site, _ folder: String) -> String {
        """
        mount -t tmpfs none /run
        mkdir /run/lock /run/libvirt
        mount --bind '\(site.host.root)/run/libvirt' /run/libvirt
        for state in /etc/libvirt /var/lib/libvirt /var/cache/libvirt /var/log/libvirt; do
            mkdir -p "\(folder)/libvirt$state"
            mount --bind "\(folder)/libvirt$state" "$state"
        done
        mkdir -p '\(folder)/qemu/etc'
        # A guest runs as root, without what would need a whole machine: cgroups, virtlogd, AppArmor.
        printf '%s\\n' 'user = "root"' 'group = "root"' 'security_driver = "none"' 'stdio_handler = "file"' \\
            'cgroup_controllers = []' >'\(folder)/qemu/etc/qemu.conf'
        exec virt-qemu-run --verbose --root='\(folder)/qemu' '\(folder)/vm1.xml'
        """
    }

    @Test(arguments: ["nat", "route", "open", "isolated", "bridge"])
    func `a guest of libvirt's gets its place on vnet's network`(mode: String) async throws {
        try requireTools("virt-qemu-run", "qemu-system-x86_64", "virsh", "unshare", "cpio", "busybox")
        try await withSite { site in
            let folder = site.lab.folder
            let guest = try await GuestImage(site.lab)
            let image = guest.folder
            _ = try await guest.initrd(site.lab, checks: "check router answers $router\nsleep 3\n")
            _ = try site.lab.file("vm1.xml", domain(folder, image: image, tries: mode == "bridge" ? 1 : 15))

            let daemon = try await site.host.startAsVirtnetworkd()
            let hosts = "<host mac='\(Self.mac)' name='vm1' ip='192.168.150.10'/>"
            var bridge = "br-lab"
            if mode == "bridge" {
                bridge = "hostbr"
                try await site.host.namespace.sh("ip link add hostbr type bridge\nip link set hostbr up")
                try await site.host.run(
                    "<network><name>lab</name><forward mode='bridge'/><bridge name='hostbr'/></network>")
            } else {
                try await site.host.run(network("lab", mode: mode == "isolated" ? nil : mode, hosts: hosts))
            }

            let run = try site.host.namespace.start("unshare", "--mount", "sh", "-e", "-c", script(site, folder))
            let isAttached = try await eventually(within: .seconds(120)) {
                try await site.host.must("ports", "lab").output.contains(Self.mac) || !run.isRunning
            }
            #expect(isAttached && run.isRunning, "\(run.outputSoFar)\(run.errorsSoFar)")
            let uri = "network+unix:///system?socket=\(site.host.virtnetworkdSocket)"
            let uuid = try await site.host.namespace.run("virsh", "-q", "-c", uri, "net-port-list", "--uuid", "lab")
                .orThrow().text
            let port = try await site.host.must("port-dumpxml", "lab", uuid).output
            let type = mode == "bridge" ? "bridge" : "network"
            #expect(port.contains("<name>vm1</name>") && port.contains("<plug type='\(type)' bridge='\(bridge)'/>"))
            let tap = try await eventually {
                try await site.host.namespace.run("ip", "-o", "link", "show", "type", "tun").output
                    .contains("master \(bridge)")
            }
            #expect(tap)
            func console() -> String {
                (try? String(contentsOfFile: "\(folder)/console", encoding: .utf8)) ?? ""
            }
            let isOff = try await eventually(within: .seconds(120)) {
                console().contains("GUEST vm1 off") || !run.isRunning
            }
            #expect(isOff, "\(console())\n\(run.outputSoFar)\(run.errorsSoFar)")
            if mode != "bridge" {
                #expect(console().contains("GUEST vm1 lease 192.168.150.10 "), "\(console())")
                // An open network and an isolated one have the host in reach all the same.
                let router = mode == "isolated" ? "none" : "192.168.150.1"
                #expect(console().contains("router \(router) "), "\(console())")
                if router != "none" { #expect(console().contains("GUEST vm1 ok router"), "\(console())") }
                let leases = try await site.host.namespace.run(
                    "virsh", "-q", "-c", uri, "net-dhcp-leases", "lab", Self.mac
                ).output
                #expect(leases.contains("192.168.150.10/24") && leases.contains("vm1"), "\(leases)")
            }
            run.signal(SIGTERM)
            let outcome = await run.outcome()
            #expect(outcome.code == 0, "\(outcome)")
            let isGone = try await eventually { try await site.host.must("ports", "--json").text == "[\n\n]" }
            #expect(isGone, "\(outcome)\(daemon.errorsSoFar)")
            #expect(
                try await site.host.namespace.run("ip", "-o", "link", "show", "type", "tun").output.isEmpty)
            try await site.host.must("stop", "lab")
            if mode == "bridge" { try await site.host.namespace.sh("ip link del hostbr") }
            daemon.signal(SIGTERM)
            #expect(await daemon.outcome().code == 0)
            // What the driver has left there of its own.
            try FileManager.default.removeItem(atPath: "\(site.host.root)/run/libvirt/common")
        }
    }
}
