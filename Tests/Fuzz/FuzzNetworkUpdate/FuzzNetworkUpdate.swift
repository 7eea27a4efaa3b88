internal import LibvirtXML
internal import NetworkModel

/// What the updates are made to: every section has something in it, and a second `<ip>`.
private let network: NetworkDefinition = {
    var generator = SystemRandomNumberGenerator()
    let document = """
        <network>
          <name>lab</name>
          <forward mode='nat'><interface dev='eth0'/></forward>
          <dns>
            <txt name='a.lab' value='text'/>
            <srv service='sip' protocol='udp' domain='lab' target='b.lab' port='5060' priority='1' weight='1'/>
            <host ip='192.0.2.2'><hostname>b.lab</hostname></host>
          </dns>
          <ip address='192.0.2.1' prefix='24'>
            <dhcp>
              <range start='192.0.2.100' end='192.0.2.199'/>
              <host mac='52:54:00:00:00:02' name='b' ip='192.0.2.2'/>
            </dhcp>
          </ip>
          <ip family='ipv6' address='2001:db8::1' prefix='64'>
            <dhcp><host id='00:01' name='c' ip='2001:db8::2'/></dhcp>
          </ip>
          <portgroup name='first' default='yes'><bandwidth><inbound average='1000'/></bandwidth></portgroup>
        </network>
        """
    guard let network = try? NetworkDefinition(libvirtXML: [UInt8](document.utf8), using: &generator) else {
        preconditionFailure("the network of the fuzz target cannot be read")
    }
    return network
}()

/// libFuzzer calls this with updates it makes up: a line `COMMAND SECTION PARENT` as net-update has them, and the element.
///
/// What an update makes must be a network that is read from its own text as the same.
@c(LLVMFuzzerTestOneInput)
public func fuzzNetworkUpdate(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = unsafe [UInt8](UnsafeBufferPointer(start: start, count: count))
    let head = bytes.prefix { $0 != UInt8(ascii: "\n") }
    let words = String(decoding: head, as: UTF8.self).split(separator: " ")
    guard words.count == 3, let command = UpdateCommand(rawValue: String(words[0])),
        let section = UpdateSection(rawValue: String(words[1])), let parent = Int(words[2])
    else { return -1 }
    let element = [UInt8](bytes.dropFirst(head.count + 1))
    guard let updated = try? network.updated(command, section, with: element, parentIndex: parent) else { return 0 }
    var generator = SystemRandomNumberGenerator()
    let text = updated.libvirtXML
    let again = try? NetworkDefinition(libvirtXML: [UInt8](text.utf8), using: &generator)
    precondition(again == updated, "another network was read from what was written")
    precondition(again?.libvirtXML == text, "another text was written of the same network")
    return 0
}
