/* Opening and closing a client. */
#include <ctype.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#include "asid/base/arena.h"
#include "asid/base/hash.h"
#include "http_int.h"

static const struct http_options DEFAULTS = {
    .timeout = 300,
    .connect_timeout = 10,
    .pause = 0.5,
    .max_wait = 1200,
    .tries = HTTP_TRIES,
    .in_flight = 8,
};

/* --- the key --------------------------------------------------------------- */

/* A key is what fits into a header line; anything else could end it and start
 * another one. */
static enum asid_rc check_key(const char *key, struct asid_err *err)
{
    size_t n = strlen(key);

    if (n > HTTP_MAX_KEY)
        return USAGE(err, "the API key has more than %d bytes", HTTP_MAX_KEY);
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)key[i] <= ' ' || (unsigned char)key[i] >= 0x7f)
            return USAGE(err,
                         "the API key has a character that no key can "
                         "have, at byte %zu of %zu (a line end?)",
                         i + 1, n);
    return ASID_OK;
}

static void forget(char *secret)
{
    if (!secret)
        return;
    explicit_bzero(secret, strlen(secret));
    free(secret);
}

static char *copy_text(const char *before, const char *text)
{
    size_t n = strlen(before) + strlen(text) + 1;
    char *copy = mem_alloc(n);

    snprintf(copy, n, "%s%s", before, text);
    return copy;
}

void key_scrub(const struct http *h, char *p, size_t n)
{
    size_t k = h->key ? strlen(h->key) : 0;
    char *end = p + n;

    while (k && (size_t)(end - p) >= k) {
        p = memmem(p, (size_t)(end - p), h->key, k);
        if (!p)
            return;
        memset(p, '*', k);
        p += k;
    }
}

void http_scrub(const struct http *h, char *p, size_t n)
{
    if (h->key && strlen(h->key) >= HTTP_SECRET)
        key_scrub(h, p, n);
}

/* --- the address ----------------------------------------------------------- */

/* A part of the address; NULL when it has none. Freed with curl.free. */
static char *part_of(const struct http *h, CURLU *u, CURLUPart part)
{
    char *text = NULL;

    if (h->curl.url_get(u, part, &text, 0) != CURLUE_OK)
        return NULL;
    return text;
}

static bool has_part(const struct http *h, CURLU *u, CURLUPart part)
{
    char *text = part_of(h, u, part);
    bool has = text != NULL;

    h->curl.free(text);
    return has;
}

static bool is_local(const char *host)
{
    size_t n = strlen(host);

    return strcasecmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 ||
           strcmp(host, "::1") == 0 ||
           (n > 10 && strcasecmp(host + n - 10, ".localhost") == 0) ||
           (strncmp(host, "127.", 4) == 0 && strspn(host, "0123456789.") == n);
}

static enum asid_rc check_parts(struct http *h, CURLU *u, struct asid_err *err)
{
    char *scheme = part_of(h, u, CURLUPART_SCHEME);
    char *host = part_of(h, u, CURLUPART_HOST);
    bool known =
        scheme && (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0);

    h->local = host && is_local(host);
    h->curl.free(scheme);
    h->curl.free(host);
    /* The address may hold what it must not; it is not repeated here. */
    if (has_part(h, u, CURLUPART_USER) || has_part(h, u, CURLUPART_PASSWORD))
        return USAGE(err, "the endpoint's address holds a name or a password; "
                          "a key comes from the environment only");
    if (has_part(h, u, CURLUPART_QUERY) || has_part(h, u, CURLUPART_FRAGMENT))
        return USAGE(err, "the endpoint's address has a part behind ? or #; "
                          "it is the address that /chat/completions is "
                          "appended to");
    if (!known)
        return USAGE(err, "endpoint %s: only http and https are spoken",
                     h->url);
    return ASID_OK;
}

static enum asid_rc check_url(struct http *h, struct asid_err *err)
{
    CURLU *u = h->curl.url();
    size_t n = strlen(h->url);
    enum asid_rc rc = ASID_OK;

    if (!u)
        return FAIL(err, "no memory for an address");
    while (n && h->url[n - 1] == '/')
        h->url[--n] = '\0';
    if (!strstr(h->url, "://"))
        rc = USAGE(err,
                   "endpoint %s: not an address like "
                   "http://localhost:8000/v1",
                   strchr(h->url, '@') ? "..." : h->url);
    else if (h->curl.url_set(u, CURLUPART_URL, h->url,
                             CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK)
        rc = USAGE(err, "the endpoint's address is malformed; one looks like "
                        "http://localhost:8000/v1");
    else
        rc = check_parts(h, u, err);
    h->curl.url_cleanup(u);
    return rc;
}

/* --- life ------------------------------------------------------------------ */

static void fill_options(struct http *h, const struct http_options *given)
{
    struct http_options *o = &h->options;

    *o = *given;
    o->url = o->key = NULL; /* the copies count */
    if (!(o->timeout > 0))
        o->timeout = DEFAULTS.timeout;
    if (!(o->connect_timeout > 0))
        o->connect_timeout = DEFAULTS.connect_timeout;
    if (!(o->pause > 0))
        o->pause = DEFAULTS.pause;
    if (!(o->max_wait > 0))
        o->max_wait = DEFAULTS.max_wait;
    if (!o->tries)
        o->tries = DEFAULTS.tries;
    if (!o->in_flight)
        o->in_flight = DEFAULTS.in_flight;
    /* What libcurl counts in milliseconds fits its long. */
    if (o->timeout > 86400)
        o->timeout = 86400;
    if (o->connect_timeout > o->timeout)
        o->connect_timeout = o->timeout;
}

static void init_lock(struct http *h)
{
    pthread_condattr_t attr;

    pthread_mutex_init(&h->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&h->freed, &attr);
    pthread_condattr_destroy(&attr);
}

enum asid_rc http_open(const struct http_options *options, struct http **out,
                       struct asid_err *err)
{
    enum asid_rc rc = ASID_OK;
    struct http *h = mem_alloc(sizeof *h);

    memset(h, 0, sizeof *h);
    init_lock(h);
    fill_options(h, options);
    h->url = copy_text("", options->url);
    if (options->key && *options->key) {
        h->key = copy_text("", options->key);
        h->authorization = copy_text("Authorization: Bearer ", options->key);
        rc = check_key(h->key, err);
    }
    if (rc == ASID_OK)
        rc = curl_load(&h->curl, err);
    if (rc == ASID_OK)
        rc = check_url(h, err);
    if (rc == ASID_OK)
        *out = h;
    else
        http_close(h);
    return rc;
}

void http_close(struct http *h)
{
    if (!h)
        return;
    while (h->lanes) {
        struct lane *lane = h->lanes;

        h->lanes = lane->next;
        h->curl.multi_cleanup(lane->multi);
        free(lane);
    }
    if (h->curl.library)
        dlclose(h->curl.library);
    forget(h->key);
    forget(h->authorization);
    free(h->url);
    pthread_cond_destroy(&h->freed);
    pthread_mutex_destroy(&h->lock);
    free(h);
}

const char *http_url(const struct http *h)
{
    return h->url;
}

bool http_is_exposed(const struct http *h)
{
    return h->key && !h->local && strncasecmp(h->url, "https:", 6) != 0;
}

/* --- forms ----------------------------------------------------------------- */

/* Names come from this program; what would end a header line is left out. */
static void add_quoted(struct buf *out, const char *text)
{
    buf_char(out, '"');
    for (; *text; text++)
        if ((unsigned char)*text >= ' ' && *text != '"')
            buf_char(out, *text);
    buf_char(out, '"');
}

void http_form(struct buf *out, const struct http_part *parts, size_t n,
               char type[HTTP_FORM_TYPE])
{
    char boundary[HASH_HEX];
    struct hash hash;

    /* A text that holds the hash of itself is nothing to wait for. */
    hash_init(&hash);
    for (size_t i = 0; i < n; i++) {
        hash_add(&hash, parts[i].name, strlen(parts[i].name) + 1);
        hash_add(&hash, parts[i].body.p, parts[i].body.n);
    }
    hash_hex(&hash, boundary);
    boundary[32] = '\0';
    for (size_t i = 0; i < n; i++) {
        buf_printf(out, "--asid-%s\r\nContent-Disposition: form-data; name=",
                   boundary);
        add_quoted(out, parts[i].name);
        if (parts[i].filename) {
            buf_text(out, "; filename=");
            add_quoted(out, parts[i].filename);
        }
        if (parts[i].type)
            buf_printf(out, "\r\nContent-Type: %s", parts[i].type);
        buf_text(out, "\r\n\r\n");
        buf_str(out, parts[i].body);
        buf_text(out, "\r\n");
    }
    buf_printf(out, "--asid-%s--\r\n", boundary);
    snprintf(type, HTTP_FORM_TYPE, "multipart/form-data; boundary=asid-%s",
             boundary);
}
