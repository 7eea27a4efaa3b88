/// What firmware that starts from a URL looks for in an answer (UEFI 2.10, section 24.7.3): its own vendor class, and a URL.
enum HTTPBoot {
    static let vendorClass = Array("HTTPClient".utf8)

    /// Whether a client's vendor class says that it is such firmware.
    static func isAsked(by stated: ArraySlice<UInt8>?) -> Bool {
        guard let stated else { return false }
        return stated.indices.contains { stated[$0...].starts(with: vendorClass) }
    }

    /// Whether what a client is to start from is such a URL.
    static func isAnswered(by file: some Collection<UInt8>) -> Bool {
        ["http://", "https://"].contains { file.starts(with: $0.utf8) }
    }
}
