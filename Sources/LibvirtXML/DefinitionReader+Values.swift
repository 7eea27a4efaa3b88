internal import NetworkModel

// One value of one attribute. Each returns nil where the attribute is absent, or is wrong and has been refused.

extension DefinitionReader {
    /// The attribute's text; nil where it is absent or empty, which to libvirt is mostly the same.
    func value(_ element: XMLElement, _ attribute: String) -> String? {
        element[attribute].flatMap { $0.isEmpty ? nil : $0 }
    }

    mutating func required(_ element: XMLElement, _ attribute: String) -> String? {
        if let value = value(element, attribute) { return value }
        refuse(element, "\(tag(element.name)) has no \(quoted(attribute)); add the attribute")
        return nil
    }

    mutating func refuse(_ element: XMLElement, _ attribute: String, _ value: String, _ remedy: String) {
        refuse(element, "attribute \(quoted(attribute)) of \(tag(element.name)) is \(quoted(value)); \(remedy)")
    }

    mutating func yesNo(_ element: XMLElement, _ attribute: String) -> Bool? {
        switch element[attribute] {
        case nil: return nil
        case "yes": return true
        case "no": return false
        case let value?:
            refuse(element, attribute, value, "write 'yes' or 'no'")
            return nil
        }
    }

    /// A decimal number without a sign; with `zeroMeansNone`, 0 is no value and no mistake, whether `range` holds it or not.
    mutating func number<Number: FixedWidthInteger & UnsignedInteger>(
        _ element: XMLElement, _ attribute: String, _ range: ClosedRange<Number>, zeroMeansNone: Bool = false
    ) -> Number? {
        guard let text = value(element, attribute) else { return nil }
        let isDecimal = text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        if isDecimal, let number = Number(text) {
            if zeroMeansNone, number == 0 { return nil }
            if range.contains(number) { return number }
        }
        refuse(element, attribute, text, "write a number from \(range.lowerBound) to \(range.upperBound)")
        return nil
    }

    mutating func address(_ element: XMLElement, _ attribute: String) -> IPAddress? {
        guard let text = required(element, attribute) else { return nil }
        if let address = IPAddress(libvirtText: text) { return address }
        refuse(element, attribute, text, "write an IPv4 or IPv6 address")
        return nil
    }

    mutating func mac(_ element: XMLElement, _ attribute: String, _ text: String) -> MACAddress? {
        guard let address = MACAddress(text) else {
            refuse(element, attribute, text, "write a MAC address such as 52:54:00:12:34:56")
            return nil
        }
        guard !address.isMulticast else {
            refuse(element, attribute, text, "write a unicast address: the first octet is even")
            return nil
        }
        return address
    }

    mutating func interfaceName(_ element: XMLElement, _ attribute: String, _ text: String) -> InterfaceName? {
        if let name = InterfaceName(text) { return name }
        refuse(element, attribute, text, "write an interface name: 1 to 15 letters, digits, '.', '_' or '-'")
        return nil
    }

    /// Returns `text` in any case.
    mutating func domainName(_ element: XMLElement, _ attribute: String, _ text: String) -> String {
        if !isDomainName(text) { refuse(element, attribute, text, Self.domainNameRemedy) }
        return text
    }

    static let domainNameRemedy =
        "write a domain name: labels of 1 to 63 letters, digits, '-' or '_', without a dot at the end"
}
