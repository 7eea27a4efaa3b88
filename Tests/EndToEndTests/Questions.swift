internal import Foundation
internal import TestSupport
internal import Testing

/// A packet that is sent to find out what becomes of it.
struct Question: Hashable, Sendable {
    enum Kind: String, Sendable { case tcp, udp, icmp }

    var kind: Kind
    var address: String
    var port: UInt16 = 0

    static func tcp(_ address: String, _ port: UInt16) -> Self { Self(kind: .tcp, address: address, port: port) }
    static func udp(_ address: String, _ port: UInt16) -> Self { Self(kind: .udp, address: address, port: port) }
    static func icmp(_ address: String) -> Self { Self(kind: .icmp, address: address) }
}

extension Namespace {
    /// Answers who asks by TCP or UDP on these ports, of both families, with the address seen and the port reached.
    func answer(on ports: [UInt16]) async throws {
        let script = try await lab.script("answer-\(role).py", Self.server)
        let server = try start(["python3", script] + ports.map { "\($0)" })
        guard try await eventually({ server.outputSoFar.contains("ready") }) else {
            throw ProgramError("nobody answers in \(role): \(server.errorsSoFar)")
        }
    }

    /// What becomes of each question, all asked at once: `10.0.0.1 80` for the address under which the answerer saw it and
    /// the port that it reached, `echo` where a ping came back, `refused`, or `silence` after three seconds.
    func ask(_ questions: [Question]) async throws -> [String] {
        let script = try await lab.script("ask-\(role).py", Self.client)
        let words = questions.flatMap { [$0.kind.rawValue, $0.address, "\($0.port)"] }
        return try await run(["python3", script] + words).orThrow().lines
    }

    private static let server = """
        import socket, struct, sys, threading
        # Python has no names for IP_PKTINFO and IPV6_RECVPKTINFO (linux/in.h, linux/in6.h).
        IP_PKTINFO, IPV6_RECVPKTINFO = 8, 49
        def told(peer, here):
            return (peer[0].removeprefix("::ffff:") + " " + str(here)).encode()
        def stream(listener, port):
            while True:
                connection, peer = listener.accept()
                connection.sendall(told(peer, port))
                connection.close()
        def datagrams(link, port):
            while True:
                try:
                    _, [(level, kind, data)], _, peer = link.recvmsg(99, 256)
                    # From the address that was asked, by whichever way leads back.
                    place = data[:16] + bytes(4) if len(data) == 20 else struct.pack("4x4s4x", data[8:])
                    link.sendmsg([told(peer, port)], [(level, kind, place)], 0, peer)
                except OSError as error:
                    # Whatever became of this one, the next is answered.
                    print(error, file=sys.stderr, flush=True)
        for port in map(int, sys.argv[1:]):
            for family, anywhere in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
                for kind, serve in ((socket.SOCK_STREAM, stream), (socket.SOCK_DGRAM, datagrams)):
                    link = socket.socket(family, kind)
                    link.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    if family == socket.AF_INET6: link.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                    if kind == socket.SOCK_DGRAM and family == socket.AF_INET:
                        link.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
                    elif kind == socket.SOCK_DGRAM:
                        link.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVPKTINFO, 1)
                    link.bind((anywhere, port))
                    if kind == socket.SOCK_STREAM: link.listen(50)
                    threading.Thread(target=serve, args=(link, port)).start()
        print("ready", flush=True)
        """

    private static let client = """
        import socket, subprocess, sys
        from concurrent.futures import ThreadPoolExecutor
        def ask(question):
            kind, address, port = question
            if kind == "icmp":
                ping = subprocess.run(["ping", "-n", "-c", "1", "-W", "3", address], capture_output=True, text=True)
                if ping.returncode == 0: return "echo"
                words = ping.stdout + ping.stderr
                return "refused" if "nreachable" in words or "rohibited" in words or "iltered" in words else "silence"
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            link = socket.socket(family, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM)
            link.settimeout(3 if kind == "tcp" else 1)
            try:
                link.connect((address, int(port)))
                # A datagram may be lost while a neighbour is looked for.
                for attempt in range(3):
                    try:
                        if kind == "udp": link.send(b"?")
                        return link.recv(99).decode() or "closed"
                    except TimeoutError:
                        if kind == "tcp": break
                return "silence"
            except TimeoutError:
                return "silence"
            except OSError:
                return "refused"
        words = sys.argv[1:]
        with ThreadPoolExecutor(32) as pool:
            for answer in pool.map(ask, zip(words[0::3], words[1::3], words[2::3])): print(answer)
        """
}

extension Site {
    /// A guest with an interface of its own at a port of vnet's: what its `eth0` sends the tap receives, as from QEMU.
    func portGuest(_ name: String, on network: String, mac: String? = nil) async throws -> Namespace {
        let words = ["--name", name] + (mac.map { ["--mac", $0] } ?? [])
        let port = try await host.must(["attach", network] + words + ["--json"])
        let place = try JSONDecoder().decode(PortPlace.self, from: Data(port.output.utf8))
        let guest = try await lab.namespace(name)
        let script = try await lab.script("plug.py", Self.plug)
        let cable = try host.namespace.start("python3", script, place.tap, "/run/netns/\(guest.name)", place.mac)
        guard try await eventually({ cable.outputSoFar.contains("plugged") }) else {
            throw ProgramError("'\(name)' is not plugged in: \(cable.errorsSoFar)")
        }
        return guest
    }

    private struct PortPlace: Decodable {
        var tap: String
        var mac: String
    }

    /// Opens a tap here and makes one in another namespace, and carries frames between them (linux/if_tun.h: TUNSETIFF is
    /// 0x400454ca, IFF_TAP and IFF_NO_PI 0x1002).
    private static let plug = """
        import ctypes, fcntl, os, select, struct, subprocess, sys
        tap, namespace, mac = sys.argv[1:]
        def open_tap(name):
            device = os.open("/dev/net/tun", os.O_RDWR)
            fcntl.ioctl(device, 0x400454ca, struct.pack("16sH22x", name.encode(), 0x1002))
            return device
        host = open_tap(tap)
        if ctypes.CDLL(None, use_errno=True).setns(os.open(namespace, os.O_RDONLY), 0x40000000): raise OSError("setns")
        guest = open_tap("eth0")
        subprocess.run(["ip", "link", "set", "eth0", "address", mac, "up"], check=True)
        print("plugged", flush=True)
        while True:
            for ready in select.select([host, guest], [], [])[0]:
                frame = os.read(ready, 65536)
                try: os.write(guest if ready == host else host, frame)
                except OSError: pass
        """
}

/// Asks the questions of a table, each place its own at once, and expects the answers.
///
/// Where an answer should have come and there is silence, it is asked again, twice: a busy machine is late.
func expect(
    _ table: [(from: String, question: Question, answer: String)], among places: [String: Namespace], _ comment: String,
    sourceLocation: SourceLocation = #_sourceLocation
) async throws {
    let answers = try await withThrowingTaskGroup(of: (String, [String]).self) { group in
        for name in Set(table.map(\.from)) {
            guard let place = places[name] else { throw ProgramError("no place \(name)") }
            let questions = table.filter { $0.from == name }.map(\.question)
            let expected = table.filter { $0.from == name }.map(\.answer)
            group.addTask {
                var answers = try await place.ask(questions)
                for _ in 0..<2 {
                    let late = answers.indices.filter { answers[$0] == "silence" && expected[$0] != "silence" }
                    if late.isEmpty { break }
                    for (index, answer) in zip(late, try await place.ask(late.map { questions[$0] })) {
                        answers[index] = answer
                    }
                }
                return (name, answers)
            }
        }
        return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
    }
    for (name, found) in answers {
        for (row, answer) in zip(table.filter { $0.from == name }, found) {
            #expect(
                answer == row.answer,
                "\(name) asks \(row.question.kind) \(row.question.address) \(row.question.port), \(comment)",
                sourceLocation: sourceLocation)
        }
    }
}
