internal import NetworkModel

// Elements that hold a word or two.

extension ExtensionElement {
    static let hostAccess = Self("hostAccess", .once(Vocabulary(content: .text))) { element, network, reader in
        guard reader.requireRules(element, network) else { return }
        if let access = reader.content(of: element, as: HostAccess.self) { network.extensions.hostAccess = access }
    }

    static let antiSpoof = Self("antiSpoof", .once(Vocabulary(content: .text))) { element, network, reader in
        guard reader.requireOwnBridge(element, network) else { return }
        if let answer = reader.content(of: element, as: YesNo.self) { network.extensions.antiSpoof = answer == .yes }
    }

    static let queryLog = Self("queryLog", .once(Vocabulary(content: .text))) { element, network, reader in
        guard reader.requireOwnBridge(element, network) else { return }
        if let answer = reader.content(of: element, as: YesNo.self) { network.extensions.logsQueries = answer == .yes }
    }

    static let releaseOnDetach = Self("releaseOnDetach", .once(Vocabulary(content: .text))) {
        element, network, reader in
        guard reader.requireOwnBridge(element, network) else { return }
        if let answer = reader.content(of: element, as: YesNo.self) {
            network.extensions.releasesOnDetach = answer == .yes
        }
    }

    static let leasesPerPort = Self("leasesPerPort", .once(Vocabulary(content: .text))) { element, network, reader in
        guard reader.requireOwnBridge(element, network) else { return }
        let text = element.words.joined(separator: " ")
        guard let number = Int(text), (1...65_536).contains(number) else {
            return reader.refuse(element, "\(tag(element.name)) is \(quoted(text)); write a number from 1 to 65536")
        }
        network.extensions.leasesPerPort = number
    }

    static let linkLocalForward = Self("linkLocalForward", .once(Vocabulary(content: .text))) {
        element, network, reader in
        guard reader.requireOwnBridge(element, network) else { return }
        for word in element.words {
            if let group = LinkLocalGroup(rawValue: word) {
                network.extensions.linkLocalForward.insert(group)
            } else if word == "pause" {
                reader.refuse(
                    element,
                    "\(tag(element.name)) names 'pause', which no bridge of Linux forwards: such frames end at the first"
                        + " interface (IEEE 802.3, annex 31B); remove it")
            } else {
                let groups = LinkLocalGroup.allCases.map { "'\($0.rawValue)'" }.joined(separator: ", ")
                reader.refuse(element, "\(tag(element.name)) names \(quoted(word)); write some of \(groups)")
            }
        }
    }
}

private enum YesNo: String, CaseIterable { case yes, no }
