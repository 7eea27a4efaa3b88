internal import Engine
internal import Logging
internal import Netlink
internal import NetworkModel

// A hypervisor asks for a port first, and makes the guest's tap then: once that is on the network's bridge, what the network
// says of the port counts for it, as for a tap of vnet's own.

extension NetworkService {
    /// The taps that are there, as the rules need to know them.
    func hypervisorTaps(of uuid: NetworkUUID) -> [Surroundings.Port] {
        hypervisorPorts.ports(of: uuid).compactMap { port in
            hypervisorPorts.tap(of: port.uuid, on: uuid).map { .init(tap: $0, mac: port.mac) }
        }
    }

    /// Looks for the taps of all ports that have none yet: of guests that ran before this daemon did, or before their port
    /// was known.
    func findHypervisorTaps() {
        guard !hypervisorPorts.networks.isEmpty else { return }
        do {
            for link in try kernel.links() { hypervisorTapChanged(link) }
        } catch {
            logger.error("the taps of hypervisors' guests are not known: \(error)")
        }
    }

    /// A link of the host has changed: it may be a guest's tap that has come to its bridge, or left it.
    ///
    /// A hypervisor of libvirt's gives its tap the guest's address with another first octet, which so tells whose it is.
    func hypervisorTapChanged(_ link: Link) {
        guard link.kind == "tun", let tap = InterfaceName(link.name) else { return }
        let network = link.master.flatMap { networks.uuid(onInterface: $0) }
        if let holder = hypervisorPorts.holder(of: tap) {
            guard holder.network != network else { return }
            forgetHypervisorTap(tap)
        }
        guard let network, ports.network(ofTap: tap) == nil,
            let port = hypervisorPorts.ports(of: network).first(where: { $0.mac.hostSide == link.mac })
        else { return }
        hypervisorPorts.setTap(tap, of: port.uuid, on: network)
        logger.info(
            "a guest's tap is on its network",
            metadata: ["network": "\(name(of: network))", "port": "\(port.uuid)", "tap": "\(tap)"])
        do {
            try prepare(tap, for: port, on: network)
        } catch {
            logger.error(
                "tap '\(tap)' of guest '\(port.owner.name)' is not as network '\(name(of: network))' says: \(error)")
        }
        surroundingsChanged(of: network)
    }

    func forgetHypervisorTap(_ tap: InterfaceName) {
        guard let holder = hypervisorPorts.holder(of: tap) else { return }
        hypervisorPorts.setTap(nil, of: holder.port, on: holder.network)
        surroundingsChanged(of: holder.network)
    }

    /// Keeps the guest from others, and hands on to it what the network hands on; its bandwidth is the hypervisor's matter.
    private func prepare(_ tap: InterfaceName, for port: NetworkPort, on network: NetworkUUID) throws {
        guard let definition = networks[network]?.live?.definition, definition.hasOwnBridge else { return }
        let any = TapState(mac: port.mac.hostSide, mtu: nil, alias: nil, master: nil, isUp: true)
        let observed = try kernel.observe(HostState(taps: [tap: any]))
        guard var state = observed.taps[tap] else { return }
        state.isIsolated = port.isIsolated == true
        state.groupForward = definition.extensions.linkLocalForward.portMask
        try kernel.turn(observed, into: HostState(taps: [tap: state]))
    }
}
