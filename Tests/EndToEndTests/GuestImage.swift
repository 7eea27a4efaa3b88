internal import Foundation
internal import TestSupport

/// A small Linux for guests: `vmlinuz` and `initramfs.gz`.
struct GuestImage {
    private static let package = URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
        .appending(path: "../..").standardized

    let folder: String

    /// Makes it, or finds it where it was made: below `.build`, or in `VNET_GUEST`.
    init(_ lab: Lab) async throws {
        let package = Self.package
        folder = ProcessInfo.processInfo.environment["VNET_GUEST"] ?? package.appending(path: ".build/guest").path
        try await lab.run(
            [package.appending(path: "Scripts/guest-image.sh").path, folder], timeout: .seconds(120)
        ).orThrow()
    }

    /// Makes the initial file system of a guest that runs the commands `checks`, as `Scripts/guest/checks` has it.
    ///
    /// - Returns: Its path.
    func initrd(_ lab: Lab, checks: String) async throws -> String {
        let script = Self.package.appending(path: "Scripts/guest-initrd.sh").path
        let initrd = "\(lab.folder)/initramfs.gz"
        try await lab.run([script, folder, "-", initrd], input: checks).orThrow()
        return initrd
    }
}
