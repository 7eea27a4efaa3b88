#!/usr/bin/env bash
# Gives the same commands of virsh to vnet and to a real libvirtd, and compares what virsh prints.
#
#   sudo VNET=.build/release/vnet Tests/Reference/compare-virsh.sh
#
# Every net-* command with its options, in every state of a network, for those who may change it and for those who may
# only look; then three other clients, each of which calls all that it has for networks: libvirt's bindings for Python and
# Perl, and go-libvirt, which has libvirt's wire protocol from nobody else. Output, errors and exit codes are the same but
# for UUIDs and addresses that are chosen at random, and for what `virsh-differences` names, with the reason.
#
# Prints one line a check, and `N passed, N failed` at the end; exits 0 where none failed. All happens in network
# namespaces of its own, which end with it. Where it cannot run it says that it was skipped; with CI=true that is a
# failure.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=Tests/Reference/peer.sh
source "$here/peer.sh"
# shellcheck source=Tests/Reference/checks.sh
source "$here/checks.sh"
# Debian's own: the binding is a package of its.
python=/usr/bin/python3
peer_require diff go perl
$python -c 'import libvirt' 2>/dev/null || peer_require python3-libvirt
perl -MSys::Virt -e 1 2>/dev/null || peer_require libsys-virt-perl
checks_begin "$here/virsh-differences"

peer_begin vnetvirsh
peer_start_libvirtd
vnet list >/dev/null
vnet_socket=$peer_work/root/run/vnet/libvirt-sock
libvirt_socket=$peer_work/libvirt/libvirt-sock
vnet_uri="network+unix:///system?socket=$vnet_socket"
echo "# vnet $(vnet --version) and libvirt $(virsh -v)"

# ask FILE URI WORDS…: what virsh says, and its exit code, without what is random.
ask() {
    local file=$1 uri=$2 status=0
    shift 2
    timeout 30 virsh "${read_only[@]}" -c "$uri" "$@" >"$peer_work/answer" 2>&1 || status=$?
    {
        sed -E -e 's/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/UUID/g' \
            -e "s/52:54:00(:[0-9a-f]{2}){3}/MAC/g" -e 's/[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:.+]+/TIME/g' "$peer_work/answer"
        echo "-> $status"
    } >"$file"
}

read_only=()

both() { # both CHECK WORDS…
    local check=$1
    shift
    ask "$peer_work/libvirt.txt" "$libvirt_uri${read_only:+-ro}" "$@"
    ask "$peer_work/vnet.txt" "$vnet_uri${read_only:+-ro}" "$@"
    expect "$check" same "$peer_work/libvirt.txt" "$peer_work/vnet.txt" || true
}

# each WORDS…: a command, called by its own words.
each() { both "$*" "$@"; }

cd "$peer_work"
uuid=11111111-2222-3333-4444-555555555555
port=99999999-8888-7777-6666-555555555555
cat >lab.xml <<XML
<network>
  <name>lab</name>
  <uuid>$uuid</uuid>
  <forward mode='nat'/>
  <bridge name='cmpbr0' stp='on' delay='0'/>
  <domain name='lab.test' localOnly='yes'/>
  <ip address='192.168.177.1' netmask='255.255.255.0'>
    <dhcp>
      <range start='192.168.177.10' end='192.168.177.99'/>
    </dhcp>
  </ip>
</network>
XML
sed "s/<uuid>.*<.uuid>//; s/lab/plain/; s/cmpbr0/cmpbr1/; s/177/178/" lab.xml >plain.xml
sed 's/<domain/<colour\/><domain/' lab.xml >colour.xml
sed 's/<uuid>1/<uuid>2/' lab.xml >other-uuid.xml
sed 's/<name>lab/<name>other/' lab.xml >other-name.xml
echo '<network><name>lab</name>' >broken.xml
echo '<domain/>' >domain.xml
cat >port.xml <<XML
<networkport>
  <uuid>$port</uuid>
  <owner>
    <name>vm1</name>
    <uuid>aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee</uuid>
  </owner>
  <mac address='52:54:00:12:34:56'/>
</networkport>
XML
host="<host mac='52:54:00:12:34:56' name='vm1' ip='192.168.177.50'/>"

looks() { # looks STATE: everything that looks at a network.
    local options
    for options in "" --all --inactive --persistent --transient --autostart --no-autostart "--all --name" \
        "--all --uuid" --table "--all --table"; do
        # shellcheck disable=SC2086 # several words
        both "$1: net-list $options" net-list $options
    done
    local command
    for command in net-info net-dumpxml "net-dumpxml --inactive" net-uuid net-dhcp-leases net-port-list; do
        # shellcheck disable=SC2086
        both "$1: $command" $command lab
    done
    both "$1: net-name" net-name "$uuid"
    both "$1: net-info by its UUID" net-info "$uuid"
    both "$1: net-dhcp-leases of one" net-dhcp-leases lab 52:54:00:12:34:56
    both "$1: net-dhcp-leases of nonsense" net-dhcp-leases lab nonsense
}

each hostname
each version
looks "no network"
for command in net-start net-destroy net-undefine net-autostart "net-autostart --disable" net-edit; do
    # shellcheck disable=SC2086
    each $command lab
done
each net-define broken.xml
each net-define domain.xml
each net-define nowhere.xml
each net-define --validate colour.xml
each net-define lab.xml
looks "defined"
both "net-define again" net-define lab.xml
each net-define other-uuid.xml
each net-define other-name.xml
each net-define --validate lab.xml
each net-define plain.xml
each net-autostart lab
looks "autostarted"
each net-autostart lab --disable
each net-destroy lab
each net-update lab add ip-dhcp-host "$host" --live
each net-update lab add ip-dhcp-host "$host" --config
each net-update lab delete ip-dhcp-host "$host" --config
each net-start lab
both "net-start again" net-start lab
looks "running"
for options in --live --config "--live --config" --current; do
    # shellcheck disable=SC2086
    {
        both "net-update add $options" net-update lab add ip-dhcp-host "$host" $options
        both "net-update add again $options" net-update lab add ip-dhcp-host "$host" $options
        both "net-update modify $options" net-update lab modify ip-dhcp-host "${host/.50/.51}" $options
        both "after net-update $options" net-dumpxml lab
        both "on disk after net-update $options" net-dumpxml --inactive lab
        both "net-update delete $options" net-update lab delete ip-dhcp-host "${host/.50/.51}" $options
        both "net-update delete again $options" net-update lab delete ip-dhcp-host "$host" $options
    }
done
each net-update lab add-first ip-dhcp-range "<range start='192.168.177.200' end='192.168.177.210'/>" --live
each net-update lab delete ip-dhcp-range "<range start='192.168.177.200' end='192.168.177.210'/>" --live
each net-update lab add dns-host "<host ip='192.168.177.5'><hostname>a.lab.test</hostname></host>" --live --config
each net-update lab add-last dns-txt "<txt name='a' value='b'/>" --config
each net-update lab add dns-srv "<srv service='sip' protocol='tcp' domain='lab.test' target='a' port='5'/>" --live
each net-update lab add portgroup "<portgroup name='fast'><bandwidth><inbound average='100'/></bandwidth></portgroup>"
each net-update lab add portgroup "<portgroup name='fast'/>"
each net-update lab delete portgroup "<portgroup name='fast'/>"
each net-update lab modify dns-txt "<txt name='a' value='c'/>" --config
each net-update lab add nonsense "<a/>"
each net-update lab nonsense dns-txt "<a/>"
each net-update lab add ip-dhcp-host "<" --live
each net-update lab add ip-dhcp-host "<txt/>" --live
both "after all updates" net-dumpxml lab
both "on disk after all updates" net-dumpxml --inactive lab
each net-port-create lab port.xml
both "net-port-create again" net-port-create lab port.xml
each net-port-create lab lab.xml
each net-port-list lab
each net-port-list lab --uuid
each net-port-dumpxml lab "$port"
each net-port-dumpxml lab "$uuid"
both "with a port: net-dumpxml" net-dumpxml lab
each net-port-delete lab "$port"
both "net-port-delete again" net-port-delete lab "$port"
each net-event --list
each net-event --event nonsense
each net-event --event lifecycle --timeout 1
read_only=(-r)
both "reading only: net-list" net-list --all
both "reading only: net-dumpxml" net-dumpxml lab
for command in net-destroy net-undefine net-start net-autostart; do both "reading only: $command" $command lab; done
both "reading only: net-define" net-define lab.xml
both "reading only: net-create" net-create plain.xml
both "reading only: net-update" net-update lab add dns-txt "<txt name='z' value='z'/>"
both "reading only: net-port-create" net-port-create lab port.xml
read_only=()
each net-destroy lab
both "net-destroy again" net-destroy lab
each net-undefine lab
both "net-undefine again" net-undefine lab
each net-undefine plain
each net-create lab.xml
looks "transient"
both "net-create again" net-create lab.xml
each net-undefine lab
each net-autostart lab
each net-update lab add dns-txt "<txt name='a' value='b'/>" --config
each net-define lab.xml
both "defined while it ran: net-info" net-info lab
both "undefined while it runs: net-undefine" net-undefine lab
both "undefined while it runs: net-info" net-info lab
each net-create --validate colour.xml
each net-destroy lab
looks "gone"

# One connection for several commands.
both "several commands at once" "net-define lab.xml; net-start lab; net-info lab; net-destroy lab; net-undefine lab"

# A step of a walk is a check of its own; the same words may come again.
split_walk() { # split_walk FILE FOLDER: one file a step.
    mkdir -p "$2"
    awk -v folder="$2" '
        /^[a-z][^<:]*: / { split($0, words, ": "); count[words[1]]++
            file = folder "/" words[1] (count[words[1]] > 1 ? " " count[words[1]] : ""); gsub(/ /, "_", file) }
        { print > file }' "$1"
}

ended() { ! grep '^-> ' "$1"; }

# walk NAME COMMAND…: the command against both, %s in its words for the socket.
walk() {
    local name=$1 daemon step
    shift
    for daemon in libvirt vnet; do
        local socket=$libvirt_socket
        [[ $daemon == libvirt ]] || socket=$vnet_socket
        timeout 60 "${@//%s/$socket}" >"$daemon.$name" 2>&1 || echo "-> $?" >>"$daemon.$name"
        split_walk "$daemon.$name" "$daemon.$name.steps"
    done
    # Two clients that break off at the same place have seen the same, and too little.
    expect "$name: to its end" ended "libvirt.$name" || true
    for step in "libvirt.$name.steps"/*; do
        step=${step##*/}
        expect "$name: ${step//_/ }" same "libvirt.$name.steps/$step" "vnet.$name.steps/$step" || true
    done
}

uri="network+unix:///system?socket=%s"
walk python $python "$here/libvirt-walk.py" "$uri" "$uri-ro"
walk perl perl "$here/libvirt-walk.pl" "$uri"
# Debian keeps the sources of Go libraries in one place, which needs no network.
CGO_ENABLED=0 GO111MODULE=off GOPATH=/usr/share/gocode GOCACHE=$peer_work/go-cache \
    go build -o libvirt-walk-go "$here/libvirt-walk.go"
walk go ./libvirt-walk-go %s

# libvirt's own Technology Compatibility Kit, where somebody has a checkout of it: what it says of networks' lives.
if [[ -f ${VNET_TCK:-}/lib/Sys/Virt/TCK.pm ]]; then
    sign=' =' # Older versions read something else than YAML.
    [[ ! -f $VNET_TCK/conf/default.yml ]] || sign=:
    printf 'uri%s "%s"\n' "$sign" "${uri/\%s/$vnet_socket}" >tck.cfg
    for script in "$VNET_TCK"/scripts/networks/0[5-9]?-*.t; do
        expect "TCK: ${script##*/}" env LIBVIRT_TCK_CONFIG="$PWD/tck.cfg" LIBVIRT_TCK_AUTOCLEAN=1 \
            timeout 60 prove -I "$VNET_TCK/lib" "$script" || true
    done
else
    echo "skipped TCK: set VNET_TCK to a checkout of libvirt-tck to run its scripts/networks/050 to 090"
fi

checks_end
