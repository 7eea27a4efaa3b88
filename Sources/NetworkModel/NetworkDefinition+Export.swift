extension NetworkDefinition {
    /// The network as another manager of guests may have it: a name for the bridge that is there, and nothing to build.
    ///
    /// It has the same name and UUID, so that exporting it again changes that definition and adds none, and tells the other
    /// side whether the taps it makes are isolated from one another. Nil where the network has no bridge.
    public var asBridge: NetworkDefinition? {
        guard let name = bridge.name, hasOwnBridge || forward?.mode == .bridge else { return nil }
        var exported = NetworkDefinition(name: self.name, uuid: uuid)
        exported.title = title
        exported.description = description
        exported.forward = Forward(mode: .bridge)
        exported.bridge.name = name
        exported.portsAreIsolated = portsAreIsolated
        return exported
    }
}
