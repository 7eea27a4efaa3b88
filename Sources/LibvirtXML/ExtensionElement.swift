internal import NetworkModel

/// One of vnet's own elements, which stand in `<vnet:network>` in `<metadata>`: the words it knows, and how it is read.
///
/// A new element is a constant in a file of its own and a line in `all`.
struct ExtensionElement: Sendable {
    /// Reads the element into what is known of the network, which is all but what comes after it.
    typealias Read = @Sendable (XMLElement, inout NetworkDefinition, inout DefinitionReader) -> Void

    /// As `XMLElement.key`.
    let key: String
    let vocabulary: Vocabulary.Child
    let read: Read

    init(_ name: String, _ vocabulary: Vocabulary.Child, _ read: @escaping Read) {
        key = "vnet:" + name
        self.vocabulary = vocabulary
        self.read = read
    }

    static let all: [Self] = [
        .portForward,
        .peer,
        .hostAccess,
        .antiSpoof,
        .clientClass,
        .option,
        .boot,
        .httpBoot,
        .delegation,
        .leasesPerPort,
        .releaseOnDetach,
        .linkLocalForward,
        .cname,
        .address,
        .queryLog,
    ]

    static let byKey = Dictionary(uniqueKeysWithValues: all.map { ($0.key, $0) })
}

extension Vocabulary {
    static let extensions = Self(children: ExtensionElement.byKey.mapValues(\.vocabulary))
}

extension DefinitionReader {
    mutating func extensions(in metadata: XMLElement, of network: inout NetworkDefinition) {
        let own = metadata.children.filter { $0.namespace == vnetNamespace }
        for other in own.dropFirst() {
            refuse(
                other,
                "\(tag(other.name)) is the second element of namespace '\(vnetNamespace)' in <metadata>, where libvirt keeps"
                    + " only the first, \(own[0].place); put all into that one")
        }
        guard let element = own.first else { return }
        guard element.key == "vnet:network" else {
            return refuse(
                element,
                "\(tag(element.name)) stands directly in <metadata>; put it into a <network> of namespace '\(vnetNamespace)'"
            )
        }
        Vocabulary.extensions.check(element, &self, unknown: .error)
        // A class may stand behind what it is for.
        let classes = element.all(ExtensionElement.clientClass.key)
        for child in classes + element.children.filter({ $0.key != ExtensionElement.clientClass.key }) {
            if let key = child.key { ExtensionElement.byKey[key]?.read(child, &network, &self) }
        }
    }

    /// The element's text without the blanks around it, as one of `Choice`.
    mutating func content<Choice: RawRepresentable<String> & CaseIterable>(
        of element: XMLElement, as _: Choice.Type
    ) -> Choice? {
        let text = element.words.joined(separator: " ")
        if let choice = Choice(rawValue: text) { return choice }
        let choices = Choice.allCases.map { "'\($0.rawValue)'" }
        refuse(element, "\(tag(element.name)) is \(quoted(text)); write one of \(choices.joined(separator: ", "))")
        return nil
    }

    /// Refuses the element on a network whose bridge is the host's own: vnet then makes no rules for it.
    mutating func requireOwnBridge(_ element: XMLElement, _ network: NetworkDefinition) -> Bool {
        if network.hasOwnBridge { return true }
        let mode = network.forward?.mode.rawValue ?? ""
        refuse(
            element,
            "\(tag(element.name)) needs a bridge of the network's own, which mode \(quoted(mode)) has not; remove it")
        return false
    }

    /// Refuses the element on a network in which the firewall has no part.
    mutating func requireRules(_ element: XMLElement, _ network: NetworkDefinition) -> Bool {
        guard requireOwnBridge(element, network) else { return false }
        guard network.forward?.mode == .open else { return true }
        refuse(
            element,
            "\(tag(element.name)) needs firewall rules, of which mode 'open' makes none; remove it, or write mode 'route'"
        )
        return false
    }
}

extension XMLElement {
    /// The parts of the text between blanks and line breaks.
    var words: [String] { text.split { $0 == " " || $0 == "\t" || $0.isNewline }.map { String($0) } }
}
