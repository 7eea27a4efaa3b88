internal import LibvirtXML
internal import NetworkModel

/// The names that there are, as the files of an instance tell them: for a shell's completion, which must not start a daemon
/// or wait for one.
public struct KnownNames {
    private let paths: Paths

    public init(_ paths: Paths) { self.paths = paths }

    /// Networks that are on disk.
    public var defined: Set<String> { names(in: paths.networks) }
    /// Networks that run.
    public var running: Set<String> { names(in: paths.live) }

    /// The ports with taps on a network, by name.
    public func ports(of network: String) -> [String] {
        uuid(of: network).map { Files.names(in: "\(paths.ports)/\($0)") } ?? []
    }

    /// All ports of a network, by UUID.
    public func portUUIDs(of network: String) -> [String] {
        guard let uuid = uuid(of: network) else { return [] }
        let hypervisors = Files.names(in: "\(paths.hypervisorPorts)/\(uuid)").map { String($0.dropLast(4)) }
        return (hypervisors + ports(of: network).map { NetworkUUID.of(port: $0, on: uuid).description }).sorted()
    }

    private func names(in folder: String) -> Set<String> {
        Set(Files.names(in: folder).filter { $0.hasSuffix(".xml") }.map { String($0.dropLast(4)) })
    }

    private func uuid(of network: String) -> NetworkUUID? {
        for folder in [paths.live, paths.networks] where !network.contains("/") {
            var generator = SystemRandomNumberGenerator()
            guard let content = try? Files.read("\(folder)/\(network).xml"),
                let definition = try? NetworkDefinition(libvirtXML: content, using: &generator)
            else { continue }
            return definition.uuid
        }
        return NetworkUUID(network)
    }
}
