#pragma once
// glibc's own addresses first: the kernel's headers then leave theirs out (linux/libc-compat.h).
#include <net/if.h>
#include <netinet/in.h>
#include <linux/if_addr.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/netconf.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/tc_act/tc_mirred.h>
#include <netlink/attr.h>
#include <netlink/errno.h>
#include <netlink/handlers.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <sys/socket.h>

/// Asks the kernel to explain refusals in words (NETLINK_EXT_ACK, linux/netlink.h).
static inline int cnetlink_enable_explanations(struct nl_sock *socket)
{
    int on = 1;
    return setsockopt(nl_socket_get_fd(socket), 270 /* SOL_NETLINK */, NETLINK_EXT_ACK, &on, sizeof on);
}

/// Makes the kernel heed what a listing is narrowed to, and refuse what it does not know (NETLINK_GET_STRICT_CHK).
///
/// Kernels before 4.20 cannot, and list everything.
static inline int cnetlink_enable_filters(struct nl_sock *socket)
{
    int on = 1;
    return setsockopt(nl_socket_get_fd(socket), 270 /* SOL_NETLINK */, 12 /* NETLINK_GET_STRICT_CHK */, &on, sizeof on);
}

/// The kernel's words on why it refused a request, or NULL where it gave none.
static inline const char *cnetlink_explanation(const struct nlmsgerr *error)
{
    const struct nlmsghdr *header = (const struct nlmsghdr *)((const char *)error - NLMSG_HDRLEN);
    if (!(header->nlmsg_flags & NLM_F_ACK_TLVS)) return 0;
    size_t offset = sizeof *error;
    if (!(header->nlmsg_flags & NLM_F_CAPPED)) offset += error->msg.nlmsg_len - NLMSG_HDRLEN;
    if (header->nlmsg_len < NLMSG_HDRLEN + offset) return 0;
    const struct nlattr *text = nla_find(
        (const struct nlattr *)((const char *)error + offset), (int)(header->nlmsg_len - NLMSG_HDRLEN - offset),
        NLMSGERR_ATTR_MSG);
    return text ? (const char *)nla_data(text) : 0;
}
