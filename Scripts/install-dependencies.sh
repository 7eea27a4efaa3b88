#!/usr/bin/env bash
# Installs, on Debian 12 with a Swift toolchain, the packages that this repository needs.
#
#   sudo Scripts/install-dependencies.sh [build|demo|test|bench]
#
# build (the default): what the package compiles and links with.
# demo: that, and QEMU, busybox and the tools of `make demo`.
# test: that, and the clients and the libvirt that the end-to-end tests compare with.
# bench: that, and what the name service is measured with.
#
# Only what is missing is installed: a second run touches neither network nor system. No service is
# started by an installation, nor enabled for the next boot if it came with it: libvirt's own
# networks would take addresses that the tests, and you, may want to use.
set -euo pipefail

build=(ca-certificates git libcap-ng-dev libnftables-dev libnl-3-dev libnl-route-3-dev libseccomp-dev
    libsqlite3-dev libxml2-dev make pkg-config)
demo=("${build[@]}" busybox-static cpio curl iproute2 iputils-ping nftables procps python3
    qemu-system-x86)
test=("${demo[@]}" bind9-dnsutils dbus dhcpcd-base dnsmasq-base firewalld golang-github-digitalocean-go-libvirt-dev
    golang-go ipxe iptables isc-dhcp-client jq kea-admin libsys-virt-perl libvirt-clients libvirt-daemon
    libvirt-daemon-driver-qemu libvirt-daemon-system libxml2-utils ovmf python3-libvirt socat udhcpc virtinst)
bench=("${test[@]}" kea-dhcp4-server unbound)

fail() {
    echo "install-dependencies: $*" >&2
    exit 1
}

case ${1:-build} in
    build) wanted=("${build[@]}") ;;
    demo) wanted=("${demo[@]}") ;;
    test) wanted=("${test[@]}") ;;
    bench) wanted=("${bench[@]}") ;;
    *)
        echo "usage: install-dependencies.sh [build|demo|test|bench]" >&2
        exit 64
        ;;
esac

for tool in apt-get dpkg-query; do
    command -v "$tool" >/dev/null ||
        fail "$tool not found: this script is for Debian; elsewhere install the equivalents of: ${wanted[*]}"
done

installed() {
    # A name that dpkg has never heard of is an error to dpkg-query, but none here.
    dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null | sed -n 's/^installed //p' || true
}

mapfile -t missing < <(comm -13 <(installed "${wanted[@]}" | sort) <(printf '%s\n' "${wanted[@]}" | sort))
((${#missing[@]})) || exit 0

[[ $EUID -eq 0 ]] || fail "must run as root to install: ${missing[*]}"

# Package scripts ask policy-rc.d before they start a service; 101 means no.
policy=/usr/sbin/policy-rc.d
saved=$policy.before-vnet
restore_policy() {
    rm -f "$policy"
    if [[ -e $saved ]]; then mv "$saved" "$policy"; fi
}
if [[ -e $saved ]]; then restore_policy; fi # an earlier run was killed
if [[ -e $policy ]]; then mv "$policy" "$saved"; fi
trap restore_policy EXIT
printf '#!/bin/sh\nexit 101\n' >"$policy"
chmod 755 "$policy"

echo "installing: ${missing[*]}"
quietly() {
    local output
    output=$(DEBIAN_FRONTEND=noninteractive "$@" 2>&1) || fail "$* failed:"$'\n'"$output"
}
quietly apt-get update
quietly apt-get install -y --no-install-recommends "${missing[@]}"

# What would start with the next boot: libvirt's networks, and a firewall that rejects what nobody asked it to.
for package in libvirt-daemon-system firewalld kea-dhcp4-server unbound; do
    [[ " ${missing[*]} " == *" $package "* ]] && command -v systemctl >/dev/null || continue
    case $package in
        firewalld | kea-dhcp4-server | unbound) units=$package.service ;;
        *)
            units=$(dpkg-query -L libvirt-daemon libvirt-daemon-system libvirt-daemon-system-systemd 2>/dev/null |
                sed -nE 's#^(/usr)?/lib/systemd/system/([^@]+\.(service|socket))$#\2#p' | sort -u || true)
            ;;
    esac
    for unit in $units; do
        systemctl disable --quiet "$unit" 2>/dev/null || true
    done
done
