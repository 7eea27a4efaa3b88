/// The name that a client gives itself, made fit for DNS.
public enum HostName {
    /// The name in a message; nil where there is none, or none that is a valid host name.
    ///
    /// That of the FQDN option comes before that of the host name option (RFC 4702, section 3.1).
    public static func stated(in options: DHCPv4Message.Options) -> String? {
        options.value(.clientFQDN).flatMap(fromFQDN) ?? options.value(.hostName).flatMap(label)
    }

    /// The name that a DHCPv6 client states in its FQDN option (RFC 4704, section 4.2).
    static func stated(in options: DHCPv6Options) -> String? { onWire(in: options).flatMap { firstLabel($0[...]) } }

    /// The name as the client's FQDN option has it: behind the flags, in the form it has in DNS.
    static func onWire(in options: DHCPv6Options) -> [UInt8]? { options[.clientFQDN].map { Array($0.dropFirst()) } }

    /// The first label of `name` in lower case, or nil where it is no host name: 1 to 63 letters, digits and hyphens,
    /// no hyphen first or last (RFC 1123, section 2.1).
    ///
    /// `localhost` is refused: no guest may answer to it.
    public static func label(_ name: String) -> String? { label(Array(name.utf8)[...]) }

    private static func label(_ name: ArraySlice<UInt8>) -> String? {
        // Some clients send a C string with its final zero, which RFC 2132, section 2, tells a server to expect.
        let octets = name.prefix { $0 != UInt8(ascii: ".") && $0 != 0 }.map(lowercased)
        guard (1...63).contains(octets.count), octets.first != hyphen, octets.last != hyphen else { return nil }
        let isPlain = octets.allSatisfy { octet in
            switch octet {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), hyphen: true
            default: false
            }
        }
        let text = String(decoding: octets, as: UTF8.self)
        return isPlain && text != "localhost" ? text : nil
    }

    /// Flags, two octets that mean nothing any more, and the name: as on the DNS wire where the E flag is set, else in
    /// the deprecated ASCII form (RFC 4702, sections 2.1 and 2.3).
    private static func fromFQDN(_ option: ArraySlice<UInt8>) -> String? {
        let name = option.dropFirst(3)
        guard let flags = option.first, !name.isEmpty else { return nil }
        let isOnDNSWire = flags & 0x04 != 0
        return isOnDNSWire ? firstLabel(name) : label(name)
    }

    /// The first label of a name as it is on the DNS wire.
    private static func firstLabel(_ name: ArraySlice<UInt8>) -> String? {
        guard let length = name.first else { return nil }
        let first = name.dropFirst().prefix(Int(length))
        // A length above 63 would be a compression pointer, which cannot be here.
        guard length <= 63, first.count == Int(length), !first.contains(UInt8(ascii: ".")), !first.contains(0) else {
            return nil
        }
        return label(first)
    }

    private static let hyphen = UInt8(ascii: "-")

    private static func lowercased(_ octet: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(octet) ? octet | 0x20 : octet
    }
}
