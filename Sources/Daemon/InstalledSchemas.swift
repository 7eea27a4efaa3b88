internal import LibvirtXML

/// libvirt's schemas where libvirt is installed.
enum InstalledSchemas {
    /// Of the package libvirt0 on Debian, libvirt-libs on Fedora.
    private static let folder = "/usr/share/libvirt/schemas"

    /// The schema of that file; nil where libvirt is not installed, or its schema cannot be used.
    static func schema(_ name: String) -> Schema? {
        guard Files.exists("\(folder)/\(name)") else { return nil }
        return try? Schema(name) { file in (try? Files.read("\(folder)/\(file)")).flatMap { $0 } }
    }
}
