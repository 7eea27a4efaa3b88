#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/icmpv6.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

int clinux_unshare_network(void) { return unshare(CLONE_NEWNET); }

/// Closes `descriptor` and keeps errno, for the way out of a function that failed.
static int fail(int descriptor)
{
    int saved = errno;
    close(descriptor);
    errno = saved;
    return -1;
}

int clinux_is_member(uid_t uid, gid_t gid, const char *name)
{
    char text[16384];
    struct group group, *found = NULL;
    if (getgrnam_r(name, &group, text, sizeof text, &found) != 0 || found == NULL) return 0;
    gid_t wanted = group.gr_gid;
    if (gid == wanted) return 1;
    struct passwd user, *person = NULL;
    if (getpwuid_r(uid, &user, text, sizeof text, &person) != 0 || person == NULL) return 0;
    gid_t groups[256];
    int count = 256;
    if (getgrouplist(user.pw_name, user.pw_gid, groups, &count) < 0) count = 256;
    for (int index = 0; index < count; index++)
        if (groups[index] == wanted) return 1;
    return 0;
}

int clinux_create_tap(const char *name, uid_t owner, gid_t group)
{
    int tun = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
    if (tun < 0) return -1;
    struct ifreq request = {0};
    request.ifr_flags = (short)(IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | IFF_TUN_EXCL);
    strncpy(request.ifr_name, name, IFNAMSIZ - 1);
    if (ioctl(tun, TUNSETIFF, &request) < 0 || ioctl(tun, TUNSETOWNER, owner) < 0
        || (group != (gid_t)-1 && ioctl(tun, TUNSETGROUP, group) < 0) || ioctl(tun, TUNSETPERSIST, 1) < 0)
        return fail(tun);
    close(tun);
    return 0;
}

int64_t clinux_device_at(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISCHR(status.st_mode) ? (int64_t)status.st_rdev : -1;
}

int clinux_make_device(const char *path, unsigned major, unsigned minor)
{
    return mknod(path, S_IFCHR | 0600, makedev(major, minor));
}

int64_t clinux_device_number(unsigned major, unsigned minor) { return (int64_t)makedev(major, minor); }

/// Gives a socket room for what hundreds of guests that boot at once send before they are read.
///
/// The kernel counts several times a frame's octets. Where this process may not have as much, it keeps what it has.
static void widen(int fd)
{
    int size = 4 << 20;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
}

/// Opens a packet socket of one protocol that has its filter, locked, before the first frame can pass.
static int open_packet_socket(int interface_index, uint16_t protocol, const struct sock_fprog *program)
{
    int on = 1;
    // Protocol 0 delivers nothing until bind().
    int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    struct sockaddr_ll address = {
        .sll_family = AF_PACKET, .sll_protocol = htons(protocol), .sll_ifindex = interface_index};
    if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, program, sizeof *program) < 0
        || setsockopt(fd, SOL_SOCKET, SO_LOCK_FILTER, &on, sizeof on) < 0
        || setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof on) < 0
        || bind(fd, (struct sockaddr *)&address, sizeof address) < 0)
        return fail(fd);
    widen(fd);
    return fd;
}

int clinux_open_dhcp_packet_socket(int interface_index)
{
    // Offsets in an Ethernet frame: type 12, protocol 23, fragment 20, IPv4 header 14, UDP destination port 2 in its header.
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IP, 0, 8),
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 23),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 0, 6),
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 20),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x3fff, 4, 0),
        BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 14),
        BPF_STMT(BPF_LD | BPF_H | BPF_IND, 16),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 67, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0xffff),
        BPF_STMT(BPF_RET | BPF_K, 0),
    };
    struct sock_fprog program = {.len = sizeof code / sizeof code[0], .filter = code};
    return open_packet_socket(interface_index, ETH_P_IP, &program);
}

int clinux_open_arp_packet_socket(int interface_index)
{
    // Frames of other types never come to a socket of this protocol.
    struct sock_filter code[] = {BPF_STMT(BPF_RET | BPF_K, 0xffff)};
    struct sock_fprog program = {.len = sizeof code / sizeof code[0], .filter = code};
    return open_packet_socket(interface_index, ETH_P_ARP, &program);
}

int clinux_open_dhcpv6_packet_socket(int interface_index)
{
    // Offsets in an Ethernet frame: type 12, next header 20, UDP destination port 56.
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IPV6, 0, 5),
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 20),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 0, 3),
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 56),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 547, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0xffff),
        BPF_STMT(BPF_RET | BPF_K, 0),
    };
    struct sock_fprog program = {.len = sizeof code / sizeof code[0], .filter = code};
    return open_packet_socket(interface_index, ETH_P_IPV6, &program);
}

int clinux_open_neighbour_packet_socket(int interface_index)
{
    // Offsets in an Ethernet frame: type 12, next header and hop limit 20, ICMPv6 type 54.
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IPV6, 0, 6),
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 20),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_ICMPV6 << 8 | 255, 0, 4),
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 54),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 135, 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 136, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0xffff),
        BPF_STMT(BPF_RET | BPF_K, 0),
    };
    struct sock_fprog program = {.len = sizeof code / sizeof code[0], .filter = code};
    return open_packet_socket(interface_index, ETH_P_IPV6, &program);
}

int clinux_deliver_relayed_only(int socket, int is_ipv6)
{
    // Behind the UDP header: giaddr at 24 of a BOOTP message, the type at 0 of a DHCPv6 one, where RELAY-FORW is 12.
    struct sock_filter code4[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 8 + 24),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, 0xffff),
        BPF_STMT(BPF_RET | BPF_K, 0),
    };
    struct sock_filter code6[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 8),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 12, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0xffff),
        BPF_STMT(BPF_RET | BPF_K, 0),
    };
    struct sock_fprog program = {.len = 4, .filter = is_ipv6 ? code6 : code4};
    return setsockopt(socket, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

int clinux_receive_frames(int packet_socket, uint8_t *data, size_t room, uint32_t *lengths)
{
    struct mmsghdr messages[clinux_frame_limit];
    struct iovec places[clinux_frame_limit];
    memset(messages, 0, sizeof messages);
    for (int i = 0; i < clinux_frame_limit; i++) {
        places[i] = (struct iovec){data + i * room, room};
        messages[i].msg_hdr.msg_iov = &places[i];
        messages[i].msg_hdr.msg_iovlen = 1;
    }
    int count = recvmmsg(packet_socket, messages, clinux_frame_limit, MSG_DONTWAIT, NULL);
    for (int i = 0; i < count; i++) lengths[i] = messages[i].msg_len;
    return count;
}

void clinux_send_frames(
    int packet_socket, int interface_index, const uint8_t *data, const uint32_t *lengths, size_t count)
{
    struct mmsghdr messages[clinux_frame_limit];
    struct iovec places[clinux_frame_limit];
    // The frame says where it goes and what it is; the kernel wants to know the interface alone.
    struct sockaddr_ll address = {
        .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP), .sll_ifindex = interface_index, .sll_halen = ETH_ALEN};
    memset(messages, 0, sizeof messages);
    if (count > clinux_frame_limit) count = clinux_frame_limit;
    for (size_t i = 0; i < count; i++) {
        places[i] = (struct iovec){(void *)(uintptr_t)data, lengths[i]};
        data += lengths[i];
        messages[i].msg_hdr = (struct msghdr){
            .msg_name = &address, .msg_namelen = sizeof address, .msg_iov = &places[i], .msg_iovlen = 1};
    }
    for (size_t sent = 0; sent < count;) {
        int part = sendmmsg(packet_socket, messages + sent, (unsigned)(count - sent), 0);
        // Of one that cannot be sent the others know nothing.
        sent += part > 0 ? (size_t)part : 1;
    }
}

int clinux_open_router_socket(const char *interface_name)
{
    int fd = socket(AF_INET6, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_ICMPV6);
    if (fd < 0) return -1;
    struct icmp6_filter filter;
    memset(&filter, 0xff, sizeof filter);
    // A set bit blocks; 133 is the router solicitation (RFC 3542, section 3.2).
    filter.data[133 >> 5] &= ~(1u << (133 & 31));
    int hops = 255, off = 0;
    unsigned index = if_nametoindex(interface_name);
    // ff02::2, all routers on the link.
    struct ipv6_mreq group = {.ipv6mr_multiaddr.s6_addr = {0xff, 2, [15] = 2}, .ipv6mr_interface = index};
    if (index == 0 || setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, interface_name, strlen(interface_name)) < 0
        || setsockopt(fd, IPPROTO_ICMPV6, ICMPV6_FILTER, &filter, sizeof filter) < 0
        || setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &hops, sizeof hops) < 0
        || setsockopt(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, &hops, sizeof hops) < 0
        || setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, &off, sizeof off) < 0
        || setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &index, sizeof index) < 0
        || setsockopt(fd, IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, &group, sizeof group) < 0)
        return fail(fd);
    return fd;
}

enum { max_descriptors = 64 };

ssize_t clinux_send_with_descriptors(
    int socket, const void *data, size_t count, const int *descriptors, size_t descriptor_count)
{
    if (descriptor_count > max_descriptors) return errno = E2BIG, -1;
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(max_descriptors * sizeof(int))] = {0};
    struct iovec part = {.iov_base = (void *)data, .iov_len = count};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (descriptor_count > 0) {
        message.msg_control = control;
        message.msg_controllen = CMSG_SPACE(descriptor_count * sizeof(int));
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(descriptor_count * sizeof(int));
        memcpy(CMSG_DATA(header), descriptors, descriptor_count * sizeof(int));
    }
    return sendmsg(socket, &message, MSG_NOSIGNAL);
}

ssize_t clinux_receive_with_descriptors(
    int socket, void *data, size_t count, int descriptors[64], size_t *descriptor_count)
{
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(max_descriptors * sizeof(int))];
    struct iovec part = {.iov_base = data, .iov_len = count};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    *descriptor_count = 0;
    ssize_t received = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    if (received < 0) return -1;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
        size_t held = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        if (held > max_descriptors - *descriptor_count) held = max_descriptors - *descriptor_count;
        memcpy(descriptors + *descriptor_count, CMSG_DATA(header), held * sizeof(int));
        *descriptor_count += held;
    }
    if (message.msg_flags & MSG_CTRUNC) {
        for (size_t index = 0; index < *descriptor_count; index++) close(descriptors[index]);
        *descriptor_count = 0;
        return errno = EMFILE, -1;
    }
    return received;
}

int clinux_set_name(const char *name) { return prctl(PR_SET_NAME, name, 0, 0, 0); }

long clinux_raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return -1;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0) return -1;
    return limit.rlim_cur > 1 << 20 ? 1 << 20 : (long)limit.rlim_cur;
}

int clinux_become(uid_t uid, gid_t gid)
{
    if (setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0) return -1;
    return 0;
}

pid_t clinux_spawn(
    const char *path, char *const arguments[], const int *descriptors, size_t descriptor_count, int log_descriptor)
{
    enum { first = 3, most = 8, aside = first + most };
    if (descriptor_count > most) return errno = E2BIG, -1;
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0) return -1;
    // The child reports through this pipe why exec failed; it closes by itself where exec succeeds.
    int report[2];
    if (pipe2(report, O_CLOEXEC) < 0) return fail(null);
    sigset_t all, before;
    sigfillset(&all);
    // The parent has threads: between fork and exec only calls that are safe in a signal handler, and no signal.
    pthread_sigmask(SIG_BLOCK, &all, &before);
    pid_t child = fork();
    if (child == 0) {
        for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        // The low numbers may be taken by what is to be moved there: first out of the way, then into place.
        int moved[most], is_moved = 1;
        for (size_t index = 0; index < descriptor_count; index++) {
            moved[index] = fcntl(descriptors[index], F_DUPFD_CLOEXEC, aside);
            if (moved[index] < 0) is_moved = 0;
        }
        int log = fcntl(log_descriptor < 0 ? null : log_descriptor, F_DUPFD_CLOEXEC, aside);
        int pipe_end = fcntl(report[1], F_DUPFD_CLOEXEC, aside);
        for (size_t index = 0; is_moved && index < descriptor_count; index++)
            if (dup2(moved[index], first + (int)index) < 0) is_moved = 0;
        if (is_moved && log >= 0 && pipe_end >= 0 && setsid() >= 0 && dup2(null, 0) == 0 && dup2(log, 1) == 1
            && dup2(log, 2) == 2) {
            close_range(first + (unsigned)descriptor_count, ~0u, CLOSE_RANGE_CLOEXEC);
            execv(path, arguments);
        }
        int reason = errno ? errno : ECHILD;
        (void)!write(pipe_end, &reason, sizeof reason);
        _exit(127);
    }
    int saved = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    close(report[1]);
    close(null);
    if (child > 0) {
        int reason = 0;
        if (read(report[0], &reason, sizeof reason) == sizeof reason) {
            while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {}
            saved = reason;
            child = -1;
        }
    }
    close(report[0]);
    errno = saved;
    return child;
}

/// Writes the endpoint as a socket address; returns its size, or 0 where its length is none.
static socklen_t to_address(const struct clinux_endpoint *endpoint, struct sockaddr_storage *address)
{
    memset(address, 0, sizeof *address);
    if (endpoint->length == 4) {
        struct sockaddr_in *v4 = (struct sockaddr_in *)address;
        v4->sin_family = AF_INET;
        v4->sin_port = htons(endpoint->port);
        memcpy(&v4->sin_addr, endpoint->octets, 4);
        return sizeof *v4;
    }
    if (endpoint->length == 16) {
        struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)address;
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(endpoint->port);
        memcpy(&v6->sin6_addr, endpoint->octets, 16);
        return sizeof *v6;
    }
    errno = EINVAL;
    return 0;
}

static void from_address(const struct sockaddr_storage *address, struct clinux_endpoint *endpoint)
{
    memset(endpoint, 0, sizeof *endpoint);
    if (address->ss_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;
        memcpy(endpoint->octets, &v4->sin_addr, endpoint->length = 4);
        endpoint->port = ntohs(v4->sin_port);
    } else if (address->ss_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;
        memcpy(endpoint->octets, &v6->sin6_addr, endpoint->length = 16);
        endpoint->port = ntohs(v6->sin6_port);
    }
}

/// Opens a socket of the endpoint's family that may be bound to an address before the host has it.
///
/// A datagram socket on a device shares its port with servers of other devices: dnsmasq binds to the port first and to its
/// device afterwards. Who does not ask to share is still in the way, and so is told.
static int open_bound(const struct clinux_endpoint *local, int type, const char *device)
{
    struct sockaddr_storage address;
    socklen_t size = to_address(local, &address);
    if (size == 0) return -1;
    int fd = socket(address.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;
    if (fd < 0) return -1;
    int is_v6 = address.ss_family == AF_INET6;
    if (setsockopt(fd, is_v6 ? IPPROTO_IPV6 : IPPROTO_IP, is_v6 ? IPV6_FREEBIND : IP_FREEBIND, &on, sizeof on) < 0
        || (is_v6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) < 0)
        || ((type == SOCK_STREAM || device) && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0)
        || (device && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, strlen(device)) < 0)
        || bind(fd, (struct sockaddr *)&address, size) < 0)
        return fail(fd);
    if (type == SOCK_DGRAM) widen(fd);
    return fd;
}

int clinux_open_udp(const struct clinux_endpoint *local, const char *device)
{
    return open_bound(local, SOCK_DGRAM, device);
}

int clinux_open_dhcpv6(const char *interface_name)
{
    struct clinux_endpoint local = {.length = 16, .port = 547};
    int fd = clinux_open_udp(&local, interface_name);
    if (fd < 0) return -1;
    unsigned index = if_nametoindex(interface_name);
    // Of clients, and of relay agents.
    struct ipv6_mreq agents = {.ipv6mr_multiaddr.s6_addr = {0xff, 2, [13] = 1, [15] = 2}, .ipv6mr_interface = index};
    struct ipv6_mreq servers = {.ipv6mr_multiaddr.s6_addr = {0xff, 5, [13] = 1, [15] = 3}, .ipv6mr_interface = index};
    if (index == 0 || setsockopt(fd, IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, &agents, sizeof agents) < 0
        || setsockopt(fd, IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, &servers, sizeof servers) < 0)
        return fail(fd);
    return fd;
}

int clinux_open_tcp_listener(const struct clinux_endpoint *local, const char *device)
{
    int fd = open_bound(local, SOCK_STREAM, device);
    return fd >= 0 && listen(fd, 128) < 0 ? fail(fd) : fd;
}

int clinux_connect(const struct clinux_endpoint *remote, int is_stream)
{
    struct sockaddr_storage address;
    socklen_t size = to_address(remote, &address);
    if (size == 0) return -1;
    int fd = socket(address.ss_family, (is_stream ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    if (connect(fd, (struct sockaddr *)&address, size) < 0 && errno != EINPROGRESS) return fail(fd);
    return fd;
}

int clinux_accept(int listener, struct clinux_endpoint *remote)
{
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    int fd = accept4(listener, (struct sockaddr *)&address, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) from_address(&address, remote);
    return fd;
}

int clinux_local_endpoint(int socket, struct clinux_endpoint *local)
{
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    if (getsockname(socket, (struct sockaddr *)&address, &size) < 0) return -1;
    from_address(&address, local);
    return 0;
}

ssize_t clinux_receive_from(int socket, void *data, size_t count, struct clinux_endpoint *remote)
{
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    ssize_t received = recvfrom(socket, data, count, 0, (struct sockaddr *)&address, &size);
    if (received >= 0) from_address(&address, remote);
    return received;
}

ssize_t clinux_send(int socket, const void *data, size_t count) { return send(socket, data, count, MSG_NOSIGNAL); }

ssize_t clinux_send_to(int socket, const void *data, size_t count, const struct clinux_endpoint *remote)
{
    struct sockaddr_storage address;
    socklen_t size = to_address(remote, &address);
    if (size == 0) return -1;
    return sendto(socket, data, count, MSG_NOSIGNAL, (struct sockaddr *)&address, size);
}

enum { batch_size = clinux_batch_limit, datagram_size = 4096 };

struct clinux_batch {
    struct mmsghdr received[batch_size], answers[batch_size];
    struct iovec parts[batch_size], answer_parts[batch_size];
    struct sockaddr_storage senders[batch_size];
    unsigned answer_count;
    uint8_t data[batch_size][datagram_size], answer_data[batch_size][datagram_size];
};

struct clinux_batch *clinux_batch_create(void)
{
    struct clinux_batch *batch = calloc(1, sizeof *batch);
    if (!batch) return NULL;
    for (int index = 0; index < batch_size; index++) {
        batch->parts[index] = (struct iovec){.iov_base = batch->data[index], .iov_len = datagram_size};
        batch->received[index].msg_hdr.msg_iov = &batch->parts[index];
        batch->received[index].msg_hdr.msg_iovlen = 1;
        batch->received[index].msg_hdr.msg_name = &batch->senders[index];
    }
    return batch;
}

int clinux_batch_receive(struct clinux_batch *batch, int socket)
{
    for (int index = 0; index < batch_size; index++)
        batch->received[index].msg_hdr.msg_namelen = sizeof batch->senders[index];
    batch->answer_count = 0;
    return recvmmsg(socket, batch->received, batch_size, MSG_DONTWAIT, NULL);
}

int clinux_queue_fill(int socket)
{
    uint32_t memory[SK_MEMINFO_VARS] = {0};
    socklen_t size = sizeof memory;
    if (getsockopt(socket, SOL_SOCKET, SO_MEMINFO, memory, &size) < 0 || memory[SK_MEMINFO_RCVBUF] == 0) return -1;
    return (int)((uint64_t)memory[SK_MEMINFO_RMEM_ALLOC] * 100 / memory[SK_MEMINFO_RCVBUF]);
}

const uint8_t *clinux_batch_message(const struct clinux_batch *batch, int index, size_t *count)
{
    *count = batch->received[index].msg_len;
    return batch->data[index];
}

void clinux_batch_sender(const struct clinux_batch *batch, int index, struct clinux_endpoint *remote)
{
    from_address(&batch->senders[index], remote);
}

void clinux_batch_answer(struct clinux_batch *batch, int index, const void *data, size_t count)
{
    if (count > datagram_size || batch->answer_count == batch_size) return;
    unsigned slot = batch->answer_count++;
    memcpy(batch->answer_data[slot], data, count);
    batch->answer_parts[slot] = (struct iovec){.iov_base = batch->answer_data[slot], .iov_len = count};
    batch->answers[slot].msg_hdr = (struct msghdr){
        .msg_name = &batch->senders[index],
        .msg_namelen = batch->received[index].msg_hdr.msg_namelen,
        .msg_iov = &batch->answer_parts[slot],
        .msg_iovlen = 1,
    };
}

void clinux_batch_send(struct clinux_batch *batch, int socket)
{
    for (unsigned sent = 0; sent < batch->answer_count;) {
        int count = sendmmsg(socket, batch->answers + sent, batch->answer_count - sent, MSG_NOSIGNAL);
        if (count < 0 && errno == EINTR) continue;
        // One that cannot be sent, such as to a guest that has just gone, must not keep the others.
        sent += count > 0 ? (unsigned)count : 1;
    }
    batch->answer_count = 0;
}

ssize_t clinux_send_to_all_nodes(int router_socket, int interface_index, const void *data, size_t count)
{
    struct sockaddr_in6 address = {
        .sin6_family = AF_INET6,
        .sin6_addr.s6_addr = {0xff, 2, [15] = 1},
        .sin6_scope_id = (unsigned)interface_index,
    };
    return sendto(router_socket, data, count, 0, (struct sockaddr *)&address, sizeof address);
}

int clinux_open_root(const char *path)
{
    enum { whole_tree = 0x8000 /* AT_RECURSIVE */ };
    int tree = (int)syscall(SYS_open_tree, AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | whole_tree);
    if (tree < 0 && (errno == EPERM || errno == ENOSYS)) return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (tree < 0) return -1;
    struct mount_attr attributes = {
        .attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NOSYMFOLLOW};
    if (syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH | whole_tree, &attributes, sizeof attributes) < 0
        && errno != ENOSYS && errno != EINVAL)
        return fail(tree);
    struct stat status;
    if (fstat(tree, &status) < 0) return fail(tree);
    if (!S_ISDIR(status.st_mode)) return errno = ENOTDIR, fail(tree);
    return tree;
}

int clinux_open_file_beneath(int root, const char *path, uint64_t *size, int64_t *changed)
{
    struct open_how how = {
        .flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
    };
    int fd = (int)syscall(SYS_openat2, root, path, &how, sizeof how);
    if (fd < 0) return -1;
    struct stat status;
    if (fstat(fd, &status) < 0) return fail(fd);
    if (!S_ISREG(status.st_mode)) return errno = EACCES, fail(fd);
    *size = (uint64_t)status.st_size;
    *changed = status.st_mtim.tv_sec;
    return fd;
}

ssize_t clinux_send_file(int socket, int file, uint64_t offset, size_t count)
{
    off_t start = (off_t)offset;
    return sendfile(socket, file, &start, count);
}
