# shellcheck shell=bash
#
# Puts a real libvirtd beside a vnet daemon, each in a network namespace of its own. Source it.
#
# The script that does so calls `peer_begin NAME`, then what it needs; everything that was started or made ends with
# the script, however that ends. Set here, for use there:
#
#   peer_work          a folder for the script's files
#   vnet_namespace     where vnet's networks run
#   libvirt_namespace  where libvirt's run
#   libvirt_uri        what `virsh -c` takes, after peer_start_libvirtd
#   vnet ARGUMENTS…    runs vnet; the first call starts its daemon
#   virsh ARGUMENTS…   runs virsh, after peer_start_libvirtd

VNET=$(realpath -m "${VNET:-$(dirname "${BASH_SOURCE[0]}")/../../.build/release/vnet}")

# --- What must be there ------------------------------------------------------------------------------------------

# peer_missing TOOL…: prints what stands in the way of a comparison, if anything does.
peer_missing() {
    local tool
    [[ $EUID -eq 0 ]] || echo "it makes network namespaces and must run as root"
    [[ -x $VNET ]] || echo "there is no vnet at $VNET: build it first, or set VNET"
    for tool in ip unshare libvirtd virsh dnsmasq iptables "$@"; do
        type -P "$tool" >/dev/null || echo "$tool is missing: run Scripts/install-dependencies.sh test"
    done
}

# peer_require TOOL…: ends the script where something is missing: with CI=true as a failure, else as one that was
# skipped.
peer_require() {
    local missing
    missing=$(peer_missing "$@")
    [[ -n $missing ]] || return 0
    if [[ ${CI:-} == true ]]; then
        printf '%s: FAILED: cannot run:\n%s\n' "${0##*/}" "$missing" >&2
        exit 1
    fi
    printf '%s: SKIPPED: cannot run:\n%s\n' "${0##*/}" "$missing"
    exit 0
}

# --- Waiting and ending ------------------------------------------------------------------------------------------

# until_true SECONDS COMMAND…: tries twenty times a second.
until_true() {
    local rest=$(($1 * 20))
    shift
    until "$@"; do
        ((rest-- > 0)) || return 1
        sleep 0.05
    done
}

# gone PID: a process that ended but that nobody waited for counts as gone.
gone() { ! readlink "/proc/$1/exe" >/dev/null 2>&1; }

is_empty() { [[ -z $(ip netns pids "$1" 2>/dev/null) ]]; }

# Ends every process that lives in a namespace, and deletes it.
remove_namespace() {
    local pid
    for pid in $(ip netns pids "$1" 2>/dev/null); do kill "$pid" 2>/dev/null || true; done
    if ! until_true 5 is_empty "$1"; then
        for pid in $(ip netns pids "$1"); do kill -KILL "$pid" 2>/dev/null || true; done
        until_true 5 is_empty "$1" || true
    fi
    ip netns del "$1" 2>/dev/null || true
}

# --- The two daemons ---------------------------------------------------------------------------------------------

# peer_begin NAME: makes the folder and the namespaces. The process's number in their names lets two runs be.
peer_begin() {
    peer_work=$(mktemp -d "/tmp/$1.XXXXXX")
    peer_run=$(mktemp -d "/dev/shm/$1.XXXXXX")
    chmod 755 "$peer_work" # The responder has a user of its own.
    # As on any host: /run in memory, /etc and /var on a disk. The same goes for libvirt below.
    mkdir "$peer_work/root"
    ln -s "$peer_run" "$peer_work/root/run"
    vnet_namespace=$1-$$-vnet
    libvirt_namespace=$1-$$-virt
    peer_processes=
    trap peer_end EXIT
    trap 'exit 130' INT TERM HUP
    local namespace
    for namespace in "$vnet_namespace" "$libvirt_namespace"; do
        ip netns add "$namespace"
        ip -n "$namespace" link set lo up
    done
}

# peer_equip: what documents name, so that both can start them: a bridge of the host's, and two interfaces for macvtap.
peer_equip() {
    local namespace
    for namespace in "$vnet_namespace" "$libvirt_namespace"; do
        ip -n "$namespace" link add br0 type bridge
        ip -n "$namespace" link add eth0 type veth peer name eth0-peer
        ip -n "$namespace" link add eth1 type veth peer name eth1-peer
    done
}

peer_end() {
    local status=$?
    trap - EXIT
    trap '' INT TERM HUP
    ((status == 0)) || peer_logs
    peer_remove
    rm -rf "$peer_work" "$peer_run"
    exit "$status"
}

# What the daemons had to say, once.
peer_logs() {
    [[ -z ${peer_logs_shown:-} ]] || return 0
    peer_logs_shown=true
    find "$peer_work" -name '*.log' -type f -size +0 -exec tail -n 20 {} + >&2 || true
}

# Takes away all but the folders.
peer_remove() {
    peer_processes+=" $(ip netns pids "$vnet_namespace" 2>/dev/null || true)"
    peer_processes+=" $(ip netns pids "$libvirt_namespace" 2>/dev/null || true)"
    remove_namespace "$vnet_namespace"
    remove_namespace "$libvirt_namespace"
    if [[ -n ${peer_inotify:-} ]]; then sysctl -qw "fs.inotify.max_user_instances=$peer_inotify"; fi
    peer_inotify=
}

# peer_is_removed: whether that worked; prints what is left.
peer_is_removed() {
    local pid left=
    for pid in $peer_processes; do gone "$pid" || left+="process $pid "; done
    left+=$(ip netns list | grep -E "^($vnet_namespace|$libvirt_namespace)\b" || true)
    left+=$(grep " $peer_work" /proc/mounts || true)
    [[ -z $left ]] || { echo "left: $left" && false; }
}

vnet() { ip netns exec "$vnet_namespace" env VNET_ROOT="$peer_work/root" "$VNET" "$@"; }

# Empty folders hide the machine's own state from this libvirtd, and its state from the machine. Its socket is reached
# from everywhere: a path is no matter of network namespaces.
peer_start_libvirtd() {
    local folder=$peer_work/libvirt
    mkdir -p "$folder"/{etc,var/{lib,cache,log}}/libvirt
    cat >"$folder/libvirtd.conf" <<CONF
unix_sock_dir = "$folder"
auth_unix_ro = "none"
auth_unix_rw = "none"
CONF
    # shellcheck disable=SC2016 # those are for the inner shell to expand
    ip netns exec "$libvirt_namespace" unshare --mount bash -euc '
        mount -t tmpfs none /run
        mkdir /run/lock
        for state in /etc/libvirt /var/{lib,cache,log}/libvirt; do
            if [[ -d $state ]]; then mount --bind "$0$state" "$state"; fi
        done
        mkdir /var/lib/libvirt/dnsmasq
        exec libvirtd --config "$0/libvirtd.conf" --pid-file "$0/libvirtd.pid"
    ' "$folder" >"$folder/libvirtd.log" 2>&1 &
    libvirtd_pid=$!
    libvirt_uri="network+unix:///system?socket=$folder/libvirt-sock"
    until_true 20 libvirtd_answers_or_ended || true
    libvirtd_answers || {
        echo "${0##*/}: libvirtd does not answer" >&2
        return 1
    }
}

libvirtd_answers() { virsh uri >/dev/null 2>&1; }
libvirtd_answers_or_ended() { libvirtd_answers || gone "$libvirtd_pid"; }

virsh() { command virsh -q -c "$libvirt_uri" "$@"; }

# peer_allow_dnsmasqs NUMBER: each takes one of the inotify instances that a user may have; peer_end puts the limit
# back.
peer_allow_dnsmasqs() {
    local limit
    limit=$(sysctl -n fs.inotify.max_user_instances)
    ((limit < $1 + 128)) || return 0
    peer_inotify=$limit
    sysctl -qw "fs.inotify.max_user_instances=$(($1 + 128))"
}
