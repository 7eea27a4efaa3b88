internal import Foundation
internal import TestSupport
internal import Testing

/// A port as `vnet attach --json` prints it.
struct AttachedPort: Decodable {
    var name: String
    var tap: String
    var mac: String
    var device: String?
    var interface: String?
    var portGroup: String?
    var mtu: Int?
}

extension Site {
    /// Attaches a port.
    func attach(_ network: String, _ words: String...) async throws -> AttachedPort {
        let outcome = try await host.namespace.run(
            ["env", "VNET_ROOT=\(host.root)", VNetHost.binary, "attach", network, "--json"] + words
        ).orThrow()
        return try JSONDecoder().decode(AttachedPort.self, from: Data(outcome.output.utf8))
    }

    /// What QEMU does for a guest: opens the port's tap or macvtap, and carries frames between it and the guest's `eth0`.
    private static let carrier = """
        import ctypes, fcntl, os, struct, subprocess, sys, threading
        path, name, namespace, mac = sys.argv[1:]
        def tap(path, name):
            file = os.open(path, os.O_RDWR)
            fcntl.ioctl(file, 0x400454CA, struct.pack("16sH22x", name.encode(), 0x1002))
            return file
        outer = tap(path, name)
        ctypes.CDLL(None).setns(os.open(namespace, os.O_RDONLY), 0x40000000)
        inner = tap("/dev/net/tun", "eth0")
        subprocess.run(["ip", "link", "set", "eth0", "address", mac, "up"], check=True)
        def carry(source, target):
            while True:
                try: os.write(target, os.read(source, 70000))
                except OSError: pass
        for pair in (outer, inner), (inner, outer):
            threading.Thread(target=carry, args=pair, daemon=True).start()
        print("carries", flush=True)
        threading.Event().wait()
        """

    /// Puts a guest with a fixed address at the other end of a port.
    func guest(_ name: String, at port: AttachedPort, address: String) async throws -> Namespace {
        let guest = try await lab.namespace(name)
        let program = try host.namespace.start(
            "python3", "-c", Self.carrier, port.device ?? "/dev/net/tun", port.device == nil ? port.tap : "",
            "/run/netns/\(guest.name)", port.mac)
        let isReady = try await eventually { program.outputSoFar.contains("carries") || !program.isRunning }
        guard isReady, program.isRunning else { throw ProgramError("no guest at \(port.tap): \(program.errorsSoFar)") }
        try await guest.sh("ip address add \(address) dev eth0")
        return guest
    }
}

extension Namespace {
    private static let receiver = """
        import socket, sys, time
        server = socket.create_server(("", 7001))
        print("listens", flush=True)
        peer = server.accept()[0]
        begin, count = None, 0
        start = time.monotonic()
        while data := peer.recv(65536):
            now = time.monotonic()
            if begin is None:
                # What bursts at first is not the rate.
                if now - start > 0.5: begin = now
            else: count, end = count + len(data), now
        print(count / (end - begin) / 1000)
        """

    private static let sender = """
        import socket, sys, time
        peer = socket.create_connection((sys.argv[1], 7001))
        end = time.monotonic() + 2
        while time.monotonic() < end: peer.send(bytes(20000))
        """

    /// How fast TCP gets data to `receiver`, in kilobytes per second.
    func rate(to receiver: Self, at address: String) async throws -> Double {
        let program = try receiver.start("python3", "-c", Self.receiver)
        guard try await eventually({ program.outputSoFar.contains("listens") }) else {
            throw ProgramError("no receiver: \(program.errorsSoFar)")
        }
        try await run("python3", "-c", Self.sender, address).orThrow()
        let outcome = await program.outcome()
        return try #require(outcome.lines.last.flatMap { Double($0) }, "\(outcome)")
    }
}

func isNear(_ rate: Double, _ limit: Double) -> Bool { abs(rate - limit) < limit / 4 }

/// Expects a rate in kilobytes a second, to a quarter.
///
/// Measured again, twice at most, when it is off: a limit that is wrong is wrong each time, a busy machine is not.
func expectRate(
    _ limit: Double, _ comment: Comment, _ location: SourceLocation = #_sourceLocation,
    measure: () async throws -> Double
) async throws {
    var rate = try await measure()
    for _ in 0..<2 where !isNear(rate, limit) { rate = try await measure() }
    #expect(isNear(rate, limit), comment, sourceLocation: location)
}
