// swift-tools-version: 6.3
import PackageDescription

/// Settings every Swift target shares; a warning never lands.
let common: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .strictMemorySafety(),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]
/// `Wire` alone declares types that hold a `Span`; the modules that only use them do not need the flag.
let lifetimes: SwiftSetting = .enableExperimentalFeature("Lifetimes")

let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
let sqlite: Target.Dependency = .product(name: "GRDBSQLite", package: "GRDB.swift")
let hummingbird: Target.Dependency = .product(name: "Hummingbird", package: "hummingbird")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let signals: Target.Dependency = .product(name: "UnixSignals", package: "swift-service-lifecycle")
let nio: [Target.Dependency] = ["NIOCore", "NIOPosix", "NIOHTTP1"].map { .product(name: $0, package: "swift-nio") }

func module(_ name: String, _ dependencies: [Target.Dependency] = [], _ settings: [SwiftSetting] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: common + settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
    .testTarget(name: name, dependencies: dependencies + ["TestSupport"], exclude: exclude, swiftSettings: common)
}

/// One row a group, top row last; arrows between targets point up this list only.
let package = Package(
    name: "vnet",
    products: [.executable(name: "vnet", targets: ["vnet"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        .target(name: "CLinux"),
        .target(name: "CLibvirt"),
        .systemLibrary(name: "CNetlink", pkgConfig: "libnl-route-3.0", providers: [.apt(["libnl-route-3-dev"])]),
        .systemLibrary(name: "CNftables", pkgConfig: "libnftables", providers: [.apt(["libnftables-dev"])]),
        .systemLibrary(name: "CXML", pkgConfig: "libxml-2.0", providers: [.apt(["libxml2-dev"])]),
        .systemLibrary(
            name: "CSeccomp", pkgConfig: "libseccomp libcap-ng", providers: [.apt(["libseccomp-dev", "libcap-ng-dev"])]),

        module("NetworkModel"),
        module("Wire", [], [lifetimes]),

        module("LibvirtXML", ["CXML", "NetworkModel"]),
        module("LibvirtClient", ["CLibvirt"]),
        module("DHCP", ["NetworkModel", "Wire"]),
        module("DNS", ["NetworkModel", "Wire"]),
        module("BootFiles", ["Wire"]),
        module("Netlink", ["CLinux", "CNetlink", "NetworkModel"]),
        module("Firewall", ["CNftables", "NetworkModel"]),
        module("LeaseStore", ["NetworkModel", grdb, sqlite]),
        module("ResponderChannel", ["CLinux", "NetworkModel"]),
        module("API", ["NetworkModel"]),

        module("Engine", ["Firewall", "Netlink", "NetworkModel"]),
        module("LibvirtRPC", ["API", "NetworkModel", "Wire"]),

        module(
            "Daemon",
            [
                "API", "CLinux", "Engine", "Firewall", "LibvirtRPC", "LibvirtXML", "Netlink", "NetworkModel",
                "ResponderChannel",
                hummingbird, lifecycle, logging,
            ] + nio),
        module(
            "Responder",
            [
                "CLinux", "BootFiles", "CSeccomp", "DHCP", "DNS", "LeaseStore", "NetworkModel", "ResponderChannel",
                "Wire",
            ]),

        .executableTarget(
            name: "vnet",
            dependencies: [
                "API", "CLinux", "Daemon", "LibvirtClient", "LibvirtXML", "NetworkModel", "Responder", argumentParser,
                signals,
            ] + nio,
            resources: [.embedInCode("Templates"), .embedInCode("Completions")],
            swiftSettings: common
        ),

        .target(
            name: "TestSupport", dependencies: ["CLinux", "NetworkModel"], path: "Tests/Support", swiftSettings: common),
        tests("NetworkModelTests", ["NetworkModel"]),
        tests("WireTests", ["Wire"]),
        tests("LibvirtXMLTests", ["LibvirtXML", "NetworkModel"], exclude: ["Golden"]),
        tests("DHCPTests", ["DHCP", "NetworkModel", "Wire"]),
        tests("DNSTests", ["DNS", "NetworkModel", "Wire"]),
        tests("BootFilesTests", ["BootFiles", "Wire"]),
        tests("FirewallTests", ["Firewall", "NetworkModel"], exclude: ["Golden"]),
        tests("LeaseStoreTests", ["LeaseStore", "NetworkModel"]),
        tests("ResponderChannelTests", ["NetworkModel", "ResponderChannel"]),
        tests("EngineTests", ["Engine", "Firewall", "Netlink", "NetworkModel"], exclude: ["Golden"]),
        tests("LibvirtRPCTests", ["API", "LibvirtRPC", "NetworkModel", "Wire"], exclude: ["Recordings"]),
        tests("DaemonTests", ["Daemon", "Engine", "LibvirtRPC", "NetworkModel"]),
        tests("KernelTests", ["Engine", "Firewall", "Netlink", "NetworkModel"]),
        tests("EndToEndTests", [], exclude: ["Upstream"]),
    ]
)

// A fuzz target has no main of its own and links only with libFuzzer: see `make fuzz`.
if Context.environment["VNET_FUZZ"] == "1" {
    let modules: [String: [Target.Dependency]] = [
        "FuzzNetworkXML": ["LibvirtXML", "NetworkModel"],
        "FuzzNetworkUpdate": ["LibvirtXML", "NetworkModel"],
        "FuzzLibvirtMessage": ["LibvirtRPC"],
        "FuzzDNS": ["DNS", "NetworkModel", "TestSupport", "Wire"],
        "FuzzDHCP": ["DHCP", "NetworkModel", "TestSupport", "Wire"],
        "FuzzBootFiles": ["BootFiles", "Wire"],
    ]
    package.targets += modules.map { name, dependencies in
        .executableTarget(
            name: name, dependencies: dependencies, path: "Tests/Fuzz/\(name)",
            swiftSettings: common + [.unsafeFlags(["-parse-as-library"])])
    }
}

// What `make bench` runs beside the program itself.
if Context.environment["VNET_BENCH"] == "1" {
    package.targets.append(
        .executableTarget(
            name: "BenchNetworkXML", dependencies: ["LibvirtXML", "NetworkModel"], path: "Benchmarks/NetworkXML",
            swiftSettings: common))
}
