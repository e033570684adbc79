/* Taking a text apart: the passes in their order, and what is made of them. */
#include <math.h>
#include <utf8proc.h>

#include "asid/base/num.h"
#include "asid/base/utf8.h"
#include "text_int.h"

enum { WEIGHT_NUMBER = 4, WEIGHT_UNKNOWN = 6 };

const char *text_rules_version(void)
{
    return "text-5";
}

void *scan_grow_list(struct scan *s, void *list, size_t n, size_t *room,
                     size_t size)
{
    void *more;

    *room = *room ? *room * 2 : 16;
    more = arena_list(s->arena, *room, size);
    if (n)
        memcpy(more, list, n * size);
    return more;
}

/* A word that is part of an anchor says when, not what. */
static uint8_t weight_of(const struct tok *k)
{
    if (k->anchor)
        return 0;
    if (k->numeric) /* in digits as in words */
        return WEIGHT_NUMBER;
    return k->lex ? k->lex->weight : WEIGHT_UNKNOWN;
}

static void add_words(struct scan *s, uint32_t sentence)
{
    struct range r = s->sentences[sentence];
    struct text *t = s->t;

    for (size_t i = r.first; i < r.end; i++) {
        struct tok *k = &s->toks[i];
        struct text_word *w;

        if (k->kind != TOK_WORD)
            continue;
        k->word = (uint32_t)t->n_words;
        w = &t->words[t->n_words++];
        /* Part by part, where it stays: see add_fact(). */
        w->at.at = k->at;
        w->at.n = k->n;
        w->folded = k->folded;
        w->stem = k->stem;
        w->number = k->numeric;
        w->names = false;
        w->common = k->lex && k->lex->seen && !(k->flags & LEX_NAME);
        w->quoted = k->quoted;
        w->weight = weight_of(k);
        w->stop = w->weight == 0;
        w->sentence = sentence;
    }
}

void scan_words(struct scan *s)
{
    struct text *t = s->t;
    size_t n = 0;

    for (size_t i = 0; i < s->n_toks; i++)
        n += s->toks[i].kind == TOK_WORD;
    t->words = arena_list(s->arena, n, sizeof *t->words);
    for (size_t i = 0; i < t->n_sentences; i++)
        add_words(s, (uint32_t)i);
}

bool range_has(const struct scan *s, struct range r, uint64_t flags)
{
    for (size_t i = r.first; i < r.end; i++) {
        const struct tok *k = &s->toks[i];

        if (k->quoted)
            continue;
        if (k->flags & flags || (k->phrase && k->phrase->flags & flags))
            return true;
    }
    return false;
}

size_t tok_at(const struct scan *s, size_t byte)
{
    size_t low = 0, high = s->n_toks;

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (s->toks[mid].at < byte)
            low = mid + 1;
        else
            high = mid;
    }
    return low < s->n_toks && s->toks[low].at == byte ? low : SIZE_MAX;
}

static void place_quotes(struct scan *s)
{
    uint32_t sentence = 0;

    for (size_t i = 0; i < s->t->n_quotes; i++) {
        while (sentence + 1 < s->t->n_sentences &&
               s->sentences[sentence].end <= s->quotes[i].first)
            sentence++;
        s->t->quotes[i].sentence = sentence;
    }
}

const struct text *text_analyse(const struct text_rules *rules, struct arena *a,
                                struct str text, enum attribute hint)
{
    return text_analyse_parts(rules, a, text, hint, TEXT_ALL);
}

const struct text *text_analyse_parts(const struct text_rules *rules,
                                      struct arena *a, struct str text,
                                      enum attribute hint, unsigned parts)
{
    struct scan s = {.rules = rules, .arena = a, .hint = hint};

    s.stemming.rules = rules;
    s.t = arena_alloc(a, sizeof *s.t);
    s.t->text = text;
    scan_tokens(&s);
    scan_quotes(&s);
    scan_sentences(&s);
    scan_parts(&s);
    scan_anchors(&s);
    scan_finite(&s);
    scan_words(&s);
    place_quotes(&s);
    scan_claims(&s);
    scan_speakers(&s);
    if (parts & TEXT_FACTS)
        scan_facts(&s);
    if (parts & TEXT_NAMES)
        scan_names(&s);
    if (parts & TEXT_ATTRIBUTES)
        scan_attributes(&s);
    if (parts & TEXT_CONTENT)
        scan_content(&s);
    stemming_end(&s.stemming);
    return s.t;
}

/* --- writing claims and anchors ------------------------------------------- */

size_t text_first_word(const struct text *t, size_t low, size_t high,
                       size_t byte)
{
    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (t->words[mid].at.at < byte)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

size_t text_first_anchor(const struct text *t, size_t byte)
{
    size_t low = 0, high = t->n_anchors;

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (t->anchors[mid].at.at + t->anchors[mid].at.n <= byte)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* The first anchor that begins at or behind a byte. */
static size_t anchor_from(const struct text *t, size_t at)
{
    size_t low = 0, high = t->n_anchors;

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (t->anchors[mid].at.at < at)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

/* Append what stands between anchors, with one blank where one was cut out. */
static void add_without_anchors(struct buf *b, const struct text *t,
                                struct span part)
{
    size_t at = part.at, end = part.at + part.n;

    for (size_t i = anchor_from(t, at); i < t->n_anchors && at < end; i++) {
        struct span cut = t->anchors[i].at;
        struct str before;

        if (cut.at + cut.n > end)
            break;
        before = (struct str){t->text.p + at, cut.at - at};
        while (before.n && is_blank(before.p[before.n - 1]))
            before.n--;
        buf_str(b, before);
        at = cut.at + cut.n;
        /* "walks, at 5s, and": one of the two commas. */
        if (before.n && before.p[before.n - 1] == ',' && at < end &&
            t->text.p[at] == ',')
            at++;
    }
    buf_str(b, (struct str){t->text.p + at, end - at});
}

/* The text with its first letter a capital, and a stop behind it. */
static struct str capital_and(struct arena *a, struct str text, struct str stop)
{
    char *start = arena_bytes(a, text.n + 4 + stop.n + 1), *p = start;
    uint32_t cp;
    unsigned used = 0;

    if (text.n) {
        used = utf8_decode(text.p, text.n, &cp);
        BUG_IF(used == 0);
        p += utf8_encode((uint32_t)utf8proc_toupper((utf8proc_int32_t)cp), p);
        p = mempcpy(p, text.p + used, text.n - used);
    }
    p = mempcpy(p, stop.p, stop.n);
    *p = '\0';
    return (struct str){start, (size_t)(p - start)};
}

/* It ends with a sentence mark, perhaps inside closing quotation marks. */
static bool is_ended(struct str text)
{
    static const char *const marks[] = {
        ".",           "!", "?", "\xe2\x80\xa6", "\xe3\x80\x82", "\xef\xbc\x81",
        "\xef\xbc\x9f"};
    static const char *const closers[] = {"\"",           "'",
                                          "\xe2\x80\x9d", "\xe2\x80\x99",
                                          "\xc2\xbb",     "\xe3\x80\x8d",
                                          "\xe3\x80\x8f", ")"};

    /* Most sentences end in a plain word. */
    if (text.n && ((text.p[text.n - 1] | 0x20) >= 'a') &&
        (text.p[text.n - 1] | 0x20) <= 'z')
        return false;
    for (size_t i = 0; i < sizeof closers / sizeof *closers; i++) {
        if (str_ends(text, closers[i])) {
            text.n -= strlen(closers[i]);
            break;
        }
    }
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (str_ends(text, marks[i]))
            return true;
    return false;
}

/* It ends in a letter of a script that has a full stop of its own (kana, Han). */
static bool is_wide(struct str text)
{
    size_t at = text.n;
    uint32_t cp = 0;

    while (at > 0 && text.n - at < 4 &&
           (at == text.n || ((unsigned char)text.p[at] & 0xc0) == 0x80))
        at--;
    return text.n && utf8_decode(text.p + at, text.n - at, &cp) &&
           cp >= 0x3040 && cp < 0xa000;
}

struct str text_claim_sentence(struct arena *a, const struct text *t,
                               const struct text_claim *claim)
{
    struct buf plain;
    struct str text, stop = STR(".");

    buf_init(&plain, 2 * TEXT_MAX + 16);
    if (claim->subject.n) {
        add_without_anchors(&plain, t, claim->subject);
        buf_char(&plain, ' ');
    }
    add_without_anchors(&plain, t, claim->at);
    text = str_trim(buf_view(&plain));
    while (text.n &&
           (text.p[text.n - 1] == ',' || is_blank(text.p[text.n - 1])))
        text.n--;
    if (is_ended(text))
        stop.n = 0;
    else if (is_wide(text))
        stop = STR("\xe3\x80\x82");
    text = capital_and(a, text, stop);
    buf_release(&plain);
    return text;
}

/* Seconds with at most two digits behind the point, no zeros at the end. */
static void add_seconds(struct buf *b, double seconds)
{
    char space[32];
    double rounded = floor(seconds * 100 + 0.5) / 100;

    num_format(rounded < 0 ? 0 : rounded, space);
    buf_text(b, space);
    buf_char(b, 's');
}

struct str text_anchor_format(struct arena *a, double start, double end)
{
    struct buf b;
    struct str text;

    buf_init(&b, 128);
    buf_text(&b, start == end ? "At " : "From ");
    add_seconds(&b, start);
    if (start != end) {
        buf_text(&b, " to ");
        add_seconds(&b, end);
    }
    text = (struct str){arena_strndup(a, b.p, b.n), b.n};
    buf_release(&b);
    return text;
}
