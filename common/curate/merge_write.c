/*
 * The claims that are left as one paragraph, in the form in which captions of
 * this kind are published (ASID-1M: anchors "At Ns" that never fall, opening at
 * 0 s, a look back over the whole clip at the end).
 *
 * A sentence of which every claim is left is taken as its source wrote it; of
 * other sentences the claims that are left become sentences of their own.
 */
#include <stdlib.h>

#include "asid/base/utf8.h"
#include "merge_int.h"

enum { TOLD = 8, SPELLED = 64 };

#define EACH_BYTE UINT64_C(0x0101010101010101)

/* A piece of the paragraph: a whole sentence or one claim of it. */
struct unit {
    uint32_t first, n; /* claims of the pool */
    bool whole;
    bool summary;
    double sort;
    uint32_t slot; /* place among those of the same time */
};

/* A time as it was written: attributes and caption tell the same ones. */
struct spelled {
    double start, end;
    struct str text; /* n 0: none yet */
};

struct m_page {
    struct merge *m;
    struct spelled spelled[SPELLED];
    enum attribute attribute;
    struct unit *units;
    size_t n_units;
    uint32_t *list; /* the claims that stay */
    double *times;  /* theirs */
    bool sorted;    /* times are */
    size_t n;
    struct buf out;
    double last; /* the anchor in force; NAN: none yet */
    bool any_time;
    uint32_t told[TOLD]; /* claims written last */
    size_t n_told;
};

static bool stays(const struct m_page *p, const struct m_claim *c)
{
    return !c->gone && c->joined < 0 &&
           (p->attribute == ATTRIBUTE_NONE || c->attribute == p->attribute);
}

/* --- order ----------------------------------------------------------------------- */

/* A claim without a time comes after what its text tells before it. */
static void place_text(struct merge *m, const struct m_text *t)
{
    double now = -INFINITY;

    for (size_t i = 0; i < t->n_claims; i++) {
        struct m_claim *c = &m->claims[t->first_claim + i];
        double start = c->start;

        if (c->joined >= 0 && !isfinite(start))
            start = m->claims[c->joined].start;
        if (isfinite(start) && start > now && !c->c->summary)
            now = start;
        c->sort = isfinite(c->start) ? c->start : now;
    }
}

static int by_number(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* How many claims that stay stand before a time, or not behind it. Few
 * sentences ask, so that times are sorted when one does. */
static size_t times_below(struct m_page *p, double limit, bool with)
{
    size_t low = 0, high = p->n;

    if (!p->sorted)
        qsort(p->times, p->n, sizeof p->times[0], by_number);
    p->sorted = true;
    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (p->times[mid] < limit || (with && p->times[mid] <= limit))
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

void merge_place(struct merge *m)
{
    for (size_t i = 0; i < m->n_texts; i++)
        place_text(m, &m->texts[i]);
    for (uint32_t i = 0; i < m->n_claims; i++) {
        m->claims[i].again = false;
        m->claims[i].slot = i;
    }
    for (uint32_t i = 0; i < m->n_claims; i++) {
        const struct m_claim *c = &m->claims[i];

        if (c->joined >= 0 && i < m->claims[c->joined].slot)
            m->claims[c->joined].slot = i;
    }
}

/* List the claims that stay, and their times. */
static void list_claims(struct m_page *p)
{
    const struct merge *m = p->m;

    p->sorted = true;
    for (uint32_t i = 0; i < m->n_claims; i++) {
        const struct m_claim *c = &m->claims[i];

        if (!stays(p, c))
            continue;
        p->sorted &= p->n == 0 || p->times[p->n - 1] <= c->sort;
        p->list[p->n] = i;
        p->times[p->n++] = c->sort;
        p->any_time |= isfinite(c->start);
    }
}

/* --- units ------------------------------------------------------------------------ */

/* All claims of a sentence can be written by writing the sentence: they stay,
 * know no time from elsewhere that the sentence does not tell, and nothing
 * else happens between them. */
static bool can_be_whole(struct m_page *p, const struct m_claim *c, size_t n)
{
    double first = c->sort, last = c->sort;
    size_t between, own = 0;

    for (size_t i = 0; i < n; i++) {
        if (!stays(p, &c[i]))
            return false;
        if (i && !c[i].own_time && isfinite(c[i].start) &&
            fabs(c[i].start - c[0].start) > p->m->p->tolerance)
            return false;
        first = c[i].sort < first ? c[i].sort : first;
        last = c[i].sort > last ? c[i].sort : last;
    }
    if (c[0].sort > first)
        return false;
    if (last <= first)
        return true;
    for (size_t i = 0; i < n; i++)
        own += c[i].sort > first && c[i].sort < last;
    between = times_below(p, last, false);
    between -= between ? times_below(p, first, true) : 0;
    return between <= own;
}

static void add_unit(struct m_page *p, size_t first, size_t n, bool whole)
{
    const struct m_claim *c = &p->m->claims[first];
    struct unit *u = &p->units[p->n_units++];

    *u = (struct unit){.first = (uint32_t)first,
                       .n = (uint32_t)n,
                       .whole = whole,
                       .summary = c->c->summary,
                       .sort = c->sort,
                       .slot = c->slot};
}

/* The sentence that a claim belongs to: its claims, which follow each other. */
static size_t sentence_of(const struct merge *m, size_t claim, size_t *n)
{
    const struct m_text *t = m->claims[claim].text;
    uint32_t sentence = m->claims[claim].c->sentence;
    size_t first = claim, end = claim + 1;

    while (first > t->first_claim &&
           m->claims[first - 1].c->sentence == sentence)
        first--;
    while (end < t->first_claim + t->n_claims &&
           m->claims[end].c->sentence == sentence)
        end++;
    *n = end - first;
    return first;
}

static void cut(struct m_page *p)
{
    for (size_t i = 0; i < p->n;) {
        size_t n, first = sentence_of(p->m, p->list[i], &n);
        bool whole = can_be_whole(p, &p->m->claims[first], n);

        if (whole)
            add_unit(p, first, n, true);
        for (; i < p->n && p->list[i] < first + n; i++)
            if (!whole)
                add_unit(p, p->list[i], 1, false);
    }
}

static int by_place(const void *a, const void *b)
{
    const struct unit *x = a, *y = b;

    if (x->summary != y->summary)
        return x->summary ? 1 : -1;
    if (x->sort < y->sort || x->sort > y->sort)
        return x->sort < y->sort ? -1 : 1;
    if (x->slot != y->slot)
        return x->slot < y->slot ? -1 : 1;
    return (x->first > y->first) - (x->first < y->first);
}

/* --- words ------------------------------------------------------------------------ */

static bool is_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

/* Bytes below ' ', and blanks, of eight bytes at once: 0 when there are none.
 * Behind one that is found, bits may be set for others. */
static uint64_t controls(uint64_t eight)
{
    return (eight - EACH_BYTE * ' ') & ~eight & EACH_BYTE * 0x80;
}

static uint64_t blanks(uint64_t eight)
{
    eight ^= EACH_BYTE * ' ';
    return (eight - EACH_BYTE) & ~eight & EACH_BYTE * 0x80;
}

/* Nothing in it but words with one blank between; may be false for such a text
 * as well. */
static bool flows(struct str s)
{
    uint64_t odd = 0;
    size_t i = 0;

    for (; s.n - i > sizeof odd; i += sizeof odd) {
        uint64_t here, next;

        memcpy(&here, s.p + i, sizeof here);
        memcpy(&next, s.p + i + 1, sizeof next);
        odd |= controls(here) | (blanks(here) & blanks(next));
    }
    for (; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];

        odd |= c < ' ' || (c == ' ' && (i + 1 == s.n || s.p[i + 1] == ' '));
    }
    return odd == 0 && s.n && s.p[0] != ' ';
}

/* Runs of blanks and line breaks become one blank. */
static void add_flowing(struct buf *b, struct str s)
{
    size_t from = 0;

    if (flows(s)) {
        buf_str(b, s);
        return;
    }
    for (size_t i = 0; i < s.n; i++) {
        if ((unsigned char)s.p[i] > ' ' ||
            (s.p[i] == ' ' && i + 1 < s.n && (unsigned char)s.p[i + 1] > ' '))
            continue;
        if (!is_blank(s.p[i]))
            continue;
        buf_add(b, s.p + from, i - from);
        while (i + 1 < s.n && is_blank(s.p[i + 1]))
            i++;
        from = i + 1;
        if (from < s.n && b->n && b->p[b->n - 1] != ' ')
            buf_char(b, ' ');
    }
    buf_add(b, s.p + from, s.n - from);
}

/* The last character that is no closing quotation mark or bracket. */
static uint32_t last_mark(struct str s)
{
    while (s.n) {
        size_t at = s.n - 1;
        uint32_t cp = 0;

        while (at && ((unsigned char)s.p[at] & 0xc0) == 0x80)
            at--;
        if (!utf8_decode(s.p + at, s.n - at, &cp))
            return 0;
        if (cp != '"' && cp != '\'' && cp != ')' && cp != ']' && cp != '*' &&
            cp != 0x2019 && cp != 0x201d && cp != 0xbb && cp != 0x300d &&
            cp != 0x300f && cp != 0xff09)
            return cp;
        s.n = at;
    }
    return 0;
}

/* A full stop of a script without blanks needs none behind it. */
static bool ends_wide(const struct buf *b)
{
    return b->n >= 3 && (memcmp(b->p + b->n - 3, "\xe3\x80\x82", 3) == 0 ||
                         memcmp(b->p + b->n - 3, "\xef\xbc\x81", 3) == 0 ||
                         memcmp(b->p + b->n - 3, "\xef\xbc\x9f", 3) == 0);
}

static void add_stop(struct buf *b, struct str body)
{
    uint32_t cp = last_mark(body);

    if (cp == '.' || cp == '!' || cp == '?' || cp == 0x2026 || cp == 0x3002 ||
        cp == 0xff01 || cp == 0xff1f || cp == 0x0964)
        return;
    while (b->n && strchr(",;:", b->p[b->n - 1]))
        b->n--;
    if (cp >= 0x3040 && cp < 0xa000)
        buf_text(b, "\xe3\x80\x82");
    else
        buf_char(b, '.');
}

/* --- who was told of before -------------------------------------------------- */

/* The subject taken over from the clause before is known from that claim. */
static bool knows_subject(const struct m_claim *known, const struct m_claim *c)
{
    size_t n = 0;

    for (size_t i = 0; i < c->n_sorted; i++) {
        if (c->sorted[i].own)
            continue;
        if (!merge_stem(known, c->sorted[i].stem))
            return false;
        n++;
    }
    return n > 0;
}

static bool is_value(const struct m_claim *c, uint64_t stem)
{
    for (size_t i = 0; i < c->n_values && c->values[i] < TOLD; i++) {
        const struct text_fact *f = merge_fact(c, c->values[i]);
        size_t w;

        if (f->kind != FACT_COLOUR && f->kind != FACT_COUNT)
            continue;
        w = merge_word_near(c, f->at.at);
        if (w < c->text->t->n_words && c->text->t->words[w].stem == stem)
            return true;
    }
    return false;
}

/* One of the first two content words of both is the same, and no value. */
static bool same_head(const struct m_claim *known, const struct m_claim *c)
{
    for (size_t i = 0; i < c->n_own && i < 2; i++)
        for (size_t k = 0; k < known->n_own && k < 2; k++)
            if (c->own[i] == known->own[k] && !is_value(c, c->own[i]))
                return true;
    return false;
}

/* Both begin with the same thing and share more than half of their words. */
static bool tells_more(const struct m_claim *known, const struct m_claim *c)
{
    size_t shared = 0,
           least = known->n_own < c->n_own ? known->n_own : c->n_own;

    if (known->text == c->text || !same_head(known, c))
        return false;
    for (size_t i = 0; i < c->n_sorted; i++)
        shared += c->sorted[i].own && merge_stem(known, c->sorted[i].stem);
    return shared * 2 > least;
}

/* "A man ... A man ..." would be two men. */
static bool told_before(const struct m_page *p, const struct m_claim *c)
{
    for (size_t i = 0; i < p->n_told && i < TOLD; i++) {
        const struct m_claim *known = &p->m->claims[p->told[i]];
        const struct text_fact *fx, *fy;

        if (known->gender != c->gender || known->c->n_facts > TOLD * TOLD ||
            c->c->n_facts > TOLD * TOLD)
            continue;
        if (c->c->subject.n ? !knows_subject(known, c)
                            : merge_gap(known, c) > p->m->p->tolerance ||
                                  !tells_more(known, c))
            continue;
        if (!similar_contradict(known->text->t, known->c, c->text->t, c->c, &fx,
                                &fy))
            return true;
    }
    return false;
}

/* --- writing ------------------------------------------------------------------------ */

static struct str skip(struct str s, const char *what)
{
    while (s.n && strchr(what, s.p[0]) && s.p[0]) {
        s.p++;
        s.n--;
    }
    return s;
}

/* The anchor that a claim itself leads with, or NULL. */
static const struct text_anchor *leading(const struct m_claim *c)
{
    const struct text_anchor *a;

    if (c->c->anchor < 0)
        return NULL;
    a = &c->text->t->anchors[c->c->anchor];
    return a->leads ? a : NULL;
}

/* The words of a unit without the anchor it begins with; *inside tells that
 * an anchor stands within. */
static struct str body_of(const struct m_page *p, const struct unit *u,
                          bool *inside)
{
    const struct m_claim *c = &p->m->claims[u->first];
    const struct text *t = c->text->t;
    const struct text_anchor *lead = leading(c);
    struct str s;

    *inside = false;
    if (!u->whole)
        return merge_sentence(p->m, c);
    s = str_trim(span_of(t->text, t->sentences[c->c->sentence]));
    s = skip(s, "-*#\xe2\x80\xa2 ");
    if (lead && lead->at.at <= (size_t)(s.p - t->text.p)) {
        size_t past = lead->at.at + lead->at.n - (size_t)(s.p - t->text.p);

        s = (struct str){s.p + past, s.n - past};
        return skip(s, ",:;-. ");
    }
    *inside = c->c->anchor >= 0;
    return s;
}

/* The plain form of a time, made once. */
static struct str plain_anchor(struct m_page *p, double start, double end)
{
    size_t i = start >= 0 && start < 1e6 ? (size_t)start % SPELLED : 0;
    struct spelled *s = &p->spelled[i];

    if (s->text.n && s->start <= start && s->start >= start && s->end <= end &&
        s->end >= end)
        return s->text;
    *s = (struct spelled){start, end,
                          text_anchor_format(p->m->arena, start, end)};
    return s->text;
}

/* How the time of a unit is said: its own words when they say more than the
 * plain form could. */
static struct str anchor_of(struct m_page *p, const struct m_claim *c)
{
    const struct text_anchor *a = leading(c);
    struct str raw;

    if (!a || !c->own_time || !(a->vague || a->whole))
        return plain_anchor(p, c->start, c->end);
    raw = span_of(c->text->t->text, a->at);
    if (raw.n && raw.p[0] >= 'a' && raw.p[0] <= 'z') {
        char *copy = arena_strndup(p->m->arena, raw.p, raw.n);

        copy[0] = (char)(copy[0] - 'a' + 'A');
        raw.p = copy;
    }
    return raw;
}

/* The word that a unit begins with. */
static const struct text_word *first_word(const struct m_claim *c, bool whole)
{
    const struct text *t = c->text->t;
    size_t i = c->c->first_word;

    if (!whole && c->c->subject.n)
        i = text_first_word(t, 0, t->n_words, c->c->subject.at);
    return i < t->n_words ? &t->words[i] : NULL;
}

static bool same_time(double a, double b)
{
    return fabs(a - b) < 1e-6;
}

static void write_unit(struct m_page *p, const struct unit *u)
{
    struct merge *m = p->m;
    struct m_claim *c = &m->claims[u->first];
    const struct m_claim *end = &m->claims[u->first + u->n - 1];
    bool inside, range = c->end > c->start;
    struct str body = body_of(p, u, &inside), prefix = {"", 0};
    size_t from;

    if (body.n == 0)
        return;
    c->again = told_before(p, c);
    if (c->again)
        body = merge_definite(m, body);
    for (uint32_t i = 0; i < u->n; i++) {
        struct m_claim *more = &m->claims[u->first + i];

        /* Those that go on with the same subject go on with its article. */
        if (c->again && more->c->subject.n &&
            more->c->subject.at == c->c->at.at)
            more->again = true;
        p->told[p->n_told++ % TOLD] = u->first + i;
    }
    if (p->out.n && !ends_wide(&p->out))
        buf_char(&p->out, ' ');
    if (!inside && isfinite(c->start) &&
        (range || !same_time(c->start, p->last)))
        prefix = anchor_of(p, c);
    else if (!inside && !isfinite(c->start) && p->out.n == 0 && p->any_time &&
             p->attribute == ATTRIBUTE_NONE && !u->summary)
        prefix = STR("At 0s");
    from = p->out.n;
    if (prefix.n) {
        buf_str(&p->out, prefix);
        buf_text(&p->out, ", ");
        body = text_small_head(m->arena, body, first_word(c, u->whole));
    }
    add_flowing(&p->out, body);
    if (p->out.n > from && p->out.p[from] >= 'a' && p->out.p[from] <= 'z')
        p->out.p[from] = (char)(p->out.p[from] - 'a' + 'A');
    add_stop(&p->out, body);
    if (prefix.n && !isfinite(c->start))
        p->last = 0;
    if (isfinite(end->start) && u->whole)
        p->last = end->start;
    else if (isfinite(c->start))
        p->last = c->start;
}

/* The text of the only source of all that is left, when nothing in it was
 * touched. */
static const struct m_text *untouched(const struct m_page *p)
{
    const struct merge *m = p->m;
    const struct m_text *only = m->claims[p->list[0]].text;
    double last = 0;

    if (only->edited || only->hint != p->attribute || p->n != only->n_claims)
        return NULL;
    for (size_t i = 0; i < p->n; i++) {
        const struct m_claim *c = &m->claims[p->list[i]];

        if (c->text != only || (m->n_sources > 1 && c->start < last))
            return NULL; /* of another source, or out of order */
        if (isfinite(c->start) && !c->c->summary)
            last = c->start;
    }
    return only;
}

static struct m_page *blank_page(struct merge *m, enum attribute attribute)
{
    struct m_page *p = m->page;

    if (!p) {
        p = m->page = arena_alloc(m->arena, sizeof *p);
        p->units = arena_list(m->arena, m->n_claims, sizeof p->units[0]);
        p->times = arena_list(m->arena, m->n_claims, sizeof p->times[0]);
        p->list = arena_list(m->arena, m->n_claims, sizeof p->list[0]);
    }
    p->m = m;
    p->attribute = attribute;
    p->n_units = p->n = p->n_told = 0;
    p->any_time = false;
    p->last = (double)NAN;
    buf_init(&p->out, SIZE_MAX / 2);
    return p;
}

struct str merge_paragraph(struct merge *m, enum attribute attribute,
                           size_t *order, size_t *n_order)
{
    struct m_page *p = blank_page(m, attribute);
    const struct m_text *as_it_is;
    struct str text = {"", 0};

    *n_order = 0;
    list_claims(p);
    if (p->n == 0)
        return text;
    as_it_is = untouched(p);
    cut(p);
    if (!as_it_is)
        qsort(p->units, p->n_units, sizeof p->units[0], by_place);
    for (size_t i = 0; i < p->n_units; i++) {
        const struct unit *u = &p->units[i];

        if (!as_it_is)
            write_unit(p, u);
        for (size_t k = 0; k < u->n; k++)
            order[(*n_order)++] = u->first + k;
    }
    if (as_it_is)
        text = as_it_is->raw;
    else if (p->out.n)
        text =
            (struct str){arena_strndup(m->arena, p->out.p, p->out.n), p->out.n};
    buf_release(&p->out);
    return text;
}
