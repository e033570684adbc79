/* The helper program: one request, one answer, and the end. */
#include "asid/base/file.h"
#include "asid/media/worker.h"
#include "worker.h"

#include <errno.h>
#include <libswresample/swresample.h>
#include <libswscale/swscale.h>
#include <signal.h>
#include <soxr.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/* --- faults and messages -------------------------------------------------- */

int worker_fault(struct worker *w, enum wire_fault fault, const char *fmt, ...)
{
    va_list ap;

    if (w->faulty)
        return -1;
    w->faulty = true;
    w->fault.fault = (uint32_t)fault;
    va_start(ap, fmt);
    vsnprintf(w->fault.text, sizeof w->fault.text, fmt, ap);
    va_end(ap);
    return -1;
}

int worker_av_fault(struct worker *w, enum wire_fault otherwise, int error,
                    const char *doing)
{
    char text[AV_ERROR_MAX_STRING_SIZE] = "";
    const char *last = worker_log_last();

    if (error == AVERROR(ENOMEM))
        return worker_fault(w, WIRE_LIMIT, "%s takes more than %llu MiB", doing,
                            (unsigned long long)(w->request.memory >> 20));
    av_strerror(error, text, sizeof text);
    return worker_fault(w, otherwise, "%s: %s%s%s%s", doing, text,
                        *last ? " (" : "", last, *last ? ")" : "");
}

int worker_send(struct worker *w, uint32_t kind, const void *head,
                size_t head_size, const void *body, size_t body_size)
{
    if (!w->deaf &&
        !w->port.send(w->port.user, kind, head, head_size, body, body_size))
        w->deaf = true;
    return w->deaf ? -1 : 0;
}

/* --- the socket ----------------------------------------------------------- */

static bool write_all(int fd, const void *p, size_t n)
{
    const char *at = p;

    while (n > 0) {
        ssize_t put = send(fd, at, n, MSG_NOSIGNAL);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return false;
        at += put;
        n -= (size_t)put;
    }
    return true;
}

static bool send_to_socket(void *user, uint32_t kind, const void *head,
                           size_t head_size, const void *body, size_t body_size)
{
    int fd = *(const int *)user;
    struct wire_head h = {WIRE_MAGIC, kind, head_size + body_size};

    return write_all(fd, &h, sizeof h) &&
           (head_size == 0 || write_all(fd, head, head_size)) &&
           (body_size == 0 || write_all(fd, body, body_size));
}

/* --- answering ------------------------------------------------------------ */

static int send_versions(struct worker *w)
{
    char text[256];
    unsigned f = avformat_version(), c = avcodec_version(),
             s = swscale_version(), r = swresample_version();
    int n =
        snprintf(text, sizeof text,
                 "libavformat %u.%u.%u, libavcodec %u.%u.%u, "
                 "libswscale %u.%u.%u, libswresample %u.%u.%u, %s",
                 AV_VERSION_MAJOR(f), AV_VERSION_MINOR(f), AV_VERSION_MICRO(f),
                 AV_VERSION_MAJOR(c), AV_VERSION_MINOR(c), AV_VERSION_MICRO(c),
                 AV_VERSION_MAJOR(s), AV_VERSION_MINOR(s), AV_VERSION_MICRO(s),
                 AV_VERSION_MAJOR(r), AV_VERSION_MINOR(r), AV_VERSION_MICRO(r),
                 soxr_version());

    return worker_send(w, WIRE_TEXT, text, (size_t)n, NULL, 0);
}

static int answer_about_file(struct worker *w)
{
    if (worker_open(w) < 0)
        return -1;
    switch ((enum wire_op)w->request.op) {
    case WIRE_OP_PROBE:
    case WIRE_OP_CHECK:
    case WIRE_OP_CUTS:
        return worker_probe(w, (enum wire_op)w->request.op);
    case WIRE_OP_FRAMES:
    case WIRE_OP_JPEGS:
        return worker_frames(w);
    case WIRE_OP_SOUND:
        return worker_sound(w);
    case WIRE_OP_IMAGE:
        return worker_image(w);
    case WIRE_OP_FRAMES_AT:
    case WIRE_OP_JPEGS_AT:
        return worker_frames_at(w);
    case WIRE_OP_VERSIONS:
        break;
    }
    return worker_fault(w, WIRE_UNREADABLE, "unknown request %u",
                        (unsigned)w->request.op);
}

void worker_answer(struct worker *w)
{
    worker_log_start();
    if (w->request.op == WIRE_OP_VERSIONS) {
        send_versions(w);
        return;
    }
    if (answer_about_file(w) < 0 && w->faulty)
        worker_send(w, WIRE_ERROR, &w->fault, sizeof w->fault, NULL, 0);
    worker_close(w);
}

static bool is_ours(const struct wire_request *r)
{
    return r->magic == WIRE_MAGIC && r->version == WIRE_VERSION &&
           r->n_index <= WIRE_MAX_INDEX;
}

int media_worker_main(void)
{
    static const int socket = WIRE_SOCKET;
    struct worker w = {.file = WIRE_FILE};
    uint64_t *index = NULL;

    /* No helper outlives its caller; should the caller have died before this
     * line, the comparison with getppid below notices. */
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (!file_read_all(socket, &w.request, sizeof w.request) ||
        !is_ours(&w.request) || w.request.parent != (int32_t)getppid())
        return WIRE_EXIT_REFUSED;
    worker_guard(&w.request);
    if (w.request.n_index > 0) {
        index = calloc((size_t)w.request.n_index, sizeof *index);
        if (!index ||
            !file_read_all(socket, index,
                           (size_t)w.request.n_index * sizeof *index)) {
            free(index);
            return WIRE_EXIT_REFUSED;
        }
    }
    w.index = index;
    w.port = (struct worker_port){send_to_socket, (void *)(uintptr_t)&socket};
    worker_answer(&w);
    free(index);
    return 0;
}
