internal import ArgumentParser

/// `vnet manual`: the page that `make install` installs as vnet(1).
struct Manual: ParsableCommand {
    static let configuration = CommandConfiguration(
        "manual", abstract: "Print the manual page.", shouldDisplay: false)

    func run() throws {
        print(ManualPage(root: try CommandInfo.root(), version: VNet.configuration.version).text, terminator: "")
    }
}
