import Foundation
import NetworkModel
import ResponderChannel
import TestSupport
import Testing

@Suite struct ChannelTests {
    @Test func carriesMessagesWithDescriptors() throws {
        let (a, b) = try Channel.pair()
        defer {
            a.close()
            b.close()
        }
        let pipe = Pipe()
        let command = ResponderCommand.withdraw("11111111-2222-3333-4444-555555555555")
        try a.send(command, descriptors: [pipe.fileHandleForWriting.fileDescriptor])
        try a.send(ResponderCommand.forget("11111111-2222-3333-4444-555555555555"))
        let (first, descriptors) = try #require(try b.receive(ResponderCommand.self))
        #expect(first == command)
        #expect(descriptors.count == 1)
        // The descriptor that came is the pipe's end.
        let other = FileHandle(fileDescriptor: try #require(descriptors.first), closeOnDealloc: true)
        try other.write(contentsOf: Data("through".utf8))
        #expect(String(decoding: pipe.fileHandleForReading.availableData, as: UTF8.self) == "through")
        let second = try #require(try b.receive(ResponderCommand.self))
        #expect(second.descriptors.isEmpty)
    }

    /// A network with thousands of hosts is more than the socket holds at once.
    @Test func carriesLargeMessages() async throws {
        let (a, b) = try Channel.pair()
        let leases = NetworkLeases(
            ipv4: (0..<20_000).map { Lease(address: IPv4Address($0), mac: "52:54:00:00:00:10", hostName: "vm\($0)") },
            ipv6: [IPv6Lease("fd00::/56", kind: .prefix, duid: [0, 4, 1], iaid: 9, mac: nil)])
        let sender = Task.detached { try a.send(ResponderEvent.leases(7, leases)) }
        let received = try #require(try b.receive(ResponderEvent.self)).0
        try await sender.value
        #expect(received == .leases(7, leases))
        a.close()
        #expect(try b.receive(ResponderEvent.self) == nil)
        b.close()
    }

    @Test func refusesWhatIsNoMessage() throws {
        let (a, b) = try Channel.pair()
        try FileHandle(fileDescriptor: a.descriptor).write(contentsOf: Data([0, 0, 0, 2, 0x7B, 0x7B]))
        #expect(throws: ChannelError.self) { try b.receive(ResponderCommand.self) }
        try FileHandle(fileDescriptor: a.descriptor).write(contentsOf: Data([0xFF, 0, 0, 0]))
        #expect(throws: ChannelError.self) { try b.receive(ResponderCommand.self) }
        a.close()
        b.close()
    }
}
