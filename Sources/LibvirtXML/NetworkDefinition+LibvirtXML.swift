public import NetworkModel

extension NetworkDefinition {
    /// Reads libvirt's `<network>` document.
    ///
    /// Nothing in it is ignored but `connections`, which only libvirt's output has, and other programs' `<metadata>`, which
    /// is kept: any other element or attribute that would have no effect is refused.
    ///
    /// - Parameters:
    ///   - bytes: UTF-8, at most 1 MiB, without a document type declaration.
    ///   - generator: Makes the UUID of a document that has none.
    /// - Throws: All that is wrong, each with its line.
    public init(
        libvirtXML bytes: [UInt8], using generator: inout some RandomNumberGenerator
    ) throws(XMLProblems) {
        let document = try XMLDocument(parsing: bytes)
        let root = document.root
        guard root.name == "network", root.namespace == nil else {
            throw XMLProblems([XMLProblem("\(tag(root.name)) is not a network; put <network> outermost", at: root)])
        }
        let unknown = Vocabulary.network.problems(in: root)
        var reader = DefinitionReader()
        let network = reader.network(root, metadata: document.metadata, using: &generator)
        let problems = unknown + reader.problems
        guard problems.isEmpty else { throw XMLProblems(problems) }
        self = network
    }

    /// The network as libvirt writes it: `virsh net-dumpxml --inactive`, with a line break at the end.
    ///
    /// What libvirt leaves unescaped, such as the domain's name, is escaped, so that the text is always XML.
    public var libvirtXML: String { libvirtXML(live: false) }

    /// The network as libvirt writes it.
    ///
    /// - Parameter live: As a running network, `virsh net-dumpxml`: with the range of ports that NAT uses, where it does.
    /// - Returns: A document that is the same definition when it is read again, live or not.
    public func libvirtXML(live: Bool) -> String {
        var writer = XMLWriter()
        writer.network(self, live: live)
        return writer.text
    }
}
