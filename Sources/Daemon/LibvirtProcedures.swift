internal import API
internal import LibvirtRPC
internal import NetworkModel

// What is done for calls of libvirt's protocol: arguments in libvirt's words become a call of the service, and what that
// answers becomes libvirt's again. Where libvirt's clients know its words for a refusal, they get those.

extension ProcedureTable<NetworkService> {
    /// Everything that libvirt's protocol has for networks, and what clients ask for besides.
    static let networks: Self = {
        var table = Self()
        table.addLookups()
        table.addLists()
        table.addDefinitions()
        table.addLifeCycle()
        table.addMetadata()
        table.addPorts()
        table.addHost()
        return table
    }()

    // MARK: Look

    private mutating func addLookups() {
        on(Procedures.networkByName) { service, name in
            guard let network = await service.summary(named: name) else {
                throw RemoteError(.noNetwork, "no network with matching name '\(name)'")
            }
            return RemoteNetwork(network)
        }
        on(Procedures.networkByUUID) { service, uuid in
            guard let network = await service.summary(of: uuid) else {
                throw RemoteError(.noNetwork, "no network with matching uuid '\(uuid)'")
            }
            return RemoteNetwork(network)
        }
        on(Procedures.networkIsActive) { service, network in try await service.summary(of: network).isActive ? 1 : 0 }
        on(Procedures.networkIsPersistent) { service, network in
            try await service.summary(of: network).isPersistent ? 1 : 0
        }
        on(Procedures.networkAutostart) { service, network in
            try await service.summary(of: network).isAutostarted ? 1 : 0
        }
        on(Procedures.networkBridgeName) { service, network in
            let found = try await service.summary(of: network)
            guard let bridge = found.bridge else {
                throw RemoteError(.internalError, "network '\(found.name)' does not have a bridge name.")
            }
            return bridge
        }
        on(Procedures.networkXML) { service, network, flags in
            try flags.check(allowing: 1, in: "networkGetXMLDesc")
            let found = try await service.summary(of: network)
            return try await service.xml(found.reference, inactive: flags & 1 != 0)
        }
        on(Procedures.networkLeases) { service, network, mac, isWanted, flags in
            try flags.check(allowing: 0, in: "networkGetDHCPLeases")
            let found = try await service.summary(of: network)
            var leases = try await service.leases(found.reference).filter { !$0.isStatic }
            if let mac {
                guard let address = MACAddress(mac) else { throw RemoteError(.invalidMAC, mac) }
                leases = leases.filter { $0.mac == address }
            }
            return Listing(leases.map { RemoteLease($0, on: found) }, isWanted: isWanted != 0)
        }
    }

    private mutating func addLists() {
        on(Procedures.listAllNetworks) { service, isWanted, flags in
            try flags.check(allowing: NetworkFilter.all, in: "networkConnectListAllNetworks")
            let filter = NetworkFilter(flags: flags)
            let found = await service.list().filter(filter.lets)
            return Listing(found.map { RemoteNetwork($0) }, isWanted: isWanted != 0)
        }
        on(Procedures.countNetworks) { service in Int32(clamping: await service.list().count(where: \.isActive)) }
        on(Procedures.countDefinedNetworks) { service in
            Int32(clamping: await service.list().count { !$0.isActive })
        }
        on(Procedures.listNetworks) { service, limit in
            XDRList(try await service.list().filter(\.isActive).map(\.name).first(limit))
        }
        on(Procedures.listDefinedNetworks) { service, limit in
            XDRList(try await service.list().filter { !$0.isActive }.map(\.name).first(limit))
        }
    }

    // MARK: Change

    private mutating func addDefinitions() {
        on(Procedures.defineNetworkXML) { service, xml in
            RemoteNetwork(try await service.define([UInt8](xml.utf8)).network)
        }
        on(Procedures.defineNetworkXMLFlags) { service, xml, flags in
            try flags.check(allowing: 1, in: "networkDefineXMLFlags")
            return RemoteNetwork(try await service.define([UInt8](xml.utf8), isValidated: flags & 1 != 0).network)
        }
        on(Procedures.undefineNetwork) { service, network in
            let found = try await service.summary(of: network)
            guard found.isPersistent else { throw RemoteError(.operationInvalid, "can't undefine transient network") }
            _ = try await found.named { try await service.undefine(found.reference) }
            return Nothing()
        }
        on(Procedures.setNetworkAutostart) { service, network, isEnabled in
            let found = try await service.summary(of: network)
            guard found.isPersistent else {
                throw RemoteError(.operationInvalid, "cannot set autostart for transient network")
            }
            _ = try await found.named { try await service.setAutostart(found.reference, isEnabled != 0) }
            return Nothing()
        }
        on(Procedures.updateNetwork) { service, network, command, section, parent, xml, flags in
            try flags.check(allowing: 3, in: "networkUpdate")
            let found = try await service.summary(of: network)
            guard let command = UpdateCommand(code: command) else {
                throw RemoteError(.operationUnsupported, "unrecognized network update command code \(command)")
            }
            if flags & 1 != 0, !found.isActive { throw RemoteError(.operationInvalid, "network is not running") }
            if flags & 2 != 0, !found.isPersistent {
                throw RemoteError(.operationInvalid, "cannot change persistent config of a transient network")
            }
            guard let section = UpdateSection(code: section) else {
                throw RemoteError(.operationUnsupported, "unrecognized network update section code \(section)")
            }
            let wish = UpdateWish(
                command, section, xml: xml, parentIndex: parent < 0 ? nil : Int(parent), isLive: flags & 1 != 0,
                isPersistent: flags & 2 != 0)
            _ = try await found.named { try await service.update(found.reference, wish) }
            return Nothing()
        }
    }

    private mutating func addLifeCycle() {
        on(Procedures.createNetworkXML) { service, xml in
            let report = try await waiting { try await service.create([UInt8](xml.utf8)) }
            return RemoteNetwork(report.network)
        }
        on(Procedures.createNetworkXMLFlags) { service, xml, flags in
            try flags.check(allowing: 1, in: "networkCreateXMLFlags")
            let report = try await waiting {
                try await service.create([UInt8](xml.utf8), isValidated: flags & 1 != 0)
            }
            return RemoteNetwork(report.network)
        }
        on(Procedures.createNetwork) { service, network in
            let found = try await service.summary(of: network)
            guard !found.isActive else { throw RemoteError(.operationInvalid, "network is already active") }
            _ = try await found.named { try await service.start(found.reference) }
            return Nothing()
        }
        on(Procedures.destroyNetwork) { service, network in
            let found = try await service.summary(ofActive: network)
            _ = try await found.named { try await service.stop(found.reference) }
            return Nothing()
        }
    }

    private mutating func addMetadata() {
        on(Procedures.networkMetadata) { service, network, kind, uri, flags in
            try flags.check(allowing: 3, in: "networkGetMetadata")
            let found = try await service.summary(of: network)
            let part = try MetadataPart(code: kind, uri: uri)
            return try await found.named {
                try await service.metadata(
                    found.reference, part, isLive: flags & 1 != 0, isPersistent: flags & 2 != 0)
            }
        }
        on(Procedures.setNetworkMetadata) { service, network, kind, value, key, uri, flags in
            try flags.check(allowing: 3, in: "networkSetMetadata")
            let found = try await service.summary(of: network)
            let wish = MetadataWish(
                try MetadataPart(code: kind, uri: uri), key: key, value: value, isLive: flags & 1 != 0,
                isPersistent: flags & 2 != 0)
            _ = try await found.named { try await service.setMetadata(found.reference, wish) }
            return Nothing()
        }
    }
}

// MARK: libvirt's words

extension NetworkService {
    func summary(of network: RemoteNetwork) throws(RemoteError) -> NetworkSummary {
        guard let found = summary(of: network.uuid) else {
            throw RemoteError(.noNetwork, "no network with matching uuid '\(network.uuid)' (\(network.name))")
        }
        return found
    }

    func summary(ofActive network: RemoteNetwork) throws(RemoteError) -> NetworkSummary {
        let found = try summary(of: network)
        guard found.isActive else { throw RemoteError(.operationInvalid, "network '\(found.name)' is not active") }
        return found
    }
}

extension NetworkSummary {
    /// What the service finds it by, whatever other networks are called.
    var reference: String { uuid.description }

    /// Does something with the network, and has a refusal call it by its name.
    func named<Result>(_ body: () async throws -> Result) async throws -> Result {
        do {
            return try await waiting(body)
        } catch var error as APIError {
            error.message = error.message.replacing(reference, with: name)
            throw error
        }
    }
}

/// Does something once nobody else is at the network: libvirt's clients expect to wait for each other.
private func waiting<Result>(_ body: () async throws -> Result) async throws -> Result {
    let start = ContinuousClock.now
    while true {
        do {
            return try await body()
        } catch let error as APIError where error.cause == .isBusy && start.duration(to: .now) < .seconds(30) {
            try await Task.sleep(for: .milliseconds(10))
        }
    }
}

extension UInt32 {
    /// Refuses flags of a call that are not known.
    func check(allowing known: UInt32, in function: String) throws(RemoteError) {
        guard self & ~known == 0 else { throw RemoteError(unsupportedFlags: self & ~known, in: function) }
    }
}

extension RemoteNetwork {
    init(_ summary: NetworkSummary) { self.init(name: summary.name, uuid: summary.uuid) }
}

extension RemoteLease {
    fileprivate init(_ lease: LeaseInfo, on network: NetworkSummary) {
        self.init(
            interface: network.bridge ?? "", expiry: lease.expiry?.seconds ?? 0, isIPv6: lease.address.family == .ipv6,
            mac: lease.mac?.description, iaid: lease.iaid.map { String($0) }, address: lease.address.description,
            prefixLength: UInt32(clamping: lease.prefixLength), hostName: lease.hostName, clientID: lease.clientID)
    }
}

extension MetadataPart {
    fileprivate init(code: Int32, uri: String?) throws(RemoteError) {
        switch code {
        case Kind.description.code: self = .description
        case Kind.title.code: self = .title
        case Kind.element.code: self = .element(uri ?? "")
        default: throw RemoteError(.invalidArgument, "unknown metadata type")
        }
    }
}

/// Which networks a list is of (`virConnectListAllNetworksFlags`): of each pair, those that one of its flags names, or all
/// where there is none of them.
private struct NetworkFilter {
    static let all: UInt32 = 0x3F

    let flags: UInt32

    func lets(_ network: NetworkSummary) -> Bool {
        lets(network.isActive, 2, 1) && lets(network.isPersistent, 4, 8) && lets(network.isAutostarted, 16, 32)
    }

    private func lets(_ value: Bool, _ yes: UInt32, _ no: UInt32) -> Bool {
        flags & (yes | no) == 0 || flags & (value ? yes : no) != 0
    }
}

extension [String] {
    /// As many as the caller has room for.
    fileprivate func first(_ limit: Int32) throws(RemoteError) -> [String] {
        guard limit >= 0 else { throw RemoteError(.rpc, from: .rpc, "maxnames must be non-negative") }
        guard limit <= 16_384 else {
            throw RemoteError(.rpc, from: .rpc, "too many networks: \(limit) for limit 16384")
        }
        return Array(prefix(Int(limit)))
    }
}
