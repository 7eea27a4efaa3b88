internal import Foundation
internal import TestSupport
internal import Testing

/// What a course on libvirt begins with, typed at `vnet`; and then a real libvirt whose guests are on vnet's network.
@Suite(.requiresRoot, .serialized)
struct LibvirtLessonTests {
    /// A libvirtd that is the machine's own to all programs of one script: empty folders hide the machine's state from it,
    /// and its state from the machine.
    private static let startLibvirtd = """
        mount -t tmpfs none /run
        mkdir /run/lock
        for state in /etc/libvirt /var/lib/libvirt /var/cache/libvirt /var/log/libvirt; do
            mkdir -p "libvirt$state"
            mount --bind "libvirt$state" "$state"
        done
        mkdir /var/lib/libvirt/dnsmasq
        printf 'auth_unix_ro = "none"\\nauth_unix_rw = "none"\\n' >/etc/libvirt/libvirtd.conf
        # A guest runs as root, without what would need a whole machine: cgroups, virtlogd, AppArmor.
        printf '%s\\n' 'user = "root"' 'group = "root"' 'security_driver = "none"' 'stdio_handler = "file"' \\
            'cgroup_controllers = []' >/etc/libvirt/qemu.conf
        # What it has started ends with the script: the files do not all end in a line break.
        trap 'for file in /run/libvirtd.pid /run/libvirt/qemu/*.pid; do kill "$(cat $file)"; done 2>/dev/null || true' EXIT
        libvirtd >libvirtd.log 2>&1 &
        export LIBVIRT_DEFAULT_URI=qemu:///system
        for attempt in $(seq 200); do
            ! virsh uri >/dev/null 2>&1 || break
            sleep 0.1
        done

        """

    /// Runs a script beside a libvirtd of its own in a namespace; `vnet` is the program under test, with the host's daemon.
    private func withLibvirtd(
        _ site: Site, in namespace: Namespace, _ script: String, timeout: Duration = .seconds(180)
    ) async throws -> Outcome {
        let function = "vnet() { '\(VNetHost.binary)' \"$@\"; }\n"
        let file = try site.lab.file("lesson.sh", Self.startLibvirtd + function + script)
        let outcome = try await namespace.run(
            "unshare", "--mount", "env", "VNET_ROOT=\(site.host.root)", "sh", "-e", "-c",
            "cd \(site.lab.folder) && . \(file)",
            timeout: timeout)
        guard outcome.isSuccess else {
            let log = try? String(contentsOfFile: "\(site.lab.folder)/libvirtd.log", encoding: .utf8)
            throw ProgramError("\(outcome)\n\(log ?? "")")
        }
        return outcome
    }

    @Test func `a guest that virt-install makes on an exported network gets its lease from vnet`() async throws {
        try requireTools("libvirtd", "virsh", "virt-install", "qemu-system-x86_64", "cpio", "busybox", "unshare")
        try await withSite { site in
            let host = site.host
            let image = try await GuestImage(site.lab).folder

            // Chapter one: the network.
            #expect(try await host.must("net-list").lines.count == 2)
            let file = try site.lab.file("netwerk1.xml", try await host.must("templates", "netwerk1").output)
            #expect(try await host.must("net-define", file).text == "Network netwerk1 defined from \(file)")
            let row = try #require(try await host.must("net-list", "--all").lines.last)
            #expect(row.split(separator: " ") == ["netwerk1", "inactive", "no", "yes"])
            #expect(try await host.must("net-autostart", "netwerk1").text == "Network netwerk1 marked as autostarted")
            #expect(try await host.must("net-start", "netwerk1").text == "Network netwerk1 started")
            let info = try await host.must("net-info", "netwerk1").lines.map {
                $0.split(separator: " ").joined(separator: " ")
            }
            for line in ["Name: netwerk1", "Active: yes", "Persistent: yes", "Autostart: yes", "Bridge: virbr-nw1"] {
                #expect(info.contains(line), "\(info)")
            }

            // Chapter two: storage and a guest, in libvirt.
            let outcome = try await withLibvirtd(
                site, in: host.namespace,
                """
                vnet export netwerk1 --as-bridge --connect qemu:///system
                virsh net-list --name --autostart
                mkdir pool
                virsh pool-define-as lesson dir --target "$PWD/pool"
                virsh pool-start lesson
                virsh vol-create-as lesson server.img 10G
                virt-install --name server --virt-type qemu --memory 128 --vcpus 1 --osinfo detect=off,require=off --import \\
                    --disk vol=lesson/server.img --network network=netwerk1,model=virtio,mac=52:54:00:15:00:10 \\
                    --boot kernel=\(image)/vmlinuz,initrd=\(image)/initramfs.gz,kernel_args='console=ttyS0 quiet cryptomgr.notests vnet.name=server' \\
                    --serial file,path=$PWD/console --graphics none --sound none --noautoconsole
                virsh vol-info server.img lesson
                for attempt in $(seq 2400); do
                    ! grep -q 'GUEST server off' console || break
                    sleep 0.1
                done
                grep GUEST console
                """, timeout: .seconds(400))
            #expect(
                outcome.output.contains("Network netwerk1 defined and started at qemu:///system\nnetwerk1\n"),
                "\(outcome)")
            #expect(outcome.output.contains("Capacity:       10.00 GiB"), "\(outcome)")
            let line = "GUEST server lease 192.168.150.10 router 192.168.150.1 dns 192.168.150.1 domain netwerk1.lab"
            #expect(outcome.output.contains(line), "\(outcome)")
            let lease = try await host.must("net-dhcp-leases", "netwerk1").output
            #expect(lease.contains("52:54:00:15:00:10   ipv4       192.168.150.10/24   server"), "\(lease)")
        }
    }

    @Test func `networks go from a libvirt to vnet, with what keeps them apart told`() async throws {
        try requireTools("libvirtd", "virsh", "unshare")
        try await withSite { site in
            _ = try site.lab.file("one.xml", network("one", bridge: "br-one"))
            _ = try site.lab.file("two.xml", network("two", bridge: "br-two", subnet: "192.168.151", range: false))
            _ = try site.lab.file("three.xml", network("three", bridge: "br-three", subnet: "192.168.152"))
            // libvirt leaves its rules and settings where it runs.
            try await site.host.must("list")
            let outcome = try await withLibvirtd(
                site, in: site.outside2,
                """
                for name in one two three; do virsh -q net-define $name.xml; done
                virsh -q net-start two
                virsh -q net-autostart two
                vnet import one
                ! vnet import one
                ! vnet import nothing
                ! vnet import --all --connect qemu:///nonsense
                vnet define - <<XML
                \(network("three", bridge: "br-here", subnet: "192.168.153"))
                XML
                ! vnet import --all
                # What is exported from here comes back as what it is.
                ! vnet export three --connect qemu:///system
                virsh -q net-undefine three
                vnet export three --connect qemu:///system
                vnet export three --as-bridge
                virsh net-dumpxml --inactive three | grep -v '^ *$' >there.xml
                vnet net-dumpxml --inactive three >here.xml
                diff there.xml here.xml
                virsh -q net-destroy two
                """)
            let uri = "qemu:///system"
            for words in [
                "Network one defined from \(uri)\n",
                "Network two defined from \(uri), marked as autostarted\n",
                "Network one is here already, and left as it is\n",
                "Network three defined at \(uri)\n",
                "<forward mode='bridge'/>\n  <bridge name='br-here'/>\n</network>\n",
            ] {
                #expect(outcome.output.contains(words), "\(outcome)")
            }
            for words in [
                "error: network 'one' of '\(uri)' cannot be defined here: network 'one' with UUID ",
                "error: there is no network 'nothing' at '\(uri)'\n",
                "error: connect to 'qemu:///nonsense': ",
                "error: network 'three' of '\(uri)' cannot be defined here: network 'three' with UUID ",
                "warning: network 'two' runs in libvirt: stop it there before you start it here: virsh -c \(uri) net-destroy two\n",
                "warning: network 'two' starts with libvirt as well: virsh -c \(uri) net-autostart --disable two\n",
                "error: define the network at '\(uri)': operation failed: network 'three' already exists with uuid ",
            ] {
                #expect(outcome.errors.contains(words), "\(outcome)")
            }
            let list = try await site.host.must("list", "--all").lines.dropFirst(2).map { $0.split(separator: " ") }
            #expect(
                list == [
                    ["one", "inactive", "no", "yes"], ["three", "inactive", "no", "yes"],
                    ["two", "inactive", "yes", "yes"],
                ])
        }
    }

    /// Each sequence says which of the two starts its network first.
    @Test(arguments: [["libvirt", "vnet"], ["vnet", "libvirt"]])
    func `libvirt's networks run beside vnet's, in whichever order they start`(order: [String]) async throws {
        try requireTools("libvirtd", "virsh", "dnsmasq", "unshare", "udhcpc")
        try await withSite { site in
            _ = try site.lab.file(
                "theirs.xml", network("theirs", bridge: "br-theirs", subnet: "192.168.151"))
            try await site.host.must("define", "-", input: network("lab"))
            let starts = ["libvirt": "virsh -q net-start theirs", "vnet": "vnet start lab"]
            let outcome = try await withLibvirtd(
                site, in: site.host.namespace,
                """
                virsh -q net-define theirs.xml
                \(order.compactMap { starts[$0] }.joined(separator: "\n"))
                # Both serve: a guest of each gets its lease.
                for bridge in br-lab br-theirs; do
                    ip link add g-$bridge type veth peer name p-$bridge
                    ip link set p-$bridge master $bridge up
                    ip link set g-$bridge up
                    udhcpc -q -n -f -t 20 -T 1 -s /bin/true -i g-$bridge 2>&1 | grep -o 'lease of [0-9.]*'
                    ip link del g-$bridge
                done
                # Neither's rules are in the other's way.
                vnet doctor lab
                # Neither takes anything of the other with it.
                vnet stop lab
                virsh net-list --name
                vnet start lab
                virsh -q net-destroy theirs
                vnet list --name
                """)
            #expect(outcome.output.contains("lease of 192.168.150."), "\(outcome)")
            #expect(outcome.output.contains("lease of 192.168.151."), "\(outcome)")
            #expect(outcome.output.contains("Nothing is in the way of network lab"), "\(outcome)")
            #expect(!outcome.errors.contains("warning"), "\(outcome)")
            // libvirt leaves its empty chains and the forwarding that it switched on.
            try await site.host.namespace.sh(
                "nft list tables | grep -v vnet | while read -r table; do nft delete $table; done")
            try await site.host.must("stop", "lab")
            try await site.host.namespace.sh("sysctl -qw net.ipv4.ip_forward=0")
        }
    }

    /// Programs that need libvirt's library say so; all others do without.
    @Test func `without libvirt's library only export and import to it fail`() async throws {
        try await withSite { site in
            try await site.host.must("define", "-", input: network("lab"))
            try await site.host.must("export", "lab", "--as-bridge")
            let maps = try await site.host.namespace.run(
                "sh", "-c", "LD_DEBUG=libs VNET_ROOT=\(site.host.root) '\(VNetHost.binary)' list 2>&1 | grep -c libvirt"
            )
            #expect(maps.text == "0")
            let outcome = try await site.host.namespace.run(
                "unshare", "--mount", "env", "VNET_ROOT=\(site.host.root)", "sh", "-c",
                "for file in /usr/lib/*/libvirt.so.0 /usr/lib*/libvirt.so.0; do [ ! -e $file ] || mount --bind /dev/null $file; done;"
                    + " '\(VNetHost.binary)' export lab --connect qemu:///system")
            #expect(outcome.code == 1)
            #expect(outcome.errors.hasPrefix("error: load libvirt's library: "), "\(outcome)")
            #expect(outcome.errors.contains("install it (Debian: apt install libvirt0"), "\(outcome)")
            try await site.host.must("undefine", "lab")
        }
    }
}
