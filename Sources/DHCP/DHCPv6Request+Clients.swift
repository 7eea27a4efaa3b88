internal import NetworkModel

extension DHCPv6Request {
    /// Whether the client is of all the classes.
    func isOf(_ classes: [ClientClass]) -> Bool { classes.allSatisfy(isOf) }

    private func isOf(_ clients: ClientClass) -> Bool {
        (clients.mac.map { $0 == mac } ?? true)
            && holds(clients.vendor, in: .vendorClass)
            && holds(clients.user, in: .userClass)
            && (clients.architectures.isEmpty || architectures.contains(where: clients.architectures.contains))
    }

    private func holds(_ text: String?, in code: DHCPv6Options.Code) -> Bool {
        guard let text else { return true }
        return options.all(code).contains { value in value.indices.contains { value[$0...].starts(with: text.utf8) } }
    }

    /// In the order in which the client would like them (RFC 5970, section 3.3).
    private var architectures: [UInt16] {
        let octets = options[.clientArchitecture] ?? []
        return stride(from: 0, to: octets.count - octets.count % 2, by: 2).map {
            UInt16(octets[$0]) << 8 | UInt16(octets[$0 + 1])
        }
    }
}
