internal import Foundation
internal import TestSupport
internal import Testing

/// Networks that every host accepts and this one cannot run: the refusal names what is missing.
@Suite(.requiresRoot)
struct RefusedModesTests {
    private static let bridge = "<forward mode='bridge'/><bridge name='br0'/>"

    @Test(arguments: [
        ("<forward mode='hostdev'><pf dev='up0'/></forward>", "needs devices with SR-IOV virtual functions"),
        ("<forward mode='passthrough'><pf dev='up0'/></forward>", "needs devices with SR-IOV virtual functions"),
        (bridge + "<virtualport type='openvswitch'/>", "<virtualport> needs an Open vSwitch"),
        (
            "<forward mode='vepa'><interface dev='up0'/></forward><virtualport type='802.1Qbg'/>",
            "<virtualport> needs lldpad and a switch that speaks 802.1Qbg"
        ),
        (
            "<forward mode='passthrough'><interface dev='up0'/></forward><vlan><tag id='7'/></vlan>",
            "<vlan> needs a bridge, or devices with SR-IOV virtual functions"
        ),
        ("<bridge name='br-x' zone='public'/><ip address='192.168.150.1'/>", "'zone' of <bridge> needs firewalld"),
    ])
    func `what the host lacks is named`(body: String, expected: String) async throws {
        try await withSite { site in
            let define = try await site.host.must(
                "define", "-", input: "<network><name>x</name>\(body)</network>")
            #expect(define.errors.contains(expected))
            let start = try await site.host.vnet("start", "x")
            #expect(start.code == 1)
            #expect(start.errors.contains("network 'x' cannot be started"))
            #expect(start.errors.contains(expected))
        }
    }

    @Test func `a VLAN on a bridge needs a bridge that keeps them apart`() async throws {
        try await withSite { site in
            let body = Self.bridge + "<portgroup name='a'><vlan><tag id='7'/></vlan></portgroup>"
            try await site.host.must("define", "-", input: "<network><name>x</name>\(body)</network>")
            try await site.host.namespace.sh("ip link add br0 type bridge; ip link set br0 up")
            let start = try await site.host.vnet("start", "x")
            #expect(start.code == 1)
            let canFilter = try await site.host.namespace.run("ip", "-d", "link", "show", "br0").output
                .contains("vlan_protocol")
            if canFilter {
                #expect(start.errors.contains("ip link set br0 type bridge vlan_filtering 1"))
                try await site.host.namespace.sh("ip link set br0 type bridge vlan_filtering 1")
                try await site.host.must("start", "x")
                let port = try await site.attach("x", "--name", "vm1", "--portgroup", "a")
                let vlans = try await site.host.namespace.run("bridge", "vlan", "show", "dev", port.tap).output
                #expect(vlans.contains("7 PVID Egress Untagged") && !vlans.contains(" 1 "))
                try await site.host.must("detach", "x", "vm1")
                try await site.host.must("stop", "x")
            } else {
                #expect(start.errors.contains("no VLAN filtering on bridges (CONFIG_BRIDGE_VLAN_FILTERING)"))
            }
            try await site.host.namespace.sh("ip link del br0")
        }
    }
}
