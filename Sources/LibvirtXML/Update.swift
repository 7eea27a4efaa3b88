internal import NetworkModel

/// One call of `net-update`: what is to be done, and the network it is being done to.
struct Update {
    var network: NetworkDefinition
    let command: UpdateCommand
    let element: XMLElement
    let parentIndex: Int
    var reader = DefinitionReader()

    init(network: NetworkDefinition, command: UpdateCommand, element: XMLElement, parentIndex: Int) {
        self.network = network
        self.command = command
        self.element = element
        self.parentIndex = parentIndex
    }

    mutating func apply(to section: UpdateSection) throws(UpdateError) {
        switch section {
        case .dhcpHost: try dhcpHost()
        case .dhcpRange: try dhcpRange()
        case .forwardInterface: try forwardInterface()
        case .portGroup: try portGroup()
        case .dnsHost: try dnsHost()
        case .dnsText: try dnsText()
        case .dnsService: try dnsService()
        case .bridge: try bridge()
        case .domain: try domain()
        case .ip: try ip()
        case .forward: try forward()
        case .forwardPF: try physicalFunction()
        }
    }

    /// What was read, where nothing was wrong with it; to be called when the reading is done.
    func sound<Value>(_ value: Value?) throws(UpdateError) -> Value {
        guard let value, reader.problems.isEmpty else {
            throw .document(
                reader.problems.isEmpty
                    ? XMLProblems([XMLProblem("\(tag(element.name)) says nothing", at: element)])
                    : XMLProblems(reader.problems))
        }
        return value
    }

    /// Adds at the end that the command names.
    func insert<Value>(_ value: Value, into values: inout [Value]) {
        values.insert(value, at: command == .addFirst ? 0 : values.count)
    }

    /// Removes the only one of `indices`; `what` is how a message calls it.
    func removeOnly<Value>(_ indices: [Int], of values: inout [Value], _ what: String) throws(UpdateError) {
        guard let index = indices.first else { throw .refused("network '\(network.name)' has no \(what)") }
        guard indices.count == 1 else {
            throw .refused("network '\(network.name)' has \(indices.count) \(what): say more of the one that is meant")
        }
        values.remove(at: index)
    }

    func existsAlready(_ what: String) -> UpdateError {
        .refused("network '\(network.name)' has \(what) already: delete it first, or choose another")
    }

    // MARK: Devices

    private mutating func forwardInterface() throws(UpdateError) {
        let found = reader.interfaceName(element, "dev")
        let name = try sound(found)
        guard let forward = network.forward else {
            throw .refused(
                "network '\(network.name)' has no <forward>: it is isolated, and no interface leads out of it")
        }
        guard forward.physicalFunction == nil, forward.addresses.isEmpty else {
            throw .refused(
                "<forward> of network '\(network.name)' lists devices by <pf> or <address>, not by <interface>")
        }
        let index = forward.interfaces.firstIndex(of: name)
        switch (command, index) {
        case (.delete, let index?): network.forward?.interfaces.remove(at: index)
        case (.delete, nil): throw .refused("network '\(network.name)' has no <interface dev='\(name)'>")
        case (_, _?): throw existsAlready("<interface dev='\(name)'>")
        case (_, nil):
            var interfaces = forward.interfaces
            insert(name, into: &interfaces)
            network.forward?.interfaces = interfaces
        }
    }

    private mutating func portGroup() throws(UpdateError) {
        let found = reader.portGroup(element)
        let group = try sound(found)
        let title = "<portgroup name=\(quoted(group.name))>"
        let index = network.portGroups.firstIndex { $0.name == group.name }
        if command == .delete {
            guard let index else { throw .refused("network '\(network.name)' has no \(title)") }
            network.portGroups.remove(at: index)
            return
        }
        let otherDefault = network.portGroups.first { $0.isDefault && $0.name != group.name }
        if group.isDefault, let otherDefault {
            throw .refused(
                "<portgroup> \(quoted(otherDefault.name)) is the default of network '\(network.name)', and only one can be"
            )
        }
        switch (command, index) {
        case (.modify, let index?): network.portGroups[index] = group
        case (.modify, nil): throw .refused("network '\(network.name)' has no \(title)")
        case (_, _?): throw existsAlready(title)
        case (_, nil): insert(group, into: &network.portGroups)
        }
    }
}
