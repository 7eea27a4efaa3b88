internal import Foundation
internal import TestSupport
internal import Testing

/// `<domain register='yes'>`: the host's own resolver, a real systemd-resolved with a bus of its own.
@Suite(.requiresRoot)
struct HostResolverTests {
    /// Unpacks systemd-resolved; to install it would change the machine's own name service.
    private func unpack(_ site: Site) async throws -> String {
        let folder = site.lab.folder + "/resolved"
        let outcome = try await site.lab.run([
            "sh", "-ec",
            """
            mkdir '\(folder)'
            cd '\(folder)'
            apt-get -q download systemd-resolved
            dpkg -x systemd-resolved_*.deb .
            """,
        ])
        guard outcome.isSuccess else { try Test.cancel("systemd-resolved cannot be had: \(outcome.errors)") }
        return folder
    }

    private func script(_ site: Site, _ folder: String) -> String {
        """
        mount -t tmpfs none /run
        mkdir -p /run/dbus /run/systemd/resolve
        cp /etc/passwd /etc/group '\(folder)'
        echo 'systemd-resolve:x:64999:64999::/:/usr/sbin/nologin' >>'\(folder)/passwd'
        echo 'systemd-resolve:x:64999:' >>'\(folder)/group'
        for file in passwd group; do mount --bind "\(folder)/$file" "/etc/$file"; done
        chown 64999:64999 /run/systemd/resolve
        mount -t tmpfs none /usr/local/bin
        cp '\(folder)/usr/bin/resolvectl' /usr/local/bin
        cat >'\(folder)/bus.conf' <<'CONF'
        <busconfig>
          <type>system</type>
          <listen>unix:path=/run/dbus/system_bus_socket</listen>
          <policy context="default">
            <allow user="*"/><allow own="*"/><allow send_destination="*"/><allow receive_sender="*"/>
          </policy>
        </busconfig>
        CONF
        dbus-daemon --config-file='\(folder)/bus.conf' --nofork --nopidfile & echo $! >'\(folder)/bus.pid'
        '\(VNetHost.binary)' daemon --root '\(site.host.root)' & echo $! >'\(folder)/daemon.pid'
        wait
        """
    }

    @Test func `the host resolves guests' names where it is to, and no longer`() async throws {
        try requireTools("dbus-daemon", "unshare", "nsenter", "apt-get", "dpkg")
        try await withSite { site in
            let folder = try await unpack(site)
            let host = site.host.namespace
            let program = try host.start(
                ["unshare", "-m", "--propagation", "private", "sh", "-ec", script(site, folder)])
            func inside(_ words: String) async throws -> Outcome {
                try await host.run("sh", "-c", "exec nsenter -m -t $(cat \(folder)/bus.pid) \(words)")
            }
            let isReady = try await eventually { try await host.listens(at: site.host.socket) }
            try #require(isReady, "\(program.errorsSoFar)")

            let lab = network("lab", hosts: "<host mac='52:54:00:00:00:22' name='vm2' ip='192.168.150.50'/>")
            let registered = lab.replacing(
                "<ip ", with: "<domain name='lab.test' register='yes'/><ip ", maxReplacements: 1)
            // Without it the network starts, and says what is missing.
            try await site.host.must("define", "-", input: registered)
            let warned = try await site.host.must("start", "lab")
            // Without a guest there is nobody to be found.
            _ = try await site.guest("vm1", on: "br-lab")
            #expect(warned.errors.contains("the host does not resolve the names of network 'lab'"), "\(warned)")
            let found = try await site.host.vnet("doctor", "lab")
            #expect(found.output.contains("systemd-resolved does not run, or was not told"), "\(found)")
            try await site.host.must("stop", "lab")

            let resolver = try host.start([
                "sh", "-c", "exec nsenter -m -t $(cat \(folder)/bus.pid) \(folder)/lib/systemd/systemd-resolved",
            ])
            let runs = try await eventually { try await inside("resolvectl status").isSuccess }
            try #require(runs, "\(resolver.errorsSoFar)")
            #expect(try await site.host.must("start", "lab").errors == "")
            _ = try await site.guest("vm2", on: "br-lab")
            #expect(try await inside("resolvectl query --legend=no vm2.lab.test").output.contains("192.168.150.50"))
            #expect(try await inside("resolvectl query --legend=no 192.168.150.50").output.contains("vm2.lab.test"))
            #expect(try await site.host.vnet("doctor", "lab").isSuccess)
            // Taken back while the network runs, and told again.
            try await site.host.must("apply", "-", input: lab)
            #expect(try await !inside("resolvectl domain br-lab").output.contains("lab.test"))
            try await site.host.must("apply", "-", input: registered)
            #expect(try await inside("resolvectl domain br-lab").output.contains("~lab.test ~150.168.192.in-addr.arpa"))
            // A bridge that is made again is told of again.
            try await host.sh("ip link delete br-lab")
            try #require(try await eventually { try await host.run("ip", "link", "show", "br-lab").isSuccess })
            _ = try await site.guest("vm3", on: "br-lab")
            #expect(
                try await eventually {
                    try await inside("resolvectl query --legend=no --cache=no vm2.lab.test").isSuccess
                })
            try await site.host.must("stop", "lab")
            #expect(try await !inside("resolvectl query --legend=no --cache=no vm2.lab.test").isSuccess)
            resolver.signal(SIGTERM)
            _ = await resolver.outcome()
            try await host.sh(
                """
                for name in daemon bus; do
                    pid=$(cat '\(folder)'/$name.pid)
                    kill $pid
                    while kill -0 $pid 2>/dev/null; do sleep 0.05; done
                done
                """)
            _ = await program.outcome()
        }
    }
}
