public import Firewall
public import Netlink
public import NetworkModel

// What keeps packets from their way that is not vnet's, and what can be done about it.

extension Kernel {
    /// The firewall rules of others.
    public func foreignRuleset() throws(EngineError) -> KernelRuleset {
        do { return try nft.foreignRuleset() } catch { throw EngineError(error) }
    }

    /// Puts rules into others' tables, which bear the mark: all or none.
    public func apply(_ remedies: [Remedy], mark: String) throws(EngineError) {
        let places = remedies.map { "table \($0.table), chain \($0.chain)" }.joined(separator: ", and ")
        let operation = "let packets pass in \(places)"
        if Fault.isDue() { throw EngineError("\(operation): refused for a test") }
        do {
            try nft.run(remedies.flatMap { $0.commands(mark: mark) }.joined(separator: "\n"), while: operation)
        } catch {
            throw EngineError(error)
        }
    }

    /// Takes every rule with the mark out of others' tables.
    public func removeRules(marked mark: String) throws(EngineError) {
        let operation = "remove the rules with the comment '\(mark)'"
        let commands = try foreignRuleset().removal(ofMarked: mark)
        guard !commands.isEmpty else { return }
        if Fault.isDue() { throw EngineError("\(operation): refused for a test") }
        do {
            try nft.run(commands, while: operation)
        } catch {
            throw EngineError(error)
        }
    }

    /// What would become of a packet of a guest's or for one, as far as its route goes.
    public func route(
        to destination: IPAddress, from source: IPAddress, arrivingBy name: InterfaceName
    ) throws(EngineError) -> RouteAnswer {
        do {
            guard let link = try sockets.link(named: name) else { return .noRoute }
            return try sockets.answer(to: destination, from: source, arrivingBy: link.index)
        } catch {
            throw EngineError(error)
        }
    }

    public func interface(ofIndex index: Int32) -> InterfaceName? { Self.name(ofInterface: index) }
}
