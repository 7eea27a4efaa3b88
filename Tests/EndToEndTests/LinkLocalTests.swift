internal import Foundation
internal import TestSupport
internal import Testing

/// Frames to the groups that a bridge keeps to itself.
@Suite(.requiresRoot)
struct LinkLocalTests {
    /// Sends a frame to each group 01-80-C2-00-00-00 to -0F, and one to everyone, FF-FF-FF-FF-FF-FF, after them.
    private static let sender = """
        import socket
        link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        link.bind(("eth0", 0))
        groups = [bytes.fromhex("0180c20000") + bytes([group]) for group in range(16)]
        for target in groups + [b"\\xff" * 6]:
            link.send(target + link.getsockname()[4] + bytes([0x88, 0xb5]) + bytes(46))
        """

    /// Prints the last octets of the groups that arrive.
    private static let listener = """
        import socket
        link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x88b5))
        link.bind(("eth0", 0x88b5))
        print("ready", flush=True)
        while True: print(link.recv(99)[5], flush=True)
        """

    /// What the document says, whether the bridge takes part in the spanning tree, and the groups that come through.
    @Test(arguments: [
        ("", true, []),
        // A bridge without the protocol forwards its frames anyway.
        ("", false, [0]),
        ("lldp", true, [14]),
        ("stp lacp eapol lldp provider-stp provider-mvrp", true, [0, 2, 3, 8, 13, 14]),
    ])
    func `guests send each other what the document says`(words: String, stp: Bool, groups: [Int]) async throws {
        try requireTools("python3")
        try await withSite { site in
            let element = words.isEmpty ? "" : "<vnet:linkLocalForward>\(words)</vnet:linkLocalForward>"
            try await site.host.run(network("lab", extra: extensions(element), stp: stp))
            let sender = try await site.portGuest("vm1", on: "lab")
            let receiver = try await site.portGuest("vm2", on: "lab")
            let ears = try receiver.start("python3", "-c", Self.listener)
            #expect(try await eventually { ears.outputSoFar.contains("ready") })
            #expect(try await eventually { try await sender.run("python3", "-c", Self.sender).isSuccess })
            #expect(try await eventually { ears.outputSoFar.hasSuffix("255\n") })
            let heard = Set(ears.outputSoFar.split(separator: "\n").compactMap { Int($0) })
            #expect(heard.sorted() == groups + [255])
            // It changes while the network runs, for ports that are there.
            guard !words.isEmpty else { return }
            try await site.host.must("apply", "-", input: network("lab", stp: stp))
            let before = ears.outputSoFar.count
            _ = try await sender.run("python3", "-c", Self.sender).orThrow()
            #expect(try await eventually { ears.outputSoFar.dropFirst(before).hasSuffix("255\n") })
            #expect(ears.outputSoFar.dropFirst(before) == "255\n")
        }
    }
}
