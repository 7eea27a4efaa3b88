internal import API
internal import LibvirtRPC
internal import NetworkModel
internal import TestSupport
internal import Testing
internal import Wire

/// Values are written as XDR (RFC 4506) has them, and read again as the same.
@Suite struct ValueTests {
    private func written(_ value: some XDRCodable) throws -> [UInt8] {
        var writer = WireWriter()
        try value.write(to: &writer)
        return writer.bytes
    }

    private func expectRoundTrip<Value: XDRCodable & Equatable>(_ value: Value, _ bytes: String) throws {
        #expect(try written(value) == octets(bytes))
        let content = octets(bytes)
        var reader = WireReader(content.span)
        #expect(try Value(reading: &reader) == value)
        let isAtEnd = reader.isAtEnd
        #expect(isAtEnd)
    }

    @Test func `numbers, text, options and lists`() throws {
        try expectRoundTrip(Int32(-2), "fffffffe")
        try expectRoundTrip(UInt32.max, "ffffffff")
        try expectRoundTrip(Int64(-2), "fffffffffffffffe")
        try expectRoundTrip(UInt64(9_007_000), "0000000000896f98")
        try expectRoundTrip("", "00000000")
        try expectRoundTrip("é", "00000002 c3a90000")
        try expectRoundTrip("four", "00000004 666f7572")
        try expectRoundTrip(String?.none, "00000000")
        try expectRoundTrip(Optional("a"), "00000001 00000001 61000000")
        try expectRoundTrip(XDRList<2, Int32>([1, 2]), "00000002 00000001 00000002")
        try expectRoundTrip(Nothing(), "")
    }

    @Test func `each type of parameter`() throws {
        let values: [TypedParameter.Value] = [
            .int(-1), .uint(1), .int64(-1), .uint64(.max), .double((1.5).bitPattern), .bool(1), .string("x"),
        ]
        for (index, value) in values.enumerated() {
            let parameter = TypedParameter("p", value)
            let bytes = try written(parameter)
            #expect(bytes[8..<12] == [0, 0, 0, UInt8(index + 1)])
            var reader = WireReader(bytes.span)
            #expect(try TypedParameter(reading: &reader) == parameter)
        }
    }

    /// A lease whose every field is set, and one that has only what must be.
    @Test func `leases`() throws {
        for lease in [
            RemoteLease(
                interface: "virbr0", expiry: 1_795_556_745, isIPv6: true, mac: "52:54:00:00:00:01", iaid: "17",
                address: "2001:db8::1", prefixLength: 64, hostName: "vm", clientID: "00:01"),
            RemoteLease(
                interface: "", expiry: 0, isIPv6: false, mac: nil, iaid: nil, address: "192.0.2.1", prefixLength: 24,
                hostName: nil, clientID: nil),
        ] {
            let bytes = try written(lease)
            var reader = WireReader(bytes.span)
            #expect(try RemoteLease(reading: &reader) == lease)
        }
    }

    @Test func `the machine's processor is cut to what there is room for`() throws {
        let info = NodeInfo(model: String(repeating: "x", count: 40), memory: 1, processors: 2, megahertz: 3)
        let bytes = try written(info)
        #expect(bytes.count == 32 * 4 + 8 + 6 * 4)
        var reader = WireReader(bytes.span)
        #expect(try NodeInfo(reading: &reader).model == String(repeating: "x", count: 31))
    }

    @Test func `a list tells its length where its elements are not wanted`() throws {
        try expectRoundTrip(Listing<4, Int32>([5, 6]), "00000002 00000005 00000006 00000002")
        try expectRoundTrip(Listing<4, Int32>([5, 6], isWanted: false), "00000000 00000002")
    }

    /// vnet's refusals in libvirt's numbers.
    @Test(
        arguments: [
            (APIError(.notFound, "x", cause: .noNetwork), 43, "Network not found: x"),
            (APIError(.notFound, "x", cause: .noPort), 107, "network port not found: x"),
            (APIError(.notFound, "x", cause: .noMetadata), 111, "metadata not found: x"),
            (APIError(.conflict, "x", cause: .portExists), 106, "network port x exists already"),
            (APIError(.conflict, "x"), 9, "operation failed: x"),
            (APIError(.wrongState, "x"), 55, "Requested operation is not valid: x"),
            (APIError(.invalid, "x"), 8, "invalid argument: x"),
            (APIError([DocumentProblem(line: 1, column: 2, message: "x")]), 27, "XML error: line 1, column 2: x"),
            (APIError(.invalid, "x", cause: .notValid), 92, "XML document failed to validate against schema: x"),
            (APIError(.invalid, "x", cause: .notSupported), 84, "Operation not supported: x"),
            (APIError(.invalid, "x", cause: .notYet), 67, "unsupported configuration: x"),
            (APIError(.invalid, "x", cause: .notApplicable), 55, "Requested operation is not valid: x"),
            (APIError(.invalid, "x", cause: .notWellFormed), 35, "x"),
            (APIError(.wrongState, "x", cause: .isBusy), 55, "Requested operation is not valid: x"),
            (APIError(.notPermitted, "x"), 88, "access denied: x"),
            (APIError(.failed, "x"), 1, "internal error: x"),
        ] as [(APIError, Int32, String)]) func `refusals`(error: APIError, code: Int32, message: String)
    {
        let remote = RemoteError(error)
        #expect(remote.code == code)
        #expect(remote.message == message)
        #expect(remote.level == 2)
    }

    @Test func `unknown flags are named`() {
        let error = RemoteError(unsupportedFlags: 0x40, in: "networkConnectListAllNetworks")
        #expect(error.message == "unsupported flags (0x40) in function networkConnectListAllNetworks")
        #expect(error.strings == ["networkConnectListAllNetworks", "flags", nil] && error.numbers == [0, 0])
        #expect(error.code == 8 && error.domain == 19)
    }
}
