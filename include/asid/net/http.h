/*
 * HTTP requests to one endpoint, by libcurl: bounded, retried, cancellable.
 *
 *     http_open            once; libcurl is loaded here, not before
 *       http_post_all      from any thread, for one or several requests
 *     http_close
 *
 * What a request that does not succeed means:
 *
 *   REJECT model.failed  this request got no usable answer (errors of the
 *                        server, timeouts, broken replies, until the tries are
 *                        used up; or a request that the server refuses). Others
 *                        may well succeed.
 *   FAILED               no request can succeed: nobody listens, the name does
 *                        not resolve, the certificate is wrong, the key is
 *                        refused (401, 403), there is no credit (402), model or
 *                        address is unknown (404), a redirect.
 *   STOPPED              the caller's `stopping` said so; looked at ten times a
 *                        second, also while waiting.
 *
 * A server that fails is asked again after 0.5, 1, 2, ... seconds (each
 * shortened by up to a half, by a hash of the request: many clients do not come
 * back at once, the same run waits the same). Retry-After is honoured up to
 * HTTP_LONGEST_PAUSE, and holds back every request of this client. Redirects
 * are not followed, certificates are always verified, compression is not
 * offered, no signal is used. Proxies come from the usual environment variables
 * (by libcurl), but never for an endpoint on this machine.
 *
 * The key is sent in the Authorization header and appears nowhere else: where a
 * server repeats it, in a reply or an error, it is overwritten with asterisks.
 */
#ifndef ASID_NET_HTTP_H
#define ASID_NET_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "asid/base/err.h"
#include "asid/base/str.h"

enum {
    HTTP_MAX_REPLY = 64 << 20, /* bytes */
    HTTP_LONGEST_PAUSE = 600,  /* seconds; of one Retry-After */
    HTTP_TRIES = 4,            /* of a request that fails */
    HTTP_TRIES_LIMITED = 10,   /* of a request that is told to come later */
    HTTP_TRIES_DEAD = 2,       /* of an endpoint that never answered */
    HTTP_MAX_KEY = 4096,       /* bytes */
    HTTP_SECRET = 6,           /* keys shorter than this ("EMPTY") are no
                                   secret and stay in replies */
};

struct http;

/* 0 stands for the value in parentheses. */
struct http_options {
    const char *url; /* "https://host/v1"; paths of requests are appended */
    const char *key; /* or NULL: no Authorization header; copied */
    double timeout;  /* seconds a try may take, all in all (300) */
    double connect_timeout; /* seconds to get a connection (10) */
    double pause;           /* seconds before the second try (0.5) */
    double max_wait;        /* seconds a request waits between its tries, in
                               sum (1200) */
    unsigned tries;         /* (HTTP_TRIES) */
    unsigned in_flight;     /* requests at once, of all threads together (8) */
    /* Asked often, from the thread that posts; NULL: never. */
    bool (*stopping)(void *user);
    void *user;
};

struct http_request {
    const char *path; /* "/chat/completions" */
    const char *type; /* NULL: application/json */
    struct str body;  /* kept by the caller until the call returns */
    /* Or NULL; else it makes the body, each time one is sent, and body is not
     * looked at: so that only those in flight take memory. */
    void (*write)(void *user, struct buf *body);
    size_t max_reply; /* bytes; 0: HTTP_MAX_REPLY. A longer one is a REJECT */

    /* Look at the body of a reply with status 2xx; called on the thread that
     * posts, as soon as it is there. ASID_OK: it is what was asked for. REJECT:
     * it is not, and the request is sent again as long as there are tries, or
     * not at all if the callback sets `settled`. FAILED and STOPPED end the
     * whole call. */
    enum asid_rc (*take)(void *user, struct http_request *r, struct str reply,
                         struct asid_err *err);
    /* Or NULL. The server refused this request (400, 413, 422, ...): true when
     * the next body will be another one that it may take. Believed a few times
     * per request. */
    bool (*refused)(void *user, struct str reply);
    void *user;
    bool settled;

    /* Out, when the call returns OK: the outcome, OK or REJECT, with its
     * message; and how often it was sent. */
    enum asid_rc rc;
    struct asid_err err;
    unsigned tries;
};

/* USAGE for an address that is no http or https URL, holds a name and password,
 * a query or a fragment, and for a key with characters that no header can hold.
 * FAILED when libcurl cannot be loaded. Nothing is sent. */
enum asid_rc http_open(const struct http_options *options, struct http **out,
                       struct asid_err *err) ASID_WARN_UNUSED;
void http_close(struct http *h);
/* The address without a slash at its end. */
const char *http_url(const struct http *h);

/* Whether the key goes unencrypted to another machine. */
bool http_is_exposed(const struct http *h);

/* Send n requests, several at once, and wait for all of them. OK when each has
 * an outcome; FAILED or STOPPED as above, requests in flight are then given up.
 * threads: safe. */
enum asid_rc http_post_all(struct http *h, struct http_request *r, size_t n,
                           struct asid_err *err) ASID_WARN_UNUSED;
/* One request; its outcome is what is returned. */
enum asid_rc http_post(struct http *h, struct http_request *r,
                       struct asid_err *err) ASID_WARN_UNUSED;

/* Overwrite the key with asterisks wherever it stands in p[0 .. n-1], if it is
 * long enough to be a secret. Replies have been through this; text that was
 * decoded from one (escapes) has not. */
void http_scrub(const struct http *h, char *p, size_t n);

/* One field of a form. */
struct http_part {
    const char *name;
    const char *filename; /* or NULL: a plain value */
    const char *type;     /* "audio/wav"; NULL with filename NULL */
    struct str body;
};
enum { HTTP_FORM_TYPE = 128 };
/* Append the parts as multipart/form-data; type gets what http_request.type
 * must say. The same parts give the same bytes. */
void http_form(struct buf *out, const struct http_part *parts, size_t n,
               char type[HTTP_FORM_TYPE]);

#endif
