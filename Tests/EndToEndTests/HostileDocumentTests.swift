internal import Foundation
internal import TestSupport
internal import Testing

/// Documents made to harm whoever reads them, through every command that reads one: each is refused in little time and
/// little memory, by the command and by the daemon behind it.
@Suite(.requiresRoot)
struct HostileDocumentTests {
    /// In kilobytes: what either process may take at most; the largest document is 100 MB.
    private static let memory = 160_000
    /// In seconds: generous, as other tests run beside.
    private static let time = 20.0

    /// Makes the documents in the current folder.
    private static let makeDocuments = """
        laughs='<!ENTITY a "ha">'
        for pair in b:a c:b d:c e:d f:e g:f h:g i:h j:i; do
            inner="&${pair#*:};"
            laughs="$laughs<!ENTITY ${pair%:*} \\"$inner$inner$inner$inner$inner$inner$inner$inner$inner$inner\\">"
        done
        echo "<!DOCTYPE network [$laughs]><network><name>&j;</name></network>" >bomb.xml
        echo '<!DOCTYPE n [<!ENTITY x SYSTEM "file:///etc/passwd">]><network><name>&x;</name></network>' >external.xml
        { echo '<network><!--'; head -c 100000000 /dev/zero | tr '\\0' x; echo '--></network>'; } >huge.xml
        { echo '<network>'; yes '<a>' | head -n 20000 | tr -d '\\n'; } >deep.xml
        { echo '<network><name '; seq -f "a%.0f=''" 60000; echo '>lab</name></network>'; } >attributes.xml
        printf '<network><name>l\\0ab</name></network>' >nul.xml
        printf '<network><name>l\\377ab</name></network>' >latin1.xml
        printf '<network><name>lab' >cut.xml
        """

    /// Runs a command, and prints its code, its greatest memory in kilobytes, its seconds and what it had to say.
    private static let measure = """
        import resource, subprocess, sys, time
        begin = time.monotonic()
        with open(sys.argv[1], "rb") as document:
            done = subprocess.run(sys.argv[2:], stdin=document, capture_output=True, text=True, timeout=60)
        seconds = time.monotonic() - begin
        memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        print(done.returncode, memory, round(seconds, 2), repr(done.stdout + done.stderr)[:300])
        """

    /// What is done with the document `$1`.
    private static let doors = [
        "define FILE", "define FILE --validate", "create -", "update lab add ip-dhcp-host FILE", "edit lab",
    ]

    @Test func `hostile documents are refused quickly and in little memory, whichever way they come`() async throws {
        try requireTools("python3")
        try await withSite { site in
            try await site.host.must("define", "-", input: network("lab"))
            let before = try await site.host.snapshot()
            _ = try site.lab.file("measure.py", Self.measure)
            let script = try site.lab.file(
                "doors.sh",
                """
                set -e
                mkdir documents && cd documents
                \(Self.makeDocuments)
                for document in *.xml; do
                    while read -r door; do
                        printf '%s: %s: %s\\n' "$door" $document "$(EDITOR="cp $PWD/$document" python3 ../measure.py $document \\
                            \(VNetHost.binary) $(echo "$door" | sed "s#FILE#$document#"))"
                    done <<DOORS
                \(Self.doors.joined(separator: "\n"))
                DOORS
                done
                """)
            let outcome = try await site.host.namespace.run(
                "sh", "-c", "cd \(site.lab.folder) && VNET_ROOT=\(site.host.root) sh \(script)", timeout: .seconds(180))
            #expect(outcome.isSuccess, "\(outcome)")
            #expect(outcome.lines.count == 8 * Self.doors.count)
            for line in outcome.lines {
                let figures = try #require(line.firstMatch(of: /xml: (\d+) (\d+) ([0-9.]+) (.*)/), "\(line)")
                #expect(figures.1 == "1", "\(line)")
                #expect(try #require(Int(figures.2)) < Self.memory, "\(line)")
                #expect(try #require(Double(figures.3)) < Self.time, "\(line)")
                #expect(figures.4.contains("error: "), "\(line)")
                #expect(!figures.4.contains("root:"), "\(line)")
            }
            // The API takes no document of 100 MB either, and the daemon that has seen them all is no larger.
            let answer = try await site.host.api(
                "networks", "--data-binary", "@\(site.lab.folder)/documents/huge.xml")
            #expect(answer.output.contains("the request is larger than 8 MiB") || answer.code != 0, "\(answer)")
            let status = try String(
                contentsOfFile: "/proc/\(await site.host.processes().daemon)/status", encoding: .utf8)
            let peak = try #require(status.firstMatch(of: /VmHWM:\s+(\d+) kB/), "\(status)").1
            #expect(try #require(Int(peak)) < Self.memory)
            try await site.host.expectUnchanged(since: before)
            try await site.host.must("undefine", "lab")
        }
    }
}
