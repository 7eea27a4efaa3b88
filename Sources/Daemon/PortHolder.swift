internal import FoundationEssentials
internal import Glibc

/// Who holds a port of this host: for the sentence that says why a network cannot have it.
enum PortHolder {
    /// The process that has a socket on the port, as `dnsmasq (process 812)`; nil where none can be found.
    static func name(udp isUDP: Bool, port: UInt16) -> String? {
        let tables =
            isUDP ? ["/proc/self/net/udp", "/proc/self/net/udp6"] : ["/proc/self/net/tcp", "/proc/self/net/tcp6"]
        let inodes = Set(tables.flatMap { Self.inodes(in: $0, port: port) })
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

    /// The sockets on the port, as `/proc/PID/fd` writes them (proc_net_tcp: the second column is the local address and port
    /// in hexadecimal, the tenth the inode).
    private static func inodes(in table: String, port: UInt16) -> [String] {
        guard let content = try? Files.read(table) else { return [] }
        return String(decoding: content, as: UTF8.self).split(separator: "\n").dropFirst().compactMap { line in
            let columns = line.split(separator: " ")
            guard columns.count > 9, let hex = columns[1].split(separator: ":").last, UInt16(hex, radix: 16) == port
            else { return nil }
            return "socket:[\(columns[9])]"
        }
    }
}
