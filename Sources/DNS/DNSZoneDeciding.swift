internal import NetworkModel
public import Wire

extension DNSZone {
    /// Decides about one message from a guest, whatever its octets are.
    public func decide(query: Span<UInt8>, over transport: DNSTransport) -> DNSDecision {
        var response = WireWriter(reserving: Int(EDNS.minimumPayloadSize))
        switch decide(query: query, over: transport, into: &response) {
        case .answered: return .answer(response.bytes)
        case .forward(let request): return .forward(request)
        case .ignore: return .ignore
        }
    }

    /// The same, with an answer in place of what `response` held: where that has room enough, nothing is allocated.
    public func decide(
        query message: Span<UInt8>, over transport: DNSTransport, into response: inout WireWriter
    ) -> DNSOutcome {
        var reader = WireReader(message)
        guard let header = try? DNSHeader(reading: &reader), let counts = try? SectionCounts(reading: &reader),
            !header.isResponse
        else { return .ignore }
        func refuse(_ code: DNSResponseCode, _ response: inout WireWriter) -> DNSOutcome {
            Reply.writeHeader(code, to: header, recursionAvailable: canForward, into: &response)
            return .answered
        }
        guard header.opcode == .query else { return refuse(.notImplemented, &response) }
        guard let query = try? Query(header, counts, reading: &reader) else {
            return refuse(.formatError, &response)
        }
        switch resolve(query, in: message) {
        case .reply(let reply):
            reply.write(to: query, in: message, over: transport, into: &response)
            return .answered
        case .ask(let servers):
            guard let request = DNSForwardRequest(message, servers: servers) else {
                return refuse(.formatError, &response)
            }
            return .forward(request)
        }
    }

    private enum Resolution {
        case reply(Reply)
        case ask([ServiceConfiguration.DNS.Server])
    }

    private func resolve(_ query: Query, in message: Span<UInt8>) -> Resolution {
        if let edns = query.edns, edns.version > 0 { return refusal(.badVersion) }
        guard query.recordClass == .internet, query.type != .axfr, query.type != .ixfr else {
            return refusal(.refused)
        }

        if message.nameEquals(SpecialNames.localhost, at: query.lastLabelOffset) {
            return known(
                SpecialNames.loopback, query, apexOffset: query.lastLabelOffset, negativeTTL: SpecialNames.negativeTTL)
        }
        let node = tree.nodes.value(in: message, at: Query.nameOffset)
        if let node, node.answers(query.type) { return known(node, query, apexOffset: nil, negativeTTL: 0) }

        let delegation = delegations.domains.closest(
            in: message, at: Query.nameOffset, labelCount: query.labelCount)
        var apexOffset: Int?
        if let delegation, let apex = delegation.value.apex {
            apexOffset = apex.offset(from: delegation.offset, in: message)
        }
        // A name of somebody else's domain that is given here is a zone of its own; the domains above it are not ours.
        if let node, !node.sets.isEmpty || apexOffset != nil {
            return known(node, query, apexOffset: apexOffset ?? Query.nameOffset, negativeTTL: Self.negativeTTL)
        }
        if let delegation {
            if !delegation.value.servers.isEmpty { return .ask(delegation.value.servers) }
            guard let apexOffset else { return refusal(.refused) }
            return denial(below: node, apexOffset: apexOffset, negativeTTL: Self.negativeTTL)
        }
        return resolveElsewhere(query, in: message, node)
    }

    /// Resolves a name that no record and no rule of the network's configuration is about.
    private func resolveElsewhere(_ query: Query, in message: Span<UInt8>, _ node: NameTree.Node?) -> Resolution {
        if query.labelCount == 1, !forwardsPlainNames || delegations.servers.isEmpty {
            return denial(below: node, apexOffset: query.rootOffset, negativeTTL: Self.negativeTTL)
        }
        if let (apex, offset) = SpecialNames.emptyZones.closest(
            in: message, at: Query.nameOffset, labelCount: query.labelCount)
        {
            let apexOffset = apex.offset(from: offset, in: message)
            guard apexOffset == Query.nameOffset else {
                return denial(below: node, apexOffset: apexOffset, negativeTTL: SpecialNames.negativeTTL)
            }
            return known(SpecialNames.apex, query, apexOffset: apexOffset, negativeTTL: SpecialNames.negativeTTL)
        }
        return delegations.servers.isEmpty ? refusal(.refused) : .ask(delegations.servers)
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
    func answers(_ type: DNSRecordType) -> Bool {
        type == .any ? !sets.isEmpty : sets.contains { $0.type == type }
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

extension DNSForwardRequest {
    /// Nil where `message` has no question that can be read.
    fileprivate init?(_ message: Span<UInt8>, servers: [ServiceConfiguration.DNS.Server]) {
        var reader = WireReader(message)
        let query = reader.rest()
        guard (try? reader.seek(to: Query.nameOffset)) != nil, let question = try? DNSQuestion(reading: &reader) else {
            return nil
        }
        self.init(servers: servers, query: query, question: question)
    }
}
