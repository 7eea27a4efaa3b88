public import NetworkModel
public import Wire

/// A network as libvirt's protocol names it; the UUID alone says which one it is.
public struct RemoteNetwork: XDRCodable, Hashable {
    public var name: String
    public var uuid: NetworkUUID

    public init(name: String, uuid: NetworkUUID) {
        self.name = name
        self.uuid = uuid
    }

    public init(reading reader: inout WireReader) throws(WireError) {
        name = try String(reading: &reader)
        uuid = try NetworkUUID(reading: &reader)
    }

    public func write(to writer: inout WireWriter) throws(XDRLimitError) {
        try name.write(to: &writer)
        uuid.write(to: &writer)
    }
}

/// A guest's port on a network.
public struct RemotePort: XDRCodable, Hashable {
    public var network: RemoteNetwork
    public var uuid: NetworkUUID

    public init(network: RemoteNetwork, uuid: NetworkUUID) {
        self.network = network
        self.uuid = uuid
    }

    public init(reading reader: inout WireReader) throws(WireError) {
        network = try RemoteNetwork(reading: &reader)
        uuid = try NetworkUUID(reading: &reader)
    }

    public func write(to writer: inout WireWriter) throws(XDRLimitError) {
        try network.write(to: &writer)
        uuid.write(to: &writer)
    }
}

/// A lease that a guest holds (`virNetworkDHCPLease`).
public struct RemoteLease: XDRCodable, Hashable {
    /// The network's bridge.
    public var interface: String
    /// Seconds since 1970; 0 for a lease that never ends.
    public var expiry: Int64
    public var isIPv6: Bool
    public var mac: String?
    public var iaid: String?
    public var address: String
    public var prefixLength: UInt32
    public var hostName: String?
    public var clientID: String?

    public init(
        interface: String, expiry: Int64, isIPv6: Bool, mac: String?, iaid: String?, address: String,
        prefixLength: UInt32, hostName: String?, clientID: String?
    ) {
        self.interface = interface
        self.expiry = expiry
        self.isIPv6 = isIPv6
        self.mac = mac
        self.iaid = iaid
        self.address = address
        self.prefixLength = prefixLength
        self.hostName = hostName
        self.clientID = clientID
    }

    public init(reading reader: inout WireReader) throws(WireError) {
        interface = try String(reading: &reader)
        expiry = try Int64(reading: &reader)
        let start = reader.offset
        let type = try Int32(reading: &reader)
        guard 0...1 ~= type else { throw .malformed(offset: start, field: "address type") }
        isIPv6 = type == 1
        mac = try String?(reading: &reader)
        iaid = try String?(reading: &reader)
        address = try String(reading: &reader)
        prefixLength = try UInt32(reading: &reader)
        hostName = try String?(reading: &reader)
        clientID = try String?(reading: &reader)
    }

    public func write(to writer: inout WireWriter) throws(XDRLimitError) {
        try interface.write(to: &writer)
        expiry.write(to: &writer)
        Int32(isIPv6 ? 1 : 0).write(to: &writer)
        try mac.write(to: &writer)
        try iaid.write(to: &writer)
        try address.write(to: &writer)
        prefixLength.write(to: &writer)
        try hostName.write(to: &writer)
        try clientID.write(to: &writer)
    }
}

/// A value with its name and its type (`virTypedParameter`).
public struct TypedParameter: XDRCodable, Hashable {
    public enum Value: Hashable, Sendable {
        case int(Int32)
        case uint(UInt32)
        case int64(Int64)
        case uint64(UInt64)
        case string(String)
        /// The octets of an IEEE 754 number.
        case double(UInt64)
        case bool(Int32)
    }

    public var field: String
    public var value: Value

    public init(_ field: String, _ value: Value) {
        self.field = field
        self.value = value
    }

    public init(reading reader: inout WireReader) throws(WireError) {
        field = try String(reading: &reader)
        let start = reader.offset
        switch try reader.u32() {
        case 1: value = .int(try Int32(reading: &reader))
        case 2: value = .uint(try reader.u32())
        case 3: value = .int64(try Int64(reading: &reader))
        case 4: value = .uint64(try reader.u64())
        case 5: value = .double(try reader.u64())
        case 6: value = .bool(try Int32(reading: &reader))
        case 7: value = .string(try String(reading: &reader))
        default: throw .malformed(offset: start, field: "parameter type")
        }
    }

    public func write(to writer: inout WireWriter) throws(XDRLimitError) {
        try field.write(to: &writer)
        func put(_ type: UInt32, _ value: some XDRCodable) throws(XDRLimitError) {
            writer.u32(type)
            try value.write(to: &writer)
        }
        switch value {
        case .int(let value): try put(1, value)
        case .uint(let value): try put(2, value)
        case .int64(let value): try put(3, value)
        case .uint64(let value): try put(4, value)
        case .double(let value): try put(5, value)
        case .bool(let value): try put(6, value)
        case .string(let value): try put(7, value)
        }
    }
}

/// What a list procedure answers: the elements, or their number alone where the caller wants no more.
public struct Listing<let limit: Int, Element: XDRCodable>: XDRCodable {
    public var elements: XDRList<limit, Element>
    public var count: UInt32

    public init(_ elements: [Element], isWanted: Bool = true) {
        self.elements = XDRList(isWanted ? elements : [])
        count = UInt32(clamping: elements.count)
    }

    public init(reading reader: inout WireReader) throws(WireError) {
        elements = try XDRList(reading: &reader)
        count = try reader.u32()
    }

    public func write(to writer: inout WireWriter) throws(XDRLimitError) {
        try elements.write(to: &writer)
        writer.u32(count)
    }
}

extension Listing: Equatable where Element: Equatable {}

/// The parameters of a port; the number behind them is 0 in every answer of libvirt's, and is not looked at.
public struct PortParameters: XDRCodable, Hashable {
    public var parameters: [TypedParameter]

    public init(_ parameters: [TypedParameter]) { self.parameters = parameters }

    public init(reading reader: inout WireReader) throws(WireError) {
        parameters = try XDRList<16, TypedParameter>(reading: &reader).elements
        _ = try reader.u32()
    }

    public func write(to writer: inout WireWriter) throws(XDRLimitError) {
        try XDRList<16, TypedParameter>(parameters).write(to: &writer)
        writer.u32(0)
    }
}

/// The machine (`virNodeInfo`).
public struct NodeInfo: XDRCodable, Hashable {
    /// The processor, of which 31 octets are told.
    public var model: String
    /// In KiB.
    public var memory: UInt64
    public var processors: Int32
    public var megahertz: Int32

    public init(model: String, memory: UInt64, processors: Int32, megahertz: Int32) {
        self.model = model
        self.memory = memory
        self.processors = processors
        self.megahertz = megahertz
    }

    /// XDR has no type for characters, so each takes a unit of four octets.
    public init(reading reader: inout WireReader) throws(WireError) {
        var octets: [UInt8] = []
        for _ in 0..<32 { octets.append(UInt8(truncatingIfNeeded: try reader.u32())) }
        model = String(decoding: octets.prefix { $0 != 0 }, as: UTF8.self)
        memory = try reader.u64()
        processors = try Int32(reading: &reader)
        megahertz = try Int32(reading: &reader)
        try reader.skip(16)
    }

    public func write(to writer: inout WireWriter) {
        let octets = Array(model.utf8.prefix(31))
        for index in 0..<32 { writer.u32(index < octets.count ? UInt32(octets[index]) : 0) }
        writer.u64(memory)
        processors.write(to: &writer)
        megahertz.write(to: &writer)
        // One memory node with one socket, whose cores have one thread each.
        for number in [1, 1, processors, 1] as [Int32] { number.write(to: &writer) }
    }
}
