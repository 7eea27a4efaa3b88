internal import API
internal import LibvirtXML
internal import Logging
internal import NetworkModel

extension NetworkService {
    /// Asks the host's hooks for what is about to happen to a network or one of its ports; throws the refusal of one.
    func askHooks(_ moment: Hooks.Moment, _ network: NetworkDefinition, port: NetworkPort? = nil) async throws {
        do {
            try await hooks.run(moment, on: network.name) {
                [network.libvirtXML(connections: connections(of: network))] + (port.map { [$0.libvirtXML] } ?? [])
            }
        } catch {
            throw APIError(.failed, "\(error)")
        }
    }

    /// Tells the host's hooks what has happened, which none of them can refuse.
    func tellHooks(_ moment: Hooks.Moment, _ network: NetworkDefinition, port: NetworkPort? = nil) async {
        do {
            try await askHooks(moment, network, port: port)
        } catch {
            logger.warning("\(error)", metadata: ["network": "\(network.name)"])
        }
    }
}
