/* One try of a request: the transfer, and what its end means. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "asid/base/arena.h"
#include "asid/data/json.h"
#include "http_int.h"

enum {
    MAX_HEADERS = 256 << 10,    /* bytes of reply headers */
    MAX_ERROR_BODY = 256 << 10, /* of the body of an error that are read */
};

/* --- what the server says -------------------------------------------------- */

static const struct json *error_object(const struct json *body)
{
    const struct json *e = json_get(body, "error");

    if (json_type(body) == JSON_ARRAY) /* [{"error": ...}] is seen, too */
        e = json_get(json_at(body, 0), "error");
    return e && json_type(e) == JSON_OBJECT ? e : body;
}

/* {"error":{"message"}}, {"error":""}, {"message"}, {"detail"} */
static const struct json *error_message(const struct json *body)
{
    const struct json *e = error_object(body);
    static const char *const keys[] = {"message", "error", "detail"};

    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const struct json *m = json_get(e, keys[i]);

        if (m && json_type(m) == JSON_STRING)
            return m;
    }
    return NULL;
}

static const struct json *parse_error(struct arena *a, struct str body)
{
    struct json *v;
    struct asid_err ignored;

    if (body.n > MAX_ERROR_BODY)
        return NULL;
    if (json_parse(a, body, 16, &v, &ignored) != ASID_OK)
        return NULL;
    return v;
}

/* Blanks and line ends become single blanks. */
static void squeeze(struct str in, char *out, size_t n)
{
    bool blank = true;
    size_t at = 0;

    for (size_t i = 0; i < in.n && at + 1 < n; i++) {
        bool space = (unsigned char)in.p[i] <= ' ';

        if (!space)
            out[at++] = in.p[i];
        else if (!blank)
            out[at++] = ' ';
        blank = space;
    }
    while (at && (out[at - 1] == ' ' || at + 1 == n))
        at--; /* a cut character, too */
    out[at] = '\0';
}

void server_words(const struct http *h, struct str body, char *space, size_t n)
{
    struct arena a = ARENA_INIT;
    const struct json *v = parse_error(&a, body);
    const struct json *message = v ? error_message(v) : NULL;
    struct str text = message ? json_str(message) : str_trim(body);
    char *copy;

    space[0] = '\0';
    if (text.n > MAX_ERROR_BODY)
        text.n = MAX_ERROR_BODY;
    /* A page for people says nothing in its first lines. */
    if (!message && str_starts(text, "<"))
        text.n = 0;
    /* First the key, then the cut: half a key is a key half known. */
    copy = arena_strndup(&a, text.p, text.n);
    if (h)
        key_scrub(h, copy, text.n);
    squeeze((struct str){copy, text.n}, space, n);
    arena_release(&a);
}

/* Errors that are about the endpoint, whatever their status: vendors say
 * "no such model" with 400 and "no credit" with 429. */
static bool is_about_endpoint(struct str body)
{
    static const char *const codes[] = {
        "model_not_found",    "invalid_api_key",      "insufficient_quota",
        "invalid_model",      "authentication_error", "API_KEY_INVALID",
        "account_deactivated"};
    struct arena a = ARENA_INIT;
    const struct json *v = parse_error(&a, body);
    const struct json *e = v ? error_object(v) : NULL;
    const char *said[] = {json_text(json_get(e, "code")),
                          json_text(json_get(e, "type"))};
    bool found = false;

    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        for (size_t k = 0; k < 2; k++)
            found |= said[k] && strcmp(said[k], codes[i]) == 0;
    arena_release(&a);
    return found;
}

enum try_end status_meaning(long status, struct str body)
{
    if (status >= 200 && status < 300)
        return TRY_DONE;
    if (status >= 300 && status < 400)
        return TRY_FATAL;
    if (is_about_endpoint(body))
        return TRY_FATAL;
    switch (status) {
    case 401:
    case 402:
    case 403:
    case 404:
    case 405:
    case 407:
        return TRY_FATAL;
    case 429:
        return TRY_LATER;
    case 408:
    case 409:
    case 425:
        return TRY_AGAIN;
    default:
        return status >= 400 && status < 500 ? TRY_REFUSED : TRY_AGAIN;
    }
}

/* --- the transfer ---------------------------------------------------------- */

static long status_of(const struct try *t)
{
    long status = 0;

    t->http->curl.easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

static size_t on_body(char *p, size_t size, size_t n, void *user)
{
    struct try *t = user;
    long status = status_of(t);

    (void)size; /* always 1 */
    if ((status < 200 || status >= 300) && t->reply.n + n > MAX_ERROR_BODY) {
        t->too_long = true;
        return 0;
    }
    buf_add(&t->reply, p, n);
    t->too_long = buf_failed(&t->reply);
    return t->too_long ? 0 : n;
}

static size_t on_header(char *p, size_t size, size_t n, void *user)
{
    struct try *t = user;

    (void)p;
    (void)size;
    t->header_bytes += n;
    t->too_long = t->header_bytes > MAX_HEADERS;
    return t->too_long ? 0 : n;
}

static bool add_header(struct try *t, const char *line)
{
    struct curl_slist *longer = t->http->curl.slist_append(t->headers, line);

    if (longer)
        t->headers = longer;
    return longer != NULL;
}

static bool add_headers(struct try *t)
{
    const struct http_request *r = t->request;
    char type[HTTP_FORM_TYPE + 20];

    snprintf(type, sizeof type, "Content-Type: %s",
             r->type ? r->type : "application/json");
    /* Without "Expect: 100-continue", which costs a second at servers that do
     * not know it. */
    return add_header(t, type) && add_header(t, "Accept: application/json") &&
           add_header(t, "Expect:") &&
           (!t->http->authorization || add_header(t, t->http->authorization));
}

/* The bits of all failures; 0 when every option was taken. */
static int set_numbers(struct try *t)
{
    const struct http_options *o = &t->http->options;
    const struct {
        CURLoption option;
        long value;
    } numbers[] = {
        {CURLOPT_NOSIGNAL, 1},
        {CURLOPT_FOLLOWLOCATION, 0},
        {CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1},
        {CURLOPT_SSL_VERIFYPEER, 1},
        {CURLOPT_SSL_VERIFYHOST, 2},
        {CURLOPT_TIMEOUT_MS, (long)(o->timeout * 1000)},
        {CURLOPT_CONNECTTIMEOUT_MS, (long)(o->connect_timeout * 1000)},
        {CURLOPT_QUICK_EXIT, 1}, /* do not wait for a name that hangs */
        {CURLOPT_POST, 1},
        {CURLOPT_TCP_KEEPALIVE, 1},
    };
    int bad = 0;

    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        bad |= (int)t->http->curl.easy_setopt(t->easy, numbers[i].option,
                                              numbers[i].value);
    return bad;
}

static int set_pointers(struct try *t)
{
    CURLcode (*set)(CURL *, CURLoption, ...) = t->http->curl.easy_setopt;
    CURL *e = t->easy;
    int bad = 0;

    bad |= (int)set(e, CURLOPT_URL, t->address);
    bad |= (int)set(e, CURLOPT_PROTOCOLS_STR, "http,https");
    bad |= (int)set(e, CURLOPT_USERAGENT, "asid/" ASID_VERSION);
    bad |= (int)set(e, CURLOPT_HTTPHEADER, t->headers);
    bad |= (int)set(e, CURLOPT_POSTFIELDS, t->body.p);
    bad |= (int)set(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->body.n);
    bad |= (int)set(e, CURLOPT_WRITEFUNCTION, on_body);
    bad |= (int)set(e, CURLOPT_WRITEDATA, t);
    bad |= (int)set(e, CURLOPT_HEADERFUNCTION, on_header);
    bad |= (int)set(e, CURLOPT_HEADERDATA, t);
    bad |= (int)set(e, CURLOPT_ERRORBUFFER, t->detail);
    bad |= (int)set(e, CURLOPT_PRIVATE, t);
    if (t->http->local)
        bad |= (int)set(e, CURLOPT_PROXY, "");
    return bad;
}

enum asid_rc try_start(struct try *t, struct http *h,
                       const struct http_request *r, struct asid_err *err)
{
    size_t n = strlen(h->url) + strlen(r->path) + 1;

    *t = (struct try){.http = h, .request = r};
    buf_init(&t->made, SIZE_MAX / 4);
    t->body = r->body;
    if (r->write) {
        r->write(r->user, &t->made);
        t->body = buf_view(&t->made);
    }
    buf_init(&t->reply, r->max_reply ? r->max_reply : HTTP_MAX_REPLY);
    t->easy = h->curl.easy_init();
    if (!t->easy)
        return FAIL(err, "no memory for a request to %s", h->url);
    t->address = mem_alloc(n);
    snprintf(t->address, n, "%s%s", h->url, r->path);
    if (!add_headers(t))
        return FAIL(err, "no memory for a request to %s", h->url);
    if (set_numbers(t) || set_pointers(t))
        return FAIL(err, "this libcurl is too old or was built without HTTP");
    return ASID_OK;
}

void try_release(struct try *t)
{
    if (t->easy)
        t->http->curl.easy_cleanup(t->easy);
    if (t->headers)
        t->http->curl.slist_free_all(t->headers);
    free(t->address);
    buf_release(&t->reply);
    buf_release(&t->made);
    *t = (struct try){0};
}

/* --- its end --------------------------------------------------------------- */

static enum try_end say(struct try *t, enum try_end end, const char *fmt, ...)
    ASID_PRINTF(3, 4);

static enum try_end say(struct try *t, enum try_end end, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(t->said, sizeof t->said, fmt, ap);
    va_end(ap);
    return end;
}

static enum try_end say_redirect(struct try *t, long status)
{
    struct arena a = ARENA_INIT;
    char *where = NULL;
    char *copy;

    t->http->curl.easy_getinfo(t->easy, CURLINFO_REDIRECT_URL, &where);
    copy = arena_strdup(&a, where ? where : "elsewhere");
    key_scrub(t->http, copy, strlen(copy));
    say(t, TRY_FATAL,
        "answered %ld: redirected to %.200s; redirects are not followed, name "
        "the right address",
        status, copy);
    arena_release(&a);
    return TRY_FATAL;
}

static enum try_end end_by_status(struct try *t, long status)
{
    struct str body = buf_view(&t->reply);
    enum try_end end = status_meaning(status, body);
    char words[TRY_SERVER_TEXT] = "";
    const char *meaning = "";
    curl_off_t later = 0;

    if (end == TRY_DONE)
        return TRY_DONE;
    if (status >= 300 && status < 400)
        return say_redirect(t, status);
    server_words(t->http, body, words, sizeof words);
    if (status == 401 || status == 403)
        meaning = t->http->key ? " (it refuses the API key)"
                               : " (it wants an API key, and none is set)";
    else if (status == 404)
        meaning = " (no such address or no such model)";
    t->http->curl.easy_getinfo(t->easy, CURLINFO_RETRY_AFTER, &later);
    if (later > 0 && (status == 429 || status >= 500)) {
        t->pause =
            later > HTTP_LONGEST_PAUSE ? HTTP_LONGEST_PAUSE : (double)later;
        if (end == TRY_AGAIN)
            end = TRY_LATER;
    }
    return say(t, end, "answered %ld%s%s%s", status, meaning,
               *words ? ": " : "", words);
}

/* Nothing in these texts may change from run to run: they go to the rejects.
 * What libcurl says in detail does, and goes to failures only. */
static enum try_end end_by_code(struct try *t, CURLcode code)
{
    const char *text = t->http->curl.easy_strerror(code);
    const char *detail = *t->detail ? t->detail : text;
    long sent = 0;

    t->http->curl.easy_getinfo(t->easy, CURLINFO_REQUEST_SIZE, &sent);
    switch ((int)code) {
    case CURLE_OPERATION_TIMEDOUT:
        if (sent > 0)
            return say(t, TRY_AGAIN, "did not answer within %g s",
                       t->http->options.timeout);
        return say(t, TRY_DEAD, "cannot be reached: %s", detail);
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PROXY:
        return say(t, TRY_DEAD, "cannot be reached: %s", detail);
    case CURLE_PARTIAL_FILE:
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR:
        return say(t, TRY_AGAIN, "cut its reply off");
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ENGINE_NOTFOUND:
    case CURLE_URL_MALFORMAT:
    case CURLE_OUT_OF_MEMORY:
    case CURLE_FAILED_INIT:
    case CURLE_NOT_BUILT_IN:
        return say(t, TRY_FATAL, "cannot be used: %s", detail);
    default:
        return say(t, TRY_AGAIN, "spoke no proper HTTP (%s)", text);
    }
}

void try_finish(struct try *t, CURLcode code)
{
    const struct http *h = t->http;
    long status = status_of(t);
    bool good = status >= 200 && status < 300;

    if (status)
        t->http->answered = true;
    if (t->reply.p)
        http_scrub(h, t->reply.p, t->reply.n);
    if (t->too_long && (good || status == 0))
        t->end = say(t, TRY_REFUSED, "sent a reply of more than %zu bytes",
                     t->reply.cap);
    else if (code == CURLE_OK || status >= 300)
        t->end = end_by_status(t, status);
    else
        t->end = end_by_code(t, code);
    if (t->end != TRY_DONE)
        key_scrub(h, t->said, strlen(t->said));
}
