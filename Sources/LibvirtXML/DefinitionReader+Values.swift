internal import NetworkModel

// One value of one attribute. Each returns nil where the attribute is absent, or is wrong and has been refused.

extension DefinitionReader {
    /// The attribute's text; nil where it is absent or empty, which to libvirt is mostly the same.
    func value(_ element: XMLElement, _ attribute: String) -> String? {
        element[attribute].flatMap { $0.isEmpty ? nil : $0 }
    }

    mutating func required(_ element: XMLElement, _ attribute: String) -> String? {
        if let value = value(element, attribute) { return value }
        refuseAbsence(of: attribute, element)
        return nil
    }

    /// As `required`, where an empty value is one.
    mutating func present(_ element: XMLElement, _ attribute: String) -> String? {
        if let value = element[attribute] { return value }
        refuseAbsence(of: attribute, element)
        return nil
    }

    private mutating func refuseAbsence(of attribute: String, _ element: XMLElement) {
        refuse(element, "\(tag(element.name)) has no \(quoted(attribute)); add the attribute")
    }

    mutating func refuse(_ element: XMLElement, _ attribute: String, _ value: String, _ remedy: String) {
        refuse(element, "attribute \(quoted(attribute)) of \(tag(element.name)) is \(quoted(value)); \(remedy)")
    }

    mutating func warn(_ element: XMLElement, _ attribute: String, _ value: String, _ effect: String) {
        warn(element, "attribute \(quoted(attribute)) of \(tag(element.name)) is \(quoted(value)), which \(effect)")
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

    /// What libvirt compares without case, and takes for no where it is no yes.
    mutating func isYes(_ element: XMLElement, _ attribute: String) -> Bool {
        guard let text = element[attribute] else { return false }
        let word = text.lowercased()
        if word != "yes", word != "no" { warn(element, attribute, text, "counts as 'no'; write 'yes' or 'no'") }
        return word == "yes"
    }

    mutating func choice<Choice: RawRepresentable<String>>(
        _ element: XMLElement, _ attribute: String, _ remedy: String
    ) -> Choice? {
        guard let text = value(element, attribute) else { return nil }
        if let choice = Choice(rawValue: text) { return choice }
        refuse(element, attribute, text, remedy)
        return nil
    }

    /// How a number is written: with digits alone, or as in C, where `0x` begins a hexadecimal and `0` an octal one.
    enum Notation { case decimal, asInC }

    /// A number as `strtoul()` reads it, but for a minus sign, which libvirt mostly refuses.
    ///
    /// An empty value is none where it `isOptional`, else a mistake.
    mutating func number<Number: FixedWidthInteger & UnsignedInteger>(
        _ element: XMLElement, _ attribute: String, _ range: ClosedRange<Number> = .min ... .max,
        _ notation: Notation = .decimal, isOptional: Bool = true
    ) -> Number? {
        guard let text = element[attribute], !text.isEmpty || !isOptional else { return nil }
        if let number: Number = Self.number(text, notation), range.contains(number) { return number }
        refuse(element, attribute, text, "write a number from \(range.lowerBound) to \(range.upperBound)")
        return nil
    }

    private static func number<Number: FixedWidthInteger>(_ text: String, _ notation: Notation) -> Number? {
        var digits = text.drop { $0 == " " || $0 == "\t" || $0.isNewline }
        if digits.utf8.first == UInt8(ascii: "+") { digits.removeFirst() }
        var radix = 10
        if notation == .asInC, digits.utf8.first == UInt8(ascii: "0"), digits.utf8.count > 1 {
            let isHexadecimal = digits.hasPrefix("0x") || digits.hasPrefix("0X")
            radix = isHexadecimal ? 16 : 8
            if isHexadecimal { digits.removeFirst(2) }
        }
        guard let first = digits.utf8.first, first != UInt8(ascii: "+"), first != UInt8(ascii: "-") else { return nil }
        return Number(digits, radix: radix)
    }

    mutating func address(_ element: XMLElement, _ attribute: String) -> IPAddress? {
        guard let text = present(element, attribute) else { return nil }
        if let address = IPAddress(libvirtText: text) { return address }
        refuse(element, attribute, text, "write an IPv4 or IPv6 address")
        return nil
    }

    /// An address of the family of its `<ip>`, which `family` is.
    mutating func address(_ element: XMLElement, _ attribute: String, of family: AddressFamily) -> IPAddress? {
        guard let address = address(element, attribute) else { return nil }
        if address.family == family { return address }
        refuse(
            element, attribute, address.description,
            "write an \(family == .ipv4 ? "IPv4" : "IPv6") address, as in its <ip>")
        return nil
    }

    mutating func family(_ element: XMLElement) -> AddressFamily? {
        choice(element, "family", "write 'ipv4' or 'ipv6'")
    }

    /// A MAC address, after which libvirt lets a blank stand.
    mutating func mac(_ element: XMLElement, _ attribute: String, _ text: String) -> MACAddress? {
        guard let address = MACAddress(text) ?? MACAddress(text.prefix { $0 != " " }) else {
            refuse(element, attribute, text, "write a MAC address such as 52:54:00:12:34:56")
            return nil
        }
        guard !address.isMulticast else {
            refuse(element, attribute, text, "write a unicast address: the first octet is even")
            return nil
        }
        return address
    }

    mutating func interfaceName(_ element: XMLElement, _ attribute: String) -> InterfaceName? {
        guard let text = required(element, attribute) else { return nil }
        if let name = InterfaceName(text) { return name }
        refuse(element, attribute, text, "write an interface name: 1 to 15 letters, digits, '.', '_' or '-'")
        return nil
    }

    /// Returns `text` in any case: what is no name is kept, and never served.
    mutating func domainName(_ element: XMLElement, _ attribute: String, _ text: String) -> String {
        if !isDomainName(text) { warn(element, attribute, text, Self.notADomainName) }
        return text
    }

    static let notADomainName =
        "is not a domain name and may have no effect: labels of 1 to 63 letters, digits, '-' or '_'"
}
