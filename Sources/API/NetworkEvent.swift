public import NetworkModel

/// Something that has happened to a network.
public struct NetworkEvent: Hashable, Sendable, Codable {
    /// What has happened; more kinds come with time, and who reads events passes over those it does not know.
    public struct Kind: RawRepresentable, Hashable, Sendable, Codable {
        public let rawValue: String

        public init(rawValue: String) { self.rawValue = rawValue }

        /// Also where a definition was replaced.
        public static let defined = Self(rawValue: "defined")
        public static let undefined = Self(rawValue: "undefined")
        public static let started = Self(rawValue: "started")
        public static let stopped = Self(rawValue: "stopped")
        public static let metadataChanged = Self(rawValue: "metadata-changed")
        public static let updated = Self(rawValue: "updated")
        /// Somebody else changed what is vnet's, and it was put back.
        public static let repaired = Self(rawValue: "repaired")
        public static let portAttached = Self(rawValue: "port-attached")
        public static let portDetached = Self(rawValue: "port-detached")
        public static let leaseAdded = Self(rawValue: "lease-added")
        public static let leaseChanged = Self(rawValue: "lease-changed")
        public static let leaseEnded = Self(rawValue: "lease-ended")
        /// A guest uses an address that it has not leased.
        public static let addressInUse = Self(rawValue: "address-in-use")
        /// A guest found that somebody else uses the address that it was given.
        public static let addressDeclined = Self(rawValue: "address-declined")
        /// Two guests identify themselves in the same way.
        public static let clientCloned = Self(rawValue: "client-cloned")
        /// A guest got no address, since there is none left.
        public static let addressesExhausted = Self(rawValue: "addresses-exhausted")
        /// A guest got no address, since its port has as many as one may have.
        public static let portLimited = Self(rawValue: "port-limited")
    }

    /// Milliseconds since 1970-01-01 00:00:00 UTC.
    public var time: Int64
    public var network: String
    public var uuid: NetworkUUID
    public var kind: Kind
    /// A sentence for a person, without a full stop; nil where the kind says it all.
    public var detail: String?
    /// What has changed, where the kind is `metadataChanged`; else nil.
    public var metadata: MetadataPart?

    public init(
        time: Int64, network: String, uuid: NetworkUUID, kind: Kind, detail: String? = nil,
        metadata: MetadataPart? = nil
    ) {
        self.time = time
        self.network = network
        self.uuid = uuid
        self.kind = kind
        self.detail = detail
        self.metadata = metadata
    }
}

/// A line of the answer to `GET /v1/events`: an event as JSON, or one of two words about the subscription itself, in the
/// place where an event has its kind.
public enum EventLine: Hashable, Sendable, Codable {
    /// The first line: from now on no event is missed.
    case subscribed
    case event(NetworkEvent)
    /// The last line for a reader that was too slow: what happened after the lines before is not told.
    case lost

    private enum CodingKeys: CodingKey { case kind }

    public init(from decoder: any Decoder) throws {
        switch try decoder.container(keyedBy: CodingKeys.self).decode(String.self, forKey: .kind) {
        case "subscribed": self = .subscribed
        case "lost": self = .lost
        default: self = .event(try NetworkEvent(from: decoder))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .subscribed: try container.encode("subscribed", forKey: .kind)
        case .lost: try container.encode("lost", forKey: .kind)
        case .event(let event): try event.encode(to: encoder)
        }
    }
}
