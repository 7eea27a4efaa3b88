public import NetworkModel

extension NetworkDefinition {
    /// What keeps the network from being started, each with the line of the document that it was read from.
    public func hindrances(in document: [UInt8]) -> [XMLProblem] {
        let features = unsupportedFeatures
        guard !features.isEmpty, let root = try? XMLDocument(parsing: document).root else { return [] }
        return features.map { feature in
            XMLProblem("network '\(name)' cannot be started: \(feature)", at: root.element(of: feature) ?? root)
        }.inOrderOfLines
    }
}

extension XMLElement {
    /// The element that a sentence is about: the first that it names in angle brackets.
    fileprivate func element(of sentence: String) -> XMLElement? {
        guard let name = sentence.firstMatch(of: /<([\w:]+)>/).map({ String($0.1) }) else { return nil }
        return descendant(name)
    }

    private func descendant(_ name: String) -> XMLElement? {
        for child in children where child.key != nil {
            if child.key == name { return child }
            if let found = child.descendant(name) { return found }
        }
        return nil
    }
}
