public import API
internal import LibvirtXML
internal import Logging
internal import NetworkModel

extension NetworkService {
    /// A part of what a network says about itself, of the network as it runs or as it is on disk; where neither is asked for,
    /// of the one that counts now.
    ///
    /// - Throws: ``APIError/Code/notFound`` where the network has no such part.
    public func metadata(
        _ reference: String, _ part: MetadataPart, isLive: Bool, isPersistent: Bool
    ) throws -> String {
        let uuid = try find(reference)
        let network = try networks[uuid].orNotFound(reference)
        guard !isLive || !isPersistent else {
            throw APIError(.invalid, "one of --live and --config can be shown at a time")
        }
        if isLive, network.live == nil {
            throw APIError(.wrongState, "network '\(reference)' is not active: use --config")
        }
        if isPersistent, network.definition == nil {
            throw APIError(.wrongState, "network '\(reference)' is transient and has nothing on disk: use --live")
        }
        let definition = isPersistent ? network.definition : network.current
        let (value, name) =
            switch part.kind {
            case .title: (definition?.title, "title")
            case .description: (definition?.description, "description")
            case .element: (definition?.metadata(of: part.uri ?? ""), "metadata of namespace '\(part.uri ?? "")'")
            }
        guard let value else { throw APIError(.notFound, "network '\(reference)' has no \(name)", cause: .noMetadata) }
        return value
    }

    /// Changes a part of what a network says about itself; vnet's own elements take effect at once.
    public func setMetadata(_ reference: String, _ wish: MetadataWish) async throws -> UpdateReport {
        if wish.part.kind == .element, wish.part.uri?.isEmpty != false {
            throw APIError(.invalid, "metadata needs the URI of its namespace")
        }
        if wish.part.kind == .element, wish.value != nil, wish.key?.isEmpty != false {
            throw APIError(.invalid, "metadata needs a key, which becomes the prefix of its namespace")
        }
        let report = try await alter(reference, isLive: wish.isLive, isPersistent: wish.isPersistent) { definition in
            do {
                switch wish.part.kind {
                case .title: return try definition.setting(title: wish.value ?? "")
                case .description: return try definition.setting(description: wish.value ?? "")
                case .element:
                    return try definition.settingMetadata(
                        of: wish.part.uri ?? "", key: wish.key ?? "", to: wish.value.map { [UInt8]($0.utf8) })
                }
            } catch {
                throw APIError(.invalid, "\(error)")
            }
        }
        let network = report.network
        logger.info(
            "metadata changed", metadata: ["network": "\(network.name)", "part": "\(wish.part.kind.rawValue)"])
        emit(.metadataChanged, name: network.name, uuid: network.uuid, wish.part.words, metadata: wish.part)
        return report
    }
}

extension MetadataPart {
    fileprivate var words: String { uri.map { "\(kind.rawValue) of \($0)" } ?? kind.rawValue }
}
