public import NetworkModel

extension NetworkDefinition {
    /// Reads libvirt's `<network>` document, and says nothing of what has no effect in it: see `read(libvirtXML:using:)`.
    public init(libvirtXML bytes: [UInt8], using generator: inout some RandomNumberGenerator) throws(XMLProblems) {
        self = try Self.read(libvirtXML: bytes, using: &generator).definition
    }

    /// Reads libvirt's `<network>` document.
    ///
    /// What libvirt refuses is refused, and so is what could not be written and read again as the same. What libvirt takes
    /// and nobody can have meant is a warning: words it does not know and so ignores, elements that count once and stand
    /// there twice, reservations that are never given out. In vnet's own elements, of which libvirt knows nothing, such words
    /// are refused. Other programs' `<metadata>` is kept unread.
    ///
    /// - Parameters:
    ///   - bytes: UTF-8, at most 4 MiB, without a document type declaration.
    ///   - generator: Makes the UUID of a document that has none.
    /// - Returns: The network, and the warnings in the order of the document's lines.
    /// - Throws: All that is wrong, each with its line.
    public static func read(
        libvirtXML bytes: [UInt8], using generator: inout some RandomNumberGenerator
    ) throws(XMLProblems) -> (definition: NetworkDefinition, warnings: [XMLProblem]) {
        var reader = DefinitionReader()
        let network = try reader.network(in: bytes, using: &generator)
        guard reader.problems.isEmpty else { throw XMLProblems(reader.problems) }
        return (network, reader.warnings.inOrderOfLines)
    }

    /// The most that is read of a document, in octets.
    public static var maximumDocumentSize: Int { XMLSource.maximumSize }

    /// The network as libvirt writes it: `virsh net-dumpxml --inactive`, with a line break at the end.
    ///
    /// What libvirt leaves unescaped, such as the domain's name, is escaped, so that the text is always XML.
    public var libvirtXML: String { libvirtXML(live: false) }

    /// The network as libvirt writes it.
    ///
    /// - Parameter live: As a running network, `virsh net-dumpxml`: with the range of ports that NAT uses, where it does.
    /// - Returns: A document that is the same definition when it is read again, but for that range.
    public func libvirtXML(live: Bool) -> String { written(live ? running : self, Connections()) }

    /// The network as libvirt writes one that runs, with how many guests are on it; who reads it again is told nothing of them.
    public func libvirtXML(connections: Connections) -> String { written(running, connections) }

    private func written(_ network: Self, _ connections: Connections) -> String {
        var writer = XMLWriter()
        writer.network(network, connections)
        return writer.text
    }

    /// As libvirt holds a definition while its network runs.
    private var running: Self {
        guard let forward, forward.mode == .nat, forward.nat.ports == nil else { return self }
        // IPv6 packets leave with the host's address only where the document says so.
        guard ips.contains(where: { $0.address.family == .ipv4 || forward.nat.ipv6 == true }) else { return self }
        var running = self
        running.forward?.nat.ports = Forward.NAT.defaultPorts
        return running
    }
}
