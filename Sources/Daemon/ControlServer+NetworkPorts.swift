internal import API
internal import Hummingbird
internal import NIOCore
internal import NetworkModel

extension ControlServer {
    /// Ports as libvirt knows them: `<networkport>` documents by UUID.
    func addNetworkPorts(to networks: RouterGroup<BasicRequestContext>) {
        let service = service
        networks.get(":network/networkports") { _, context in
            let reference = try Self.parameter("network", context)
            return try Self.json(await service.networkPorts(reference).map { NetworkPortInfo($0, on: reference) })
        }
        networks.post(":network/networkports") { request, context in
            let reference = try Self.parameter("network", context)
            let port = try await service.createPort(
                reference, Self.body(of: request), isReclaimed: request.uri.queryParameters["reclaim"] == "true",
                isValidated: request.uri.queryParameters["validate"] == "true")
            return try Self.json(NetworkPortInfo(port, on: reference), status: .created)
        }
        networks.get(":network/networkports/:port/xml") { _, context in
            let text = try await service.portXML(Self.parameter("network", context), Self.port(context))
            return Response(
                status: .ok, headers: [.contentType: "application/xml"],
                body: .init(byteBuffer: ByteBuffer(string: text)))
        }
        networks.delete(":network/networkports/:port") { _, context in
            let reference = try Self.parameter("network", context)
            let port = try await service.deletePort(reference, Self.port(context))
            return try Self.json(NetworkPortInfo(port, on: reference))
        }
    }

    private static func port(_ context: BasicRequestContext) throws -> NetworkUUID {
        let text = try parameter("port", context)
        guard let uuid = NetworkUUID(text) else { throw APIError(.invalid, "'\(text)' is no port's UUID") }
        return uuid
    }
}

extension NetworkPortInfo {
    fileprivate init(_ port: NetworkPort, on network: String) {
        self.init(
            network: network, uuid: port.uuid, owner: port.owner.name, ownerUUID: port.owner.uuid, mac: port.mac,
            plug: port.plug?.type ?? "none")
    }
}
