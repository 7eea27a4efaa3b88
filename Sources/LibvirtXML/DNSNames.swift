/// Whether `text` is a name that DNS can hold and a server need not escape: labels of 1 to 63 letters, digits, `-` and `_`,
/// at most 253 octets in all, with or without a final dot (RFC 1035, section 2.3.4; `_` for RFC 8552).
func isDomainName(_ text: String) -> Bool {
    isName(text) { isAlphanumeric($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") }
}

/// Whether `text` can own a TXT record: as `isDomainName`, of all that can be seen but the blank and comma libvirt forbids.
func isTextRecordName(_ text: String) -> Bool {
    isName(text) { (0x21...0x7E).contains($0) && !#","\"#.utf8.contains($0) }
}

func isAlphanumeric(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
    case UInt8(ascii: "0")...UInt8(ascii: "9"): true
    default: false
    }
}

private func isName(_ text: String, _ mayHold: (UInt8) -> Bool) -> Bool {
    let octets = text.utf8.last == UInt8(ascii: ".") ? text.utf8.dropLast() : text.utf8[...]
    var length = 0
    for octet in octets {
        if octet == UInt8(ascii: ".") {
            guard length > 0 else { return false }
            length = 0
        } else {
            length += 1
            guard length <= 63, mayHold(octet) else { return false }
        }
    }
    return length > 0 && octets.count <= 253
}
