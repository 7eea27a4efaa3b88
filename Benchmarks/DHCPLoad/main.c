// Many DHCP clients behind one interface: asks for an address for each of a range of Ethernet addresses, and measures.
//
//   dhcp-load INTERFACE [-f FIRST] [-n CLIENTS] [-w WINDOW | -r RATE] [-t TIMEOUT] [-p] [-k] [-N]
//
// The clients FIRST to FIRST + CLIENTS - 1 go through DISCOVER, OFFER, REQUEST and ACK. With -w WINDOW exchanges are under way at
// a time, with -r RATE begin each second whether or not those before have ended. An exchange without its ACK after TIMEOUT seconds
// (1) is lost, unless -p says that the clients are patient and repeat themselves after 4, 8 and 16 seconds, as guests do (RFC 2131,
// section 4.1). -k asks only to keep an address that is known from the client's number (INIT-REBOOT), for a server that gave out
// all from 10.9.0.10 on in this order; with -N each states a host name. Prints one line of JSON: times are milliseconds from DISCOVER to ACK.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { UNASKED, DISCOVERING, REQUESTING, BOUND, LOST };

struct client {
    uint8_t state, tries;
    uint32_t address, server;
    double begin, due, took;
};

// Ethernet, IPv4, UDP, and a BOOTP message with room for the options (RFC 951, section 3; RFC 2131, section 2).
enum { IP = 14, UDP = 34, BOOTP = 42, OPTIONS = BOOTP + 240, FRAME = BOOTP + 300 };

static int link_socket, interface_index, states_name;

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

static void put32(uint8_t *place, uint32_t value)
{
    value = htonl(value);
    memcpy(place, &value, 4);
}

static uint32_t get32(const uint8_t *place)
{
    uint32_t value;
    memcpy(&value, place, 4);
    return ntohl(value);
}

static void checksum(uint8_t *header)
{
    uint32_t sum = 0;
    for (int i = 0; i < 20; i += 2) sum += header[i] << 8 | header[i + 1];
    while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
    header[10] = (uint8_t)(~sum >> 8);
    header[11] = (uint8_t)~sum;
}

static void send_message(uint32_t number, int type, uint32_t address, uint32_t server)
{
    uint8_t frame[FRAME] = {0};
    uint8_t mac[6] = {0x52, 0x54, 0, (uint8_t)(0x60 + (number >> 16)), (uint8_t)(number >> 8), (uint8_t)number};
    memset(frame, 0xff, 6);
    memcpy(frame + 6, mac, 6);
    frame[12] = 0x08;
    uint8_t *ip = frame + IP, *udp = frame + UDP, *bootp = frame + BOOTP, *option = frame + OPTIONS;
    ip[0] = 0x45;
    ip[2] = (FRAME - IP) >> 8;
    ip[3] = (FRAME - IP) & 0xff;
    ip[8] = 64;
    ip[9] = 17;
    memset(ip + 16, 0xff, 4);
    checksum(ip);
    udp[1] = 68;
    udp[3] = 67;
    udp[4] = (FRAME - UDP) >> 8;
    udp[5] = (FRAME - UDP) & 0xff;
    bootp[0] = bootp[1] = 1;
    bootp[2] = 6;
    put32(bootp + 4, number);
    // The broadcast flag: dnsmasq would put each client into the kernel's neighbour table else, which has room for 1,024.
    bootp[10] = 0x80;
    memcpy(bootp + 28, mac, 6);
    put32(bootp + 236, 0x63825363);
    memcpy(option, (uint8_t[]){53, 1, (uint8_t)type, 55, 6, 1, 3, 6, 12, 15, 28}, 11);
    option += 11;
    if (address) {
        option[0] = 50;
        option[1] = 4;
        put32(option + 2, address);
        option += 6;
    }
    if (server) {
        option[0] = 54;
        option[1] = 4;
        put32(option + 2, server);
        option += 6;
    }
    if (states_name) {
        option[0] = 12;
        option[1] = (uint8_t)sprintf((char *)option + 2, "guest%u", number);
        option += 2 + option[1];
    }
    *option = 255;
    struct sockaddr_ll target = {.sll_family = AF_PACKET, .sll_ifindex = interface_index, .sll_halen = 6};
    while (sendto(link_socket, frame, sizeof frame, 0, (struct sockaddr *)&target, sizeof target) < 0) usleep(50);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static int open_link(const char *name)
{
    // UDP to port 68 in IPv4 alone.
    struct sock_filter code[] = {{0x30, 0, 0, 23}, {0x15, 0, 3, 17}, {0x28, 0, 0, 36}, {0x15, 0, 1, 68}, {0x6, 0, 0, 0xffff}, {0x6, 0, 0, 0}};
    struct sock_fprog program = {6, code};
    interface_index = (int)if_nametoindex(name);
    struct sockaddr_ll local = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP), .sll_ifindex = interface_index};
    int fd = socket(AF_PACKET, SOCK_RAW, 0), size = 64 << 20;
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) < 0
        || setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) < 0
        || setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size) < 0
        || bind(fd, (struct sockaddr *)&local, sizeof local) < 0) {
        perror("dhcp-load");
        exit(1);
    }
    return fd;
}

int main(int count, char **words)
{
    uint32_t first = 0, clients = 1000;
    int window = 0, patient = 0, keeps = 0, option;
    double rate = 0, timeout = 1;
    while ((option = getopt(count, words, "f:n:w:r:t:pkN")) > 0) switch (option) {
        case 'f': first = (uint32_t)atoi(optarg); break;
        case 'n': clients = (uint32_t)atoi(optarg); break;
        case 'w': window = atoi(optarg); break;
        case 'r': rate = atof(optarg); break;
        case 't': timeout = atof(optarg); break;
        case 'p': patient = 1; break;
        case 'k': keeps = 1; break;
        case 'N': states_name = 1; break;
        default: return 64;
        }
    if (optind >= count || (!window && rate <= 0)) return 64;
    link_socket = open_link(words[optind]);
    struct client *all = calloc(clients, sizeof *all);
    uint32_t next = 0, oldest = 0, bound = 0, lost = 0, refused = 0;
    double start = now(), scanned = 0;
    while (bound + lost < clients) {
        double time = now();
        for (int burst = 0; next < clients && burst < 32 && (window ? (int)(next - bound - lost) < window : next < (time - start) * rate); burst++) {
            struct client *client = &all[next];
            client->state = keeps ? REQUESTING : DISCOVERING;
            client->begin = now();
            client->due = client->begin + (patient ? 4 : timeout);
            send_message(first + next, keeps ? 3 : 1, keeps ? 0x0a09000a + first + next : 0, 0);
            next++;
        }
        int wait = window || next >= clients ? 10 : 0;
        struct pollfd ready = {link_socket, POLLIN, 0};
        poll(&ready, 1, wait);
        uint8_t frame[2048];
        ssize_t size;
        while ((size = recv(link_socket, frame, sizeof frame, MSG_DONTWAIT)) > 0) {
            if (size < OPTIONS || frame[BOOTP] != 2) continue;
            uint32_t index = get32(frame + BOOTP + 4) - first;
            if (index >= clients) continue;
            struct client *client = &all[index];
            int type = 0;
            uint32_t server = 0;
            for (ssize_t at = OPTIONS; at + 1 < size && frame[at] != 255; at += frame[at] ? 2 + frame[at + 1] : 1) {
                if (frame[at] == 53) type = frame[at + 2];
                if (frame[at] == 54 && at + 6 <= size) server = get32(frame + at + 2);
            }
            if (type == 2 && client->state == DISCOVERING) {
                client->state = REQUESTING;
                client->address = get32(frame + BOOTP + 16);
                client->server = server;
                client->tries = 0;
                client->due = now() + (patient ? 4 : timeout);
                send_message(first + index, 3, client->address, server);
            } else if (type == 5 && client->state == REQUESTING) {
                client->state = BOUND;
                client->took = now() - client->begin;
                bound++;
            } else if (type == 6 && client->state == REQUESTING) {
                client->state = LOST;
                lost++;
                refused++;
            }
            // So that the window, or the rate, is kept.
            if (next < clients) break;
        }
        time = now();
        if (time - scanned < 0.01) continue;
        scanned = time;
        while (oldest < next && all[oldest].state >= BOUND) oldest++;
        for (uint32_t index = oldest; index < next; index++) {
            struct client *client = &all[index];
            if (client->state >= BOUND || time < client->due) continue;
            if (patient && client->tries < 3) {
                client->tries++;
                client->due = time + (4 << client->tries);
                if (client->state == DISCOVERING)
                    send_message(first + index, 1, 0, 0);
                else
                    send_message(first + index, 3, client->address, client->server);
            } else {
                client->state = LOST;
                lost++;
            }
        }
    }
    double seconds = now() - start, *times = calloc(clients + 1, sizeof *times);
    uint32_t measured = 0;
    for (uint32_t index = 0; index < clients; index++)
        if (all[index].state == BOUND) times[measured++] = all[index].took * 1000;
    qsort(times, measured, sizeof *times, compare);
    double last = measured ? times[measured - 1] : 0;
    printf("{\"bound\": %u, \"lost\": %u, \"refused\": %u, \"seconds\": %.4f, \"median\": %.3f, \"p99\": %.3f, \"last\": %.3f}\n", bound, lost,
        refused, seconds, measured ? times[measured / 2] : 0, measured ? times[(uint32_t)(measured * 0.99)] : 0, last);
    return 0;
}
