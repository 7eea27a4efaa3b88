#!/usr/bin/env python3
"""Writes network documents to feed to libvirt and to vnet: documents.py FOLDER [SEED [COUNT]].

Three kinds, each file named by what it is about. `value-…`: every attribute with every odd value, one at a time.
`shape-…`: elements left out, repeated, misplaced or contradicting each other. `random-SEED-N…`: COUNT documents of a
seeded grammar, most of them sound and full, some broken in one place.
"""

import pathlib
import random
import sys

IP = "<ip address='10.0.0.1' prefix='24'/>"
UUID = "11111111-2222-4333-8444-555555555555"

# --- One attribute, one value ------------------------------------------------------------------------------------

NUMBERS = ["", "0", "1", "7", "255", "256", "4095", "4096", "65535", "65536", "4294967295", "4294967296",
           "18446744073709551615", "18446744073709551616", "-1", "+5", " 5", "5 ", "0x10", "010", "x", "1e3"]
CHOICES = ["", "yes", "no", "YES", "on", "x"]
ADDRESSES = ["", "10.0.0.9", "10.9", "010.0.0.9", "300.1.1.1", "fd00::9", "FD00:0::9", "::ffff:10.0.0.9", "x",
             " 10.0.0.9", "10.0.0.9 ", "0.0.0.0", "::"]
TEXTS = ["", "a", "a b", "a.b", "a.", "-a", "a,b", "_a", "a/b", "a+b", "a*b", "&amp;&lt;&gt;&quot;&apos;", "é",
         "a" * 70, "%d"]
MACS = ["", "52:54:00:AB:cd:01", "1:2:3:4:5:6", "52-54-00-ab-cd-01", "01:00:00:00:00:00", "ff:ff:ff:ff:ff:ff",
        "00:00:00:00:00:00", "52:54:00:ab:cd", "52:54:00:ab:cd:01 ", "52:54:00:ab:cd:01x", " 52:54:00:ab:cd:01"]
UUIDS = ["", UUID, UUID.upper(), UUID.replace("-", ""), " " + UUID + " ", "1111-" + UUID[5:], "x", UUID + "0"]


def dhcp(body, attributes="address='10.0.0.1' prefix='24'"):
    return f"<ip {attributes}><dhcp>{body}</dhcp></ip>"


def dhcp6(body):
    return dhcp(body, "family='ipv6' address='fd00::1' prefix='64'")


def forward(body, mode="nat", ip=IP):
    return f"<forward mode='{mode}'>{body}</forward>{ip}"


RANGE = "<range start='10.0.0.5' end='10.0.0.6'/>"
QBG = "<virtualport type='802.1Qbg'><parameters %s/></virtualport>"
OPEN_VSWITCH = "<virtualport type='openvswitch'><parameters %s/></virtualport>"


def bridged(body):
    return f"<forward mode='bridge'/><bridge name='br0'/>{body}"


def grouped(body):
    return f"<portgroup name='a'>{body}</portgroup>"


# Where the value goes, and which values.
ATTRIBUTES = {
    "name": ("", []),
    "uuid": ("<uuid>%s</uuid>", UUIDS),
    "ipv6": ("ROOT ipv6='%s'", CHOICES),
    "trust": ("ROOT trustGuestRxFilters='%s'", CHOICES),
    "connections": ("ROOT connections='%s'", ["1", "x"]),
    "bridge-name": ("<bridge name='%s'/>", ["", "a", "virbr%d", "br%d-x", "a%d%d", "a%s", "sixteen-letters.", "a b", "..", "é"]),
    "bridge-zone": ("<bridge name='a' zone='%s'/>", TEXTS),
    "bridge-stp": ("<bridge name='a' stp='%s'/>", CHOICES + ["off", "OFF"]),
    "bridge-delay": ("<bridge name='a' delay='%s'/>", NUMBERS),
    "bridge-table": ("<bridge name='a' macTableManager='%s'/>", ["", "kernel", "libvirt", "KERNEL", "default", "x"]),
    "mac": ("<mac address='%s'/>", MACS),
    "mtu": ("<mtu size='%s'/>", NUMBERS),
    "domain-name": ("<domain name='%s'/>", [t for t in TEXTS if "&" not in t]),
    "domain-local": ("<domain name='a' localOnly='%s'/>", CHOICES),
    "forward-mode": ("<forward mode='%s'/>" + IP, ["", "nat", "route", "open", "NAT", "none", "x"]),
    "forward-dev": ("<forward dev='%s'/>" + IP, ["", "eth0", "eth0.5"]),
    "forward-managed": ("<forward mode='hostdev' managed='%s'/>", CHOICES + ["Yes"]),
    "forward-managed-nat": ("<forward mode='nat' managed='%s'/>" + IP, CHOICES),
    "driver": (forward("<driver name='%s'/>", "passthrough", ""), ["", "kvm", "vfio", "default", "xen", "VFIO"]),
    "interface": (forward("<interface dev='%s'/>", "vepa", ""), ["", "eth0"]),
    "pf": (forward("<pf dev='%s'/>", "passthrough", ""), ["", "eth0"]),
    "pci-domain": (forward("<address type='pci' domain='%s' bus='1' slot='2' function='3'/>", "passthrough", ""), NUMBERS),
    "pci-bus": (forward("<address type='pci' domain='0' bus='%s' slot='2' function='3'/>", "passthrough", ""), NUMBERS),
    "pci-slot": (forward("<address type='pci' domain='0' bus='1' slot='%s' function='3'/>", "passthrough", ""), NUMBERS + ["31", "32"]),
    "pci-function": (forward("<address type='pci' domain='0' bus='1' slot='2' function='%s'/>", "passthrough", ""), NUMBERS + ["8"]),
    "pci-type": (forward("<address type='%s' domain='0' bus='1' slot='2' function='3'/>", "passthrough", ""), ["", "pci", "PCI", "usb", "drive", "x"]),
    "nat-ipv6": (forward("<nat ipv6='%s'/>"), CHOICES),
    "nat-start": (forward("<nat><address start='%s' end='10.9.0.0'/></nat>"), ADDRESSES),
    "nat-end": (forward("<nat><address start='1.2.3.4' end='%s'/></nat>"), ADDRESSES),
    "nat-port-start": (forward("<nat><port start='%s' end='65535'/></nat>"), NUMBERS),
    "nat-port-end": (forward("<nat><port start='1' end='%s'/></nat>"), NUMBERS),
    "nat-port-both": (forward("<nat><port start='%s' end='%s'/></nat>"), ["0", "2000"]),
    "dns-enable": ("<dns enable='%s'/>", CHOICES),
    "dns-plain": ("<dns forwardPlainNames='%s'/>", CHOICES),
    "forwarder-addr": ("<dns><forwarder addr='%s'/></dns>", ADDRESSES),
    "forwarder-domain": ("<dns><forwarder domain='%s'/></dns>", TEXTS),
    "txt-name": ("<dns><txt name='%s' value='x'/></dns>", TEXTS),
    "txt-value": ("<dns><txt name='x' value='%s'/></dns>", TEXTS),
    "srv-service": ("<dns><srv service='%s' protocol='tcp'/></dns>", TEXTS + ["a" * 482, "a" * 483]),
    "srv-protocol": ("<dns><srv service='x' protocol='%s'/></dns>", TEXTS),
    "srv-domain": ("<dns><srv service='x' protocol='tcp' domain='%s'/></dns>", TEXTS),
    "srv-target": ("<dns><srv service='x' protocol='tcp' target='%s'/></dns>", TEXTS + ["."]),
    "srv-port": ("<dns><srv service='x' protocol='tcp' target='a' port='%s'/></dns>", NUMBERS),
    "srv-priority": ("<dns><srv service='x' protocol='tcp' target='a' priority='%s'/></dns>", NUMBERS),
    "srv-weight": ("<dns><srv service='x' protocol='tcp' target='a' weight='%s'/></dns>", NUMBERS),
    "host-ip": ("<dns><host ip='%s'><hostname>a</hostname></host></dns>", ADDRESSES),
    "hostname": ("<dns><host ip='1.2.3.4'><hostname>%s</hostname></host></dns>", TEXTS),
    "bandwidth-average": ("<bandwidth><inbound average='%s'/><outbound average='1'/></bandwidth>", NUMBERS),
    "bandwidth-peak": ("<bandwidth><inbound average='1' peak='%s'/></bandwidth>", NUMBERS),
    "bandwidth-burst": ("<bandwidth><outbound average='1' burst='%s'/></bandwidth>", NUMBERS),
    "bandwidth-floor": ("<bandwidth><inbound average='1' floor='%s'/></bandwidth>", NUMBERS),
    "bandwidth-floor-out": ("<bandwidth><outbound average='1' floor='%s'/></bandwidth>", ["0", "1"]),
    "bandwidth-class": ("<bandwidth classID='%s'><outbound average='1'/></bandwidth>", ["", "1"]),
    "vlan-tag": (bridged(OPEN_VSWITCH % "" + "<vlan><tag id='%s'/></vlan>"), NUMBERS),
    "vlan-native": (bridged(OPEN_VSWITCH % "" + "<vlan><tag id='1' nativeMode='%s'/></vlan>"), ["", "tagged", "untagged", "default", "x"]),
    "vlan-trunk": (bridged(OPEN_VSWITCH % "" + "<vlan trunk='%s'><tag id='1'/></vlan>"), CHOICES),
    "vlan-trunk-two": (bridged(OPEN_VSWITCH % "" + "<vlan trunk='%s'><tag id='1'/><tag id='2'/></vlan>"), CHOICES),
    "vlan-trunk-native": (bridged(OPEN_VSWITCH % "" + "<vlan trunk='%s'><tag id='1' nativeMode='tagged'/></vlan>"), CHOICES),
    "virtualport-type": ("<forward mode='vepa'/><virtualport type='%s'/>", ["", "802.1Qbg", "802.1Qbh", "802.1qbg", "openvswitch", "midonet", "none", "x"]),
    "qbg-manager": ("<forward mode='vepa'/>" + QBG % "managerid='%s'", NUMBERS),
    "qbg-type": ("<forward mode='vepa'/>" + QBG % "typeid='%s'", NUMBERS + ["16777215", "16777216", "0xffffff"]),
    "qbg-version": ("<forward mode='vepa'/>" + QBG % "typeidversion='%s'", NUMBERS),
    "qbg-instance": ("<forward mode='vepa'/>" + QBG % "instanceid='%s'", UUIDS),
    "ovs-profile": (bridged(OPEN_VSWITCH % "profileid='%s'"), TEXTS + ["a" * 39, "a" * 40]),
    "ovs-interface": (bridged(OPEN_VSWITCH % "interfaceid='%s'"), UUIDS),
    "portgroup-name": ("<portgroup name='%s'/>", [t for t in TEXTS if "&" not in t]),
    "portgroup-default": ("<portgroup name='a' default='%s'/>", CHOICES),
    "portgroup-trust": ("<portgroup name='a' trustGuestRxFilters='%s'/>", CHOICES),
    "isolated": ("<port isolated='%s'/>", CHOICES),
    "ip-family": ("<ip family='%s' address='10.0.0.1'/>", ["", "ipv4", "ipv6", "IPV4", "x"]),
    "ip6-family": ("<ip family='%s' address='fd00::1'/>", ["", "ipv4", "ipv6", "x"]),
    "ip-address": ("<ip address='%s'/>", ADDRESSES + ["240.0.0.1", "224.0.0.1", "127.0.0.1", "172.16.0.1", "192.168.1.1", "10.0.0.0", "10.255.255.255"]),
    "ip6-address": ("<ip family='ipv6' address='%s'/>", ADDRESSES + ["ff02::1", "::1", "fe80::1", "fe80::1%lo"]),
    "ip-prefix": ("<ip address='10.0.0.1' prefix='%s'/>", NUMBERS + ["32", "33"]),
    "ip6-prefix": ("<ip family='ipv6' address='fd00::1' prefix='%s'/>", NUMBERS + ["128", "129"]),
    "ip-netmask": ("<ip address='10.0.0.1' netmask='%s'/>", ["", "255.255.255.0", "255.0.255.0", "0.0.0.0", "255.255.255.255", "0.0.0.255", "ffff::", "x", "24"]),
    "ip-localptr": ("<ip address='10.0.0.1' prefix='24' localPtr='%s'/>", CHOICES),
    "tftp": ("<ip address='10.0.0.1' prefix='24'><tftp root='%s'/></ip>", ["", "/srv/tftp", "a b", "&lt;"]),
    "range-start": (dhcp("<range start='%s' end='10.0.0.99'/>"), ADDRESSES + ["10.0.0.99", "10.0.0.100", "10.0.1.1", "10.0.0.0", "10.0.0.1"]),
    "range-end": (dhcp("<range start='10.0.0.2' end='%s'/>"), ADDRESSES + ["10.0.0.254", "10.0.0.255", "10.0.1.1"]),
    "range6-start": (dhcp6("<range start='%s' end='fd00::99'/>"), ADDRESSES + ["fd00::", "fd00::99", "fd00::100", "fd00::1:0:0:0:1"]),
    "range6-end": (dhcp6("<range start='fd00::2' end='%s'/>"), ADDRESSES + ["fd00::ffff", "fd00::1:1", "fd00::ffff:ffff:ffff:ffff"]),
    "lease-expiry": (dhcp("<range start='10.0.0.5' end='10.0.0.6'><lease expiry='%s'/></range>"), NUMBERS + ["2"]),
    "lease-seconds": (dhcp("<host name='a' ip='10.0.0.6'><lease expiry='%s' unit='seconds'/></host>"), ["0", "1", "119", "120", "121"]),
    "lease-unit": (dhcp("<range start='10.0.0.5' end='10.0.0.6'><lease expiry='5' unit='%s'/></range>"), ["", "seconds", "minutes", "hours", "days", "Hours"]),
    "host-mac": (dhcp("<host mac='%s' ip='10.0.0.5'/>"), MACS),
    "host-name": (dhcp("<host name='%s' ip='10.0.0.5'/>"), [t for t in TEXTS if "&" not in t]),
    "host-address": (dhcp("<host name='a' ip='%s'/>"), ADDRESSES + ["10.0.0.1", "10.0.0.0", "10.0.0.255", "11.0.0.1"]),
    "host-id": (dhcp("<host id='%s' name='a' ip='10.0.0.5'/>"), ["", "0:1:fF", "zz", "0-1"]),
    "host6-id": (dhcp6("<host id='%s' ip='fd00::5'/>"), ["", "0:1:fF", "zz", "0-1"]),
    "host6-address": (dhcp6("<host name='a' ip='%s'/>"), ADDRESSES),
    "bootp-file": (dhcp(RANGE + "<bootp file='%s'/>"), ["", "pxe.0", "a b", "&lt;"]),
    "bootp-server": (dhcp(RANGE + "<bootp file='a' server='%s'/>"), ADDRESSES),
    "route-family": (IP + "<route family='%s' address='10.1.0.0' prefix='16' gateway='10.0.0.2'/>", ["", "ipv4", "ipv6", "x"]),
    "route-address": (IP + "<route address='%s' prefix='16' gateway='10.0.0.2'/>", ADDRESSES + ["10.1.0.0", "10.1.1.0"]),
    "route-prefix": (IP + "<route address='10.0.0.0' prefix='%s' gateway='10.0.0.2'/>", NUMBERS + ["32", "33"]),
    "route-prefix-any": (IP + "<route address='0.0.0.0' prefix='%s' gateway='10.0.0.2'/>", ["", "0"]),
    "route-netmask": (IP + "<route address='10.1.0.0' netmask='%s' gateway='10.0.0.2'/>", ["", "255.255.0.0", "255.0.0.0", "255.0.255.0", "0.0.0.0", "ffff::", "x"]),
    "route-gateway": (IP + "<route address='10.1.0.0' prefix='16' gateway='%s'/>", ADDRESSES + ["10.0.0.2", "10.0.1.2", "10.0.0.1"]),
    "route-metric": (IP + "<route address='10.1.0.0' prefix='16' gateway='10.0.0.2' metric='%s'/>", NUMBERS),
    "dnsmasq": ("<d:options xmlns:d='http://libvirt.org/schemas/network/dnsmasq/1.0'><d:option value='%s'/></d:options>", ["", "a=b", "&amp;&lt;'"[:9]]),
}

# --- Elements ----------------------------------------------------------------------------------------------------

ALL_MODES = ["", "nat", "route", "open", "bridge", "private", "vepa", "passthrough", "hostdev"]
IN_MODES = {
    "plain": "",
    "ip": IP,
    "bridge-name": "<bridge name='a'/>",
    "bridge-stp": "<bridge stp='off'/>",
    "bridge-delay": "<bridge delay='0'/>",
    "bridge-delay-1": "<bridge delay='1'/>",
    "bridge-zone": "<bridge zone='a'/>",
    "bridge-table": "<bridge macTableManager='kernel'/>",
    "mac": "<mac address='52:54:00:00:00:01'/>",
    "mtu": "<mtu size='1500'/>",
    "mtu-0": "<mtu size='0'/>",
    "domain": "<domain name='a'/>",
    "dns-empty": "<dns/>",
    "dns-enable": "<dns enable='yes'/>",
    "dns-forwarder": "<dns><forwarder addr='1.1.1.1'/></dns>",
    "dns-txt": "<dns><txt name='a' value='b'/></dns>",
    "bandwidth": "<bandwidth><inbound average='1'/></bandwidth>",
    "bandwidth-bridge": "<bridge name='a'/><bandwidth><inbound average='1'/></bandwidth>",
    "vlan": "<vlan><tag id='1'/></vlan>",
    "vlan-ovs": "<virtualport type='openvswitch'/><vlan><tag id='1'/></vlan>",
    "virtualport": "<virtualport type='802.1Qbh'/>",
    "virtualport-ovs": "<virtualport type='openvswitch'/>",
    "portgroup": "<portgroup name='a'/>",
    "portgroup-bandwidth": grouped("<bandwidth><inbound average='1'/></bandwidth>"),
    "portgroup-bandwidth-bridge": "<bridge name='a'/>" + grouped("<bandwidth><inbound average='1'/></bandwidth>"),
    "portgroup-vlan": grouped("<vlan><tag id='1'/></vlan>"),
    "portgroup-vlan-ovs": grouped("<virtualport type='openvswitch'/><vlan><tag id='1'/></vlan>"),
    "port": "<port isolated='yes'/>",
    "ipv6": "ROOT ipv6='yes'",
    "dnsmasq": "<d:options xmlns:d='http://libvirt.org/schemas/network/dnsmasq/1.0'><d:option value='a'/></d:options>",
}
IN_FORWARD = {
    "dev": " dev='eth0'>",
    "interface": "><interface dev='eth0'/>",
    "interface-connections": "><interface dev='eth0' connections='3'/>",
    "interfaces": "><interface dev='eth0'/><interface dev='eth1'/>",
    "interfaces-same": "><interface dev='eth0'/><interface dev='eth0'/>",
    "dev-interface": " dev='eth0'><interface dev='eth0'/><interface dev='eth1'/>",
    "dev-other": " dev='eth0'><interface dev='eth1'/>",
    "dev-second": " dev='eth1'><interface dev='eth0'/><interface dev='eth1'/>",
    "pf": "><pf dev='eth0'/>",
    "pfs": "><pf dev='eth0'/><pf dev='eth1'/>",
    "dev-pf": " dev='eth0'><pf dev='eth0'/>",
    "address": "><address type='pci' bus='1'/>",
    "addresses": "><address type='pci' bus='1'/><address type='pci' bus='2' function='7'/>",
    "addresses-same": "><address type='pci' bus='1'/><address type='pci' bus='0x01' slot='0'/>",
    "dev-address": " dev='eth0'><address type='pci' bus='1'/>",
    "interface-address": "><interface dev='eth0'/><address type='pci' bus='1'/>",
    "interface-pf": "><interface dev='eth0'/><pf dev='eth0'/>",
    "pf-address": "><pf dev='eth0'/><address type='pci' bus='1'/>",
    "address-none": "><address/>",
    "driver": "><driver name='vfio'/>",
    "driver-none": "><driver/>",
    "nat": "><nat/>",
    "nats": "><nat/><nat/>",
    "nat-full": "><nat ipv6='yes'><address start='1.2.3.4' end='1.2.3.9'/><port start='5' end='9'/></nat>",
    "nat-addresses": "><nat><address start='1.2.3.4' end='1.2.3.9'/><address start='1.2.3.4' end='1.2.3.9'/></nat>",
    "nat-ports": "><nat><port start='5' end='9'/><port start='5' end='9'/></nat>",
    "nat-port-none": "><nat><port/></nat>",
    "nat-address-none": "><nat><address/></nat>",
    "managed": " managed='yes'>",
}
SHAPES = {
    "nothing": "",
    "forward-with-bridge-and-dev": "<forward mode='bridge' dev='eth0'/><bridge name='a'/>",
    "forward-with-bridge-and-pf": "<forward mode='bridge'><pf dev='eth0'/></forward><bridge name='a'/>",
    "forward-twice": "<forward mode='nat'/><forward mode='route'/>" + IP,
    "bridge-twice": "<bridge name='a'/><bridge name='b' stp='off'/>",
    "bridge-second-only": "<bridge/><bridge name='b' stp='off' delay='4'/>",
    "mac-twice": "<mac/><mac address='52:54:00:00:00:02'/>",
    "mtu-twice": "<mtu/><mtu size='9000'/>",
    "domain-twice": "<domain name='a'/><domain name='b' localOnly='yes'/>",
    "domain-without-name": "<domain localOnly='yes'/>",
    "dns-twice": "<dns><txt name='a' value='b'/></dns><dns><txt name='c' value='d'/></dns>",
    "uuid-twice": f"<uuid>{UUID}</uuid><uuid>x</uuid>",
    "uuid-blank": "<uuid> </uuid>",
    "name-twice": "<name>b</name>",
    "metadata-twice": "<metadata><a xmlns='urn:a'/></metadata><metadata><b xmlns='urn:b'/></metadata>",
    "unknown-element": "<wibble><wobble/></wibble><ip2/>",
    "unknown-attribute": "<bridge name='a' wibble='1' xml:lang='nl'/>",
    "foreign-element": "<x:ip xmlns:x='urn:x' address='1.1.1.1'/>",
    "foreign-options": "<x:options xmlns:x='urn:x'><x:option value='1'/></x:options>",
    "stray-text": "text <bridge name='a'>text</bridge> text",
    "cdata": "<dns><host ip='1.2.3.4'><hostname><![CDATA[a]]></hostname></host></dns>",
    "comment-in-text": "<dns><host ip='1.2.3.4'><hostname>a<!-- x -->b</hostname></host></dns>",
    "dns-disabled-unknown": "<dns enable='no'><wibble/></dns>",
    "dns-disabled-txt": "<dns enable='no'><txt name='a' value='b'/></dns>",
    "dns-disabled-host": "<dns enable='no'><host ip='1.1.1.1'><hostname>a</hostname></host></dns>",
    "forwarder-none": "<dns><forwarder/></dns>",
    "forwarder-both": "<dns><forwarder domain='a' addr='1.1.1.1'/></dns>",
    "txt-no-name": "<dns><txt value='a'/></dns>",
    "txt-no-value": "<dns><txt name='a'/></dns>",
    "txt-same": "<dns><txt name='a' value='b'/><txt name='a' value='b'/></dns>",
    "srv-no-service": "<dns><srv protocol='tcp'/></dns>",
    "srv-no-protocol": "<dns><srv service='a'/></dns>",
    "srv-port-no-target": "<dns><srv service='a' protocol='tcp' port='1'/></dns>",
    "srv-priority-no-target": "<dns><srv service='a' protocol='tcp' priority='1'/></dns>",
    "srv-weight-0-no-target": "<dns><srv service='a' protocol='tcp' weight='0'/></dns>",
    "srv-full": "<dns><srv service='a' protocol='tcp' domain='b' target='c' port='1' priority='2' weight='3'/></dns>",
    "srv-zeros": "<dns><srv service='a' protocol='tcp' target='c' priority='0' weight='0'/></dns>",
    "host-no-ip": "<dns><host><hostname>a</hostname></host></dns>",
    "host-no-name": "<dns><host ip='1.1.1.1'/></dns>",
    "host-empty-name": "<dns><host ip='1.1.1.1'><hostname/></host></dns>",
    "host-one-empty-name": "<dns><host ip='1.1.1.1'><hostname/><hostname>a</hostname></host></dns>",
    "host-same": "<dns><host ip='1.1.1.1'><hostname>a</hostname></host><host ip='1.1.1.1'><hostname>b</hostname></host></dns>",
    "bandwidth-empty": "<bandwidth/>",
    "bandwidth-inbound-empty": "<bandwidth><inbound/></bandwidth>",
    "bandwidth-peak-alone": "<bandwidth><inbound peak='1'/></bandwidth>",
    "bandwidth-burst-alone": "<bandwidth><inbound burst='1'/></bandwidth>",
    "bandwidth-floor-alone": "<bandwidth><inbound floor='0'/></bandwidth>",
    "bandwidth-floor-and-peak": "<bandwidth><inbound floor='0' peak='5'/></bandwidth>",
    "bandwidth-inbound-twice": "<bandwidth><inbound average='1'/><inbound average='2'/></bandwidth>",
    "bandwidth-outbound-twice": "<bandwidth><outbound average='1'/><outbound average='2'/></bandwidth>",
    "bandwidth-twice": "<bandwidth><inbound average='1'/></bandwidth><bandwidth><inbound average='2'/></bandwidth>",
    "bandwidth-full": "<bandwidth><inbound average='1' peak='2' burst='3'/><outbound average='4' peak='5' burst='6'/></bandwidth>",
    "bandwidth-unknown": "<bandwidth><wibble/></bandwidth>",
    "vlan-empty": bridged(OPEN_VSWITCH % "" + "<vlan/>"),
    "vlan-two": bridged(OPEN_VSWITCH % "" + "<vlan><tag id='1'/><tag id='2'/></vlan>"),
    "vlan-native": bridged(OPEN_VSWITCH % "" + "<vlan><tag id='1'/><tag id='2' nativeMode='untagged'/></vlan>"),
    "vlan-native-only": bridged(OPEN_VSWITCH % "" + "<vlan><tag id='2' nativeMode='untagged'/></vlan>"),
    "vlan-two-natives": bridged(OPEN_VSWITCH % "" + "<vlan><tag id='1' nativeMode='tagged'/><tag id='2' nativeMode='tagged'/></vlan>"),
    "vlan-same-tags": bridged(OPEN_VSWITCH % "" + "<vlan><tag id='1'/><tag id='1'/></vlan>"),
    "vlan-tag-no-id": bridged(OPEN_VSWITCH % "" + "<vlan><tag/></vlan>"),
    "vlan-twice": bridged(OPEN_VSWITCH % "" + "<vlan><tag id='1'/></vlan><vlan><tag id='2'/></vlan>"),
    "virtualport-no-type": "<virtualport/>",
    "virtualport-no-parameters": "<forward mode='vepa'/><virtualport type='802.1Qbg'/>",
    "virtualport-empty-parameters": "<forward mode='vepa'/>" + QBG % "",
    "virtualport-parameters-twice": "<forward mode='vepa'/><virtualport type='802.1Qbg'><parameters managerid='1'/><parameters typeid='2'/></virtualport>",
    "virtualport-twice": "<forward mode='vepa'/><virtualport type='802.1Qbg'/><virtualport type='802.1Qbh'/>",
    "portgroup-no-name": "<portgroup/>",
    "portgroup-same": "<portgroup name='a'/><portgroup name='a'/>",
    "portgroup-defaults": "<portgroup name='a' default='yes'/><portgroup name='b' default='yes'/>",
    "portgroup-virtualport-no-type": grouped("<virtualport/>"),
    "portgroup-virtualport-any": grouped("<virtualport><parameters profileid='a' managerid='1' typeid='2' typeidversion='3'/></virtualport>"),
    "portgroup-full": "<portgroup name='a' default='yes' trustGuestRxFilters='no'><virtualport type='802.1Qbh'><parameters profileid='p'/></virtualport><bandwidth><inbound average='1'/></bandwidth></portgroup>",
    "portgroup-floor": grouped("<bandwidth><inbound average='1' floor='1'/></bandwidth>"),
    "port-no-isolated": "<port/>",
    "port-twice": "<port/><port isolated='yes'/>",
    "ip-no-address": "<ip/>",
    "ip-same": IP + IP,
    "ip-netmask-prefix": "<ip address='10.0.0.1' netmask='255.0.0.0' prefix='8'/>",
    "ip-netmask-prefix-0": "<ip address='10.0.0.1' netmask='255.0.0.0' prefix='0'/>",
    "ip6-netmask": "<ip family='ipv6' address='fd00::1' netmask='255.0.0.0'/>",
    "ip-many": IP + "<ip address='10.0.1.1' prefix='24'/><ip family='ipv6' address='fd00::1' prefix='64'/><ip family='ipv6' address='fd00:1::1' prefix='64'/>",
    "tftp-twice": "<ip address='10.0.0.1' prefix='24'><tftp/><tftp root='/a'/></ip>",
    "tftp-v6": "<ip family='ipv6' address='fd00::1'><tftp root='/a'/></ip>",
    "tftp-v6-empty": "<ip family='ipv6' address='fd00::1'><tftp/></ip>",
    "dhcp-twice": "<ip address='10.0.0.1' prefix='24'><dhcp/><dhcp>" + RANGE + "</dhcp></ip>",
    "dhcp-two-ips": dhcp(RANGE) + dhcp("<range start='10.0.1.5' end='10.0.1.6'/>", "address='10.0.1.1' prefix='24'"),
    "dhcp-two-ips-6": dhcp6("<range start='fd00::5' end='fd00::6'/>") + dhcp("<range start='fd00:1::5' end='fd00:1::6'/>", "family='ipv6' address='fd00:1::1' prefix='64'"),
    "dhcp-two-ips-empty": dhcp(RANGE) + dhcp("", "address='10.0.1.1' prefix='24'"),
    "dhcp-two-ips-bootp": dhcp(RANGE) + dhcp("<bootp file='a'/>", "address='10.0.1.1' prefix='24'"),
    "dhcp-both-families": dhcp(RANGE) + dhcp6("<range start='fd00::5' end='fd00::6'/>"),
    "range-no-start": dhcp("<range end='10.0.0.6'/>"),
    "range-no-end": dhcp("<range start='10.0.0.5'/>"),
    "range-reversed": dhcp("<range start='10.0.0.6' end='10.0.0.5'/>"),
    "range-overlap": dhcp(RANGE + RANGE),
    "range-wide": dhcp("<range start='10.0.0.9' end='10.1.0.5'/>", "address='10.0.0.1' prefix='8'"),
    "range-other-family": dhcp("<range start='10.0.0.5' end='fd00::1'/>"),
    "range-in-other-family": dhcp("<range start='fd00::5' end='fd00::6'/>"),
    "range-prefix-31": dhcp("<range start='10.0.0.0' end='10.0.0.1'/>", "address='10.0.0.0' prefix='31'"),
    "range-prefix-32": dhcp("<range start='10.0.0.1' end='10.0.0.1'/>", "address='10.0.0.1' prefix='32'"),
    "range-no-mask": dhcp("<range start='10.0.0.5' end='10.0.0.6'/>", "address='10.0.0.1'"),
    "range-class-d": dhcp("<range start='240.0.0.5' end='240.0.0.6'/>", "address='240.0.0.1'"),
    "range6-prefix-120": dhcp("<range start='fd00::5' end='fd00::ff'/>", "family='ipv6' address='fd00::1' prefix='120'"),
    "lease-none": dhcp("<range start='10.0.0.5' end='10.0.0.6'><lease/></range>"),
    "lease-twice": dhcp("<range start='10.0.0.5' end='10.0.0.6'><lease expiry='5'/><lease expiry='6'/></range>"),
    "lease-hours": dhcp("<range start='10.0.0.5' end='10.0.0.6'><lease expiry='1' unit='hours'/></range>"),
    "lease-0-hours": dhcp("<range start='10.0.0.5' end='10.0.0.6'><lease expiry='0' unit='hours'/></range>"),
    "host-no-key": dhcp("<host ip='10.0.0.5'/>"),
    "host-no-address": dhcp("<host name='a'/>"),
    "host-repeated": dhcp("<host name='a' mac='52:54:00:00:00:01' ip='10.0.0.5'/>" * 2),
    "host-other-family": dhcp("<host name='a' ip='fd00::5'/>"),
    "host6-mac": dhcp6("<host mac='52:54:00:00:00:01' ip='fd00::5'/>"),
    "host6-no-key": dhcp6("<host ip='fd00::5'/>"),
    "host6-other-family": dhcp6("<host name='a' ip='10.0.0.5'/>"),
    "host6-full": dhcp6("<host id='0:4:7e:7d:f0:7d:a8:bc:c5:d2:13:32:11:ed:16:ea:84:63' name='paul' ip='fd00::5'><lease expiry='2'/></host>"),
    "bootp-alone": dhcp("<bootp file='a'/>"),
    "bootp-none": dhcp(RANGE + "<bootp/>"),
    "bootp-twice": dhcp(RANGE + "<bootp file='a' server='1.1.1.1'/><bootp file='b'/>"),
    "bootp-v6": dhcp6("<range start='fd00::5' end='fd00::6'/><bootp file='a'/>"),
    "bootp-server-alone": dhcp(RANGE + "<bootp server='1.1.1.1'/>"),
    "route-no-address": IP + "<route prefix='8' gateway='10.0.0.2'/>",
    "route-no-gateway": IP + "<route address='10.1.0.0' prefix='16'/>",
    "route-no-mask": IP + "<route address='10.1.0.0' gateway='10.0.0.2'/>",
    "route-both-masks": IP + "<route address='10.1.0.0' prefix='16' netmask='255.255.0.0' gateway='10.0.0.2'/>",
    "route-default": IP + "<route address='0.0.0.0' gateway='10.0.0.2'/>",
    "route-no-ip": "<route address='10.1.0.0' prefix='16' gateway='10.0.0.2'/>",
    "route6": "<ip family='ipv6' address='fd00::1' prefix='64'/><route family='ipv6' address='fd01::' prefix='64' gateway='fd00::2' metric='5'/>",
    "route6-no-family": "<ip family='ipv6' address='fd00::1' prefix='64'/><route address='fd01::' prefix='64' gateway='fd00::2'/>",
    "route6-netmask": "<ip family='ipv6' address='fd00::1' prefix='64'/><route family='ipv6' address='fd01::' netmask='255.0.0.0' gateway='fd00::2'/>",
    "route6-gateway-4": IP + "<route family='ipv6' address='fd01::' prefix='64' gateway='10.0.0.2'/>",
    "route6-prefix-129": "<ip family='ipv6' address='fd00::1' prefix='64'/><route family='ipv6' address='fd01::' prefix='129' gateway='fd00::2'/>",
    "route6-default": "<ip family='ipv6' address='fd00::1' prefix='64'/><route family='ipv6' address='::' prefix='0' gateway='fd00::2'/>",
    "dnsmasq-no-value": "<d:options xmlns:d='http://libvirt.org/schemas/network/dnsmasq/1.0'><d:option/></d:options>",
    "dnsmasq-empty": "<d:options xmlns:d='http://libvirt.org/schemas/network/dnsmasq/1.0'/>",
    "dnsmasq-two-blocks": ("<d:options xmlns:d='http://libvirt.org/schemas/network/dnsmasq/1.0'><d:option value='a'/><wibble/></d:options>" * 2),
    "dnsmasq-default-namespace": "<options xmlns='http://libvirt.org/schemas/network/dnsmasq/1.0'><option value='a'/></options>",
}
NAMES = ["", " ", "a b", "a/b", ".", "..", "é", "&lt;&amp;&gt;&quot;&apos;", "a\nb", "a&#9;b", "n" * 200, "n" * 250, "n" * 255]


def document(body, name="a"):
    root = ""
    if body.startswith("ROOT"):
        root, body = body[4:], ""
    return f"<network{root}>\n  <name>{name}</name>\n  {body}\n</network>\n"


def values():
    for attribute, (template, choices) in ATTRIBUTES.items():
        for index, value in enumerate(choices):
            yield f"value-{attribute}-{index:02}", document(template.replace("%s", value))
    for index, name in enumerate(NAMES):
        yield f"value-name-{index:02}", document("", name)


def shapes():
    for name, body in SHAPES.items():
        yield f"shape-{name}", document(body)
    for mode in ALL_MODES:
        opening = f"<forward mode='{mode}'/>" if mode else ""
        for name, body in IN_MODES.items():
            needs_ip = mode in ("nat", "route", "open") and name != "plain"
            if body.startswith("ROOT"):
                text = document(body).replace("\n</network>", opening + (IP if needs_ip else "") + "\n</network>")
            else:
                text = document(opening + body + (IP if needs_ip else ""))
            yield f"shape-mode-{mode or 'isolated'}-{name}", text
        for name, body in IN_FORWARD.items():
            if mode:
                needs_ip = mode in ("nat", "route", "open")
                yield f"shape-forward-{mode}-{name}", document(f"<forward mode='{mode}'{body}</forward>" + (IP if needs_ip else ""))


# --- A grammar ---------------------------------------------------------------------------------------------------

class Grammar:
    """Documents as people write them: elements in any order, most values sound."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def maybe(self, text, chance=0.5):
        return text if self.random.random() < chance else ""

    def pick(self, *choices):
        return self.random.choice(choices)

    def number(self, low, high):
        return self.random.randint(low, high)

    def mac(self):
        text = "52:54:00:" + ":".join(f"{self.number(0, 255):02x}" for _ in range(3))
        return self.pick(text, text.upper(), text.replace(":0", ":"))

    def label(self):
        return self.pick("a", "web", "db-1", "X9", "mail") + str(self.number(0, 99))

    def bandwidth(self):
        def rate(name):
            return f"<{name} average='{self.number(1, 9999)}'" + self.maybe(f" peak='{self.number(0, 9999)}'") \
                + self.maybe(f" burst='{self.number(0, 9999)}'") + "/>"
        return "<bandwidth>" + self.maybe(rate("outbound"), 0.7) + self.maybe(rate("inbound"), 0.7) + "</bandwidth>"

    def vlan(self):
        tags = self.random.sample(range(4096), self.number(1, 4))
        native = self.pick(-1, 0, len(tags) - 1)
        return self.pick("<vlan>", "<vlan trunk='yes'>") + "".join(
            f"<tag id='{tag}'" + (f" nativeMode='{self.pick('tagged', 'untagged')}'" if index == native else "") + "/>"
            for index, tag in enumerate(tags)) + "</vlan>"

    def virtual_port(self, kind):
        parameters = {
            "802.1Qbg": ["managerid='11'", "typeid='1193047'", "typeidversion='2'", f"instanceid='{UUID}'"],
            "802.1Qbh": ["profileid='testprofile'"],
            "openvswitch": [f"interfaceid='{UUID}'", "profileid='p q'"],
            "midonet": [f"interfaceid='{UUID}'"],
        }[kind]
        chosen = " ".join(p for p in parameters if self.random.random() < 0.7)
        return f"<virtualport type='{kind}'>" + self.maybe(f"<parameters {chosen}/>", 0.8) + "</virtualport>"

    def lease(self):
        return self.pick("", "", "<lease expiry='0'/>", "<lease expiry='0' unit='hours'/>", f"<lease expiry='{self.number(2, 99)}'/>",
                         f"<lease unit='hours' expiry='{self.number(1, 99)}'/>", f"<lease expiry='{self.number(120, 9999)}' unit='seconds'/>")

    def ip(self, index, serves):
        local = self.maybe(f" localPtr='{self.pick('yes', 'no')}'", 0.3)
        if self.random.random() < 0.6:
            prefix = self.number(16, 24)
            mask = self.pick(f"prefix='{prefix}'", f"netmask='{'.'.join(str((0xFFFFFFFF << (32 - prefix) >> s) & 255) for s in (24, 16, 8, 0))}'")
            body = self.maybe("<tftp root='/srv/tftp'/>", 0.2)
            if serves:
                hosts = "".join(
                    f"<host{self.pick('', ' ')}" + self.pick(f" mac='{self.mac()}'", f" mac='{self.mac()}' name='{self.label()}'", f" name='{self.label()}'")
                    + f" ip='10.{index}.0.{10 + n}'>{self.lease()}</host>" for n in range(self.number(0, 4)))
                ranges = "".join(
                    f"<range end='10.{index}.0.{109 + 10 * n}' start='10.{index}.0.{100 + 10 * n}'>{self.lease()}</range>" for n in range(self.number(0, 3)))
                boot = self.maybe("<bootp file='pxe.0'" + self.maybe(" server='10.9.8.7'") + "/>", 0.3)
                parts = [hosts, ranges, boot]
                self.random.shuffle(parts)
                body += "<dhcp>" + "".join(parts) + "</dhcp>"
            return f"<ip {self.maybe('''family='ipv4' ''')}address='10.{index}.0.1' {mask}{local}>{body}</ip>", f"10.{index}.0.2"
        body = ""
        if serves:
            body = "<dhcp>" + "".join(
                self.pick(f"<host id='0:1:{n}:fF' ip='fd00:{index}::{n + 10}'>", f"<host name='{self.label()}' ip='fd00:{index}::{n + 10}'>") + self.lease() + "</host>"
                for n in range(self.number(0, 3))) + self.maybe(f"<range start='fd00:{index}::100' end='FD00:{index}:0::1fF'/>") + "</dhcp>"
        return f"<ip family='ipv6' address='fd00:{index}::1' prefix='64'{local}>{body}</ip>", f"fd00:{index}::2"

    def dns(self):
        if self.random.random() < 0.1:
            return "<dns enable='no'/>"
        parts = []
        for _ in range(self.number(0, 2)):
            parts.append(self.pick("<forwarder addr='1.1.1.1'/>", "<forwarder domain='example.com'/>", "<forwarder addr='2001:DB8:0::1' domain='a.example'/>"))
        for _ in range(self.number(0, 2)):
            parts.append(f"<txt value='{self.pick('', 'a=b; c', 'it&apos;s &lt;x&gt;')}' name='{self.label()}.example'/>")
        for _ in range(self.number(0, 2)):
            parts.append(f"<srv protocol='{self.pick('tcp', 'udp')}' service='{self.label()}'" + self.maybe(" domain='example.com'")
                         + self.maybe(f" target='{self.pick('.', 'a.example')}'" + self.maybe(f" port='{self.number(1, 65535)}'")
                                      + self.maybe(f" priority='{self.number(0, 99)}'") + self.maybe(f" weight='{self.number(0, 99)}'")) + "/>")
        for _ in range(self.number(0, 2)):
            parts.append(f"<host ip='{self.pick('10.0.0.99', 'fd00::99')}'>" + "".join(f"<hostname>{self.label()}</hostname>" for _ in range(self.number(1, 3))) + "</host>")
        self.random.shuffle(parts)
        return "<dns" + self.maybe(" enable='yes'", 0.2) + self.maybe(f" forwardPlainNames='{self.pick('yes', 'no')}'", 0.3) + ">" + "".join(parts) + "</dns>"

    def own_bridge(self):
        mode = self.pick("", "nat", "route", "open")
        gateways = []
        ips = []
        for index in range(self.number(1 if mode else 0, 3)):
            text, gateway = self.ip(index, serves=index == 0)
            ips.append(text)
            gateways.append(gateway)
        parts = list(ips)
        if mode:
            nat = "<nat" + self.maybe(f" ipv6='{self.pick('yes', 'no')}'", 0.3) + ">" + self.maybe("<address start='1.2.3.4' end='1.2.3.9'/>", 0.3) \
                + self.maybe(f"<port start='{self.number(0, 999)}' end='{self.number(1000, 65535)}'/>", 0.4) + "</nat>"
            device = self.maybe(" dev='eth0'", 0.3) if mode != "open" else ""
            written = "" if mode == "nat" and self.random.random() < 0.3 else f" mode='{mode}'"
            parts.append(f"<forward{written}{device}>" + (self.maybe(nat) if mode == "nat" else "") + "</forward>")
        parts.append("<bridge" + self.maybe(f" name='{self.pick('vbr7', 'lab%d')}'") + self.maybe(f" stp='{self.pick('on', 'off')}'") + self.maybe(f" delay='{self.number(0, 30)}'")
                     + self.maybe(" zone='public'", 0.2) + self.maybe(f" macTableManager='{self.pick('kernel', 'libvirt')}'", 0.2) + "/>")
        parts.append(self.maybe(f"<mac address='{self.mac()}'/>"))
        parts.append(self.maybe(f"<mtu size='{self.number(0, 9000)}'/>"))
        parts.append(self.maybe("<domain name='lab.example'" + self.maybe(f" localOnly='{self.pick('yes', 'no')}'") + "/>"))
        parts.append(self.maybe(self.dns(), 0.7))
        parts.append(self.maybe(self.bandwidth(), 0.3))
        for gateway in gateways:
            address = ("family='ipv6' address='fd99::' prefix='48'" if ":" in gateway else self.pick("address='172.16.0.0' prefix='12'", "address='172.16.0.0' netmask='255.240.0.0'"))
            parts.append(self.maybe(f"<route {address} gateway='{gateway}'" + self.maybe(f" metric='{self.number(1, 9)}'") + "/>", 0.3))
        parts += [grouped(self.maybe(self.bandwidth())).replace("'a'", f"'{name}'" + self.maybe(" trustGuestRxFilters='yes'")) for name in self.random.sample(["a", "b", "c"], self.number(0, 2))]
        return parts

    def others_bridge(self):
        mode = self.pick("bridge", "bridge", "private", "vepa", "passthrough")
        parts = []
        if mode == "bridge" and self.random.random() < 0.6:
            parts.append("<forward mode='bridge'/>")
            parts.append("<bridge name='ovsbr0'" + self.maybe(" macTableManager='kernel'", 0.3) + "/>")
            kind = "openvswitch"
            parts.append(self.virtual_port(kind))
            parts.append(self.maybe(self.vlan()))
            parts.append(self.maybe(self.bandwidth(), 0.3))
            parts += [f"<portgroup name='{name}'" + (" default='yes'" if name == "a" else "") + ">" + self.maybe(self.vlan()) + self.maybe(self.virtual_port(kind)) + self.maybe(self.bandwidth())
                      + "</portgroup>" for name in self.random.sample(["a", "b", "c"], self.number(0, 3))]
        else:
            pool = self.pick("", "".join(f"<interface dev='eth{n}'/>" for n in range(self.number(1, 4))))
            if mode == "passthrough" and not pool:
                pool = self.pick("<pf dev='eth0'/>", "<address type='pci' domain='0' bus='3' slot='0x10' function='1'/><address type='pci' bus='0x04'/>") + self.maybe("<driver name='vfio'/>")
            parts.append(f"<forward mode='{mode}'>{pool}</forward>")
            if mode == "passthrough":
                parts.append(self.maybe(self.vlan()))
            parts.append(self.maybe(self.virtual_port(self.pick("802.1Qbg", "802.1Qbh"))))
        return parts

    def document(self, index):
        parts = self.own_bridge() if self.random.random() < 0.7 else self.others_bridge()
        parts.append(self.maybe(f"<uuid>{self.pick(UUID, UUID.upper())}</uuid>", 0.2))
        parts.append(self.maybe("<metadata><app:x xmlns:app='urn:app'>text<y/></app:x><!-- gone --><z/></metadata>", 0.3))
        parts.append(self.maybe("<port isolated='yes'/>", 0.2))
        parts.append(self.maybe("<!-- a comment -->", 0.2))
        parts.append(self.maybe("<dnsmasq:options><dnsmasq:option value='foo=bar'/><dnsmasq:option value='x &lt; y'/></dnsmasq:options>", 0.2))
        parts.append(f"<name>net{index}</name>")
        self.random.shuffle(parts)
        root = self.maybe(" ipv6='yes'", 0.2) + self.maybe(f" trustGuestRxFilters='{self.pick('yes', 'no')}'", 0.2) + " xmlns:dnsmasq='http://libvirt.org/schemas/network/dnsmasq/1.0'"
        text = f"<network{root}>\n" + "".join(f"  {part}\n" for part in parts if part) + "</network>\n"
        return self.damaged(text) if self.random.random() < 0.3 else text

    def damaged(self, text):
        """One value is another: mostly one that has a meaning elsewhere."""
        quoted = [position for position, character in enumerate(text) if character == "'"]
        pairs = [(a, b) for a, b in zip(quoted, quoted[1:]) if text[a - 1] == "=" and text[a - 5:a] != " dev=" and "dnsmasq/1.0" not in text[a:b] and "urn:" not in text[a:b]]
        start, end = self.random.choice(pairs)
        value = self.pick("", "0", "-1", "x", "yes", "no", "10.0.0.77", "fd00::77", "99999", "a b", "nat", "bridge", "off")
        return text[:start + 1] + value + text[end:]


def randoms(seed, count):
    grammar = Grammar(seed)
    for index in range(count):
        yield f"random-{seed}-{index:03}", grammar.document(index)


def main():
    folder = pathlib.Path(sys.argv[1])
    seed, count = (int(sys.argv[2]) if len(sys.argv) > 2 else 1), (int(sys.argv[3]) if len(sys.argv) > 3 else 200)
    folder.mkdir(parents=True, exist_ok=True)
    for source in (values(), shapes(), randoms(seed, count)):
        for name, text in source:
            (folder / f"{name}.in.xml").write_text(text, encoding="utf-8")


main()
