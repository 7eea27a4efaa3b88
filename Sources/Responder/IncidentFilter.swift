internal import NetworkModel

/// Lets through what people have not just been told.
struct IncidentFilter {
    private var told: [DHCPIncident: WallTime] = [:]
    private var count = 0

    /// In seconds: how long one and the same is no news.
    private static let silence: Int64 = 600
    /// How many people hear of between two sweeps, and how many are remembered.
    private static let limitAtOnce = 16
    private static let limit = 1_024

    mutating func admits(_ incident: DHCPIncident, at now: WallTime) -> Bool {
        let key = incident.kind
        guard told[key] == nil, told.count < Self.limit, count < Self.limitAtOnce else { return false }
        told[key] = now
        count += 1
        return true
    }

    mutating func sweep(now: WallTime) {
        count = 0
        told = told.filter { $0.value + Self.silence > now }
    }
}

extension DHCPIncident {
    /// What makes two of them the same to a person: not which of many clients it was.
    fileprivate var kind: Self {
        switch self {
        case .declined, .cloned: self
        case .exhausted(let family, _): .exhausted(family, nil)
        case .limitedRelay(let relay, _, let limit): .limitedRelay(relay, MACAddress(0), limit: limit)
        case .limited(let port, _, let limit): .limited(port: port, MACAddress(0), limit: limit)
        }
    }
}
