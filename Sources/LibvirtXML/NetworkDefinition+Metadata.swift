public import NetworkModel

extension NetworkDefinition {
    /// The element of a namespace in `<metadata>`, as `virsh net-metadata` prints it: without its prefix; nil where there is
    /// none.
    public func metadata(of uri: String) -> String? {
        // What has been read can be read again.
        metadata.flatMap { try? MetadataElement.read(uri, in: $0) }
    }

    /// The network with another element of a namespace in `<metadata>`, or without one.
    ///
    /// - Parameters:
    ///   - uri: The namespace.
    ///   - key: The prefix that it gets.
    ///   - xml: The element, without the prefix; nil to remove the one there is.
    /// - Returns: A definition that its own document is read as.
    /// - Throws: Why there is no such definition; of vnet's own elements everything that is wrong with them.
    public func settingMetadata(of uri: String, key: String, to xml: [UInt8]?) throws(UpdateError) -> Self {
        var network = self
        do {
            network.metadata = try MetadataElement.write(uri, key: key, xml, in: metadata)
        } catch {
            throw .document(error)
        }
        return try network.normalized
    }

    /// The network with another title, or without one where the text is empty.
    public func setting(title: String) throws(UpdateError) -> Self {
        var network = self
        network.title = title.isEmpty ? nil : title
        return try network.normalized
    }

    /// The network with another description, or without one where the text is empty.
    public func setting(description: String) throws(UpdateError) -> Self {
        var network = self
        network.description = description.isEmpty ? nil : description
        return try network.normalized
    }
}
