internal import FoundationEssentials
internal import Glibc
internal import NetworkModel

/// Who holds a port of this host: for the sentence that says why a network cannot have it.
enum PortHolder {
    enum Transport: String { case udp, tcp }

    /// The process that has a socket on the port in the way of one at `address`, as `dnsmasq (process 812)`; nil where none
    /// can be found.
    static func name(_ transport: Transport, port: UInt16, at address: IPAddress) -> String? {
        let inodes = Set(["", "6"].flatMap { Self.inodes("/proc/self/net/\(transport)\($0)", port: port, address) })
        guard !inodes.isEmpty else { return nil }
        let own = getpid()
        for entry in Files.names(in: "/proc") {
            guard let pid = Int32(entry), pid != own else { continue }
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

    /// The sockets on the port at `address` or at any, as `/proc/PID/fd` writes them (proc_net_tcp: the second column is the
    /// local address and port in hexadecimal, the tenth the inode).
    private static func inodes(_ table: String, port: UInt16, _ address: IPAddress) -> [String] {
        guard let content = try? Files.read(table) else { return [] }
        return String(decoding: content, as: UTF8.self).split(separator: "\n").dropFirst().compactMap { line in
            let columns = line.split(separator: " ")
            guard columns.count > 9 else { return nil }
            let local = columns[1].split(separator: ":")
            guard local.count == 2, UInt16(local[1], radix: 16) == port else { return nil }
            let isAny = local[0].allSatisfy { $0 == "0" }
            guard isAny || local[0] == address.kernelHexadecimal || address == .v4(.any) else { return nil }
            return "socket:[\(columns[9])]"
        }
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
