#!/usr/bin/env bash
# Shows vnet at work, and checks what it shows.
#
#   sudo VNET=.build/release/vnet Scripts/demo.sh
#
# Inside network namespaces of its own it starts a NAT network and an isolated one, boots two QEMU guests on the
# first and one on the second, and lets them find out what they reach. It needs what
# `install-dependencies.sh demo` installs, takes less than a minute, and exits 0 only if everything was as
# expected and nothing is left behind.
#
#     vm1, vm2 ── netwerk1 ──┐
#                            ├── namespace vnetdemo-host ── 203.0.113.0/24 ── namespace vnetdemo-out
#     lone ────── lab ───────┘   (vnet runs here)     .1                   .2 (an HTTP server runs here)
#
# VNET is the binary (default: the release build), GUEST the folder to keep the guests' kernel in (default: in .build).
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
VNET=$(realpath -m "${VNET:-$here/../.build/release/vnet}")
GUEST=$(realpath -m "${GUEST:-$here/../.build/guest}")

host=vnetdemo-host
outside=vnetdemo-out
host_address=203.0.113.1
outside_address=203.0.113.2

# --- What a person reads ---------------------------------------------------------------------------------------

if [[ -t 1 ]]; then
    bold=$'\e[1m' dim=$'\e[2m' plain=$'\e[0m' good=$'\e[32m✓\e[0m' bad=$'\e[31m✗\e[0m'
else
    bold='' dim='' plain='' good='ok    ' bad='FAILED'
fi

heading() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
passed=0 failed=0
pass() {
    printf '  %s %s\n' "$good" "$*"
    passed=$((passed + 1))
}
miss() {
    printf '  %s %s\n' "$bad" "$*"
    failed=$((failed + 1))
}

# expect WHAT COMMAND…: one line that says whether the command succeeded.
expect() {
    local what=$1
    shift
    if "$@"; then pass "$what"; else miss "$what"; fi
}

# Ends the demo where going on would tell nothing.
fail() {
    printf '%s %s\n' "$bad" "$*" >&2
    exit 1
}

# --- What is set up, and taken away ----------------------------------------------------------------------------

[[ $EUID -eq 0 ]] || fail "the demo makes network namespaces and must run as root"
[[ -x $VNET ]] || fail "no vnet at $VNET: build it first (swift build -c release), or set VNET"
for tool in ip nft busybox qemu-system-x86_64 cpio; do
    command -v "$tool" >/dev/null || fail "$tool is missing: run Scripts/install-dependencies.sh demo"
done
exec 9<"${BASH_SOURCE[0]}" # kept from children by 9<&-
flock -n 9 || fail "another demo is running"

rm -rf /tmp/vnetdemo.* # of a demo that was killed
work=$(mktemp -d /tmp/vnetdemo.XXXXXX)
chmod 755 "$work"
root=$work/root
on_host=(ip netns exec "$host" env VNET_ROOT="$root")

# until_true SECONDS COMMAND…: tries ten times a second.
until_true() {
    local rest=$(($1 * 10))
    shift
    until "$@"; do
        ((rest-- > 0)) || return 1
        sleep 0.1
    done
}

# gone PID: a process that ended but that nobody waited for counts as gone.
gone() { ! readlink "/proc/$1/exe" >/dev/null 2>&1; }

is_empty() { [[ -z $(ip netns pids "$1" 2>/dev/null) ]]; }

remove_namespaces() {
    local namespace pid
    for namespace in "$host" "$outside"; do
        for pid in $(ip netns pids "$namespace" 2>/dev/null); do kill "$pid" 2>/dev/null || true; done
        if ! until_true 5 is_empty "$namespace"; then
            for pid in $(ip netns pids "$namespace"); do kill -KILL "$pid" 2>/dev/null || true; done
        fi
        ip netns del "$namespace" 2>/dev/null || true
    done
    rm -rf "/etc/netns/$host"
    rmdir /etc/netns 2>/dev/null || true
}

clean_up() {
    local status=$?
    trap - EXIT
    if ((status == 1)); then
        find "$root/var/lib/vnet" -name '*log' -type f -exec tail -n 20 {} + >&2 2>/dev/null || true
    fi
    remove_namespaces
    rm -rf "$work"
    exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT TERM HUP

make_namespaces() {
    remove_namespaces # here too
    # `ip netns exec` shows this file as /etc/resolv.conf: no query leaves the demo.
    mkdir -p "/etc/netns/$host"
    echo "nameserver $outside_address" >"/etc/netns/$host/resolv.conf"

    ip netns add "$host"
    ip netns add "$outside"
    ip -n "$host" link set lo up
    ip -n "$outside" link set lo up
    ip link add uplink netns "$host" type veth peer name eth0 netns "$outside"
    ip -n "$host" address add "$host_address/24" dev uplink
    ip -n "$host" link set uplink up
    ip -n "$outside" address add "$outside_address/24" dev eth0
    ip -n "$outside" link set eth0 up
    ip -n "$host" route add default via "$outside_address"
    ip netns exec "$host" sysctl -qw net.ipv4.ip_forward=0
}

# The outside's page tells whom it sees; it has no route to any guest.
serve_outside() {
    mkdir -p "$work/www/cgi-bin"
    cat >"$work/www/cgi-bin/hello" <<'PAGE'
#!/bin/sh
printf 'Content-Type: text/plain\n\nHello, %s!\n' "$REMOTE_ADDR"
PAGE
    chmod 755 "$work/www/cgi-bin/hello"
    ip netns exec "$outside" busybox httpd -f -p "$outside_address:80" -h "$work/www" 9<&- &
}

# vnet ARGUMENTS…: prints the command as one would type it, then runs it.
vnet() {
    printf '%s$ vnet %s%s\n' "$dim" "$*" "$plain"
    "${on_host[@]}" "$VNET" "$@" 9<&- || fail "vnet $1 failed"
}

# --- Guests ----------------------------------------------------------------------------------------------------

declare -A process console

# boot NAME NETWORK: starts a guest that runs the checks on standard input.
boot() {
    local name=$1 network=$2 input
    "$here/guest-initrd.sh" "$GUEST" - "$work/$name.initrd"
    mkfifo "$work/$name.in"
    exec {input}<>"$work/$name.in"
    console[$name]=$input
    printf '%s$ vnet qemu %s,name=%s -- qemu-system-x86_64 …%s\n' "$dim" "$network" "$name" "$plain"
    # q35 and qboot save half a second of a boot that takes two and a half.
    "${on_host[@]}" "$VNET" qemu "$network,name=$name" -- \
        qemu-system-x86_64 -accel tcg -machine q35 -bios qboot.rom -m 128 -nodefaults -display none -no-reboot \
        -kernel "$GUEST/vmlinuz" -initrd "$work/$name.initrd" \
        -append "console=ttyS0 quiet cryptomgr.notests vnet.name=$name" \
        -serial stdio <"$work/$name.in" >"$work/$name.log" 2>"$work/$name.errors" 9<&- &
    process[$name]=$!
}

# tell NAME LINE: writes to the guest's serial console.
tell() { echo "$2" >&"${console[$1]}"; }

# said NAME: what the guest has told so far.
said() { tr -d '\r' <"$work/$1.log" | sed -n "s/^.*GUEST $1 //p"; }

says() { [[ -n $(said "$1" | sed -n "/^$2/p") ]]; }

says_or_ended() { says "$1" "$2" || gone "${process[$1]}"; }

# await NAME WORD SECONDS: waits for the line of the guest that begins with WORD.
await() {
    until_true "$3" says_or_ended "$1" "$2" || true
    says "$1" "$2" && return
    tail -n 20 "$work/$1.errors" "$work/$1.log" >&2
    gone "${process[$1]}" && fail "guest $1 ended before it said '$2'"
    fail "guest $1 did not say '$2' within $3 seconds"
}

# lease NAME WHAT: one value of the guest's lease, such as address or router.
lease() { said "$1" | sed -n "/^lease /s/^.*\b$2 \([^ ]*\).*$/\1/p"; }

show_lease() {
    local name=$1
    printf '    address %s, router %s, DNS server %s, domain %s\n' \
        "$(lease "$name" lease)" "$(lease "$name" router)" "$(lease "$name" dns)" "$(lease "$name" domain)"
}

has_lease() { [[ $(lease "$1" lease) != none ]]; }

# report NAME: what the guest found out, as expectations of our own.
report() {
    local verdict what
    printf '  %s%s%s\n' "$bold" "$1" "$plain"
    while read -r verdict what; do
        case $verdict in
            ok) pass "$what" ;;
            failed) miss "$what" ;;
        esac
    done < <(said "$1")
}

checks_on_nat() {
    cat <<CHECKS
hear
check "pings its gateway, \$router" answers "\$router"
check "pings $1 by name" answers_soon $1
page=\$(fetch http://$outside_address/cgi-bin/hello)
check "fetches a page from outside: \$page" [ "\$page" = "Hello, $host_address!" ]
echo finished
hear
CHECKS
}

checks_on_isolated() {
    cat <<CHECKS
gateway=\$(hear)
neighbour=\$(hear)
check "pings its gateway, \$gateway" answers "\$gateway"
check "was offered no router" [ "\$router" = none ]
check "does not reach outside, $outside_address" not answers $outside_address
check "does not reach the host's outer address, $host_address" not answers $host_address
check "does not reach vm1 on netwerk1, \$neighbour" not answers "\$neighbour"
route add default gw "\$gateway"
check "with a default route of its own: does not reach outside" not answers $outside_address
check "with a default route of its own: fetches no page" not fetch http://$outside_address/cgi-bin/hello
check "with a default route of its own: does not reach vm1" not answers "\$neighbour"
echo finished
hear
CHECKS
}

# --- The demo --------------------------------------------------------------------------------------------------

"$here/guest-image.sh" "$GUEST"
make_namespaces
serve_outside

heading "Two networks: one with NAT, one isolated"
vnet define --template netwerk1
vnet define --template isolated --name lab
vnet start netwerk1 lab
vnet list --all
gateway=$("${on_host[@]}" "$VNET" dumpxml lab | sed -n "s/.*<ip address='\([0-9.]*\)'.*/\1/p")

heading "Three guests: vm1 and vm2 on netwerk1, lone on lab"
guests=(vm1 vm2 lone)
boot vm1 netwerk1 < <(checks_on_nat vm2)
boot vm2 netwerk1 < <(checks_on_nat vm1)
boot lone lab < <(checks_on_isolated)
for guest in "${guests[@]}"; do
    await "$guest" lease 90
    expect "$guest got a lease in $(lease "$guest" seconds) s" has_lease "$guest"
    show_lease "$guest"
done
vnet leases netwerk1
vnet leases lab
vnet ports

heading "What the guests reach"
tell lone "$gateway"
tell lone "$(lease vm1 lease)"
tell vm1 go
tell vm2 go
for guest in "${guests[@]}"; do
    await "$guest" finished 60
    report "$guest"
done

heading "The end"
for guest in "${guests[@]}"; do tell "$guest" off; done
for guest in "${guests[@]}"; do
    until_true 20 gone "${process[$guest]}" || fail "guest $guest does not power off"
    expect "$guest powered off, and vnet qemu with it" wait "${process[$guest]}"
done

# Each prints what it still finds.
taps() { ip -n "$host" -o link show type tun | cut -d ' ' -f 2; }
links() { ip -n "$host" -o link show | cut -d ' ' -f 2 | grep -Ev '^(lo|uplink)[:@]'; }
tables() { ip netns exec "$host" nft list tables; }
files() { find "$root"/run/vnet/{live,ports} -type f 2>/dev/null; }
forwarding() { ip netns exec "$host" sysctl -n net.ipv4.ip_forward | grep -v '^0$'; }
nothing_of() {
    local found
    found=$("$1" || true)
    [[ -z $found ]] || { echo "$found" && false; }
}

expect "no tap is left" nothing_of taps
vnet stop netwerk1 lab
expect "no bridge is left" nothing_of links
expect "no nft table is left" nothing_of tables
expect "forwarding is off again" nothing_of forwarding
expect "no network or port is on record" nothing_of files

daemon=$(cat "$root/run/vnet/daemon.pid")
kill "$daemon"
expect "the daemon ended" until_true 10 gone "$daemon"
expect "and so did all its processes" until_true 5 is_empty "$host"

remove_namespaces
namespaces() { ip netns list | grep -E "^($host|$outside)\b"; }
expect "the demo's namespaces are gone" nothing_of namespaces

heading "$passed as expected, $failed not, in $SECONDS seconds"
((failed == 0))
