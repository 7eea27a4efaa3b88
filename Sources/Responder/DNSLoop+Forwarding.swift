internal import CLinux
internal import DNS
internal import Glibc
internal import NetworkModel
internal import ResponderChannel

extension DNSLoop {
    /// Carries out what the network's resolver has asked for while it took messages.
    func carryOutCollected(_ network: DNSNetwork) {
        guard !effects.isEmpty else { return }
        let collected = effects
        effects.removeAll(keepingCapacity: true)
        busy[network.uuid] = network
        carryOut(collected, network)
    }

    func carryOut(_ effects: [DNSEffect], _ network: DNSNetwork) {
        for effect in effects {
            switch effect {
            case .send(let flight, let server, let bytes, let transport): ask(flight, server, bytes, transport, network)
            case .answer(let client, let bytes, let answerer):
                deliver(bytes, to: client, network)
                network.log?.note(bytes, to: client, by: answerer, at: now)
            case .close(let flight): network.upstreams[flight].map(release)
            }
        }
    }

    private func ask(
        _ flight: DNSFlightID, _ server: ServiceConfiguration.DNS.Server, _ bytes: [UInt8], _ transport: DNSTransport,
        _ network: DNSNetwork
    ) {
        network.upstreams[flight].map(end)
        if transport == .udp, let upstream = network.pool.take(to: server, using: &generator) {
            guard unsafe clinux_send(upstream.stream.descriptor, bytes, bytes.count) < 0 else {
                upstream.flight = flight
                network.upstreams[flight] = upstream
                return
            }
            end(upstream)
        }
        if upstreamCount >= upstreamLimit { closeIdle { $0.removeAll() } }
        guard upstreamCount < upstreamLimit else {
            return carryOut(network.resolver.abandon(flight, now: now), network)
        }
        var endpoint = clinux_endpoint(server.address, port: server.port)
        let descriptor = unsafe clinux_connect(&endpoint, transport == .tcp ? 1 : 0)
        guard descriptor >= 0 else { return unreachable(flight, network) }
        let upstream = DNSUpstream(network, descriptor, flight, server, isStream: transport == .tcp, now: now)
        if transport == .tcp {
            upstream.stream.append(bytes)
        } else if unsafe clinux_send(descriptor, bytes, bytes.count) < 0 {
            close(descriptor)
            return unreachable(flight, network)
        }
        guard let token = try? watch(descriptor, .upstream(upstream), writing: transport == .tcp) else {
            close(descriptor)
            return unreachable(flight, network)
        }
        upstream.token = token
        network.upstreams[flight] = upstream
        upstreamCount += 1
    }

    private func unreachable(_ flight: DNSFlightID, _ network: DNSNetwork) {
        carryOut(network.resolver.unreachable(flight, now: now, using: &generator), network)
    }

    func hear(_ upstream: DNSUpstream, _ ready: Poller.Readiness) {
        guard let flight = upstream.flight else {
            // Nobody has asked: a late answer, or a forger.
            _ = upstream.network.pool.removeAll { $0 === upstream }
            return end(upstream)
        }
        if upstream.isStream {
            if ready.canWrite {
                guard upstream.stream.flush() else { return lose(upstream, flight) }
                try? poller.change(
                    upstream.stream.descriptor, token: upstream.token, reading: true, writing: upstream.stream.hasOutput
                )
            }
            guard ready.canRead else { return }
            guard upstream.stream.fill(using: &buffer) == .open else { return lose(upstream, flight) }
            while let reply = upstream.stream.nextMessage() { receive(reply.span, upstream, flight) }
        } else {
            let count = unsafe recv(upstream.stream.descriptor, &buffer, buffer.count, 0)
            if count > 0 {
                // The effects may use the buffer again: what was read must not change under the reader.
                receive(Array(buffer[..<count]).span, upstream, flight)
            } else if count < 0, errno != EAGAIN, errno != EINTR {
                lose(upstream, flight)
            }
        }
    }

    private func receive(_ reply: Span<UInt8>, _ upstream: DNSUpstream, _ flight: DNSFlightID) {
        let network = upstream.network
        upstream.isHeard = true
        defer { upstream.isHeard = false }
        carryOut(
            network.resolver.receive(reply, on: flight, from: upstream.server, now: now, using: &generator), network)
    }

    private func lose(_ upstream: DNSUpstream, _ flight: DNSFlightID) {
        end(upstream)
        unreachable(flight, upstream.network)
    }

    /// Ends the flight of a socket, which is kept where it has just brought the answer.
    private func release(_ upstream: DNSUpstream) {
        guard let flight = upstream.flight, upstream.isHeard, upstream.network.pool.keep(upstream, now: now) else {
            return end(upstream)
        }
        upstream.network.upstreams[flight] = nil
    }

    /// Closes a socket that is of its flight, or has been taken out of the pool.
    func end(_ upstream: DNSUpstream) {
        if let flight = upstream.flight {
            guard upstream.network.upstreams[flight] === upstream else { return }
            upstream.network.upstreams[flight] = nil
        }
        upstreamCount -= 1
        unwatch(upstream.token, upstream.stream.descriptor)
    }

    private func deliver(_ bytes: [UInt8], to client: DNSClient, _ network: DNSNetwork) {
        switch client.way {
        case .datagram(let socket, let port):
            var endpoint = clinux_endpoint(client.address, port: port)
            _ = unsafe clinux_send_to(socket, bytes, bytes.count, &endpoint)
        case .connection(let token):
            guard let connection = network.connections[token] else { return }
            connection.inFlight -= 1
            connection.stream.append(bytes)
            answered.append(connection)
        }
    }
}
