// Walks what go-libvirt, which speaks libvirt's wire protocol by itself, has for networks, and prints what it sees.
//
//	libvirt-walk SOCKET
//
// Two servers of libvirt's protocol are the same to a client where this prints the same: a line a step, NAME: VALUE, and
// of an error its number. Of all that have such a client this is the one without a line of libvirt's code.
package main

import (
	"fmt"
	"os"
	"sort"
	"strings"

	"github.com/digitalocean/go-libvirt"
	"github.com/digitalocean/go-libvirt/socket/dialers"
)

const network = `<network>
  <name>lab</name>
  <uuid>11111111-2222-3333-4444-555555555555</uuid>
  <forward mode='nat'/>
  <bridge name='golabbr0' stp='on' delay='0'/>
  <mac address='52:54:00:aa:bb:01'/>
  <ip address='192.168.177.1' netmask='255.255.255.0'>
    <dhcp>
      <range start='192.168.177.10' end='192.168.177.99'/>
    </dhcp>
  </ip>
</network>
`

const networkPort = `<networkport>
  <uuid>99999999-8888-7777-6666-555555555555</uuid>
  <owner>
    <name>vm1</name>
    <uuid>aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee</uuid>
  </owner>
  <mac address='52:54:00:12:34:56'/>
</networkport>
`

// show prints what a call returns, or how it fails.
func show(name string, err error, values ...interface{}) {
	if wrong, ok := err.(libvirt.Error); ok {
		fmt.Printf("%s: error %d\n", name, wrong.Code)
	} else if err != nil {
		fmt.Printf("%s: %v\n", name, err)
	} else {
		fmt.Printf("%s: %s", name, fmt.Sprintln(values...))
	}
}

func names(networks []libvirt.Network) string {
	var found []string
	for _, network := range networks {
		found = append(found, fmt.Sprintf("%s %x", network.Name, network.UUID))
	}
	sort.Strings(found)
	return strings.Join(found, ", ")
}

func lists(client *libvirt.Libvirt) {
	for flags := libvirt.ConnectListAllNetworksFlags(0); flags < 64; flags++ {
		networks, count, err := client.ConnectListAllNetworks(1, flags)
		show(fmt.Sprintf("list %d", flags), err, count, names(networks))
	}
	_, count, err := client.ConnectListAllNetworks(0, 0)
	show("count alone", err, count)
	_, _, err = client.ConnectListAllNetworks(1, 64)
	show("unknown flags", err)
	running, err := client.ConnectListNetworks(16)
	show("running", err, running)
	defined, err := client.ConnectListDefinedNetworks(16)
	show("defined", err, defined)
}

func walk(client *libvirt.Libvirt) {
	kind, err := client.ConnectGetType()
	show("type", err, kind)
	uri, err := client.ConnectGetUri()
	show("uri", err, uri)
	for feature := int32(0); feature < 24; feature++ {
		supported, err := client.ConnectSupportsFeature(feature)
		show(fmt.Sprintf("feature %d", feature), err, supported)
	}
	lists(client)
	lab, err := client.NetworkDefineXML(network)
	show("define", err, lab.Name, fmt.Sprintf("%x", lab.UUID))
	lists(client)
	show("create", client.NetworkCreate(lab))
	show("create again", client.NetworkCreate(lab))
	lists(client)
	found, err := client.NetworkLookupByName("lab")
	show("by name", err, found.Name)
	found, err = client.NetworkLookupByUUID(lab.UUID)
	show("by uuid", err, found.Name)
	_, err = client.NetworkLookupByName("nowhere")
	show("no name", err)
	bridge, err := client.NetworkGetBridgeName(lab)
	show("bridge", err, bridge)
	show("autostart", client.NetworkSetAutostart(lab, 1))
	starts, err := client.NetworkGetAutostart(lab)
	show("starts", err, starts)
	host := "<host mac='52:54:00:12:34:56' ip='192.168.177.50'/>"
	show("update", client.NetworkUpdateCompat(lab, libvirt.NetworkUpdateCommandAddLast,
		libvirt.NetworkSectionIPDhcpHost, -1, host, libvirt.NetworkUpdateAffectLive))
	document, err := client.NetworkGetXMLDesc(lab, 0)
	show("document", err, document)
	document, err = client.NetworkGetXMLDesc(lab, 1)
	show("document on disk", err, document)
	leases, count, err := client.NetworkGetDhcpLeases(lab, nil, 1, 0)
	show("leases", err, leases, count)
	leases, count, err = client.NetworkGetDhcpLeases(lab, libvirt.OptString{"52:54:00:12:34:56"}, 1, 0)
	show("leases of one", err, leases, count)
	port, err := client.NetworkPortCreateXML(lab, networkPort, 0)
	show("port", err, fmt.Sprintf("%x", port.UUID))
	_, err = client.NetworkPortCreateXML(lab, networkPort, 0)
	show("port again", err)
	ports, count, err := client.NetworkListAllPorts(lab, 1, 0)
	show("ports", err, len(ports), count)
	document, err = client.NetworkPortGetXMLDesc(port, 0)
	show("port's document", err, document)
	show("delete the port", client.NetworkPortDelete(port, 0))
	show("delete it again", client.NetworkPortDelete(port, 0))
	show("destroy", client.NetworkDestroy(lab))
	show("destroy again", client.NetworkDestroy(lab))
	show("undefine", client.NetworkUndefine(lab))
	show("undefine again", client.NetworkUndefine(lab))
	_, err = client.NetworkDefineXML("<network><colour>")
	show("no document", err)
	lists(client)
}

func main() {
	client := libvirt.NewWithDialer(dialers.NewLocal(dialers.WithSocket(os.Args[1])))
	if err := client.ConnectToURI("network:///system"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	walk(client)
	show("disconnect", client.Disconnect())
}
