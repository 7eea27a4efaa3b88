public import NetworkModel
internal import Wire

/// What a network's own names and rules say to a message.
public enum DNSDecision: Hashable, Sendable {
    /// Send these octets back.
    case answer([UInt8])
    /// Ask these servers, in this order; never empty.
    case forward(to: [ServiceConfiguration.DNS.Server])
    /// It is no query: an answer to it could begin a loop.
    case ignore
}

extension DNSZone {
    /// Decides about one message from a guest, whatever its octets are.
    public func decide(query message: Span<UInt8>, over transport: DNSTransport) -> DNSDecision {
        var response = WireWriter(reserving: Int(EDNS.minimumPayloadSize))
        switch read(message) {
        case .ignore: return .ignore
        case .refuse(let code, let header):
            Reply.writeHeader(code, to: header, recursionAvailable: canForward, into: &response)
        case .query(let query):
            switch resolve(query, in: message) {
            case .ask(let servers): return .forward(to: servers)
            case .reply(let reply), .follow(let reply, _, _):
                reply.write(to: query, in: message, over: transport, into: &response)
            }
        }
        return .answer(response.bytes)
    }

    enum Reading {
        case ignore
        /// Of the message no more than the header can be trusted.
        case refuse(DNSResponseCode, DNSHeader)
        case query(Query)
    }

    func read(_ message: Span<UInt8>) -> Reading {
        var reader = WireReader(message)
        guard let header = try? DNSHeader(reading: &reader), let counts = try? SectionCounts(reading: &reader),
            !header.isResponse
        else { return .ignore }
        guard header.opcode == .query else { return .refuse(.notImplemented, header) }
        guard let query = try? Query(header, counts, reading: &reader) else { return .refuse(.formatError, header) }
        return .query(query)
    }

    enum Resolution {
        case reply(Reply)
        /// Nobody here knows; these servers, at least one, may.
        case ask([ServiceConfiguration.DNS.Server])
        /// An alias, and these servers may know more of the name that it leads to.
        case follow(Reply, DNSName, [ServiceConfiguration.DNS.Server])
    }

    func resolve(_ query: Query, in message: Span<UInt8>) -> Resolution {
        if let edns = query.edns, edns.version > 0 { return refusal(.badVersion) }
        guard query.type != .axfr, query.type != .ixfr else { return refusal(.refused) }
        guard query.recordClass == .internet else { return resolveOtherClass(query, in: message) }

        if message.nameEquals(SpecialNames.localhost, at: query.lastLabelOffset) {
            return known(
                SpecialNames.loopback, query, apexOffset: query.lastLabelOffset, negativeTTL: SpecialNames.negativeTTL)
        }
        let node = tree.nodes.value(in: message, at: Query.nameOffset)
        if let node, node.answers(query.type) {
            if node.alias != nil, query.type != .cname, query.type != .any { return follow(node, query, in: message) }
            return known(node, query, apexOffset: nil, negativeTTL: 0)
        }

        let delegation = delegations.domains.closest(
            in: message, at: Query.nameOffset, labelCount: query.labelCount, lastLabelOffset: query.lastLabelOffset)
        var apexOffset: Int?
        if let delegation, let apex = delegation.value.apex {
            apexOffset = apex.offset(from: delegation.offset, in: message)
        }
        // A name of somebody else's domain that is given here is a zone of its own; the domains above it are not ours.
        if let node, !node.sets.isEmpty || apexOffset != nil {
            return known(node, query, apexOffset: apexOffset ?? Query.nameOffset, negativeTTL: Self.negativeTTL)
        }
        if let delegation {
            if let fixed = delegation.value.fixed, !fixed.sets.isEmpty {
                return known(fixed, query, apexOffset: apexOffset, negativeTTL: Self.negativeTTL)
            }
            if !delegation.value.servers.isEmpty { return .ask(delegation.value.servers) }
            guard let apexOffset else { return unaskable(query, node) }
            return denial(below: node, apexOffset: apexOffset, negativeTTL: Self.negativeTTL)
        }
        return resolveElsewhere(query, in: message, node)
    }

    /// Follows an alias as far as names are known here (RFC 1034, section 4.3.2).
    ///
    /// Where it leads to somebody else's name, whoever has that is to be asked, if the client wants us to. Where the last
    /// name does not exist, the answer's code says so (RFC 6604, section 3).
    private func follow(_ node: NameTree.Node, _ query: Query, in message: Span<UInt8>) -> Resolution {
        var targets: [NameTree.Node] = []
        var last = node
        while let name = last.alias, targets.count < Self.aliasLimit, let target = tree.nodes[name] {
            targets.append(target)
            last = target
        }
        var responseCode = DNSResponseCode.noError
        var unknown: (name: DNSName, servers: [ServiceConfiguration.DNS.Server])?
        if let name = last.alias, tree.nodes[name] == nil {
            let question = DNSMessage(header: query.header, questions: [DNSQuestion(name: name, type: query.type)])
            if case .query(let query) = read(question.bytes.span) {
                switch resolve(query, in: question.bytes.span) {
                case .ask(let servers): unknown = (name, servers)
                case .reply(let reply) where reply.responseCode == .nameError: responseCode = .nameError
                case .reply(let reply):
                    if let target = reply.node {
                        targets.append(target)
                        last = target
                    }
                case .follow: break
                }
            }
        }
        var reply = Reply(
            responseCode: responseCode, recursionAvailable: canForward, node: node, aliasTargets: targets,
            negativeTTL: Self.negativeTTL)
        if responseCode == .nameError || (last.alias == nil && !last.answers(query.type)), let domain,
            let apex = query.offset(of: domain, in: message)
        {
            reply.apexOffset = apex
        }
        if let unknown, query.header.recursionDesired { return .follow(reply, unknown.name, unknown.servers) }
        return .reply(reply)
    }

    /// How many aliases are followed: none leads in a circle for ever.
    private static var aliasLimit: Int { 8 }

    /// Resolves a name that no record and no rule of the network's configuration is about.
    private func resolveElsewhere(_ query: Query, in message: Span<UInt8>, _ node: NameTree.Node?) -> Resolution {
        if query.labelCount == 1, !forwardsPlainNames || delegations.servers.isEmpty {
            return denial(below: node, apexOffset: query.rootOffset, negativeTTL: Self.negativeTTL)
        }
        if let (apex, offset) = SpecialNames.emptyZones.closest(
            in: message, at: Query.nameOffset, labelCount: query.labelCount, lastLabelOffset: query.lastLabelOffset)
        {
            let apexOffset = apex.offset(from: offset, in: message)
            guard apexOffset == Query.nameOffset else {
                return denial(below: node, apexOffset: apexOffset, negativeTTL: SpecialNames.negativeTTL)
            }
            return known(SpecialNames.apex, query, apexOffset: apexOffset, negativeTTL: SpecialNames.negativeTTL)
        }
        return delegations.servers.isEmpty ? unaskable(query, node) : .ask(delegations.servers)
    }

    /// The answer to a question that is for others, of whom none may be asked.
    ///
    /// A name that has no records but names below it exists all the same (RFC 8020, section 2).
    private func unaskable(_ query: Query, _ node: NameTree.Node?) -> Resolution {
        guard let node else { return refusal(.refused) }
        return known(node, query, apexOffset: Query.nameOffset, negativeTTL: Self.negativeTTL)
    }

    /// Resolves a question of a class in which there are no names here.
    ///
    /// CHAOS asks about the server itself, NONE and ANY are no classes of records (RFC 6895, section 3.2), and nobody else
    /// is told which names of the network's own are asked for.
    private func resolveOtherClass(_ query: Query, in message: Span<UInt8>) -> Resolution {
        guard query.recordClass != .chaos, query.recordClass.rawValue < 254 || query.recordClass.rawValue > 255 else {
            return refusal(.refused)
        }
        let delegation = delegations.domains.closest(
            in: message, at: Query.nameOffset, labelCount: query.labelCount, lastLabelOffset: query.lastLabelOffset)
        let servers = delegation.map { $0.value.apex == nil ? $0.value.servers : [] } ?? delegations.servers
        return servers.isEmpty || query.labelCount < 2 ? refusal(.refused) : .ask(servers)
    }

    /// The answer to a question about a name that exists, with or without records of the type (RFC 2308, section 2.2).
    private func known(_ node: NameTree.Node, _ query: Query, apexOffset: Int?, negativeTTL: UInt32) -> Resolution {
        .reply(
            Reply(
                responseCode: .noError, recursionAvailable: canForward, node: node,
                apexOffset: node.answers(query.type) ? nil : apexOffset, negativeTTL: negativeTTL))
    }

    /// The answer that a name does not exist, which must not be said of a name above one that does (RFC 8020, section 2).
    private func denial(below node: NameTree.Node?, apexOffset: Int, negativeTTL: UInt32) -> Resolution {
        .reply(
            Reply(
                responseCode: node == nil ? .nameError : .noError, recursionAvailable: canForward,
                apexOffset: apexOffset, negativeTTL: negativeTTL))
    }

    private func refusal(_ code: DNSResponseCode) -> Resolution {
        .reply(Reply(responseCode: code, isAuthoritative: false, recursionAvailable: canForward))
    }
}

extension NameTree.Node {
    /// Whether it has something to say to a question of the type; an alias has to all (RFC 1034, section 3.6.2).
    func answers(_ type: DNSRecordType) -> Bool {
        alias != nil || (type == .any ? !sets.isEmpty : sets.contains { $0.type == type })
    }
}

extension Apex {
    /// Where the zone's name begins in `message`, of which the suffix that was found begins at `offset`.
    func offset(from offset: Int, in message: Span<UInt8>) -> Int {
        switch self {
        case .here: offset
        case .parent: offset + 1 + Int(message[offset])
        }
    }
}

extension Query {
    /// Where in the question's name `domain` begins; nil where the name is not in it.
    fileprivate func offset(of domain: DNSName, in message: Span<UInt8>) -> Int? {
        var offset = Self.nameOffset
        for _ in 0..<max(0, labelCount - domain.labelCount) { offset += 1 + Int(message[offset]) }
        return message.nameEquals(domain, at: offset) ? offset : nil
    }
}
