#!/usr/bin/python3
"""Walks everything that libvirt's Python binding has for networks, and prints what it sees.

    libvirt-walk.py URI [READ-ONLY-URI]

Two servers of libvirt's protocol are the same to a client where this prints the same. What differs from run to run (random
addresses, times) is left out; of an error its number and domain are printed, and its words where libvirt's own are short.
"""
import sys
import threading
import time
import libvirt

LAB = "11111111-2222-3333-4444-555555555555"
PORT = "99999999-8888-7777-6666-555555555555"

NETWORK = """<network>
  <name>lab</name>
  <uuid>%s</uuid>
  <forward mode='nat'/>
  <bridge name='walkbr0' stp='on' delay='0'/>
  <mac address='52:54:00:aa:bb:01'/>
  <domain name='lab.test' localOnly='yes'/>
  <ip address='192.168.177.1' netmask='255.255.255.0'>
    <dhcp>
      <range start='192.168.177.10' end='192.168.177.99'/>
    </dhcp>
  </ip>
</network>
""" % LAB

NETWORK_PORT = """<networkport>
  <uuid>%s</uuid>
  <owner>
    <name>vm1</name>
    <uuid>aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee</uuid>
  </owner>
  <mac address='52:54:00:12:34:56'/>
  <bandwidth>
    <inbound average='1000' peak='2000' burst='512'/>
    <outbound average='500'/>
  </bandwidth>
</networkport>
""" % PORT

# Their words are what went wrong, and libvirt's own are to the point.
TOLD = {libvirt.VIR_ERR_NO_NETWORK, libvirt.VIR_ERR_OPERATION_INVALID, libvirt.VIR_ERR_NO_NETWORK_PORT,
        libvirt.VIR_ERR_OPERATION_DENIED, libvirt.VIR_ERR_NETWORK_PORT_EXIST, libvirt.VIR_ERR_INVALID_MAC}

libvirt.registerErrorHandler(lambda context, error: None, None)


def show(name, call):
    """Prints what a call returns, or how it fails."""
    try:
        value = call()
    except libvirt.libvirtError as error:
        words = error.get_error_message() if error.get_error_code() in TOLD else ""
        print("%s: error %s/%s %s" % (name, error.get_error_code(), error.get_error_domain(), words))
        return None
    print("%s: %s" % (name, value))
    return value


class Events(threading.Thread):
    """Runs libvirt's event loop beside the walk."""

    def __init__(self):
        super().__init__(daemon=True)
        libvirt.virEventRegisterDefaultImpl()
        self.seen = []
        self.start()

    def run(self):
        while True:
            libvirt.virEventRunDefaultImpl()

    def note(self, connection, network, event, detail, label):
        self.seen.append("%s %s %d %d" % (label, network.name(), event, detail))

    def show(self, count):
        """Prints the events once they have come; events are not in step with answers."""
        deadline = time.time() + 5
        while len(self.seen) < count and time.time() < deadline:
            time.sleep(0.02)
        time.sleep(0.1)
        print("events: %s" % sorted(self.seen))
        self.seen.clear()


def walk(uri, read_only_uri):
    events = Events()
    connection = libvirt.open(uri)
    show("type", connection.getType)
    show("secure", connection.isSecure)
    show("alive", connection.isAlive)
    show("encrypted", connection.isEncrypted)
    show("keepalive", lambda: connection.setKeepAlive(1, 3))
    show("close callback", lambda: connection.registerCloseCallback(lambda *_: None, None))
    show("no close callback", connection.unregisterCloseCallback)
    every = show("all events", lambda: connection.networkEventRegisterAny(
        None, libvirt.VIR_NETWORK_EVENT_ID_LIFECYCLE, events.note, "all"))

    def lists():
        for flags in range(0, 64):
            show("list %d" % flags, lambda: sorted(n.name() for n in connection.listAllNetworks(flags)))
        show("unknown flags", lambda: connection.listAllNetworks(64))
        show("active", lambda: (connection.numOfNetworks(), connection.listNetworks()))
        show("inactive", lambda: (connection.numOfDefinedNetworks(), connection.listDefinedNetworks()))

    def look(network):
        show("name", network.name)
        show("uuid", network.UUIDString)
        show("active", network.isActive)
        show("persistent", network.isPersistent)
        show("autostart", network.autostart)
        show("bridge", network.bridgeName)
        show("xml", lambda: network.XMLDesc(0))
        show("inactive xml", lambda: network.XMLDesc(libvirt.VIR_NETWORK_XML_INACTIVE))
        show("xml of unknown flags", lambda: network.XMLDesc(2))

    lists()
    show("no name", lambda: connection.networkLookupByName("nowhere"))
    show("uuid as a name", lambda: connection.networkLookupByName(LAB))
    show("no uuid", lambda: connection.networkLookupByUUIDString(LAB))
    show("no xml", lambda: connection.networkDefineXML("vm") and None)
    show("another root", lambda: connection.networkDefineXML("<domain/>") and None)

    network = connection.networkDefineXML(NETWORK)
    one = show("its events", lambda: connection.networkEventRegisterAny(
        network, libvirt.VIR_NETWORK_EVENT_ID_LIFECYCLE, events.note, "one"))
    look(network)
    lists()
    show("by name", lambda: connection.networkLookupByName("lab").UUIDString())
    show("by uuid", lambda: connection.networkLookupByUUIDString(LAB).name())
    show("stop what does not run", network.destroy)
    show("autostart", lambda: (network.setAutostart(1), network.autostart(), network.setAutostart(0)))
    show("ports of what does not run", network.listAllPorts)
    show("define again", lambda: connection.networkDefineXML(NETWORK).name())
    show("another uuid", lambda: connection.networkDefineXML(NETWORK.replace("1111-", "1112-")) and None)
    show("another name", lambda: connection.networkDefineXML(NETWORK.replace(">lab<", ">other<")) and None)
    show("validated", lambda: connection.networkDefineXMLFlags(NETWORK, 1).name())
    show("not valid", lambda: connection.networkDefineXMLFlags(NETWORK.replace("<domain", "<colour/><domain"), 1) and None)
    show("define with unknown flags", lambda: connection.networkDefineXMLFlags(NETWORK, 2) and None)

    show("start", network.create)
    show("start again", network.create)
    look(network)
    lists()
    show("leases", network.DHCPLeases)
    show("leases of one", lambda: network.DHCPLeases("52:54:00:12:34:56"))
    show("leases of none", lambda: network.DHCPLeases("nonsense"))

    host = "<host mac='52:54:00:12:34:56' name='vm1' ip='192.168.177.50'/>"
    for name, command, section, element, flags in [
            ("add a host", 3, 4, host, 3), ("add it again", 3, 4, host, 3), ("add it live", 3, 4, host, 1),
            ("change it", 1, 4, host.replace(".50", ".51"), 3), ("delete it", 2, 4, host.replace(".50", ".51"), 3),
            ("delete it again", 2, 4, host, 3),
            ("add a name", 3, 10, "<host ip='192.168.177.5'><hostname>a.lab.test</hostname></host>", 0),
            ("add a text", 4, 11, "<txt name='a' value='b'/>", 2),
            ("add a service", 3, 12, "<srv service='sip' protocol='tcp' domain='lab.test' target='a' port='5'/>", 1),
            ("change a name", 1, 10, "<host ip='192.168.177.5'><hostname>b.lab.test</hostname></host>", 1),
            ("no element", 3, 4, "<", 3), ("another element", 3, 4, "<txt/>", 3),
            ("no section", 3, 77, host, 3), ("no command", 9, 4, host, 3)]:
        show(name, lambda: network.update(command, section, -1, element, flags))
    show("xml", lambda: network.XMLDesc(0))
    show("inactive xml", lambda: network.XMLDesc(1))

    port = show("port", lambda: network.portCreateXML(NETWORK_PORT, 0) and None)
    show("port again", lambda: network.portCreateXML(NETWORK_PORT, 0) and None)
    show("no port", lambda: network.portLookupByUUIDString(LAB))
    port = network.portLookupByUUIDString(PORT)
    show("port's uuid", port.UUIDString)
    show("port's network", lambda: port.network().name())
    show("ports", lambda: [p.UUIDString() for p in network.listAllPorts()])
    show("port's xml", lambda: port.XMLDesc(0))
    show("parameters", lambda: sorted(port.parameters().items()))
    show("set", lambda: port.setParameters({"inbound.average": 3000, "outbound.average": 700, "outbound.burst": 9}))
    show("parameters", lambda: sorted(port.parameters().items()))
    show("port's xml", lambda: port.XMLDesc(0))
    show("set one direction", lambda: port.setParameters({"outbound.average": 100}))
    show("parameters", lambda: sorted(port.parameters().items()))
    show("set none", lambda: port.setParameters({"outbound.average": 0}))
    show("parameters", lambda: sorted(port.parameters().items()))
    show("port's xml", lambda: port.XMLDesc(0))
    show("delete the port", port.delete)
    show("delete it again", port.delete)
    show("ports", network.listAllPorts)
    show("a port without a uuid", lambda: network.portCreateXML("<networkport/>", 0) and None)
    show("a port to reclaim without a plug", lambda: network.portCreateXML(NETWORK_PORT, 1) and None)
    plugged = NETWORK_PORT.replace("</networkport>", "  <plug type='network' bridge='walkbr0'/>\n</networkport>")
    show("a port with a plug", lambda: network.portCreateXML(plugged, 0) and None)
    show("a port to reclaim", lambda: network.portCreateXML(plugged, 1).XMLDesc(0))

    if read_only_uri:
        reader = libvirt.openReadOnly(read_only_uri)
        seen = reader.networkLookupByName("lab")
        show("seen", seen.UUIDString)
        for name, call in [
                ("destroy", seen.destroy), ("undefine", seen.undefine), ("create", seen.create),
                ("autostart", lambda: seen.setAutostart(1)), ("define", lambda: reader.networkDefineXML(NETWORK)),
                ("create xml", lambda: reader.networkCreateXML(NETWORK)),
                ("update", lambda: seen.update(3, 4, -1, host, 0)),
                ("port", lambda: seen.portCreateXML(NETWORK_PORT, 0)),
                ("delete port", lambda: seen.portLookupByUUIDString(PORT).delete())]:
            show("%s, reading only" % name, call)
        reader.close()

    show("stop", network.destroy)
    show("stop again", network.destroy)
    show("deregister", lambda: connection.networkEventDeregisterAny(one))
    show("undefine", network.undefine)
    show("undefine again", network.undefine)
    show("start what is gone", network.create)
    events.show(8)

    network = connection.networkCreateXML(NETWORK)
    look(network)
    lists()
    show("create again", lambda: connection.networkCreateXML(NETWORK) and None)
    show("autostart of a transient one", lambda: network.setAutostart(1))
    show("undefine a transient one", network.undefine)
    show("make it persistent", lambda: connection.networkDefineXML(NETWORK).isPersistent())
    show("undefine while it runs", network.undefine)
    show("persistent", network.isPersistent)
    show("stop", network.destroy)
    lists()
    events.show(4)
    show("deregister", lambda: connection.networkEventDeregisterAny(every))
    show("close", connection.close)


if __name__ == "__main__":
    walk(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None)
