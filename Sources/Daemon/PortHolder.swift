internal import FoundationEssentials
internal import Glibc
internal import NetworkModel

/// Who holds a port of this host: for the sentence that says why a network cannot have it.
enum PortHolder {
    enum Transport: String {
        case udp, tcp

        var name: String { rawValue.uppercased() }
    }

    /// The process that has a socket on the port in the way of one at `address`, as `dnsmasq (process 812)`; nil where none
    /// can be found.
    ///
    /// This process is none of them, nor are those of `others`.
    static func name(
        _ transport: Transport, port: UInt16, at address: IPAddress, besides others: Set<pid_t> = []
    ) -> String? {
        let inodes = Set(
            sockets(transport).filter { $0.port == port && $0.isInTheWay(of: address) }.map(\.inode))
        return process(holding: inodes, besides: others.union([getpid()]))
    }

    /// A port of the forward's on which a program takes what comes to the forward's address, and the program; nil where there
    /// is none.
    ///
    /// SCTP's sockets are not looked at: few programs listen there, and the kernel lists them elsewhere.
    static func listener(_ forward: PortForward) -> (port: UInt16, program: String)? {
        guard forward.device == nil, let address = forward.address,
            let transport = Transport(rawValue: forward.transport.rawValue)
        else { return nil }
        let found = sockets(transport).filter {
            $0.isListening && forward.ports.contains($0.port) && $0.isInTheWay(of: address)
        }
        guard let first = found.min(by: { $0.port < $1.port }) else { return nil }
        return (first.port, process(holding: [first.inode], besides: []) ?? "a program")
    }

    private static func process(holding inodes: Set<String>, besides known: Set<pid_t>) -> String? {
        guard !inodes.isEmpty else { return nil }
        for entry in Files.names(in: "/proc") {
            guard let pid = Int32(entry), !known.contains(pid) else { continue }
            for file in Files.names(in: "/proc/\(entry)/fd") {
                guard
                    let target = try? FileManager.default.destinationOfSymbolicLink(
                        atPath: "/proc/\(entry)/fd/\(file)"),
                    inodes.contains(target)
                else { continue }
                let command = (try? Files.read("/proc/\(entry)/comm")).flatMap { $0 }.map {
                    String(decoding: $0, as: UTF8.self)
                }
                return "\(command?.split(separator: "\n").first ?? "a process") (process \(pid))"
            }
        }
        return nil
    }

    /// The sockets of both families in this network namespace.
    private static func sockets(_ transport: Transport) -> [KernelSocket] {
        ["", "6"].flatMap { family -> [KernelSocket] in
            guard let content = try? Files.read("/proc/self/net/\(transport)\(family)") else { return [] }
            return String(decoding: content, as: UTF8.self).split(separator: "\n").dropFirst()
                .compactMap { KernelSocket($0, transport) }
        }
    }
}

/// A line of `/proc/net/tcp` and its like (proc_net_tcp): the second column is the local address and port in hexadecimal, the
/// fourth the state, the tenth the inode.
private struct KernelSocket {
    let address: Substring
    let port: UInt16
    /// Whether it takes what comes from anyone: TCP's LISTEN, and UDP's without a peer (include/net/tcp_states.h).
    let isListening: Bool
    /// As `/proc/PID/fd` writes it.
    let inode: String

    init?(_ line: Substring, _ transport: PortHolder.Transport) {
        let columns = line.split(separator: " ")
        guard columns.count > 9 else { return nil }
        let local = columns[1].split(separator: ":")
        guard local.count == 2, let port = UInt16(local[1], radix: 16) else { return nil }
        address = local[0]
        self.port = port
        isListening = columns[3] == (transport == .tcp ? "0A" : "07")
        inode = "socket:[\(columns[9])]"
    }

    /// Whether one of the two is at any address of the family, or both are at one.
    func isInTheWay(of other: IPAddress) -> Bool {
        let isAny = address.allSatisfy { $0 == "0" }
        let sameFamily = address.utf8.count == other.octets.count * 2
        return isAny && (sameFamily || other.family == .ipv4) || sameFamily && other.isUnspecified
            || address == other.kernelHexadecimal
    }
}

extension IPAddress {
    /// As in `/proc/net`: words of four octets, each as a number in host byte order, which is little-endian here.
    fileprivate var kernelHexadecimal: String {
        stride(from: 0, to: octets.count, by: 4).map { start in
            octets[start..<start + 4].reversed().map { ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true) }
                .joined()
        }.joined()
    }
}
