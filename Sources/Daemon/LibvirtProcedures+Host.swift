internal import Glibc
internal import LibvirtRPC

// What virtual machine managers ask for before they show anything: the machine, and lists of what vnet has none of.

extension ProcedureTable<NetworkService> {
    mutating func addHost() {
        on(Procedures.hostName) { _ in Machine.name }
        on(Procedures.nodeInfo) { _ in Machine.info }
        on(Procedures.capabilities) { _ in Machine.capabilities }
        for procedure in [
            Procedures.listAllDomains, Procedures.listAllPools, Procedures.listAllInterfaces,
            Procedures.listAllDevices, Procedures.listAllFilters, Procedures.listAllSecrets,
        ] {
            on(procedure) { _, _, _ in Listing([]) }
        }
        for procedure in Procedures.countsOfOthers { on(procedure) { _ in 0 } }
        for procedure in Procedures.namesOfOthers { on(procedure) { _, _ in XDRList([]) } }
        on(Procedures.listDomains) { _, _ in XDRList([]) }
        on(Procedures.countDevices) { _, _, _ in 0 }
        on(Procedures.listDevices) { _, _, _, _ in XDRList([]) }
    }
}

/// This machine, as uname(2) and sysconf(3) tell.
private enum Machine {
    static var name: String {
        var names = utsname()
        unsafe uname(&names)
        return unsafe withUnsafeBytes(of: &names.nodename) { unsafe text($0) }
    }

    static var architecture: String {
        var names = utsname()
        unsafe uname(&names)
        return unsafe withUnsafeBytes(of: &names.machine) { unsafe text($0) }
    }

    static var info: NodeInfo {
        let pages = UInt64(clamping: sysconf(Int32(_SC_PHYS_PAGES)))
        let pageSize = UInt64(clamping: sysconf(Int32(_SC_PAGESIZE)))
        return NodeInfo(
            model: architecture, memory: pages * pageSize / 1_024,
            processors: Int32(clamping: max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))), megahertz: 0)
    }

    /// A host that runs no guests.
    static var capabilities: String {
        """
        <capabilities>

          <host>
            <cpu>
              <arch>\(architecture)</arch>
            </cpu>
          </host>

        </capabilities>

        """
    }

    private static func text(_ bytes: UnsafeRawBufferPointer) -> String {
        unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
}
