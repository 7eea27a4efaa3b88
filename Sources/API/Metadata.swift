/// A part of a network that says something about it, and does nothing to it by itself.
public struct MetadataPart: Hashable, Sendable, Codable {
    /// libvirt's numbers for these are 0, 1 and 2 (`virNetworkMetadataType`).
    public enum Kind: String, Hashable, Sendable, Codable, CaseIterable { case description, title, element }

    public var kind: Kind
    /// The namespace of an element of `<metadata>`; nil for the other kinds.
    public var uri: String?

    private init(_ kind: Kind, uri: String? = nil) {
        self.kind = kind
        self.uri = uri
    }

    public static let description = Self(.description)
    public static let title = Self(.title)
    public static func element(_ uri: String) -> Self { Self(.element, uri: uri) }
}

/// One part of a network's metadata to be set or removed.
public struct MetadataWish: Hashable, Sendable, Codable {
    public var part: MetadataPart
    /// The prefix that an element's namespace gets; nil for other parts, and where the element is to go.
    public var key: String?
    /// The text, or the element without the prefix; nil to remove it.
    public var value: String?
    /// As in ``UpdateWish``.
    public var isLive: Bool
    public var isPersistent: Bool

    public init(_ part: MetadataPart, key: String? = nil, value: String?, isLive: Bool, isPersistent: Bool) {
        self.part = part
        self.key = key
        self.value = value
        self.isLive = isLive
        self.isPersistent = isPersistent
    }
}
