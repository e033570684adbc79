/*
 * Inside the client: libcurl's functions, one try of a request, and what came
 * of it.
 */
#ifndef COMMON_NET_HTTP_INT_H
#define COMMON_NET_HTTP_INT_H

#include <pthread.h>
#include <stdatomic.h>

#include <curl/curl.h>

#include "asid/net/http.h"

/* --- curl_load.c ----------------------------------------------------------- */

/* The part of libcurl that is used. It is loaded when the first client opens:
 * libcurl brings thirty libraries and ten milliseconds, and most runs of most
 * programs ask no endpoint. */
struct curl_api {
    void *library;
    CURLcode (*global_init)(long);
    const char *(*easy_strerror)(CURLcode);
    CURL *(*easy_init)(void);
    CURLcode (*easy_setopt)(CURL *, CURLoption, ...);
    CURLcode (*easy_getinfo)(CURL *, CURLINFO, ...);
    void (*easy_cleanup)(CURL *);
    CURLM *(*multi_init)(void);
    CURLMcode (*multi_setopt)(CURLM *, CURLMoption, ...);
    CURLMcode (*multi_add_handle)(CURLM *, CURL *);
    CURLMcode (*multi_remove_handle)(CURLM *, CURL *);
    CURLMcode (*multi_perform)(CURLM *, int *);
    CURLMcode (*multi_poll)(CURLM *, struct curl_waitfd *, unsigned, int,
                            int *);
    CURLMsg *(*multi_info_read)(CURLM *, int *);
    CURLMcode (*multi_cleanup)(CURLM *);
    struct curl_slist *(*slist_append)(struct curl_slist *, const char *);
    void (*slist_free_all)(struct curl_slist *);
    CURLU *(*url)(void);
    void (*url_cleanup)(CURLU *);
    CURLUcode (*url_set)(CURLU *, CURLUPart, const char *, unsigned);
    CURLUcode (*url_get)(CURLU *, CURLUPart, char **, unsigned);
    void (*free)(void *);
};

enum asid_rc curl_load(struct curl_api *c,
                       struct asid_err *err) ASID_WARN_UNUSED;

/* --- the client ------------------------------------------------------------ */

/* A place to send from: one thread at a time, with the connections it kept. */
struct lane {
    CURLM *multi;
    struct lane *next;
};

struct http {
    struct curl_api curl;
    struct http_options options; /* url and key point below */
    char *url;
    char *key; /* NULL without */
    char *authorization;
    bool local; /* an address of this machine: no proxy */
    pthread_mutex_t lock;
    pthread_cond_t freed; /* a place in flight */
    unsigned flying;
    double not_before;     /* clock_monotonic; the server wants to rest */
    struct lane *lanes;    /* not in use, the last used first */
    _Atomic bool answered; /* the endpoint has spoken HTTP */
};

/* Overwrite the key however short it is; for messages. */
void key_scrub(const struct http *h, char *p, size_t n);

/* --- http_try.c: one try --------------------------------------------------- */

enum { TRY_SERVER_TEXT = 240 };

/* What one try came to. */
enum try_end {
    TRY_DONE,    /* a reply with 2xx, to be looked at */
    TRY_AGAIN,   /* may be better next time; for good, this request failed */
    TRY_LATER,   /* the server asks to come later */
    TRY_DEAD,    /* nobody there; for good, nothing can be asked */
    TRY_REFUSED, /* this request will never be answered */
    TRY_FATAL,   /* no request will */
};

struct
try {
    struct http *http;
    const struct http_request *request;
    CURL *easy;
    struct curl_slist *headers;
    char *address;
    struct buf made; /* by request->write */
    struct str body; /* what is sent */
    struct buf reply;
    size_t header_bytes;
    bool too_long; /* the reply, or its headers */
    char detail[CURL_ERROR_SIZE];
    /* When it is over: */
    enum try_end end;
    char said[TRY_SERVER_TEXT * 2 + 200]; /* what happened, for messages */
    double pause;                         /* asked for by the server, or 0 */
};

/* Make the transfer; FAILED when libcurl refuses an option. */
enum asid_rc try_start(struct try *t, struct http *h,
                       const struct http_request *r,
                       struct asid_err *err) ASID_WARN_UNUSED;
/* Work out end, said and pause. */
void try_finish(struct try *t, CURLcode code);
/* Give everything back; also after a failed try_start. */
void try_release(struct try *t);

/* What a status other than 2xx means, given the reply's body. pure. */
enum try_end status_meaning(long status, struct str body);
/* The server's own words in an error's body, at most n - 1 bytes: the message
 * of an OpenAI-like error, or the beginning of the text; "" for none. The key
 * of h (may be NULL) is overwritten. */
void server_words(const struct http *h, struct str body, char *space, size_t n);

#endif
