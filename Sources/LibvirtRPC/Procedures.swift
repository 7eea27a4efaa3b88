public import NetworkModel

/// The procedures of libvirt's program that vnet knows, with their numbers and types (libvirt, "remote protocol").
///
/// Numbers and layouts never change: libvirt only adds to them.
public enum Procedures {
    public typealias Networks = Listing<16_384, RemoteNetwork>
    public typealias Ports = Listing<16_384, RemotePort>
    public typealias Leases = Listing<65_536, RemoteLease>
    public typealias Names = XDRList<16_384, String>
    /// Of things that vnet has none of, so nothing need be known of them.
    public typealias Nothings = Listing<0, Nothing>

    // MARK: The connection

    public static let open = Procedure<Nothing, String?, UInt32>(1, "virConnectOpen", .always)
    public static let close = Procedure<Nothing>(2, "virConnectClose", .always)
    public static let type = Procedure<String>(3, "virConnectGetType")
    public static let version = Procedure<UInt64>(4, "virConnectGetVersion")
    public static let nodeInfo = Procedure<NodeInfo>(6, "virNodeGetInfo")
    public static let capabilities = Procedure<String>(7, "virConnectGetCapabilities")
    public static let hostName = Procedure<String>(59, "virConnectGetHostname")
    public static let supportsFeature = Procedure<Int32, Int32>(60, "virConnectSupportsFeature", .always)
    public static let authList = Procedure<XDRList<20, Int32>>(66, "virConnectAuthList", .always)
    public static let authPolkit = Procedure<Int32>(70, "virConnectAuthPolkit", .always)
    public static let uri = Procedure<String>(110, "virConnectGetURI")
    public static let isSecure = Procedure<Int32>(149, "virConnectIsSecure")
    public static let libraryVersion = Procedure<UInt64>(157, "virConnectGetLibVersion")
    public static let registerCloseCallback = Procedure<Nothing>(360, "virConnectRegisterCloseCallback")
    public static let unregisterCloseCallback = Procedure<Nothing>(361, "virConnectUnregisterCloseCallback")
    public static let connectionClosed = Procedure<Nothing, Int32>(362, "virConnectCloseFunc", .tells)
    public static let setIdentity = Procedure<Nothing, XDRList<20, TypedParameter>, UInt32>(
        419, "virConnectSetIdentity")

    // MARK: Networks

    public static let listDefinedNetworks = Procedure<Names, Int32>(36, "virConnectListDefinedNetworks")
    public static let listNetworks = Procedure<Names, Int32>(38, "virConnectListNetworks")
    public static let createNetwork = Procedure<Nothing, RemoteNetwork>(39, "virNetworkCreate", .writes)
    public static let createNetworkXML = Procedure<RemoteNetwork, String>(40, "virNetworkCreateXML", .writes)
    public static let defineNetworkXML = Procedure<RemoteNetwork, String>(41, "virNetworkDefineXML", .writes)
    public static let destroyNetwork = Procedure<Nothing, RemoteNetwork>(42, "virNetworkDestroy", .writes)
    public static let networkXML = Procedure<String, RemoteNetwork, UInt32>(43, "virNetworkGetXMLDesc")
    public static let networkAutostart = Procedure<Int32, RemoteNetwork>(44, "virNetworkGetAutostart")
    public static let networkBridgeName = Procedure<String, RemoteNetwork>(45, "virNetworkGetBridgeName")
    public static let networkByName = Procedure<RemoteNetwork, String>(46, "virNetworkLookupByName")
    public static let networkByUUID = Procedure<RemoteNetwork, NetworkUUID>(47, "virNetworkLookupByUUID")
    public static let setNetworkAutostart = Procedure<Nothing, RemoteNetwork, Int32>(
        48, "virNetworkSetAutostart", .writes)
    public static let undefineNetwork = Procedure<Nothing, RemoteNetwork>(49, "virNetworkUndefine", .writes)
    public static let countDefinedNetworks = Procedure<Int32>(50, "virConnectNumOfDefinedNetworks")
    public static let countNetworks = Procedure<Int32>(52, "virConnectNumOfNetworks")
    public static let networkIsActive = Procedure<Int32, RemoteNetwork>(152, "virNetworkIsActive")
    public static let networkIsPersistent = Procedure<Int32, RemoteNetwork>(153, "virNetworkIsPersistent")
    public static let listAllNetworks = Procedure<Networks, Int32, UInt32>(283, "virConnectListAllNetworks")
    /// The command, the section, the parent's index, the element and flags.
    public static let updateNetwork = Procedure<Nothing, RemoteNetwork, UInt32, UInt32, Int32, String, UInt32>(
        291, "virNetworkUpdate", .writes)
    public static let networkLeases = Procedure<Leases, RemoteNetwork, String?, Int32, UInt32>(
        341, "virNetworkGetDHCPLeases")
    public static let defineNetworkXMLFlags = Procedure<RemoteNetwork, String, UInt32>(
        432, "virNetworkDefineXMLFlags", .writes)
    public static let createNetworkXMLFlags = Procedure<RemoteNetwork, String, UInt32>(
        437, "virNetworkCreateXMLFlags", .writes)
    /// The kind, the value, the key, the URI and flags.
    public static let setNetworkMetadata = Procedure<Nothing, RemoteNetwork, Int32, String?, String?, String?, UInt32>(
        444, "virNetworkSetMetadata", .writes)
    public static let networkMetadata = Procedure<String, RemoteNetwork, Int32, String?, UInt32>(
        445, "virNetworkGetMetadata")

    // MARK: Events

    public static let registerEvent = Procedure<Int32, Int32, RemoteNetwork?>(
        313, "virConnectNetworkEventRegisterAny")
    public static let deregisterEvent = Procedure<Nothing, Int32>(314, "virConnectNetworkEventDeregisterAny")
    /// The callback's number, the network, what happened and why.
    public static let lifecycleEvent = Procedure<Nothing, Int32, RemoteNetwork, Int32, Int32>(
        315, "virConnectNetworkEventLifecycleCallback", .tells)
    /// The callback's number, the network, the kind and the URI.
    public static let metadataEvent = Procedure<Nothing, Int32, RemoteNetwork, Int32, String?>(
        446, "virConnectNetworkEventMetadataChangeCallback", .tells)

    // MARK: Ports

    public static let listAllPorts = Procedure<Ports, RemoteNetwork, Int32, UInt32>(404, "virNetworkListAllPorts")
    public static let portByUUID = Procedure<RemotePort, RemoteNetwork, NetworkUUID>(405, "virNetworkPortLookupByUUID")
    public static let createPort = Procedure<RemotePort, RemoteNetwork, String, UInt32>(
        406, "virNetworkPortCreateXML", .writes)
    public static let portParameters = Procedure<PortParameters, RemotePort, Int32, UInt32>(
        407, "virNetworkPortGetParameters")
    public static let setPortParameters = Procedure<Nothing, RemotePort, XDRList<16, TypedParameter>, UInt32>(
        408, "virNetworkPortSetParameters", .writes)
    public static let portXML = Procedure<String, RemotePort, UInt32>(409, "virNetworkPortGetXMLDesc")
    public static let deletePort = Procedure<Nothing, RemotePort, UInt32>(410, "virNetworkPortDelete", .writes)

    // MARK: What else a virtual machine manager asks for, and vnet has none of

    public static let listAllDomains = Procedure<Nothings, Int32, UInt32>(273, "virConnectListAllDomains")
    public static let listAllPools = Procedure<Nothings, Int32, UInt32>(281, "virConnectListAllStoragePools")
    public static let listAllInterfaces = Procedure<Nothings, Int32, UInt32>(284, "virConnectListAllInterfaces")
    public static let listAllDevices = Procedure<Nothings, Int32, UInt32>(285, "virConnectListAllNodeDevices")
    public static let listAllFilters = Procedure<Nothings, Int32, UInt32>(286, "virConnectListAllNWFilters")
    public static let listAllSecrets = Procedure<Nothings, Int32, UInt32>(287, "virConnectListAllSecrets")

    /// The same for clients that ask as they did before libvirt 0.10.2: how many there are.
    public static let countsOfOthers = [
        Procedure<Int32>(51, "virConnectNumOfDomains"), Procedure<Int32>(25, "virConnectNumOfDefinedDomains"),
        Procedure<Int32>(71, "virConnectNumOfStoragePools"), Procedure<Int32>(73, "virConnectNumOfDefinedStoragePools"),
        Procedure<Int32>(126, "virConnectNumOfInterfaces"), Procedure<Int32>(137, "virConnectNumOfDefinedInterfaces"),
        Procedure<Int32>(139, "virConnectNumOfSecrets"), Procedure<Int32>(178, "virConnectNumOfNWFilters"),
    ]
    /// Which there are, by their names; or, of secrets, by their UUIDs.
    public static let namesOfOthers = [
        Procedure<Names, Int32>(21, "virConnectListDefinedDomains"),
        Procedure<Names, Int32>(72, "virConnectListStoragePools"),
        Procedure<Names, Int32>(74, "virConnectListDefinedStoragePools"),
        Procedure<Names, Int32>(127, "virConnectListInterfaces"),
        Procedure<Names, Int32>(138, "virConnectListDefinedInterfaces"),
        Procedure<Names, Int32>(140, "virConnectListSecrets"), Procedure<Names, Int32>(179, "virConnectListNWFilters"),
    ]
    public static let listDomains = Procedure<XDRList<16_384, Int32>, Int32>(37, "virConnectListDomains")
    /// Of one kind, or of all.
    public static let countDevices = Procedure<Int32, String?, UInt32>(111, "virNodeNumOfDevices")
    public static let listDevices = Procedure<Names, String?, Int32, UInt32>(112, "virNodeListDevices")

    /// All of them.
    public static let all: [any AnyProcedure] =
        [
            open, close, type, version, nodeInfo, capabilities, hostName, supportsFeature, authList, authPolkit, uri,
            isSecure, libraryVersion, registerCloseCallback, unregisterCloseCallback, connectionClosed, setIdentity,
            listDefinedNetworks, listNetworks, createNetwork, createNetworkXML, defineNetworkXML, destroyNetwork,
            networkXML, networkAutostart, networkBridgeName, networkByName, networkByUUID, setNetworkAutostart,
            undefineNetwork, countDefinedNetworks, countNetworks, networkIsActive, networkIsPersistent, listAllNetworks,
            updateNetwork, networkLeases, defineNetworkXMLFlags, createNetworkXMLFlags, setNetworkMetadata,
            networkMetadata, registerEvent, deregisterEvent, lifecycleEvent, metadataEvent, listAllPorts, portByUUID,
            createPort, portParameters, setPortParameters, portXML, deletePort, listAllDomains, listAllPools,
            listAllInterfaces, listAllDevices, listAllFilters, listAllSecrets, listDomains, countDevices, listDevices,
        ] + countsOfOthers + namesOfOthers

    /// By their numbers.
    static let byNumber = Dictionary(uniqueKeysWithValues: all.map { ($0.number, $0) })
}
