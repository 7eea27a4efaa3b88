public import CLinux
public import NetworkModel

extension clinux_endpoint {
    public init(_ address: IPAddress, port: UInt16) {
        self.init()
        let octets = address.octets
        length = UInt8(octets.count)
        self.port = port
        unsafe withUnsafeMutableBytes(of: &self.octets) { unsafe $0.copyBytes(from: octets) }
    }

    public var address: IPAddress? {
        unsafe withUnsafeBytes(of: octets) { octets in
            switch length {
            case 4: unsafe .v4(IPv4Address(UInt32(bigEndian: octets.loadUnaligned(as: UInt32.self))))
            case 16: unsafe .v6(IPv6Address(UInt128(bigEndian: octets.loadUnaligned(as: UInt128.self))))
            default: nil
            }
        }
    }
}
