internal import NetworkModel
internal import Wire

// What the messages to a client hold (RFC 8415, sections 18.3.9 and 18.3.10).
extension DHCPv6Server {
    func advertisement(_ request: DHCPv6Request, _ answers: [IdentityAssociation]) -> DHCPv6Reply {
        message(.advertise, request) { options in
            // The only server of the link: the client need not wait for others (section 18.2.1).
            options.append(.preference, [255])
            append(answers, to: &options)
            appendParameters(to: &options, request, answers)
        }
    }

    func reply(_ request: DHCPv6Request, _ answers: [IdentityAssociation]) -> DHCPv6Reply {
        message(.reply, request) { options in
            if request.packet.message.kind == .solicit { options.append(.rapidCommit) }
            append(answers, to: &options)
            appendParameters(to: &options, request, answers)
        }
    }

    /// The answer to an Information-request: parameters alone.
    func information(_ request: DHCPv6Request) -> DHCPv6Reply {
        message(.reply, request) { options in
            appendParameters(to: &options, request, [])
            // Until then the client does not ask again (section 21.23).
            if request.wants(.informationRefreshTime), !options.contains(.informationRefreshTime) {
                options.append(.informationRefreshTime) { $0.u32(Self.refreshSeconds) }
            }
        }
    }

    /// An answer of a status, and of what there is to say of single associations.
    func answer(
        _ request: DHCPv6Request, status: DHCPv6Status, _ associations: [IdentityAssociation] = [],
        showsSuccess: Bool = false
    ) -> DHCPv6Reply {
        message(.reply, request) { options in
            if status != .success || showsSuccess { options.append(status) }
            for association in associations { options.append(association) }
        }
    }

    /// In seconds: an hour, so that guests hear of another name server within it.
    private static let refreshSeconds: UInt32 = 3_600

    private func message(
        _ kind: DHCPv6Message.Kind, _ request: DHCPv6Request, _ fill: (inout DHCPv6Options) -> Void
    ) -> DHCPv6Reply {
        var message = DHCPv6Message(kind, transactionID: request.packet.message.transactionID)
        message.options.append(.serverIdentifier, configuration.serverIdentifier)
        if let identifier = request.options[.clientIdentifier] {
            message.options.append(.clientIdentifier, identifier)
        }
        fill(&message.options)
        return DHCPv6Reply(message, to: request.packet, from: request.origin)
    }

    /// All associations renew at the same time, when the first of them must (section 14.2).
    private func append(_ answers: [IdentityAssociation], to options: inout DHCPv6Options) {
        let lifetimes = answers.flatMap(\.parts).map(\.preferredLifetime).filter { $0 > 0 }
        let shortest = lifetimes.min() ?? 0
        for var answer in answers {
            if answer.parts.contains(where: { $0.validLifetime > 0 }) {
                answer.renewal = shortest == .max ? .max : shortest / 2
                answer.rebinding = shortest == .max ? .max : UInt32(UInt64(shortest) * 4 / 5)
            }
            options.append(answer)
        }
    }

    private func appendParameters(
        to options: inout DHCPv6Options, _ request: DHCPv6Request, _ answers: [IdentityAssociation]
    ) {
        let meant = configuration.options.filter { request.isOf($0.clients) }
        for option in meant.filter({ !$0.clients.isEmpty }) + meant.filter(\.clients.isEmpty) {
            let code = DHCPv6Options.Code(rawValue: option.code)
            if request.wants(code), !options.contains(code) { options.append(code, option.data) }
        }
        func isWanted(_ code: DHCPv6Options.Code) -> Bool { request.wants(code) && !options.contains(code) }
        if isWanted(.nameServers), !configuration.nameServers.isEmpty {
            options.append(.nameServers, configuration.nameServers)
        }
        if isWanted(.searchDomains), let domain = configuration.domain.flatMap(DomainName.encoded) {
            options.append(.searchDomains, domain)
        }
        if let boot = configuration.boots.first(where: { request.isOf($0.clients) }), isWanted(.bootFileURL),
            request.options.requested != nil
        {
            let byHTTP = HTTPBoot.isAsked(by: request.options[.vendorClass]?[...]) ? boot.httpURL : nil
            options.append(.bootFileURL, Array((byHTTP ?? boot.url).utf8))
        }
        if let stated = request.options[.vendorClass], HTTPBoot.isAsked(by: stated[...]),
            options[.bootFileURL].map({ HTTPBoot.isAnswered(by: $0) }) == true, !options.contains(.vendorClass)
        {
            // The enterprise number is the client's own.
            options.append(.vendorClass) { writer in
                writer.raw(Array(stated.prefix(4)))
                writer.lengthPrefixed { $0.raw(HTTPBoot.vendorClass) }
            }
        }
        if request.options.contains(.clientFQDN), request.options.requested?.contains(.clientFQDN) == true {
            appendName(to: &options, request, answers)
        }
    }

    /// The name as DNS has it, and that the server put it there (RFC 4704, section 6).
    private func appendName(
        to options: inout DHCPv6Options, _ request: DHCPv6Request, _ answers: [IdentityAssociation]
    ) {
        let held = answers.flatMap(\.parts).lazy.compactMap { addresses.lease(of: $0.prefix)?.hostName }.first
        let full = held.map { name in configuration.domain.map { "\(name).\($0)" } ?? name }
        guard let encoded = full.flatMap(DomainName.encoded) else {
            // The N flag: this server registers no name.
            return options.append(.clientFQDN, [0x04] + (HostName.onWire(in: request.options) ?? []))
        }
        let wishesServer = request.options[.clientFQDN]?.first.map { $0 & 0x01 != 0 } ?? false
        options.append(.clientFQDN, [wishesServer ? 0x01 : 0x03] + encoded)
    }
}
