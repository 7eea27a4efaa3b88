/// A place in a document, counted from 1.
struct SourcePosition: Hashable, Sendable {
    var line: Int
    /// In characters.
    var column: Int
}

/// The bytes of a document, proven fit for libxml2, and where each of its start tags begins.
///
/// libxml2 itself notes only the line on which a start tag ends. In a well-formed document the start tags found here are
/// its elements in the order of their start tags; in any other the list means nothing, and libxml2 refuses the document.
struct XMLSource {
    /// In octets, as much as libvirt takes: a network with 100,000 names.
    static let maximumSize = 4 << 20
    /// In one element: libxml2 compares each attribute with all others of its element, for minutes where there are 100,000.
    static let maximumAttributes = 100

    let bytes: [UInt8]
    private(set) var startTags: [SourcePosition] = []

    init(_ bytes: [UInt8]) throws(XMLProblems) {
        self.bytes = bytes
        guard bytes.count <= Self.maximumSize else {
            throw XMLProblems("the document is \(bytes.count) octets long; at most \(Self.maximumSize) are read")
        }
        if let offset = bytes.firstIndex(of: 0) {
            throw XMLProblems("a NUL octet stands here; save the document as UTF-8 text", at: position(of: offset))
        }
        do {
            _ = try UTF8Span(validating: bytes.span)
        } catch {
            throw XMLProblems(
                "the text is not UTF-8 here; save the document as UTF-8", at: position(of: error.byteOffsets.lowerBound)
            )
        }
        try findStartTags()
    }

    /// Finds the start tags, and refuses a document type declaration before libxml2 sees it: only there can entities be
    /// declared that grow without limit or name a file.
    private mutating func findStartTags() throws(XMLProblems) {
        var place = SourcePosition(line: 1, column: 1)
        var counted = 0
        var next = 0
        while let tag = bytes[next...].firstIndex(of: UInt8(ascii: "<")) {
            advance(&place, over: bytes[counted..<tag])
            counted = tag
            let mark = tag + 1 < bytes.count ? bytes[tag + 1] : 0
            if mark != UInt8(ascii: "!"), mark != UInt8(ascii: "?") {
                if mark != UInt8(ascii: "/") { startTags.append(place) }
                next = try end(ofTag: tag, at: place)
            } else if starts(at: tag, "<!--") {
                next = end(of: "-->", from: tag + 4)
            } else if starts(at: tag, "<![CDATA[") {
                next = end(of: "]]>", from: tag + 9)
            } else if starts(at: tag, "<?") {
                next = end(of: "?>", from: tag + 2)
            } else {
                throw XMLProblems(
                    "a document type declaration or entity is not allowed in a network; remove it", at: place)
            }
        }
    }

    /// The offset after the tag that begins at `tag`; the end of the document where the tag does not end.
    private func end(ofTag tag: Int, at place: SourcePosition) throws(XMLProblems) -> Int {
        var quote: UInt8?
        var attributes = 0
        for offset in tag..<bytes.count {
            switch (bytes[offset], quote) {
            case (let byte, let open?): if byte == open { quote = nil }
            case (UInt8(ascii: ">"), nil): return offset + 1
            case (UInt8(ascii: "\""), nil), (UInt8(ascii: "'"), nil):
                quote = bytes[offset]
                attributes += 1
                guard attributes <= Self.maximumAttributes else {
                    throw XMLProblems(
                        "an element has more than \(Self.maximumAttributes) attributes; remove some", at: place)
                }
            default: break
            }
        }
        return bytes.count
    }

    private func starts(at offset: Int, _ text: String) -> Bool { bytes[offset...].starts(with: text.utf8) }

    /// The offset after the first `text` at or after `offset`; the end of the document where there is none.
    private func end(of text: String, from offset: Int) -> Int {
        var start = min(offset, bytes.count)
        while start < bytes.count {
            if bytes[start] == text.utf8.first, starts(at: start, text) { return start + text.utf8.count }
            start += 1
        }
        return start
    }

    private func position(of offset: Int) -> SourcePosition {
        var place = SourcePosition(line: 1, column: 1)
        advance(&place, over: bytes[..<offset])
        return place
    }

    private func advance(_ place: inout SourcePosition, over bytes: ArraySlice<UInt8>) {
        for byte in bytes {
            if byte == UInt8(ascii: "\n") {
                place = SourcePosition(line: place.line + 1, column: 1)
            } else if byte & 0xC0 != 0x80 {  // a continuation octet begins no character
                place.column += 1
            }
        }
    }
}
