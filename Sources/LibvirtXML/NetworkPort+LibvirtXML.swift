public import NetworkModel

extension NetworkPort {
    /// Reads libvirt's `<networkport>` document.
    ///
    /// - Parameter bytes: UTF-8, at most 4 MiB, without a document type declaration.
    /// - Returns: The port, and the warnings in the order of the document's lines.
    /// - Throws: All that is wrong, each with its line.
    public static func read(
        libvirtXML bytes: [UInt8]
    ) throws(XMLProblems) -> (port: NetworkPort, warnings: [XMLProblem]) {
        let root = try XMLDocument(parsing: bytes).root
        guard root.key == "networkport" else {
            throw XMLProblems([
                XMLProblem("\(tag(root.name)) is not a network's port; put <networkport> outermost", at: root)
            ])
        }
        var reader = DefinitionReader()
        let port = reader.networkPort(root)
        guard let port, reader.problems.isEmpty else {
            throw XMLProblems(
                reader.problems.isEmpty ? [XMLProblem("<networkport> says nothing", at: root)] : reader.problems)
        }
        return (port, reader.warnings.inOrderOfLines)
    }

    /// The port as libvirt writes it: `virsh net-port-dumpxml`, with a line break at the end.
    public var libvirtXML: String {
        var writer = XMLWriter()
        writer.networkPort(self)
        return writer.text
    }
}
