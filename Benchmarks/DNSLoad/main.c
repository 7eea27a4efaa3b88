// Asks a name server many questions at a time, so that the client costs little and what is measured is the server; or is a
// server that sends each question back, as cheaply as one can.
//
//   dns-load ask ADDRESS FILE [-w WINDOW | -r RATE] [-l SECONDS]
//   dns-load echo ADDRESS
//
// FILE has a name in each line, and behind a space whatever it likes; their addresses (A) are asked for in turn. WINDOW (64)
// questions are under way at a time, or RATE are sent each second whether or not those before are answered, for SECONDS (3); one
// that has no answer after a second is lost. Prints one line of JSON, times in milliseconds.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 64, QUESTION_SIZE = 300, ANSWER_SIZE = 1500, IDS = 65536, RESPONSE = 0x80 };

struct question {
    uint16_t size;
    uint8_t octets[QUESTION_SIZE];
};

static struct mmsghdr messages[BATCH];
static struct iovec parts[BATCH];
static struct sockaddr_in senders[BATCH];
static uint8_t buffers[BATCH][ANSWER_SIZE];

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

static int fail(const char *what)
{
    perror(what);
    return 1;
}

static int open_socket(const char *text, int is_server)
{
    int on = 1, size = 4 << 20, link = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(53)};
    if (link < 0 || inet_pton(AF_INET, text, &address.sin_addr) != 1) return -1;
    setsockopt(link, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(link, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    int code = is_server ? bind(link, (struct sockaddr *)&address, sizeof address)
                         : connect(link, (struct sockaddr *)&address, sizeof address);
    return code < 0 ? -1 : link;
}

/// Points the messages at their buffers, and at their senders where these are wanted.
static void prepare(int with_senders)
{
    for (int index = 0; index < BATCH; index++) {
        parts[index] = (struct iovec){buffers[index], ANSWER_SIZE};
        messages[index].msg_hdr = (struct msghdr){.msg_iov = &parts[index], .msg_iovlen = 1};
        if (!with_senders) continue;
        messages[index].msg_hdr.msg_name = &senders[index];
        messages[index].msg_hdr.msg_namelen = sizeof senders[index];
    }
}

static _Noreturn void echo(int link)
{
    for (;;) {
        prepare(1);
        int count = recvmmsg(link, messages, BATCH, MSG_WAITFORONE, NULL);
        if (count <= 0) continue;
        for (int index = 0; index < count; index++) {
            buffers[index][2] |= RESPONSE;
            parts[index].iov_len = messages[index].msg_len;
        }
        for (int sent = 0; sent < count;) {
            int step = sendmmsg(link, messages + sent, count - sent, 0);
            sent += step > 0 ? step : 1;
        }
    }
}

/// A header with RD and one question (RFC 1035, section 4.1), and the name's address as what is asked for.
static void write_question(struct question *question, char *name)
{
    uint8_t *at = question->octets + 12;
    question->octets[2] = question->octets[5] = 1;
    for (char *label = strtok(name, "."); label; label = strtok(NULL, ".")) {
        size_t size = strlen(label);
        *at++ = (uint8_t)size;
        memcpy(at, label, size);
        at += size;
    }
    memcpy(at, "\0\0\1\0\1", 5);
    question->size = (uint16_t)(at + 5 - question->octets);
}

static size_t read_questions(const char *path, struct question **questions)
{
    FILE *file = fopen(path, "r");
    char name[256];
    size_t count = 0, room = 0;
    *questions = NULL;
    while (file && fscanf(file, "%255s%*[^\n]", name) == 1) {
        if (count == room) *questions = realloc(*questions, (room = room ? 2 * room : 1024) * sizeof **questions);
        memset(&(*questions)[count], 0, sizeof **questions);
        write_question(&(*questions)[count++], name);
    }
    if (file) fclose(file);
    return count;
}

static int compare(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static int ask(int link, const char *path, int window, double rate, double seconds)
{
    // When the question of an id was sent; 0 for none.
    static double sent_at[IDS];
    enum { TIMES = 1 << 20 };
    static float times[TIMES];
    struct question *questions;
    size_t count = read_questions(path, &questions), next = 0;
    if (count == 0) return fail(path);
    uint16_t id = 0;
    long answered = 0, lost = 0;
    int waiting = 0;
    double begin = now(), scanned = begin;
    for (;;) {
        double time = now();
        int is_over = time - begin > seconds;
        if (is_over && (waiting == 0 || time - begin > seconds + 1)) break;
        int filled = 0, wanted = rate > 0 ? (int)((time - begin) * rate) - (int)next : window - waiting;
        prepare(0);
        for (; !is_over && filled < BATCH && filled < wanted; filled++) {
            while (sent_at[id]) id++;
            struct question *question = &questions[next++ % count];
            memcpy(buffers[filled], question->octets, question->size);
            buffers[filled][0] = (uint8_t)(id >> 8);
            buffers[filled][1] = (uint8_t)id;
            parts[filled].iov_len = question->size;
            sent_at[id++] = time;
        }
        for (int sent = 0; sent < filled;) {
            int step = sendmmsg(link, messages + sent, filled - sent, 0);
            if (step > 0) sent += step;
        }
        waiting += filled;
        struct pollfd ready = {.fd = link, .events = POLLIN};
        // The next question of an open load is due in a fraction of a millisecond.
        poll(&ready, 1, rate > 0 ? 0 : 20);
        prepare(0);
        int received = recvmmsg(link, messages, BATCH, MSG_DONTWAIT, NULL);
        time = now();
        for (int index = 0; index < received; index++) {
            uint16_t answer = (uint16_t)(buffers[index][0] << 8 | buffers[index][1]);
            if (messages[index].msg_len < 12 || !sent_at[answer]) continue;
            times[answered++ % TIMES] = (float)(time - sent_at[answer]);
            sent_at[answer] = 0;
            waiting--;
        }
        if (time - scanned < 0.25) continue;
        scanned = time;
        for (int index = 0; index < IDS; index++) {
            if (!sent_at[index] || time - sent_at[index] < 1) continue;
            sent_at[index] = 0;
            waiting--;
            lost++;
        }
    }
    size_t known = answered < TIMES ? (size_t)answered : TIMES;
    qsort(times, known, sizeof *times, compare);
    printf("{\"answered\": %ld, \"lost\": %ld, \"rate\": %.0f, \"median\": %.3f, \"p99\": %.3f}\n", answered,
           lost + waiting, answered / seconds, known ? times[known / 2] * 1e3 : 0, known ? times[known * 99 / 100] * 1e3 : 0);
    return 0;
}

int main(int count, char **words)
{
    int window = BATCH;
    double seconds = 3, rate = 0;
    if (count < 3) return fprintf(stderr, "usage: dns-load ask ADDRESS FILE [-w WINDOW | -r RATE] [-l SECONDS] | echo ADDRESS\n"), 2;
    int is_server = strcmp(words[1], "echo") == 0;
    int link = open_socket(words[2], is_server);
    if (link < 0) return fail(words[2]);
    if (is_server) echo(link);
    const char *path = count > 3 ? words[3] : "";
    optind = 4;
    for (int option; (option = getopt(count, words, "w:r:l:")) != -1;) {
        if (option == 'w') window = atoi(optarg);
        if (option == 'r') rate = atof(optarg);
        if (option == 'l') seconds = atof(optarg);
    }
    return ask(link, path, window, rate, seconds);
}
