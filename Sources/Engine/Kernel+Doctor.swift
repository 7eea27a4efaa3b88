public import Firewall
public import Netlink
public import NetworkModel

// What keeps packets from their way that is not vnet's, and what can be done about it.

extension Kernel {
    /// The firewall rules of others.
    public func foreignRuleset() throws(EngineError) -> KernelRuleset {
        do { return try nft.foreignRuleset() } catch { throw EngineError(error) }
    }

    /// Puts rules into another's table, which bear the mark.
    public func apply(_ remedy: Remedy, mark: String) throws(EngineError) {
        let commands = remedy.commands(mark: mark).joined(separator: "\n")
        do {
            try nft.run(commands, while: "let packets pass in table \(remedy.table), chain \(remedy.chain)")
        } catch {
            throw EngineError(error)
        }
    }

    /// Takes every rule with the mark out of others' tables.
    public func removeRules(marked mark: String) throws(EngineError) {
        do {
            let commands = try nft.foreignRuleset().removal(ofMarked: mark)
            if !commands.isEmpty { try nft.run(commands, while: "remove the rules with the comment '\(mark)'") }
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
