internal import Wire

/// The records that a zone has at its apex, made up as RFC 6303, section 3, has them for an empty zone.
///
/// The name server is the zone's own name. No secondary server ever asks for the zone, so the times mean nothing and the
/// serial never changes.
enum ApexRecords {
    private static let responsible: [UInt8] = [6] + Array("nobody".utf8) + [7] + Array("invalid".utf8) + [0]

    /// The records of the zone `apex`.
    static func sets(of apex: DNSName, negativeTTL: UInt32) -> [RecordSet] {
        [
            RecordSet(.soa) { writer in
                writer.raw(apex.wire)  // MNAME
                writeRest(negativeTTL, to: &writer)
            },
            RecordSet(.ns) { $0.raw(apex.wire) },
        ]
    }

    /// The same for whichever zone the question is about.
    static func sets(negativeTTL: UInt32) -> [RecordSet] {
        [
            RecordSet(.soa) { writer in
                writer.u16(RecordSet.pointerToQuestion)  // MNAME
                writeRest(negativeTTL, to: &writer)
            },
            RecordSet(.ns) { $0.u16(RecordSet.pointerToQuestion) },
        ]
    }

    /// Writes the SOA record that a negative answer needs (RFC 2308, section 3).
    ///
    /// `apexPointer` is a compression pointer to the zone's name, nil for the root.
    static func writeAuthority(apexPointer: UInt16?, negativeTTL: UInt32, to writer: inout WireWriter) {
        write(apexPointer, to: &writer)
        writer.u16(DNSRecordType.soa.rawValue)
        writer.u16(DNSClass.internet.rawValue)
        // RFC 2308, section 3: the lesser of the record's TTL and its minimum field; here they are one.
        writer.u32(negativeTTL)
        writer.lengthPrefixed { writer in
            write(apexPointer, to: &writer)  // MNAME
            writeRest(negativeTTL, to: &writer)
        }
    }

    private static func writeRest(_ negativeTTL: UInt32, to writer: inout WireWriter) {
        writer.raw(responsible)  // RNAME
        writer.u32(1)  // SERIAL
        writer.u32(3600)  // REFRESH
        writer.u32(1200)  // RETRY
        writer.u32(604_800)  // EXPIRE
        writer.u32(negativeTTL)  // MINIMUM
    }

    private static func write(_ pointer: UInt16?, to writer: inout WireWriter) {
        if let pointer { writer.u16(pointer) } else { writer.u8(0) }
    }
}
