internal import CNetlink
internal import Glibc
public import NetworkModel

/// What the kernel would do with a packet that arrived.
public enum RouteAnswer: Hashable, Sendable {
    /// It would leave by the interface of this index.
    case leaves(by: Int32)
    /// It is for the host itself.
    case local
    /// No route leads there (`ENETUNREACH`).
    case noRoute
    /// A route forbids it (`EACCES`).
    case prohibited
    /// It is not forwarded from the interface that it came by (`EHOSTUNREACH`).
    case notForwarded
    /// It is dropped for its source, or by a route that drops everything (`EXDEV`, and `EINVAL` of newer kernels).
    case dropped
}

extension RouteSocket {
    /// Asks where a packet would go, with all rules and tables: `ip route get DESTINATION from SOURCE iif INTERFACE`.
    ///
    /// Nothing is sent.
    public func answer(
        to destination: IPAddress, from source: IPAddress, arrivingBy index: Int32
    ) throws(NetlinkError) -> RouteAnswer {
        let operation = "look up the route from \(source) to \(destination)"
        var header = rtmsg()
        header.rtm_family = UInt8(destination.family == .ipv4 ? AF_INET : AF_INET6)
        header.rtm_dst_len = UInt8(destination.octets.count * 8)
        header.rtm_src_len = UInt8(source.octets.count * 8)
        let request = try Request(RTM_GETROUTE, 0, header, while: operation)
        request.put(Int(RTA_DST.rawValue), destination.octets)
        request.put(Int(RTA_SRC.rawValue), source.octets)
        request.put(Int(RTA_IIF.rawValue), UInt32(bitPattern: index))
        do throws(NetlinkError) {
            guard let message = try lookUp(request, while: operation), message.count >= MemoryLayout<rtmsg>.size else {
                return .noRoute
            }
            switch message[7] {
            case UInt8(RTN_LOCAL), UInt8(RTN_BROADCAST), UInt8(RTN_ANYCAST), UInt8(RTN_MULTICAST): return .local
            case UInt8(RTN_UNREACHABLE): return .noRoute
            case UInt8(RTN_PROHIBIT): return .prohibited
            case UInt8(RTN_BLACKHOLE): return .dropped
            default: break
            }
            let attributes = Attributes(message[MemoryLayout<rtmsg>.size...])
            return attributes.integer(Int(RTA_OIF.rawValue), as: Int32.self).map { .leaves(by: $0) } ?? .noRoute
        } catch {
            switch error.code {
            case .system(ENETUNREACH): return .noRoute
            case .system(EHOSTUNREACH): return .notForwarded
            case .system(EXDEV), .system(EINVAL): return .dropped
            case .notPermitted: return .prohibited
            default: throw error
            }
        }
    }
}
