/*
 * What the times of a text can be held against: the words of its quotes in the
 * transcript, the cuts, and the same events in the other texts.
 */
#include <math.h>
#include <string.h>

#include "asid/text/similar.h"
#include "time_int.h"

static size_t end_of(struct span s)
{
    return s.at + s.n;
}

/* --- quotes ------------------------------------------------------------------ */

/* A quote that is looked for: what is a short one, or one that is only
 * similar, may be said twice. */
enum { LEAST_WORDS = 3 };
static const double SURE = 0.8;

static size_t words_in(const struct text *t, const struct text_quote *q,
                       size_t *word)
{
    size_t n = 0;

    while (*word < t->n_words && t->words[*word].at.at < q->words.at)
        ++*word;
    for (size_t i = *word;
         i < t->n_words && t->words[i].at.at < end_of(q->words); i++)
        n++;
    return n;
}

/* Where in a text the search for quotes' marks has come to. */
struct place {
    size_t mark; /* the first behind the quote */
    size_t claim;
    size_t word;
};

/* The mark that gives the time of a quote: the last before it in its sentence
 * with no other quote between. SIZE_MAX: none. */
static size_t mark_of_quote(const struct time_text *t, size_t i,
                            struct place *p)
{
    const struct text_quote *q = &t->text->quotes[i];

    while (p->mark < t->n_marks && t->marks[p->mark].at.at < q->all.at)
        p->mark++;
    for (size_t m = p->mark; m-- > 0;) {
        const struct time_mark *mark = &t->marks[m];

        if (!mark->anchor || mark->anchor->sentence != q->sentence ||
            (i > 0 && t->text->quotes[i - 1].all.at > mark->at.at))
            break;
        if (!mark->aside)
            return m;
    }
    return SIZE_MAX;
}

/* How many statements stand between a mark and a quote: each takes its time. */
static size_t statements_between(const struct time_text *t, size_t mark,
                                 const struct text_quote *q, struct place *p)
{
    const struct text *text = t->text;
    size_t n = 0;

    while (p->claim < text->n_claims &&
           end_of(text->claims[p->claim].at) <= q->all.at)
        p->claim++;
    for (size_t i = p->claim; i > 0; i--, n++) {
        if (text->claims[i - 1].at.at < t->marks[mark].at.at)
            break;
    }
    return n;
}

/* The quotes of a text that have a mark. */
static size_t list_quotes(struct time_check *c, struct time_text *t,
                          struct align_quote *quotes)
{
    const struct text *text = t->text;
    struct place p = {0, 0, 0};
    size_t n = 0;

    t->said = arena_array(c->work, text->n_quotes, sizeof *t->said);
    for (size_t i = 0; i < text->n_quotes; i++) {
        const struct text_quote *q = &text->quotes[i];
        size_t mark = mark_of_quote(t, i, &p), between;
        size_t words = words_in(text, q, &p.word);

        if (!q->spoken || mark == SIZE_MAX)
            continue;
        between = statements_between(t, mark, q, &p);
        quotes[n] = (struct align_quote){.words = span_of(text->text, q->words),
                                         .earliest = NAN,
                                         .latest = NAN};
        /* As asid-align has it, so that neither undoes what the other did. */
        t->said[n++] =
            (struct time_said){.mark = mark,
                               .earliest = t->marks[mark].start,
                               .latest = t->marks[mark].end +
                                         c->o->tolerance / 2 * (double)between,
                               .between = between,
                               .sure = words >= LEAST_WORDS};
    }
    return n;
}

void time_find_said(struct time_check *c)
{
    const struct align_options o = {.similarity = 0.6,
                                    .tolerance = c->o->tolerance};

    for (size_t k = 0; k < c->n_texts && c->speech; k++) {
        struct time_text *t = &c->texts[k];
        struct align_quote *quotes =
            arena_array(c->work, t->text->n_quotes, sizeof *quotes);
        size_t n = list_quotes(c, t, quotes);

        if (n > 0)
            align_quotes(c->speech, &o, quotes, n);
        for (size_t i = 0; i < n; i++) {
            const struct align_match *m = &quotes[i].match;

            if (!m->found || isnan(m->start) || isnan(m->end))
                continue;
            t->said[t->n_said] = t->said[i];
            t->said[t->n_said].start = m->start;
            t->said[t->n_said].end = m->end;
            t->said[t->n_said].unique = m->sure && m->similarity >= SURE;
            t->said[t->n_said].sure =
                t->said[i].sure && t->said[t->n_said].unique;
            t->n_said++;
        }
    }
}

/* --- cuts -------------------------------------------------------------------- */

static bool has_phrase(struct str text, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (str_has(text, list[i]))
            return true;
    }
    return false;
}

/* Words of which every phrase about a cut has one. */
static bool is_of_cut(struct str w)
{
    if (w.n < 3)
        return false;
    switch (w.p[0]) {
    case 'c':
        return w.p[1] == 'u'   ? str_starts(w, "cut")
               : w.p[1] == 'h' ? str_starts(w, "change")
                               : false;
    case 's':
        return w.p[1] == 'h'   ? str_starts(w, "shift")
               : w.p[1] == 'w' ? str_starts(w, "switch")
                               : false;
    case 'b':
        return w.p[1] == 'e' && str_starts(w, "begin");
    default:
        return false;
    }
}

/* A quick look, before phrases are looked for. */
static bool may_speak_of_cut(const struct text *t, const struct text_claim *c)
{
    for (size_t i = c->first_word; i < c->first_word + c->n_words; i++) {
        if (is_of_cut(span_of(t->text, t->words[i].at)))
            return true;
    }
    return false;
}

/* Whether a claim says that the picture changes at once. */
static bool speaks_of_cut(const struct text *t, const struct text_claim *c)
{
    static const char *const cut[] = {
        "cuts to",         "cut to ",          "cuts back",
        "cuts away",       "hard cut",         "jump cut",
        "scene changes",   "scene switches",   "scene shifts",
        "scene cuts",      "shot changes",     "shot switches",
        "shot shifts",     "view switches",    "view changes",
        "camera cuts",     "camera switches",  "video switches",
        "video cuts",      "footage cuts",     "footage switches",
        "new shot begins", "next shot begins",
    };
    static const char *const slow[] = {
        "fade", "fading", "dissolv", "gradual", "slowly", "smooth", "blend",
    };
    struct str claim = span_of(t->text, c->at);

    return may_speak_of_cut(t, c) &&
           has_phrase(claim, cut, sizeof cut / sizeof *cut) &&
           !has_phrase(claim, slow, sizeof slow / sizeof *slow);
}

void time_find_cuts(struct time_check *c)
{
    for (size_t k = 0; k < c->n_texts && c->n_cuts > 0; k++) {
        struct time_text *t = &c->texts[k];

        t->about_cuts = arena_array(c->work, t->n_marks, sizeof(size_t));
        for (size_t i = 0; i < t->n_marks; i++) {
            const struct time_mark *m = &t->marks[i];

            if (m->claim >= 0 && !m->aside && !m->anchor->range &&
                speaks_of_cut(t->text, &t->text->claims[m->claim]))
                t->about_cuts[t->n_cuts++] = i;
        }
    }
}

/* --- the same event in two texts ---------------------------------------------- */

enum {
    CLAIMS_MAX = 4096,  /* claims that are compared, of all texts */
    WORDS_MAX = 128,    /* of a claim; longer ones are no single event */
    WORK_MAX = 1 << 26, /* comparisons of words with words */
    POSTINGS = 10,      /* claims a word leads to; a word of more says little */
    SHARED = 2,         /* words two claims must share to be looked at */
};

/* Two claims may tell the same event when half of their content is shared or
 * nearly all of the shorter one's, if that is some content. They surely do when
 * both are so. */
static const double SAME = 0.5, CONTAINED = 0.8, SURELY = 0.75;
/* Another claim nearly as similar makes it a guess which one is meant. */
static const double DISTINCT = 0.15;

struct event {
    uint16_t content; /* words with content */
    uint32_t claim;
    float best[TIME_TEXTS];    /* similarity to claims of each text */
    float next[TIME_TEXTS];    /* of the second */
    float sure[TIME_TEXTS];    /* of the last that surely is the same */
    uint16_t with[TIME_TEXTS]; /* the best one: event */
};

/* The claims that a word stands in. */
struct posting {
    uint64_t stem;
    uint16_t events[POSTINGS];
    uint16_t n; /* more than POSTINGS: too many */
};

struct index {
    struct time_check *c;
    struct event *events;
    uint8_t *texts; /* [n]: of each event */
    size_t n;
    uint32_t *slots; /* of postings, from 1; 0: free */
    size_t mask;
    struct posting *postings;
    uint32_t n_postings, postings_room;
    uint16_t *shared;  /* [n]: words shared with the claim at hand */
    uint32_t *touched; /* claims with shared > 0 */
    size_t n_touched;
    size_t work; /* comparisons of words left */
};

static bool is_event(const struct time_text *t, size_t claim)
{
    const struct text_claim *c = &t->text->claims[claim];

    return t->mark_of[claim] != SIZE_MAX && !isnan(c->start) && !c->summary &&
           c->n_words <= WORDS_MAX && !t->marks[t->mark_of[claim]].aside;
}

static size_t list_events(struct index *x, size_t *words)
{
    struct time_check *c = x->c;

    for (size_t k = 0; k < c->n_texts; k++) {
        const struct time_text *t = &c->texts[k];

        for (size_t j = 0; j < t->text->n_claims && x->n < CLAIMS_MAX; j++) {
            if (!is_event(t, j))
                continue;
            x->texts[x->n] = (uint8_t)k;
            x->events[x->n++].claim = (uint32_t)j;
            *words += t->text->claims[j].n_content;
        }
    }
    return x->n;
}

static struct posting *new_posting(struct index *x, uint64_t stem)
{
    struct posting *p;

    if (x->n_postings == x->postings_room) {
        uint32_t room = x->postings_room ? 2 * x->postings_room : 64;

        p = arena_array(x->c->work, room, sizeof *p);
        if (x->n_postings > 0)
            memcpy(p, x->postings, x->n_postings * sizeof *p);
        x->postings = p;
        x->postings_room = room;
    }
    p = &x->postings[x->n_postings++];
    p->stem = stem;
    return p;
}

static struct posting *posting_of(struct index *x, uint64_t stem)
{
    size_t i = (size_t)(stem ^ stem >> 29) & x->mask;

    while (x->slots[i] > 0) {
        struct posting *p = &x->postings[x->slots[i] - 1];

        if (p->stem == stem)
            return p;
        i = (i + 1) & x->mask;
    }
    x->slots[i] = x->n_postings + 1;
    return new_posting(x, stem);
}

/* Note that a word stands in event e, and with which earlier ones of other
 * texts it is shared. */
static void share_word(struct index *x, uint32_t e, uint64_t stem)
{
    struct posting *p = posting_of(x, stem);
    uint16_t listed = p->n < POSTINGS ? p->n : POSTINGS;

    if (listed > 0 && p->events[listed - 1] == e)
        return; /* twice in the claim */
    for (uint16_t i = 0; i < listed && p->n <= POSTINGS; i++) {
        uint16_t other = p->events[i];

        if (x->texts[other] == x->texts[e])
            continue;
        if (x->shared[other]++ == 0)
            x->touched[x->n_touched++] = other;
    }
    if (p->n < POSTINGS)
        p->events[p->n] = (uint16_t)e;
    if (p->n <= POSTINGS)
        p->n++;
    x->events[e].content++;
}

/* The first word with content of a claim, with the subject it has or is given;
 * NULL: there is none. */
struct words {
    const struct text_word *w;
    size_t n;
};

static struct words subject_of(const struct text *t, const struct text_claim *c)
{
    size_t low = 0, high = t->n_words, end = end_of(c->subject);
    struct words s = {NULL, 0};

    while (low < high && c->subject.n > 0) {
        size_t middle = (low + high) / 2;

        if (t->words[middle].at.at < c->subject.at)
            low = middle + 1;
        else
            high = middle;
    }
    if (c->subject.n == 0)
        return s;
    s.w = t->words + low;
    while (low + s.n < t->n_words && s.n < WORDS_MAX && s.w[s.n].at.at < end)
        s.n++;
    return s;
}

static const struct text_word *first_content(struct words list)
{
    for (size_t i = 0; i < list.n; i++) {
        if (list.w[i].weight > 0)
            return &list.w[i];
    }
    return NULL;
}

static bool has_stem(struct words list, uint64_t stem)
{
    for (size_t i = 0; i < list.n; i++) {
        if (list.w[i].stem == stem)
            return true;
    }
    return false;
}

/* Whether what the first claim begins with, who it is about, is nowhere in the
 * second. */
static bool is_about_other(const struct text *ta, const struct text_claim *ca,
                           const struct text *tb, const struct text_claim *cb)
{
    struct words a = {ta->words + ca->first_word, ca->n_words};
    struct words b = {tb->words + cb->first_word, cb->n_words};
    const struct text_word *who = first_content(subject_of(ta, ca));

    who = who ? who : first_content(a);
    return who && !has_stem(b, who->stem) &&
           !has_stem(subject_of(tb, cb), who->stem);
}

/* Whether no word of the claim without a quote is in the other's quote alone. */
static bool shares_unquoted(const struct text *ta, const struct text_claim *ca,
                            const struct text *tb, const struct text_claim *cb)
{
    const struct text *plain = ca->quote < 0 ? ta : tb;
    const struct text *quoting = ca->quote < 0 ? tb : ta;
    const struct text_claim *p = ca->quote < 0 ? ca : cb;
    const struct text_claim *q = ca->quote < 0 ? cb : ca;

    for (size_t i = p->first_word; i < p->first_word + p->n_words; i++) {
        const struct text_word *w = &plain->words[i];
        bool quoted = false, unquoted = w->weight == 0;

        for (size_t k = q->first_word; k < q->first_word + q->n_words; k++) {
            const struct text_word *v = &quoting->words[k];

            quoted |= v->quoted && v->stem == w->stem;
            unquoted |= !v->quoted && v->stem == w->stem;
        }
        if (quoted && !unquoted)
            return false;
    }
    return true;
}

static void keep_best(struct event *a, uint16_t text, uint32_t b, float s)
{
    if (s > a->best[text]) {
        a->next[text] = a->best[text];
        a->best[text] = s;
        a->with[text] = (uint16_t)b;
    } else if (s > a->next[text]) {
        a->next[text] = s;
    }
}

static void compare(struct index *x, uint32_t a, uint32_t b)
{
    struct event *ea = &x->events[a], *eb = &x->events[b];
    uint8_t in_a = x->texts[a], in_b = x->texts[b];
    const struct text *ta = x->c->texts[in_a].text;
    const struct text *tb = x->c->texts[in_b].text;
    const struct text_claim *ca = &ta->claims[ea->claim];
    const struct text_claim *cb = &tb->claims[eb->claim];
    struct similar_overlap o = similar_claims(ta, ca, tb, cb);
    uint32_t shorter = ea->content < eb->content ? ea->content : eb->content;
    const struct text_fact *fa, *fb;
    double s = o.jaccard;

    if (o.contained >= CONTAINED && shorter >= 3)
        s = fmax(s, o.contained * SAME);
    /* "The cat comes in" is not what the cat that says "Come here" does. */
    if ((ca->quote < 0) != (cb->quote < 0) && !shares_unquoted(ta, ca, tb, cb))
        return;
    if (s < SAME - DISTINCT ||
        (is_about_other(ta, ca, tb, cb) && is_about_other(tb, cb, ta, ca)))
        return;
    /* Costly; where the times agree it makes no difference. */
    if (fabs(ca->start - cb->start) > x->c->o->tolerance / 2 &&
        similar_contradict(ta, ca, tb, cb, &fa, &fb))
        return;
    keep_best(ea, in_b, b, (float)s);
    keep_best(eb, in_a, a, (float)s);
    if (o.jaccard >= SAME && o.contained >= SURELY && shorter >= 3)
        ea->sure[in_b] = eb->sure[in_a] = (float)s;
}

/* Enough words are shared to look closer, and there is work left to spend. */
static bool is_candidate(struct index *x, uint32_t a, uint32_t b)
{
    const struct event *ea = &x->events[a], *eb = &x->events[b];
    size_t shorter = ea->content < eb->content ? ea->content : eb->content;
    size_t cost = (size_t)ea->content * eb->content;

    if (x->shared[b] < SHARED || 2 * (size_t)x->shared[b] < shorter ||
        x->work < cost)
        return false;
    x->work -= cost;
    return true;
}

static void look_up(struct index *x, uint32_t e)
{
    const struct text *t = x->c->texts[x->texts[e]].text;
    const struct text_claim *c = &t->claims[x->events[e].claim];

    x->n_touched = 0;
    for (size_t i = c->first_word; i < c->first_word + c->n_words; i++) {
        if (t->words[i].weight > 0)
            share_word(x, e, t->words[i].stem);
    }
    for (size_t i = 0; i < x->n_touched; i++) {
        uint32_t other = x->touched[i];

        if (is_candidate(x, e, other))
            compare(x, e, other);
        x->shared[other] = 0;
    }
}

static bool is_distinct(const struct event *e, uint16_t text)
{
    double best = (double)e->best[text], next = (double)e->next[text];

    return best >= SAME * CONTAINED && best - next >= DISTINCT;
}

static void add_matches(struct index *x)
{
    struct time_check *c = x->c;

    c->n_matches = 0;
    c->matches =
        arena_array(c->work, x->n * TIME_TEXTS / 2 + 1, sizeof *c->matches);
    for (uint32_t a = 0; a < x->n; a++) {
        const struct event *ea = &x->events[a];
        uint16_t in = x->texts[a];

        for (uint16_t k = (uint16_t)(in + 1); k < c->n_texts; k++) {
            const struct event *eb = &x->events[ea->with[k]];

            if (ea->best[k] > 0 && is_distinct(ea, k) && is_distinct(eb, in) &&
                eb->with[in] == a)
                c->matches[c->n_matches++] =
                    (struct time_match){{in, k},
                                        {ea->claim, eb->claim},
                                        ea->sure[k] >= ea->best[k]};
        }
    }
}

void time_find_matches(struct time_check *c)
{
    struct index x = {.c = c, .work = WORK_MAX};
    size_t words = 0, room = 16, claims = 0;

    c->n_matches = 0;
    if (c->n_texts < 2)
        return;
    for (size_t k = 0; k < c->n_texts; k++)
        claims += c->texts[k].text->n_claims;
    claims = claims < CLAIMS_MAX ? claims : CLAIMS_MAX;
    x.events = arena_array(c->work, claims, sizeof *x.events);
    x.texts = arena_array(c->work, claims, sizeof *x.texts);
    list_events(&x, &words);
    while (room < words + words / 2)
        room *= 2;
    x.mask = room - 1;
    x.slots = arena_array(c->work, room, sizeof *x.slots);
    x.shared = arena_array(c->work, x.n, sizeof *x.shared);
    x.touched = arena_array(c->work, x.n, sizeof *x.touched);
    for (uint32_t e = 0; e < x.n; e++)
        look_up(&x, e);
    add_matches(&x);
}
