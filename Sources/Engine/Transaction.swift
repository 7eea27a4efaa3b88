internal import Firewall
public import NetworkModel

/// A plan that is being carried out: all of its steps, or none.
public struct Transaction: Sendable {
    let before: HostState
    /// All that is named in what was and in what is wished.
    let scope: HostState
    fileprivate var rest: ArraySlice<Step>
    /// The rules that stand.
    fileprivate var rules: [InterfaceName: NetworkRules]
    fileprivate var made: Set<InterfaceName> = []

    /// Begins to turn `before`, which is what was just observed of all that `wish` names, with the rules that stand, into
    /// `wish`.
    public init(from before: HostState, to wish: HostState) {
        self.init(Plan(from: before, to: wish), before: before, scope: before.merging(wish))
    }

    /// Begins with a plan that was made before; `before` is what was just observed of all that `scope` names.
    public init(_ plan: Plan, before: HostState, scope: HostState) {
        self.before = before
        self.scope = scope
        rest = plan.steps[...]
        rules = before.rules
    }

    fileprivate mutating func note(_ step: Step) {
        switch step {
        case .addBridge(let name, _), .addIntermediate(let name): made.insert(name)
        case .installRules(let installed), .replaceRules(_, let installed): rules[installed.bridge] = installed
        case .removeRules(let removed): rules[removed.bridge] = nil
        default: break
        }
    }
}

extension Kernel {
    /// Turns `before`, which is what was just observed of all that `wish` names, with the rules that stand, into `wish`.
    public mutating func turn(_ before: HostState, into wish: HostState) throws(EngineError) {
        try carryOut(Transaction(from: before, to: wish))
    }

    /// Carries out all steps.
    ///
    /// Where the kernel refuses a step, what was done before it is undone, by a plan from what is then there to what was there
    /// at the start, and the refusal is thrown.
    public mutating func carryOut(_ transaction: Transaction) throws(EngineError) {
        var transaction = transaction
        do throws(EngineError) {
            while let bridge = try advance(&transaction) { try perform(.removeLink(bridge)) }
        } catch {
            undo(transaction)
            throw error
        }
    }

    /// Carries out the steps up to the next that deletes a bridge, and returns that bridge; nil when all steps are done.
    ///
    /// The kernel takes 20 to 50 ms for a deletion, so the caller has it done where nobody waits, before it goes on. Where this throws, or where the bridge cannot be deleted, the transaction is to be undone.
    public mutating func advance(_ transaction: inout Transaction) throws(EngineError) -> InterfaceName? {
        while let step = transaction.rest.popFirst() {
            try Self.passFault(at: step)
            if case .removeLink(let name) = step, transaction.before.bridges[name] != nil { return name }
            try perform(step)
            transaction.note(step)
        }
        return nil
    }

    /// Undoes what was done, as far as it can be undone; what was refused first is what the caller must hear of.
    public mutating func undo(_ transaction: Transaction) {
        guard var now = try? observe(transaction.scope) else { return }
        let (before, made) = (transaction.before, transaction.made)
        // What somebody else made meanwhile, in the way of a step, is not this plan's to remove.
        now.bridges = now.bridges.filter { before.bridges[$0.key] != nil || made.contains($0.key) }
        now.detours = now.detours.filter { before.detours[$0.key] != nil || made.contains($0.key) }
        now.rules = transaction.rules
        for step in Plan(from: now, to: before).steps { try? perform(step) }
    }
}
