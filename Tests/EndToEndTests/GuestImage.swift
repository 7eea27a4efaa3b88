internal import Foundation
internal import TestSupport

/// A small Linux for guests: `vmlinuz` and `initramfs.gz`.
struct GuestImage {
    let folder: String

    /// Makes it, or finds it where it was made: below `.build`, or in `VNET_GUEST`.
    init(_ lab: Lab) async throws {
        let package = URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
            .appending(path: "../..").standardized
        folder = ProcessInfo.processInfo.environment["VNET_GUEST"] ?? package.appending(path: ".build/guest").path
        try await lab.run(
            [package.appending(path: "Scripts/guest-image.sh").path, folder], timeout: .seconds(120)
        ).orThrow()
    }
}
