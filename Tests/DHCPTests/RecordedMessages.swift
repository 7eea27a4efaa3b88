// Messages as common clients send them, octet by octet.

private func zeros(_ count: Int) -> [UInt8] { Array(repeating: 0, count: count) }

enum Recorded {
    /// udhcpc (BusyBox) after its start: few options, a padded end, 300 octets.
    static let udhcpcDiscover: [UInt8] =
        [
            1, 1, 6, 0,  // op BOOTREQUEST, htype Ethernet, hlen 6, hops
            0x3B, 0x9A, 0xC2, 0x01,  // xid
            0, 3,  // secs
            0, 0,  // flags
        ]
        + zeros(16)  // ciaddr, yiaddr, siaddr, giaddr
        + [0x52, 0x54, 0x00, 0x12, 0x34, 0x56]  // chaddr
        + zeros(10)  // chaddr beyond hlen
        + zeros(64 + 128)  // sname, file
        + [
            0x63, 0x82, 0x53, 0x63,  // magic cookie
            53, 1, 1,  // message type: DISCOVER
            61, 7, 1, 0x52, 0x54, 0x00, 0x12, 0x34, 0x56,  // client identifier: Ethernet and chaddr
            57, 2, 0x02, 0x40,  // maximum message size: 576
            55, 7, 1, 3, 6, 12, 15, 28, 42,  // parameter request list
            60, 12,  // vendor class identifier
        ] + Array("udhcp 1.35.0".utf8)
        + [255]  // end
        + zeros(20)  // padding

    /// dhclient (ISC) that has held 10.0.0.150 before and has a host name, asking for broadcast answers.
    static let dhclientDiscover: [UInt8] =
        [
            1, 1, 6, 0,  // op, htype, hlen, hops
            0xDE, 0xAD, 0xBE, 0xEF,  // xid
            0, 0,  // secs
            0x80, 0,  // flags: broadcast
        ]
        + zeros(16)  // ciaddr, yiaddr, siaddr, giaddr
        + [0x52, 0x54, 0x00, 0xAB, 0xCD, 0xEF]  // chaddr
        + zeros(10)  // chaddr beyond hlen
        + zeros(64 + 128)  // sname, file
        + [
            0x63, 0x82, 0x53, 0x63,  // magic cookie
            53, 1, 1,  // message type: DISCOVER
            50, 4, 10, 0, 0, 150,  // requested address
            12, 6, 0x64, 0x65, 0x62, 0x69, 0x61, 0x6E,  // host name: debian
            55, 13, 1, 28, 2, 3, 15, 6, 119, 12, 44, 47, 26, 121, 42,  // parameter request list
            255,  // end
        ]
        + zeros(27)  // padding

    /// A client with so many options that they go on in `file` and `sname` (option 52), its identifier split in two.
    static let overloaded: [UInt8] =
        [
            1, 1, 6, 0,  // op, htype, hlen, hops
            0, 0, 0, 1,  // xid
            0, 0, 0, 0,  // secs, flags
        ]
        + zeros(16)  // ciaddr, yiaddr, siaddr, giaddr
        + [0x02, 0x00, 0x00, 0x00, 0x00, 0x01]  // chaddr
        + zeros(10)  // chaddr beyond hlen
        + [
            61, 2, 0xCC, 0xDD,  // sname, read last: the third part of the client identifier
            255,  // end
        ] + zeros(64 - 5)
        + [
            0,  // file, read second: pad
            61, 2, 0xAA, 0xBB,  // the second part of the client identifier
            12, 3, 0x76, 0x6D, 0x31,  // host name: vm1
            52, 1, 1,  // an overload option that means nothing here
        ] + zeros(128 - 13)  // no end option
        + [
            0x63, 0x82, 0x53, 0x63,  // magic cookie
            53, 1, 3,  // message type: REQUEST
            61, 2, 0xFF, 0x00,  // the first part of the client identifier
            52, 1, 3,  // overload: both fields
            255,  // end
        ]
}
