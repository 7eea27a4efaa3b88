internal import Foundation
public import Testing

/// Cancels the test where one of these programs is missing; under `CI=true` that is a failure.
public func requireTools(_ names: String..., sourceLocation: SourceLocation = #_sourceLocation) throws {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    let folders = path.split(separator: ":").map { String($0) } + ["/usr/sbin", "/sbin"]
    let missing = names.filter { name in
        !folders.contains { unsafe access("\($0)/\(name)", X_OK) == 0 }
    }
    guard !missing.isEmpty else { return }
    let words = "missing: \(missing.joined(separator: ", ")); Scripts/install-dependencies.sh test installs it"
    guard ProcessInfo.processInfo.environment["CI"] == "true" else {
        try Test.cancel("\(words)", sourceLocation: sourceLocation)
    }
    throw ProgramError(words)
}
