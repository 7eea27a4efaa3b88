internal import Foundation
internal import TestSupport
internal import Testing

/// The control socket, as curl sees it.
@Suite(.requiresRoot)
struct APITests {
    private static let status = ["-w", "\n%{http_code}"]

    /// The answer's body, and its status.
    private func request(
        _ site: Site, _ method: String, _ path: String, body: String? = nil
    ) async throws -> (body: [String: Any], status: String) {
        var words = [
            "curl", "-sS", "--max-time", "60", "--unix-socket", site.host.socket, "-X", method,
        ]
        words += Self.status
        if body != nil { words += ["--data-binary", "@-"] }
        let outcome = try await site.host.namespace.run(words + ["http://vnet/v1/\(path)"], input: body).orThrow()
        let parts = outcome.output.split(separator: "\n").map { String($0) }
        let json = try JSONSerialization.jsonObject(with: Data((parts.first ?? "").utf8)) as? [String: Any]
        return (json ?? [:], parts.last ?? "")
    }

    @Test func `curl can do what the command line does`() async throws {
        try requireTools("curl")
        try await withSite { site in
            try await site.host.must("list")
            let defined = try await request(site, "POST", "networks", body: network("lab"))
            #expect(defined.status == "201")
            let made = defined.body["network"] as? [String: Any]
            #expect(made?["name"] as? String == "lab")
            #expect(made?["isActive"] as? Bool == false)
            #expect(defined.body["warnings"] as? [String] == [])
            #expect(try await request(site, "POST", "networks/lab/start").status == "200")
            let info = try await request(site, "GET", "networks/lab")
            #expect(info.body["isActive"] as? Bool == true)
            #expect(info.body["bridge"] as? String == "br-lab")
            #expect(info.body["addresses"] as? [String] == ["192.168.150.1/24"])
            #expect(try await site.host.api("networks").output.hasPrefix("[{"))
            #expect(try await site.host.api("networks/lab/xml").output.contains("<name>lab</name>"))
            #expect(try await site.host.api("networks/lab/leases").text == "[]")

            let port = try await request(
                site, "POST", "networks/lab/ports", body: #"{"name":"vm1","isIsolated":false}"#)
            #expect(port.status == "201")
            let tap = try #require(port.body["tap"] as? String)
            #expect(try await site.host.api("ports").output.contains(tap))
            #expect(try await request(site, "DELETE", "networks/lab/ports/vm1").status == "200")
            #expect(
                try await request(site, "PUT", "networks/lab/autostart", body: #"{"enabled":true}"#).status == "200")
            #expect(try await request(site, "POST", "networks/lab/stop").body["isActive"] as? Bool == false)
            #expect(try await request(site, "DELETE", "networks/lab").status == "200")
            #expect(try await site.host.api("networks").text == "[]")
        }
    }

    @Test func `an error has a status, a code and a sentence`() async throws {
        try requireTools("curl")
        try await withSite { site in
            try await site.host.must("define", "-", input: network("lab"))
            let rows: [(String, String, String?, String, String)] = [
                // A network that does not exist,
                ("GET", "networks/nowhere", nil, "404", "notFound"),
                // and a path.
                ("GET", "nonsense", nil, "404", "notFound"),
                ("POST", "networks", "<network>", "400", "invalid"),
                ("POST", "networks", network("other"), "409", "conflict"),
                ("POST", "networks/lab/stop", nil, "409", "wrongState"),
                ("PUT", "networks/lab/autostart", "nonsense", "400", "invalid"),
                ("GET", "networks/..%2F..%2Fetc", nil, "404", "notFound"),
            ]
            for (method, path, body, status, code) in rows {
                let answer = try await request(site, method, path, body: body)
                #expect(answer.status == status, "\(method) \(path)")
                #expect(answer.body["code"] as? String == code, "\(method) \(path)")
                #expect((answer.body["message"] as? String)?.isEmpty == false, "\(method) \(path)")
            }
        }
    }

    @Test func `the socket is for root and the group`() async throws {
        try await withSite { site in
            try await site.host.must("list")
            let mode = try await site.host.namespace.run("stat", "-c", "%a %U", site.host.socket)
            #expect(mode.text == "660 root")
        }
    }

    @Test func `the responder has no privileges and not the host's files`() async throws {
        try requireTools("curl")
        try await withSite { site in
            try await site.host.run(network("lab"))
            let pid = try await site.host.processes().responder
            let status = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
            func field(_ name: String) -> [String] {
                let line = status.split(separator: "\n").first { $0.hasPrefix(name + ":") } ?? ""
                return line.split(whereSeparator: \.isWhitespace).dropFirst().map { String($0) }
            }
            #expect(!field("Uid").contains("0"))
            #expect(!field("Gid").contains("0"))
            for set in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] {
                #expect(field(set) == ["0000000000000000"], "\(set)")
            }
            #expect(field("NoNewPrivs") == ["1"])
            // 2: a filter.
            #expect(field("Seccomp") == ["2"])
            let folder = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/root")
            #expect(folder.allSatisfy { $0.hasPrefix("leases.db") }, "\(folder)")
        }
    }
}
