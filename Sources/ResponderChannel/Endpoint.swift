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
        let all = unsafe withUnsafeBytes(of: octets) { unsafe [UInt8]($0) }
        return IPAddress(octets: all.prefix(Int(length)))
    }
}
