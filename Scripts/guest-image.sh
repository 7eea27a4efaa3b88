#!/usr/bin/env bash
# Makes a small Linux guest for tests: DIR/vmlinuz and DIR/initramfs.gz.
#
#   Scripts/guest-image.sh DIR
#
# The kernel is Debian's for cloud guests, taken from its package without installing it; the
# userland is busybox and the scripts in Scripts/guest. It needs what `install-dependencies.sh demo`
# installs. A DIR that is complete is left as it is, so a second run costs nothing.
#
# Boot it, for example, with
#   qemu-system-x86_64 -accel tcg -m 128 -nographic -no-reboot -kernel DIR/vmlinuz -initrd DIR/initramfs.gz \
#     -append 'console=ttyS0 quiet vnet.name=vm1' -netdev tap,… -device virtio-net-pci,…
# or, to have it run checks, with the initramfs that guest-initrd.sh makes from this one.
set -euo pipefail

fail() {
    echo "guest-image: $*" >&2
    exit 1
}

(($# == 1)) || fail "usage: guest-image.sh DIR"
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
mkdir -p "$1"
target=$(cd "$1" && pwd)

# Tests that run side by side may ask for the same image.
exec 9>"$target/lock"
flock 9

# In the order in which they must be loaded; those the kernel has built in are passed over.
modules=(virtio_ring virtio virtio_pci_modern_dev virtio_pci_legacy_dev virtio_pci
    failover net_failover virtio_net)

recipe=$(cat "${BASH_SOURCE[0]}" "$here"/guest/* | sha256sum)
if [[ -s $target/vmlinuz && -s $target/initramfs.gz && $(cat "$target/recipe" 2>/dev/null) == "$recipe" ]]; then
    exit 0
fi

for tool in apt-get apt-cache dpkg-deb cpio gzip busybox; do
    command -v "$tool" >/dev/null || fail "$tool is missing: run Scripts/install-dependencies.sh demo"
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# linux-image-cloud-amd64 is empty: it depends on the package of the current version.
kernel_package() {
    apt-cache depends --important linux-image-cloud-amd64 2>/dev/null |
        sed -n 's/^ *Depends: \(linux-image-[0-9][^ ]*\)$/\1/p'
}

package=$(kernel_package)
if [[ -z $package ]]; then
    [[ $EUID -eq 0 ]] || fail "apt knows no kernel package: run apt-get update first"
    apt-get update -qq
    package=$(kernel_package)
    [[ -n $package ]] || fail "apt knows no package linux-image-cloud-amd64"
fi
# A name server or a mirror may be away for a moment.
for attempt in 1 2 3; do
    (cd "$work" && apt-get download -qq "$package" 2>apt.log) && break
    ((attempt < 3)) || fail "cannot download $package: $(cat "$work/apt.log")"
    sleep 5
done
mkdir "$work/kernel"
dpkg-deb -x "$work"/linux-image-*.deb "$work/kernel"

root=$work/root
mkdir -p "$root"/{bin,dev,etc,lib/guest,lib/modules,proc,run,sys,tmp}
cp "$(command -v busybox)" "$root/bin/busybox"
for applet in $(busybox --list); do
    [[ -e $root/bin/$applet ]] || ln -s busybox "$root/bin/$applet"
done
cp "$here/guest/init" "$root/init"
cp "$here/guest/lease" "$here/guest/checks" "$root/lib/guest/"
chmod 755 "$root/init" "$root/lib/guest/lease"

for module in "${modules[@]}"; do
    file=$(find "$work/kernel/lib/modules" -name "$module.ko*" -print -quit)
    case $file in
        '') continue ;;
        *.ko.xz) xz -dc "$file" >"$root/lib/modules/$module.ko" ;;
        *.ko.zst) zstd -dcq "$file" >"$root/lib/modules/$module.ko" ;;
        *) cp "$file" "$root/lib/modules/$module.ko" ;;
    esac
    echo "$module.ko" >>"$root/lib/modules/order"
done

cp "$work"/kernel/boot/vmlinuz-* "$target/vmlinuz"
(cd "$root" && find . | LC_ALL=C sort | cpio --quiet -o -H newc -R 0:0) | gzip -n >"$target/initramfs.gz"
echo "$recipe" >"$target/recipe"
