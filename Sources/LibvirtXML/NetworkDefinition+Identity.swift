public import NetworkModel

extension NetworkDefinition {
    /// Whether a document says which network it is, besides its name; false where it is no document.
    public static func statesUUID(libvirtXML bytes: [UInt8]) -> Bool {
        (try? XMLDocument(parsing: bytes).root.first("uuid")) != nil
    }
}
