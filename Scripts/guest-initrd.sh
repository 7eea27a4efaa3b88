#!/usr/bin/env bash
# Makes the initramfs of a test guest that runs checks: guest-image.sh's with /checks.sh appended.
#
#   Scripts/guest-initrd.sh DIR CHECKS INITRD
#
# DIR is the one given to guest-image.sh; CHECKS is a shell script for the guest, `-` for standard
# input; INITRD is the file to write. What CHECKS prints comes out of the guest's serial console,
# each line behind "GUEST name". Scripts/guest/checks holds the functions that it may use.
set -euo pipefail

if (($# != 3)); then
    echo "usage: guest-initrd.sh DIR CHECKS INITRD" >&2
    exit 64
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat -- "$2" >"$work/checks.sh"

# The kernel unpacks concatenated archives one after the other. Compressed, the second may begin anywhere.
{
    cat "$1/initramfs.gz"
    cd "$work" && echo checks.sh | cpio --quiet -o -H newc -R 0:0 | gzip -n
} >"$work/initrd"
cat "$work/initrd" >"$3"
