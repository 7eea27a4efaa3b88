internal import API
internal import LibvirtRPC
internal import LibvirtXML
internal import NetworkModel

extension ProcedureTable<NetworkService> {
    mutating func addPorts() {
        on(Procedures.listAllPorts) { service, network, isWanted, flags in
            try flags.check(allowing: 0, in: "virNetworkObjPortListExport")
            let found = try await service.summary(ofActive: network)
            let ports = try await service.networkPorts(found.reference)
            return Listing(
                ports.map { RemotePort(network: RemoteNetwork(found), uuid: $0.uuid) }, isWanted: isWanted != 0)
        }
        on(Procedures.portByUUID) { service, network, uuid in
            let port = RemotePort(network: network, uuid: uuid)
            let (found, _) = try await service.find(port)
            return RemotePort(network: RemoteNetwork(found), uuid: uuid)
        }
        on(Procedures.createPort) { service, network, xml, flags in
            try flags.check(allowing: 3, in: "networkPortCreateXML")
            let found = try await service.summary(ofActive: network)
            do {
                let port = try await found.named {
                    try await service.createPort(
                        found.reference, [UInt8](xml.utf8), isReclaimed: flags & 1 != 0, isValidated: flags & 2 != 0)
                }
                return RemotePort(network: RemoteNetwork(found), uuid: port.uuid)
            } catch let error as APIError where error.cause == .portExists {
                // These words of libvirt's stand twice in its message.
                let uuid = try? NetworkPort.read(libvirtXML: [UInt8](xml.utf8)).port.uuid
                throw RemoteError(
                    .portExists, "Network port with UUID \(uuid?.description ?? "") already exists")
            }
        }
        on(Procedures.portXML) { service, port, flags in
            try flags.check(allowing: 0, in: "networkPortGetXMLDesc")
            return try await service.find(port).1.libvirtXML
        }
        on(Procedures.deletePort) { service, port, flags in
            try flags.check(allowing: 0, in: "networkPortDelete")
            let (network, found) = try await service.find(port)
            _ = try await network.named { try await service.deletePort(network.reference, found.uuid) }
            return Nothing()
        }
        on(Procedures.portParameters) { service, port, _, flags in
            // VIR_TYPED_PARAM_STRING_OKAY: strings would be understood.
            try flags.check(allowing: 4, in: "networkPortGetParameters")
            return PortParameters(try await service.find(port).1.parameters)
        }
        on(Procedures.setPortParameters) { service, port, parameters, flags in
            try flags.check(allowing: 0, in: "networkPortSetParameters")
            let (network, found) = try await service.find(port)
            let bandwidth = try found.bandwidth(of: parameters.elements, on: network.name)
            _ = try await network.named { try await service.setBandwidth(network.reference, found.uuid, bandwidth) }
            return Nothing()
        }
    }
}

extension NetworkService {
    /// The port, with its network, which runs.
    fileprivate func find(_ port: RemotePort) throws -> (NetworkSummary, NetworkPort) {
        let network = try summary(ofActive: port.network)
        do {
            return (network, try networkPort(network.reference, port.uuid))
        } catch let error as APIError where error.cause == .noPort {
            throw RemoteError(.noPort, "Network port with UUID \(port.uuid) does not exist")
        }
    }
}

extension NetworkPort {
    /// What may pass by the port, 0 for as much as there is; nothing of a direction that is not limited.
    fileprivate var parameters: [TypedParameter] {
        func parameter(_ name: String, _ value: UInt64?) -> TypedParameter {
            TypedParameter(name, .uint(UInt32(clamping: value ?? 0)))
        }
        var parameters: [TypedParameter] = []
        let (inbound, outbound) = (bandwidth?.inbound, bandwidth?.outbound)
        if inbound != nil || floor != nil {
            parameters += [
                parameter("inbound.average", inbound?.average), parameter("inbound.peak", inbound?.peak),
                parameter("inbound.floor", floor), parameter("inbound.burst", inbound?.burst),
            ]
        }
        if outbound != nil {
            parameters += [
                parameter("outbound.average", outbound?.average), parameter("outbound.peak", outbound?.peak),
                parameter("outbound.burst", outbound?.burst),
            ]
        }
        return parameters
    }

    /// The bandwidth that parameters say; what none of them names is not limited any more.
    fileprivate func bandwidth(
        of parameters: [TypedParameter], on network: String
    ) throws(RemoteError) -> NetworkDefinition.Bandwidth? {
        var values: [String: UInt64] = [:]
        let known = [
            "inbound.average", "inbound.peak", "inbound.floor", "inbound.burst", "outbound.average", "outbound.peak",
            "outbound.burst",
        ]
        for parameter in parameters {
            guard known.contains(parameter.field) else {
                throw RemoteError(.invalidArgument, "parameter '\(parameter.field)' not supported")
            }
            guard case .uint(let value) = parameter.value else {
                throw RemoteError(
                    .invalidArgument, "invalid type for parameter '\(parameter.field)': it is an unsigned integer")
            }
            guard parameter.field != "inbound.floor" || UInt64(value) == floor ?? 0 else {
                throw RemoteError(
                    .operationUnsupported,
                    "Invalid use of 'floor' on interface with MAC address \(mac) - network '\(network)' promises no bandwidth"
                        + " to a hypervisor's guest")
            }
            values[parameter.field] = UInt64(value)
        }
        func rate(_ direction: String) -> NetworkDefinition.Bandwidth.Rate? {
            func value(_ name: String) -> UInt64? { values["\(direction).\(name)"].flatMap { $0 == 0 ? nil : $0 } }
            // A peak and a burst are nothing by themselves.
            guard let average = value("average") else { return nil }
            return .init(average: average, peak: value("peak"), burst: value("burst"))
        }
        let bandwidth = NetworkDefinition.Bandwidth(inbound: rate("inbound"), outbound: rate("outbound"))
        return bandwidth.inbound == nil && bandwidth.outbound == nil ? nil : bandwidth
    }
}
