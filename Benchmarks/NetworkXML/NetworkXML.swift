internal import LibvirtXML
internal import NetworkModel

/// Reads and writes a network of 200 reservations a thousand times, and prints the median of each in milliseconds.
@main enum NetworkXML {
    static let document: [UInt8] = {
        let hosts = (0..<200).map { number in
            let low = number < 16 ? "0" + String(number, radix: 16) : String(number, radix: 16)
            return "<host mac='52:54:00:00:00:\(low)' name='guest\(number)' ip='10.0.0.\(number + 10)'/>"
        }
        let text = """
            <network>
              <name>lab</name>
              <forward mode='nat'/>
              <bridge name='virbr0' stp='on' delay='0'/>
              <ip address='10.0.0.1' prefix='24'>
                <dhcp>
                  <range start='10.0.0.220' end='10.0.0.250'/>
                  \(hosts.joined(separator: "\n      "))
                </dhcp>
              </ip>
            </network>
            """
        return [UInt8](text.utf8)
    }()

    static func main() throws {
        var generator = SystemRandomNumberGenerator()
        var reading: [Duration] = []
        var writing: [Duration] = []
        var length = 0
        for _ in 0..<1_000 {
            let begin = ContinuousClock.now
            let network = try NetworkDefinition(libvirtXML: document, using: &generator)
            let middle = ContinuousClock.now
            length = network.libvirtXML.utf8.count
            reading.append(begin.duration(to: middle))
            writing.append(middle.duration(to: .now))
        }
        let both = zip(reading, writing).map { $0 + $1 }
        print(
            "- A network of 200 reservations, \(length) octets: read in \(median(reading)), written in \(median(writing)),"
                + " both in \(median(both)).")
    }

    private static func median(_ times: [Duration]) -> String {
        let nanoseconds = times.sorted()[times.count / 2] / .nanoseconds(1)
        let microseconds = Int(nanoseconds / 1_000 + 0.5)
        return "\(Double(microseconds) / 1_000) ms"
    }
}
