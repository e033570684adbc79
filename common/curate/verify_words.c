/*
 * Word lists of the judge (schemas/judge.json): texts that speak to a model,
 * references to nothing. Matching is bounded: a pattern has at most PARTS_MAX
 * parts and a gap at most GAP_MAX words.
 */
#include "asid/curate/verify.h"
#include "asid/data/json.h"
#include "asid/data/schema.h"
#include "asid/text/similar.h"
#include "verify_int.h"

enum {
    PARTS_MAX = 12,
    GAP_MAX = 4,   /* words that ~ stands for */
    SHOWN_MAX = 80 /* bytes of a find */
};

/* Words of which one has to come, or (n 0) a gap. */
struct part {
    struct str *words;
    size_t n;
};

struct pattern {
    struct part parts[PARTS_MAX];
    size_t n;
};

struct verify_words {
    int64_t version;
    struct pattern *addresses, *phrases;
    size_t n_addresses, n_phrases;
    struct str *raw;
    size_t n_raw;
    const struct json *openers;
};

/* --- loading ---------------------------------------------------------------- */

static bool cut(struct str *rest, char mark, struct str *first)
{
    const char *end;

    *rest = str_trim(*rest);
    if (rest->n == 0)
        return false;
    end = memchr(rest->p, mark, rest->n);
    *first = (struct str){rest->p, end ? (size_t)(end - rest->p) : rest->n};
    rest->p += first->n + (end != NULL);
    rest->n -= first->n + (end != NULL);
    return true;
}

static void parse_part(struct arena *a, struct str text, struct part *part)
{
    struct str rest = text, word;

    *part = (struct part){NULL, 0};
    if (str_is(text, "~"))
        return;
    part->words = arena_array(a, text.n, sizeof *part->words);
    while (cut(&rest, '|', &word))
        part->words[part->n++] = word;
}

/* A pattern begins and ends with words. */
static enum asid_rc parse_pattern(struct arena *a, struct str text,
                                  struct pattern *p, struct asid_err *err)
{
    struct str rest = text, word;

    p->n = 0;
    while (p->n < PARTS_MAX && cut(&rest, ' ', &word))
        parse_part(a, word, &p->parts[p->n++]);
    if (rest.n > 0 || p->n == 0 || p->parts[0].n == 0 ||
        p->parts[p->n - 1].n == 0)
        return FAIL(err, "judge.json: the pattern \"" STR_FMT "\" is malformed",
                    STR_ARG(text));
    return ASID_OK;
}

static enum asid_rc parse_patterns(struct arena *a, const struct json *list,
                                   struct pattern **out, size_t *n,
                                   struct asid_err *err)
{
    struct pattern *all = arena_array(a, json_count(list), sizeof *all);

    *n = 0;
    json_each(item, list) {
        if (json_type(item) != JSON_STRING)
            return FAIL(err, "judge.json: a pattern is no text");
        TRY(parse_pattern(a, json_str(item), &all[(*n)++], err));
    }
    *out = all;
    return ASID_OK;
}

enum asid_rc verify_words_load(struct arena *a, const struct verify_words **out,
                               struct asid_err *err)
{
    struct verify_words *w = arena_alloc(a, sizeof *w);
    const struct json *raw;
    struct json *document;

    if (json_parse(a, schema_file("judge.json"), 0, &document, err)) {
        err->rc = ASID_FAILED;
        return asid_err_within(err, "judge.json");
    }
    json_settle(document); /* workers share it */
    raw = json_path(document, "addresses.raw");
    w->openers = json_path(document, "references.openers");
    if (!json_i64(json_get(document, "version"), &w->version) || !raw ||
        !w->openers)
        return FAIL(err, "judge.json: version, raw or openers are missing");
    TRY(parse_patterns(a, json_path(document, "addresses.words"), &w->addresses,
                       &w->n_addresses, err));
    TRY(parse_patterns(a, json_path(document, "references.phrases"),
                       &w->phrases, &w->n_phrases, err));
    w->raw = arena_array(a, json_count(raw), sizeof *w->raw);
    json_each(item, raw) {
        w->raw[w->n_raw++] = json_str(item);
    }
    *out = w;
    return ASID_OK;
}

int64_t verify_words_version(const struct verify_words *w)
{
    return w->version;
}

/* --- matching --------------------------------------------------------------- */

static bool is_one_of(const struct part *p, struct str word)
{
    for (size_t i = 0; i < p->n; i++)
        if (str_eq(p->words[i], word))
            return true;
    return false;
}

/* Words from `at` on that parts from k on stand for; 0: they do not. */
static size_t match_from(const struct pattern *p, size_t k,
                         const struct similar_word *w, size_t n)
{
    size_t rest;

    if (k == p->n)
        return 0;
    if (p->parts[k].n > 0) {
        if (n == 0 || !is_one_of(&p->parts[k], w->folded))
            return 0;
        if (k + 1 == p->n)
            return 1;
        rest = match_from(p, k + 1, w + 1, n - 1);
        return rest ? rest + 1 : 0;
    }
    for (size_t gap = 0; gap <= GAP_MAX && gap < n; gap++) {
        rest = match_from(p, k + 1, w + gap, n - gap);
        if (rest)
            return rest + gap;
    }
    return 0;
}

/* The first place where any of the patterns is; words of it in *length. */
static ptrdiff_t find(const struct pattern *patterns, size_t n_patterns,
                      const struct similar_word *w, size_t n, size_t *length)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < n_patterns; k++) {
            *length = match_from(&patterns[k], 0, w + i, n - i);
            if (*length)
                return (ptrdiff_t)i;
        }
    return -1;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool same_letters(const char *a, const char *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (lower(a[i]) != lower(b[i]))
            return false;
    return true;
}

static struct str find_raw(const struct verify_words *w, struct str text)
{
    for (size_t i = 0; i < text.n; i++)
        for (size_t k = 0; k < w->n_raw; k++) {
            struct str raw = w->raw[k];

            if (raw.n && raw.n <= text.n - i &&
                lower(raw.p[0]) == lower(text.p[i]) &&
                same_letters(raw.p, text.p + i, raw.n))
                return (struct str){text.p + i, raw.n};
        }
    return (struct str){NULL, 0};
}

/* At most so many bytes, whole characters, on one line. */
static struct str shown(struct arena *a, struct str text)
{
    char *out;

    if (text.n > SHOWN_MAX) {
        text.n = SHOWN_MAX;
        while (text.n > 0 && ((unsigned char)text.p[text.n] & 0xC0) == 0x80)
            text.n--;
    }
    out = arena_strndup(a, text.p, text.n);
    for (size_t i = 0; i < text.n; i++)
        if ((unsigned char)out[i] < 0x20)
            out[i] = ' ';
    return (struct str){out, text.n};
}

struct str verify_addresses(const struct verify_words *w,
                            const struct text_rules *rules, struct arena *a,
                            struct str text)
{
    struct str found = find_raw(w, text);
    struct similar_word *words;
    size_t n, length = 0;
    ptrdiff_t at;

    if (found.n)
        return shown(a, found);
    n = similar_words(rules, a, text, &words);
    at = find(w->addresses, w->n_addresses, words, n, &length);
    if (at < 0)
        return (struct str){"", 0};
    found = span_of(text, words[at].at);
    words += (size_t)at + length - 1;
    found.n = words->at.at + words->at.n - (size_t)(found.p - text.p);
    return shown(a, found);
}

/* --- references ------------------------------------------------------------- */

/* A first word that refers to something, and nothing has been said yet. */
static bool opens_with_nothing(const struct verify_words *w,
                               const struct similar_word *words, size_t n)
{
    const struct json *unless;
    struct str rest, word;

    if (n == 0)
        return false;
    unless = json_get_str(w->openers, words[0].folded);
    if (!unless)
        return false;
    rest = json_str(unless);
    while (n > 1 && cut(&rest, ' ', &word))
        if (str_eq(word, words[1].folded))
            return false;
    return true;
}

size_t verify_dangling(const struct verify_words *w,
                       const struct text_rules *rules, struct arena *a,
                       const struct text *t)
{
    size_t count = 0;

    for (size_t i = 0; i < t->n_sentences; i++) {
        struct similar_word *words;
        size_t n =
            similar_words(rules, a, span_of(t->text, t->sentences[i]), &words);
        size_t length;

        count += find(w->phrases, w->n_phrases, words, n, &length) >= 0 ||
                 (i == 0 && opens_with_nothing(w, words, n));
    }
    return count;
}
