/*
 * One helper process and the socket to it: the caller's side of wire.h.
 *
 * Calling sequence: link_open, link_next and link_body until the last message,
 * link_close with what came out; link_close always, also after a failed
 * link_open, and it leaves no process behind.
 */
#ifndef COMMON_MEDIA_LINK_H
#define COMMON_MEDIA_LINK_H

#include <stdbool.h>
#include <sys/types.h>

#include "asid/base/err.h"
#include "asid/media/media.h"
#include "wire.h"

struct link {
    const char *path; /* of the media file, for messages */
    int fd;           /* socket; -1 when there is none */
    pid_t pid;        /* helper; 0 when there is none */
    double allowed;   /* seconds that may be spent waiting for the helper */
    double left;
    bool late;   /* the time is used up */
    bool cut;    /* the helper closed the socket too early */
    bool spoken; /* it sent at least one byte */
};

/* A link over a socket that somebody else made; for tests. */
void link_adopt(struct link *l, int fd, const char *path, double seconds);
/* Open the file (path NULL: none), start the helper and send the request. */
enum asid_rc link_open(struct link *l, const char *path,
                       const struct media_limits *limits,
                       struct wire_request *request, const uint64_t *index,
                       struct asid_err *err) ASID_WARN_UNUSED;
/* The next message's head. A WIRE_ERROR is turned into a REJECT here. */
enum asid_rc link_next(struct link *l, struct wire_head *head,
                       struct asid_err *err) ASID_WARN_UNUSED;
/* n bytes of the body. */
enum asid_rc link_body(struct link *l, void *p, size_t n,
                       struct asid_err *err) ASID_WARN_UNUSED;
/* REJECT for an answer that makes no sense. */
enum asid_rc link_garbled(const char *what, struct asid_err *err);
/* End the helper and reap it. Returns rc, with the message made clearer by how
 * the helper ended. */
enum asid_rc link_close(struct link *l, enum asid_rc rc, struct asid_err *err);

#endif
