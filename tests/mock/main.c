/* The mock endpoint's sockets: one thread a connection. See mock.h. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "asid/base/clock.h"
#include "asid/base/file.h"
#include "asid/base/num.h"
#include "mock.h"

enum {
    MAX_HEAD = 64 << 10,
    MAX_BODY = 512 << 20,
    MAX_CONNECTIONS = 128,
    HUGE_BODY = 200 << 20,
    HUGE_HEADERS = 4 << 20,
};

struct server {
    struct scenario *scenario;
    int log;
    double until;
    pthread_mutex_t lock;
    uint64_t requests;
    _Atomic int flying, connections;
    _Atomic uint64_t accepted;
};

struct connection {
    struct server *server;
    int fd;
    uint64_t number;
    struct buf in; /* what was read and not yet used */
};

/* --- bytes ----------------------------------------------------------------- */

static bool send_all(int fd, const void *p, size_t n)
{
    while (n) {
        ssize_t got = send(fd, p, n, MSG_NOSIGNAL);

        if (got <= 0)
            return false;
        p = (const char *)p + got;
        n -= (size_t)got;
    }
    return true;
}

static bool read_more(struct connection *c, size_t at_most)
{
    char *room = buf_room(&c->in, at_most);
    ssize_t got;

    if (!room)
        return false;
    got = recv(c->fd, room, at_most, 0);
    if (got <= 0)
        return false;
    c->in.n += (size_t)got;
    return true;
}

/* True when the client has left. */
static bool wait_or_gone(struct connection *c, double seconds)
{
    double end = clock_monotonic() + seconds;
    char byte;

    while (clock_monotonic() < end && clock_monotonic() < c->server->until) {
        struct pollfd p = {c->fd, POLLIN, 0};
        double left = end - clock_monotonic();

        if (poll(&p, 1, left < 0.05 ? (int)(left * 1000) + 1 : 50) > 0 &&
            recv(c->fd, &byte, 1, MSG_PEEK) <= 0)
            return true;
        if (p.revents) /* the next request, already: no reason to spin */
            usleep(1000);
    }
    return clock_monotonic() >= c->server->until;
}

/* --- requests -------------------------------------------------------------- */

static struct str header(struct str head, const char *name)
{
    size_t n = strlen(name);

    for (size_t i = 0; i + n < head.n; i++) {
        const char *p = head.p + i;
        const char *end;

        if (i == 0 || p[-1] != '\n' || strncasecmp(p, name, n) != 0 ||
            p[n] != ':')
            continue;
        end = memchr(p, '\r', head.n - i);
        return str_trim((struct str){p + n + 1, (size_t)(end - p) - n - 1});
    }
    return (struct str){"", 0};
}

static bool read_request(struct connection *c, struct mock_request *q)
{
    char *end = NULL;
    struct str head, key, length;
    uint64_t n = 0;
    size_t used;
    const char *space;

    while (!(end = c->in.n ? memmem(c->in.p, c->in.n, "\r\n\r\n", 4) : NULL))
        if (c->in.n > MAX_HEAD || !read_more(c, 4096))
            return false;
    used = (size_t)(end - c->in.p) + 4;
    head = (struct str){arena_strndup(q->arena, c->in.p, used), used};
    length = header(head, "Content-Length");
    if (!str_starts(head, "POST ") || !num_u64(length, &n) || n > MAX_BODY)
        return false;
    while (c->in.n < used + n)
        if (!read_more(c, 1 << 20))
            return false;
    q->body = (struct str){arena_strndup(q->arena, c->in.p + used, n), n};
    c->in.n -= used + n;
    memmove(c->in.p, c->in.p + used + n, c->in.n);
    space = strchr(head.p + 5, ' ');
    q->path = space ? arena_strndup(q->arena, head.p + 5,
                                    (size_t)(space - head.p) - 5)
                    : "";
    key = header(head, "Authorization");
    q->key = str_starts(key, "Bearer ")
                 ? arena_strndup(q->arena, key.p + 7, key.n - 7)
                 : "";
    mock_read(q);
    return true;
}

static void log_request(struct connection *c, const struct mock_request *q,
                        int flying, const char *what)
{
    struct server *s = c->server;
    struct str text = str_trim(q->text);
    char tail[81];
    struct buf line;

    if (text.n > 80) {
        text.p += text.n - 80;
        text.n = 80;
    }
    for (size_t i = 0; i < text.n; i++)
        tail[i] = (unsigned char)text.p[i] < ' ' ? ' ' : text.p[i];
    tail[text.n] = '\0';
    buf_init(&line, 4096);
    pthread_mutex_lock(&s->lock);
    buf_printf(&line, "%llu\t%llu\t%d\t%s\t%s\t%s\n",
               (unsigned long long)++s->requests, (unsigned long long)c->number,
               flying, q->hash, what, tail);
    if (s->log >= 0 && write(s->log, line.p, line.n) != (ssize_t)line.n)
        abort();
    pthread_mutex_unlock(&s->lock);
    buf_release(&line);
}

/* --- replies --------------------------------------------------------------- */

/* length < 0: none is told, the end of the connection is the end. */
static bool send_head(int fd, const struct mock_reply *r, long long length,
                      const char *more)
{
    struct buf head;
    bool sent;

    buf_init(&head, MAX_HEAD);
    buf_printf(&head, "HTTP/1.1 %d Mock\r\nContent-Type: application/json\r\n",
               r->status);
    if (length >= 0)
        buf_printf(&head, "Content-Length: %lld\r\n", length);
    else
        buf_text(&head, "Connection: close\r\n");
    if (*r->retry_after)
        buf_printf(&head, "Retry-After: %s\r\n", r->retry_after);
    buf_printf(&head, "%s\r\n", more);
    sent = send_all(fd, head.p, head.n);
    buf_release(&head);
    return sent;
}

static void send_endless(int fd, const char *line, size_t most)
{
    size_t n = strlen(line);
    struct buf block;

    buf_init(&block, MAX_HEAD);
    while (block.n + n <= MAX_HEAD)
        buf_text(&block, line);
    for (size_t sent = 0; sent < most; sent += block.n)
        if (!send_all(fd, block.p, block.n))
            break;
    buf_release(&block);
}

static void drip(struct connection *c, const struct mock_reply *r)
{
    send_head(c->fd, r, (long long)r->body.n, "");
    for (size_t i = 0; i < r->body.n; i++)
        if (!send_all(c->fd, r->body.p + i, 1) || wait_or_gone(c, 0.05))
            return;
}

/* Misbehave; the connection is closed afterwards. Whole replies say so: a client
 * that asked its next question on it meanwhile would need one try more. */
static void send_fault(struct connection *c, const struct mock_reply *r)
{
    static const char closing[] = "Connection: close\r\n";
    static const char filler[] = "\"filler filler filler filler filler\",";
    static const char broken[] = "{\"choices\":[{\"message\":{\"content\":"
                                 "\"caf\xe9 \xff\xfe\"}}]}";
    static const char page[] = "<!DOCTYPE html><html><body>Welcome</body>";
    const char *f = r->fault;
    long long n = (long long)r->body.n;

    if (strcmp(f, "hang") == 0) {
        wait_or_gone(c, 1e9);
    } else if (strcmp(f, "drip") == 0) {
        drip(c, r);
    } else if (strcmp(f, "cut") == 0) {
        send_head(c->fd, r, n, "");
        send_all(c->fd, r->body.p, r->body.n / 2);
    } else if (strcmp(f, "cut-open") == 0) {
        send_head(c->fd, r, -1, "");
        send_all(c->fd, r->body.p, r->body.n / 2);
    } else if (strcmp(f, "short") == 0) {
        send_head(c->fd, r, n / 2, closing);
        send_all(c->fd, r->body.p, r->body.n);
    } else if (strcmp(f, "garbage") == 0) {
        send_endless(c->fd, "no HTTP at all\r\n", 400);
    } else if (strcmp(f, "utf8") == 0) {
        send_head(c->fd, r, sizeof broken - 1, closing);
        send_all(c->fd, broken, sizeof broken - 1);
    } else if (strcmp(f, "huge") == 0) {
        send_head(c->fd, r, -1, "");
        send_endless(c->fd, filler, HUGE_BODY);
    } else if (strcmp(f, "headers") == 0) {
        send_all(c->fd, "HTTP/1.1 200 Mock\r\n", 19);
        send_endless(c->fd, "X-Filler: filler filler filler\r\n", HUGE_HEADERS);
    } else if (strcmp(f, "redirect") == 0) {
        struct mock_reply moved = *r;

        moved.status = 307;
        send_head(c->fd, &moved, 0,
                  "Location: http://127.0.0.1:9/v1/x\r\n"
                  "Connection: close\r\n");
    } else if (strcmp(f, "html") == 0) {
        send_head(c->fd, r, sizeof page - 1, closing);
        send_all(c->fd, page, sizeof page - 1);
    } /* close: nothing */
}

/* False: the connection is of no more use. */
static bool serve(struct connection *c)
{
    struct arena a = ARENA_INIT;
    struct mock_request q = {.arena = &a};
    struct mock_reply r;
    bool more = false;

    if (read_request(c, &q)) {
        int flying = atomic_fetch_add(&c->server->flying, 1) + 1;
        char what[32];

        scenario_reply(c->server->scenario, &q, &r);
        snprintf(what, sizeof what, "%d", r.status);
        if (r.delay > 0 && wait_or_gone(c, r.delay)) {
            snprintf(what, sizeof what, "gone");
        } else if (*r.fault) {
            send_fault(c, &r);
            snprintf(what, sizeof what, "%s", r.fault);
        } else {
            /* Noted before the last byte leaves: who has read the reply must
             * find it in the log. */
            if (r.status == 200)
                snprintf(what, sizeof what, "answered");
            atomic_fetch_sub(&c->server->flying, 1);
            log_request(c, &q, flying, what);
            more = send_head(c->fd, &r, (long long)r.body.n, "") &&
                   send_all(c->fd, r.body.p, r.body.n);
            arena_release(&a);
            return more;
        }
        atomic_fetch_sub(&c->server->flying, 1);
        log_request(c, &q, flying, what);
    }
    arena_release(&a);
    return more;
}

static void *talk(void *user)
{
    struct connection *c = user;

    buf_init(&c->in, MAX_HEAD + (size_t)MAX_BODY + (2 << 20));
    while (serve(c)) {
    }
    shutdown(c->fd, SHUT_WR);
    close(c->fd);
    buf_release(&c->in);
    atomic_fetch_sub(&c->server->connections, 1);
    free(c);
    return NULL;
}

/* --- the program ----------------------------------------------------------- */

static void die(const char *what)
{
    fprintf(stderr, "asid-mock-endpoint: %s: %s\n", what, strerror(errno));
    exit(2);
}

static void start(struct server *s, int fd)
{
    struct connection *c;
    pthread_attr_t attr;
    pthread_t thread;

    if (atomic_fetch_add(&s->connections, 1) >= MAX_CONNECTIONS) {
        atomic_fetch_sub(&s->connections, 1);
        close(fd);
        return;
    }
    c = mem_alloc(sizeof *c);
    memset(c, 0, sizeof *c);
    c->server = s;
    c->fd = fd;
    c->number = atomic_fetch_add(&s->accepted, 1) + 1;
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    if (pthread_create(&thread, &attr, talk, c) != 0)
        die("thread");
    pthread_attr_destroy(&attr);
}

static int listen_somewhere(const char *port_file)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t size = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct asid_err err;
    char text[16];

    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) < 0 ||
        listen(fd, 128) < 0 ||
        getsockname(fd, (struct sockaddr *)&at, &size) < 0)
        die("socket");
    snprintf(text, sizeof text, "%d\n", ntohs(at.sin_port));
    if (file_replace(port_file, str_of(text), &err) != ASID_OK)
        die(err.text);
    return fd;
}

static void on_term(int number)
{
    (void)number;
    _exit(0);
}

int main(int argc, char **argv)
{
    struct server s = {.log = -1, .lock = PTHREAD_MUTEX_INITIALIZER};
    const char *port_file = NULL, *scenario = NULL, *log = NULL;
    double seconds = 120;
    int fd;

    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--port-file") == 0)
            port_file = argv[i + 1];
        else if (strcmp(argv[i], "--scenario") == 0)
            scenario = argv[i + 1];
        else if (strcmp(argv[i], "--log") == 0)
            log = argv[i + 1];
        else if (strcmp(argv[i], "--seconds") != 0 ||
                 !num_f64(str_of(argv[i + 1]), &seconds))
            port_file = NULL;
    }
    if (!port_file || argc % 2 == 0) {
        fprintf(stderr, "usage: asid-mock-endpoint --port-file FILE "
                        "[--scenario FILE] [--log FILE] [--seconds N]\n");
        return 2;
    }
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    signal(SIGTERM, on_term);
    signal(SIGPIPE, SIG_IGN);
    s.scenario = scenario_load(scenario);
    s.until = clock_monotonic() + seconds;
    s.log =
        log ? open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666) : -1;
    if (log && s.log < 0)
        die(log);
    fd = listen_somewhere(port_file);
    while (clock_monotonic() < s.until) {
        struct pollfd p = {fd, POLLIN, 0};

        if (poll(&p, 1, 200) > 0) {
            int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

            if (client >= 0)
                start(&s, client);
        }
    }
    _exit(0);
}
