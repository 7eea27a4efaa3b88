#!/usr/bin/env bash
# Lets libFuzzer make up input for whatever reads what others send: XML, libvirt's messages, DNS, DHCP and TFTP, with
# AddressSanitizer looking on.
#
#   Tests/Fuzz/run.sh SECONDS [TARGET…]
#
# Each target begins with the inputs in Tests/Fuzz/Corpus and what earlier runs found worth keeping, which lies in
# .build/fuzz/corpus, and runs for SECONDS. Input that breaks something is written to .build/fuzz/findings, and ends the
# run with a failure: give it to .build/fuzz/release/TARGET to see it again.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

(($#)) || {
    echo "usage: run.sh SECONDS [TARGET…]" >&2
    exit 64
}
seconds=$1
shift
targets=("$@")
((${#targets[@]})) || targets=(FuzzNetworkXML FuzzNetworkUpdate FuzzLibvirtMessage FuzzDNS FuzzDHCP FuzzBootFiles)

# The goldens and the templates are networks too.
declare -A seeds=(
    [FuzzNetworkXML]="Tests/Fuzz/Corpus/NetworkXML Tests/LibvirtXMLTests/Golden Templates"
    [FuzzNetworkUpdate]="Tests/Fuzz/Corpus/NetworkUpdate"
    [FuzzLibvirtMessage]="Tests/Fuzz/Corpus/LibvirtMessage"
    [FuzzDNS]="Tests/Fuzz/Corpus/DNS"
    [FuzzDHCP]="Tests/Fuzz/Corpus/DHCP"
    [FuzzBootFiles]="Tests/Fuzz/Corpus/BootFiles"
)
# SwiftPM instruments for the last sanitizer only, unless both are named in one word; and the linker would drop the
# tables of libFuzzer's counters as dead.
flags=(-c release --scratch-path .build/fuzz --sanitize=address --sanitize=fuzzer
    -Xswiftc -sanitize=address,fuzzer --disable-dead-strip)

mkdir -p .build/fuzz/findings
for target in "${targets[@]}"; do
    log=.build/fuzz/$target.log
    VNET_FUZZ=1 ${SWIFT:-swift} build "${flags[@]}" --product "$target" >"$log" 2>&1 || {
        cat "$log"
        exit 1
    }
    mkdir -p ".build/fuzz/corpus/$target"
    echo "$target: $seconds s"
    # Swift's own report of a crash would wait for a debugger that is not there.
    # shellcheck disable=SC2086 # several folders
    SWIFT_BACKTRACE=enable=no ".build/fuzz/release/$target" ".build/fuzz/corpus/$target" ${seeds[$target]} \
        -dict=Tests/Fuzz/network.dict -artifact_prefix=".build/fuzz/findings/$target-" -max_len=4096 -timeout=20 \
        -rss_limit_mb=2048 -max_total_time="$seconds" -print_final_stats=1 >"$log" 2>&1 </dev/null || {
        tail -n 40 "$log"
        exit 1
    }
    grep -E 'DONE|stat::number_of_executed_units' "$log"
done
