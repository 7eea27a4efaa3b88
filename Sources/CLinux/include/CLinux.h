#pragma once
/// Linux calls that Swift's Glibc module does not show, because glibc hides them behind _GNU_SOURCE, because they are
/// variadic, or because they are macros. Each returns 0 or a descriptor, or -1 with errno set, unless it says otherwise.

#include <net/if.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/types.h>

/// Moves the calling thread into a new, empty network namespace.
int clinux_unshare_network(void);

/// Makes a persistent tap that `owner`, and `group` unless it is -1, may open; EBUSY where a link has the name.
int clinux_create_tap(const char *name, uid_t owner, gid_t group);

/// The kernel's number of the character device at `path`; -1 where there is none.
int64_t clinux_device_at(const char *path);

/// Makes a node of a character device that only root may open.
int clinux_make_device(const char *path, unsigned major, unsigned minor);

/// The number that `clinux_device_at` would return.
int64_t clinux_device_number(unsigned major, unsigned minor);

/// Opens a packet socket on one interface that delivers only unfragmented IPv4 datagrams to UDP port 67.
///
/// The filter is locked: whoever holds the socket can neither remove nor replace it. Frames sent by this host are not
/// delivered. Non-blocking, closed on exec.
int clinux_open_dhcp_packet_socket(int interface_index);

/// The same for ARP alone.
int clinux_open_arp_packet_socket(int interface_index);

/// The same for IPv6: delivers only datagrams to UDP port 547 that no extension header precedes.
int clinux_open_dhcpv6_packet_socket(int interface_index);

/// The same for neighbour solicitations and advertisements of hop limit 255 that no extension header precedes.
int clinux_open_neighbour_packet_socket(int interface_index);

/// Opens UDP port 547 of IPv6 on one interface, joined to ff02::1:2 and ff05::1:3 (RFC 8415, section 7.1); non-blocking,
/// closed on exec.
int clinux_open_dhcpv6(const char *interface_name);

/// Has a UDP socket that relay agents speak to deliver only what such agents send: DHCPv4 messages with a `giaddr`, or DHCPv6
/// relay messages. Everybody else's come to it too, and have come as frames.
int clinux_deliver_relayed_only(int socket, int is_ipv6);

/// How many frames are received or sent with one system call.
enum { clinux_frame_limit = 64 };

/// Receives up to `clinux_frame_limit` frames, each to a place of its own of `room` octets in `data`, and says how long each
/// is; what is longer is cut. Returns how many, or -1.
int clinux_receive_frames(int packet_socket, uint8_t *data, size_t room, uint32_t *lengths);

/// Sends up to `clinux_frame_limit` Ethernet frames on the interface, one behind the other in `data`; those that the socket has
/// no room for are lost, as any frame may be.
void clinux_send_frames(
    int packet_socket, int interface_index, const uint8_t *data, const uint32_t *lengths, size_t count);

/// Opens a raw ICMPv6 socket bound to one interface that delivers router solicitations only, joined to ff02::2.
///
/// What it sends has hop limit 255, as RFC 4861, section 6.1.2, demands. Non-blocking, closed on exec.
int clinux_open_router_socket(const char *interface_name);

/// Sends `count` octets with up to 64 descriptors; returns the octets sent or -1.
ssize_t clinux_send_with_descriptors(
    int socket, const void *data, size_t count, const int *descriptors, size_t descriptor_count);

/// Receives up to `count` octets and up to 64 descriptors, closed on exec; returns the octets received or -1.
///
/// On return `*descriptor_count` says how many stand in `descriptors`; where some could not be taken, they are all closed
/// and the call fails with EMFILE.
ssize_t clinux_receive_with_descriptors(
    int socket, void *data, size_t count, int descriptors[64], size_t *descriptor_count);

/// Calls this process `name`, at most 15 octets, in process lists.
int clinux_set_name(const char *name);

/// Raises the limit of open descriptors to the most that this process may have, and returns it.
long clinux_raise_descriptor_limit(void);

/// Gives up every group and user identity for `gid` and `uid`, for good.
int clinux_become(uid_t uid, gid_t gid);

/// Starts `path` in a new session, with `descriptors` as its descriptors 3, 4 and so on, at most 8, standard input from
/// /dev/null and standard output and error to `log_descriptor`; returns its process id, or -1 with errno set.
pid_t clinux_spawn(
    const char *path, char *const arguments[], const int *descriptors, size_t descriptor_count, int log_descriptor);

/// An IP address and a port: `length` is 4 or 16, octets in the order they are sent, the port in host byte order.
struct clinux_endpoint {
    uint8_t octets[16];
    uint8_t length;
    uint16_t port;
};

/// Who is at the other end of a local socket: the value of SO_PEERCRED (unix(7)), which is glibc's `struct ucred`.
struct clinux_credentials {
    pid_t pid;
    uid_t uid;
    gid_t gid;
};

/// Whether a process with this user and group, or the user by the machine's files, is in the group called `name`: 1 or 0.
int clinux_is_member(uid_t uid, gid_t gid, const char *name);

/// Opens a UDP socket bound to the endpoint, and to an interface where `device` is not NULL; non-blocking, closed on exec.
///
/// The address need not be there yet. Port 0 lets the kernel choose.
int clinux_open_udp(const struct clinux_endpoint *local, const char *device);

/// Opens a listening TCP socket, otherwise as `clinux_open_udp`.
int clinux_open_tcp_listener(const struct clinux_endpoint *local, const char *device);

/// Opens a socket connected (UDP) or connecting (TCP, `is_stream` not 0) to the endpoint; non-blocking, closed on exec.
int clinux_connect(const struct clinux_endpoint *remote, int is_stream);

/// Accepts a connection, non-blocking and closed on exec, and says who it is.
int clinux_accept(int listener, struct clinux_endpoint *remote);

/// The socket's own endpoint.
int clinux_local_endpoint(int socket, struct clinux_endpoint *local);

/// Receives one datagram and says from whom; returns its octets or -1.
ssize_t clinux_receive_from(int socket, void *data, size_t count, struct clinux_endpoint *remote);

/// Sends on a connected socket, without a signal where the other end is gone; returns the octets sent or -1.
ssize_t clinux_send(int socket, const void *data, size_t count);

/// Sends one datagram; returns its octets or -1.
ssize_t clinux_send_to(int socket, const void *data, size_t count, const struct clinux_endpoint *remote);

/// How many datagrams are received or sent with one system call.
enum { clinux_batch_limit = 64 };

/// Room for up to `clinux_batch_limit` datagrams that are received together, and for their answers.
///
/// A datagram of more than 4,096 octets is cut; an answer has at most 4,096. Answers go to where the datagram came from.
struct clinux_batch;

/// Returns NULL where there is no memory.
struct clinux_batch *clinux_batch_create(void);

/// Receives what has come; returns how many datagrams, or -1.
int clinux_batch_receive(struct clinux_batch *batch, int socket);

/// The octets of one of them, valid until more are received.
const uint8_t *clinux_batch_message(const struct clinux_batch *batch, int index, size_t *count);

/// Who sent it.
void clinux_batch_sender(const struct clinux_batch *batch, int index, struct clinux_endpoint *remote);

/// Puts an answer to it, which is copied, behind those to be sent; each datagram has at most one.
void clinux_batch_answer(struct clinux_batch *batch, int index, const void *data, size_t count);

/// Sends the answers; those that the socket has no room for are lost, as any datagram may be.
void clinux_batch_send(struct clinux_batch *batch, int socket);

/// How much of the room for what a socket has received is taken, in percent; -1 where the kernel does not tell.
int clinux_queue_fill(int socket);

/// Sends one ICMPv6 message to all nodes of the interface (ff02::1).
ssize_t clinux_send_to_all_nodes(int router_socket, int interface_index, const void *data, size_t count);

/// Opens a folder for `clinux_open_file_beneath` alone, closed on exec.
///
/// Where this process may make mounts (CAP_SYS_ADMIN), the descriptor is a mount of its own, read-only, without devices and
/// symbolic links, whose `..` is itself: who holds it can reach nothing above the folder.
int clinux_open_root(const char *path);

/// Opens a regular file below a folder for reading, closed on exec, and says its size in octets, and when it was changed, in
/// seconds since 1970.
///
/// No symbolic link is followed, and no `..` leads out; what is no regular file fails with EACCES, and is not waited for.
int clinux_open_file_beneath(int root, const char *path, uint64_t *size, int64_t *changed);

/// Sends a part of a file by a connection, as much as it takes; returns the octets sent or -1.
ssize_t clinux_send_file(int socket, int file, uint64_t offset, size_t count);
