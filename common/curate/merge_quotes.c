/*
 * What is said, word by word: the transcript decides, else the vote.
 *
 * Quotes of different sources that are one and the same utterance are brought
 * together first; where their words differ, the words as transcribed win. With
 * no transcript of it, a quote that goes on where another one stops is the
 * fuller account, and everything else is a contradiction like any other.
 */
#include "asid/base/hash.h"
#include "asid/curate/transcript.h"
#include "merge_int.h"

enum {
    WORDS_MAX = 256,     /* words of a quote that are compared */
    HEARD_MAX = 20000,   /* words of the transcript */
    MATCH_MAX = 1 << 24, /* words times words of one record */
    VALUES_MAX = 16,     /* wordings of one utterance */
    SURE_WORDS = 4,      /* enough to know an utterance by */
};

/* Above these similarities two quotes are one utterance: near each other in
 * time, and anywhere. The first is the threshold of the dialogue reward
 * (AVoCaDO, arXiv 2510.10395). */
static const double same_near = 0.6, same_anywhere = 0.8;

struct said {
    const struct text_quote *quote;
    struct m_claim *claim;
    struct similar_word *words;
    size_t n;
    struct str folded; /* the words with blanks between them */
    uint64_t hash;     /* of folded */
    uint64_t bag;      /* a bit for each word, by hash */
    size_t utterance;
};

struct heard {
    bool read;
    struct str text;
    struct similar_word *words;
    size_t n;
    size_t budget; /* word comparisons that are left */
};

/* --- gathering ---------------------------------------------------------------- */

static struct str joined(struct arena *a, const struct similar_word *w,
                         size_t n)
{
    size_t size = 0;
    char *start, *p;

    for (size_t i = 0; i < n; i++)
        size += w[i].folded.n + 1;
    start = p = arena_bytes(a, size + 1);
    for (size_t i = 0; i < n; i++) {
        if (i)
            *p++ = ' ';
        p = mempcpy(p, w[i].folded.p, w[i].folded.n);
    }
    *p = '\0';
    return (struct str){start, (size_t)(p - start)};
}

static void add_quote(struct merge *m, struct said *s,
                      const struct text_quote *q, struct m_claim *c)
{
    struct str words = span_of(c->text->t->text, q->words);

    *s = (struct said){.quote = q, .claim = c};
    s->n = similar_words(m->p->rules, m->arena, words, &s->words);
    if (s->n > WORDS_MAX)
        s->n = WORDS_MAX;
    s->folded = joined(m->arena, s->words, s->n);
    s->hash = hash_u64(s->folded);
    for (size_t i = 0; i < s->n; i++)
        s->bag |= UINT64_C(1) << (hash_u64(s->words[i].folded) & 63);
}

static size_t gather_text(struct merge *m, const struct m_text *t,
                          struct said *list, size_t n)
{
    size_t claim = 0;

    for (size_t i = 0; i < t->t->n_quotes && n < MERGE_QUOTES; i++) {
        const struct text_quote *q = &t->t->quotes[i];
        struct m_claim *c;

        while (claim + 1 < t->n_claims &&
               m->claims[t->first_claim + claim + 1].c->at.at <= q->all.at)
            claim++;
        if (!q->spoken || claim >= t->n_claims)
            continue;
        c = &m->claims[t->first_claim + claim];
        if (c->gone || q->all.at < c->c->at.at ||
            q->all.at + q->all.n > c->c->at.at + c->c->at.n)
            continue;
        add_quote(m, &list[n], q, c);
        n += list[n].n > 0;
    }
    return n;
}

/* --- which are one utterance --------------------------------------------------- */

/* All words of b, one after the other, are in a. */
static bool holds(const struct said *a, const struct said *b)
{
    const char *p = a->folded.p;

    while ((p = strstr(p, b->folded.p)) != NULL) {
        char end = p[b->folded.n];

        if ((p == a->folded.p || p[-1] == ' ') && (end == ' ' || end == '\0'))
            return true;
        p++;
    }
    return false;
}

static bool same_utterance(struct merge *m, const struct said *a,
                           const struct said *b)
{
    size_t shared = (size_t)__builtin_popcountll(a->bag & b->bag);
    size_t least = (size_t)__builtin_popcountll(a->bag);
    size_t other = (size_t)__builtin_popcountll(b->bag);
    bool near = merge_gap(a->claim, b->claim) <= m->p->tolerance;
    double alike;

    if (a->hash == b->hash)
        return near || a->n >= SURE_WORDS;
    if (other < least)
        least = other;
    if (shared * 3 < least)
        return false;
    if (holds(a, b) || holds(b, a))
        return near && a->n >= 2 && b->n >= 2;
    alike = similar_edit(m->arena, a->folded, b->folded, same_near);
    return alike >= same_near &&
           (near || (alike >= same_anywhere && a->n >= SURE_WORDS));
}

/* --- against the transcript ----------------------------------------------------- */

static bool is_wide(unsigned char c)
{
    return c >= 0xe3; /* kana and Han are written without blanks */
}

static struct str transcript_text(struct merge *m)
{
    const struct transcript *t =
        transcript_read(m->p->rules, m->arena, json_get(m->record, "asr"));
    size_t size = 0, n = t->n_words < HEARD_MAX ? t->n_words : HEARD_MAX;
    char *start, *p;

    for (size_t i = 0; i < n; i++)
        size += t->words[i].text.n + 1;
    start = p = arena_bytes(m->arena, size + 1);
    for (size_t i = 0; i < n; i++) {
        struct str w = str_trim(t->words[i].text);

        if (w.n && p > start &&
            !(is_wide((unsigned char)w.p[0]) && (unsigned char)p[-1] >= 0x80))
            *p++ = ' ';
        p = mempcpy(p, w.p, w.n);
    }
    *p = '\0';
    return (struct str){start, (size_t)(p - start)};
}

struct cell {
    uint32_t cost, from;
};

/* The stretch of the transcript that is nearest to the quote, by the words
 * that differ, and how like the quote it is. */
static double nearest(struct merge *m, struct heard *h, const struct said *s,
                      struct span *at)
{
    struct cell *row;
    size_t best = 0, work = s->n * h->n;
    struct span found;

    if (h->n == 0 || work > h->budget)
        return 0;
    h->budget -= work;
    row = arena_array(m->arena, h->n + 1, sizeof *row);
    for (size_t j = 0; j <= h->n; j++)
        row[j] = (struct cell){0, (uint32_t)j};
    for (size_t i = 0; i < s->n; i++) {
        struct cell corner = row[0];

        row[0].cost++;
        for (size_t j = 0; j < h->n; j++) {
            struct cell up = row[j + 1], left = row[j], now = corner;

            now.cost += !str_eq(s->words[i].folded, h->words[j].folded);
            if (up.cost + 1 < now.cost)
                now = (struct cell){up.cost + 1, up.from};
            if (left.cost + 1 < now.cost)
                now = (struct cell){left.cost + 1, left.from};
            corner = up;
            row[j + 1] = now;
        }
    }
    for (size_t j = 1; j <= h->n; j++)
        if (row[j].cost < row[best].cost)
            best = j;
    if (best == 0 || row[best].from >= best)
        return 0;
    found.at = h->words[row[best].from].at.at;
    found.n = h->words[best - 1].at.at + h->words[best - 1].at.n - found.at;
    *at = found;
    return similar_edit(
        m->arena, s->folded,
        joined(m->arena, h->words + row[best].from, best - row[best].from),
        same_near);
}

/* --- deciding -------------------------------------------------------------------- */

struct wording {
    const struct said *first;
    uint64_t sources;
    double weight;
    double alike; /* to the transcript */
    struct span heard;
};

struct utterance {
    struct said **list;
    size_t n;
    struct wording words[VALUES_MAX];
    size_t n_words;
};

static void add_wording(const struct merge *m, struct utterance *u,
                        const struct said *s)
{
    uint64_t bit = UINT64_C(1) << s->claim->source;
    size_t i = 0;

    while (i < u->n_words && u->words[i].first->hash != s->hash)
        i++;
    if (i == VALUES_MAX)
        return;
    if (i == u->n_words)
        u->words[u->n_words++] = (struct wording){.first = s};
    if (!(u->words[i].sources & bit))
        u->words[i].weight +=
            m->sources[s->claim->source].weight[ATTRIBUTE_SPEECH];
    u->words[i].sources |= bit;
}

static struct str words_of(const struct said *s)
{
    return span_of(s->claim->text->t->text, s->quote->words);
}

static struct str as_heard(const struct heard *h, const struct wording *w)
{
    return (struct str){h->text.p + w->heard.at, w->heard.n};
}

static bool is_mark(char c)
{
    return c && strchr(".,!?;", c);
}

/* The words with the mark that the quote ended with where it stands. */
static struct str fit(struct merge *m, struct str words, struct str quote)
{
    quote = str_trim(quote);
    words = str_trim(words);
    while (words.n && is_mark(words.p[words.n - 1]))
        words.n--;
    if (quote.n && is_mark(quote.p[quote.n - 1]))
        return str_of(arena_printf(m->arena, "%.*s%c", (int)words.n, words.p,
                                   quote.p[quote.n - 1]));
    return words;
}

/* Bring all wordings of an utterance to one. */
static void settle(struct merge *m, const struct utterance *u, struct str words,
                   uint64_t kept, struct str reason,
                   struct m_conflict *conflict)
{
    for (size_t i = 0; i < u->n; i++) {
        const struct said *s = u->list[i];
        struct m_note *note = NULL;

        if (s->hash == kept)
            continue;
        note = merge_note_new(m, conflict, merge_sentence(m, s->claim),
                              UINT64_C(1) << s->claim->source, reason);
        merge_edit_add(m, s->claim->text, s->quote->words,
                       fit(m, words, words_of(s)));
        merge_mark_add(m, s->claim, DECISION_CORRECTED, note);
    }
}

static struct m_conflict *conflict_of(struct merge *m,
                                      const struct utterance *u, struct str how,
                                      struct str *reason)
{
    struct m_conflict *c =
        merge_conflict_new(m, "merge.conflict", ATTRIBUTE_SPEECH);
    struct buf b;

    buf_init(&b, 1 << 16);
    buf_text(&b, "words: ");
    for (size_t i = 0; i < u->n_words; i++) {
        struct str words = words_of(u->words[i].first);

        buf_printf(&b, "%s\"" STR_FMT "\" (%s: %g)", i ? " against " : "",
                   STR_ARG(words), merge_names(m, u->words[i].sources).p,
                   u->words[i].weight);
    }
    *reason = str_of(arena_strndup(m->arena, buf_view(&b).p, buf_view(&b).n));
    buf_text(&b, "; ");
    buf_str(&b, how);
    c->message =
        str_of(arena_strndup(m->arena, buf_view(&b).p, buf_view(&b).n));
    buf_release(&b);
    return c;
}

/* The index of the wording with the greatest weight, or -1 without one. */
static ptrdiff_t heaviest(const struct utterance *u)
{
    ptrdiff_t best = 0;
    bool tie = false;

    for (size_t i = 1; i < u->n_words; i++) {
        double d = u->words[i].weight - u->words[best].weight;

        tie = d > 0 ? false : tie || d >= 0;
        if (d > 0)
            best = (ptrdiff_t)i;
    }
    return tie ? -1 : best;
}

/* The wording that holds all the others, or -1. */
static ptrdiff_t fullest(const struct utterance *u)
{
    ptrdiff_t best = 0;

    for (size_t i = 1; i < u->n_words; i++)
        if (u->words[i].first->folded.n > u->words[best].first->folded.n)
            best = (ptrdiff_t)i;
    for (size_t i = 0; i < u->n_words; i++)
        if (!holds(u->words[best].first, u->words[i].first))
            return -1;
    return best;
}

static bool settle_by_transcript(struct merge *m, struct utterance *u,
                                 struct heard *h)
{
    struct m_conflict *conflict;
    struct wording *best = NULL;
    struct str reason, words;

    if (!h->read) {
        h->read = true;
        h->text = transcript_text(m);
        h->n = similar_words(m->p->rules, m->arena, h->text, &h->words);
    }
    for (size_t i = 0; i < u->n_words; i++) {
        struct wording *w = &u->words[i];

        w->alike = nearest(m, h, w->first, &w->heard);
        if (!best || w->alike > best->alike ||
            (w->alike >= best->alike && w->weight > best->weight))
            best = w;
    }
    if (best->alike < same_near)
        return false;
    conflict = conflict_of(m, u, STR("the transcript decides"), &reason);
    words = best->alike < 1 ? as_heard(h, best) : words_of(best->first);
    conflict->now = words;
    settle(m, u, words, best->alike < 1 ? 0 : best->first->hash, reason,
           conflict);
    return true;
}

static void leave_open(struct merge *m, const struct utterance *u)
{
    struct str reason;
    struct m_conflict *c =
        conflict_of(m, u, STR("left open: no greater weight"), &reason);

    for (size_t i = 0; i < u->n_words; i++)
        merge_alternative(m, c, u->words[i].first->claim,
                          merge_sentence(m, u->words[i].first->claim),
                          u->words[i].sources);
    for (size_t i = 0; i < u->n; i++)
        merge_mark_add(m, u->list[i]->claim, DECISION_GONE, NULL);
}

/* One wording for all; false when that was left open. */
static bool settle_words(struct merge *m, struct utterance *u, struct heard *h)
{
    struct m_conflict *conflict;
    ptrdiff_t best;
    struct str reason;

    for (size_t i = 0; i < u->n; i++)
        add_wording(m, u, u->list[i]);
    if (u->n_words < 2 || settle_by_transcript(m, u, h))
        return true;
    best = fullest(u);
    if (best >= 0) {
        settle(m, u, words_of(u->words[best].first), u->words[best].first->hash,
               STR("a part of the longer quote"), NULL);
        return true;
    }
    best = heaviest(u);
    if (best < 0) {
        leave_open(m, u);
        return false;
    }
    conflict = conflict_of(m, u, STR("the one with the greatest weight stays"),
                           &reason);
    conflict->now = words_of(u->words[best].first);
    settle(m, u, conflict->now, u->words[best].first->hash, reason, conflict);
    return true;
}

/* --- who says it ------------------------------------------------------------------- */

struct speaker {
    const struct said *first;
    uint64_t sources;
    double weight;
};

static void add_speaker(const struct merge *m, struct speaker *who,
                        const struct said *s)
{
    uint64_t bit = UINT64_C(1) << s->claim->source;

    if (!who->first)
        who->first = s;
    if (!(who->sources & bit))
        who->weight += m->sources[s->claim->source].weight[ATTRIBUTE_SPEECH];
    who->sources |= bit;
}

static void silence(struct merge *m, const struct utterance *u, uint8_t gender,
                    const struct speaker *winner, struct m_conflict *conflict,
                    struct str reason)
{
    for (size_t i = 0; i < u->n; i++) {
        const struct m_claim *c = u->list[i]->claim;

        if (c->gender != gender)
            continue;
        merge_mark_add(m, c, DECISION_GONE, NULL);
        if (winner)
            merge_mark_add(m, winner->first->claim, DECISION_NOTE,
                           merge_note_new(m, conflict, merge_sentence(m, c),
                                          UINT64_C(1) << c->source, reason));
    }
}

/* One man's words are not a woman's. */
static void settle_speaker(struct merge *m, const struct utterance *u)
{
    struct speaker who[4] = {{NULL, 0, 0}};
    struct speaker *man = &who[1], *woman = &who[2];
    struct m_conflict *c;
    struct str a, b, reason;
    const char *how = "left open: no greater weight";

    for (size_t i = 0; i < u->n; i++)
        add_speaker(m, &who[u->list[i]->claim->gender & 3], u->list[i]);
    if (!man->first || !woman->first || man->sources & woman->sources)
        return;
    c = merge_conflict_new(m, "merge.conflict", ATTRIBUTE_SPEECH);
    a = merge_sentence(m, man->first->claim);
    b = merge_sentence(m, woman->first->claim);
    reason = str_of(arena_printf(
        m->arena, "speaker: " STR_FMT " (%s: %g) against " STR_FMT " (%s: %g)",
        STR_ARG(a), merge_names(m, man->sources).p, man->weight, STR_ARG(b),
        merge_names(m, woman->sources).p, woman->weight));
    if (man->weight > woman->weight) {
        silence(m, u, 2, man, c, reason);
        how = "the first has the greater weight";
    } else if (woman->weight > man->weight) {
        silence(m, u, 1, woman, c, reason);
        how = "the second has the greater weight";
    } else {
        merge_alternative(m, c, man->first->claim, a, man->sources);
        merge_alternative(m, c, woman->first->claim, b, woman->sources);
        silence(m, u, 1, NULL, c, reason);
        silence(m, u, 2, NULL, c, reason);
    }
    c->message =
        str_of(arena_printf(m->arena, STR_FMT "; %s", STR_ARG(reason), how));
}

void merge_quotes(struct merge *m)
{
    struct said *list, **members;
    struct heard h = {.budget = MATCH_MAX};
    size_t n = 0, utterances = 0;

    for (size_t i = 0; i < m->n_texts; i++)
        n += m->texts[i].t->n_quotes;
    if (n < 2)
        return;
    n = n < MERGE_QUOTES ? n : MERGE_QUOTES;
    list = arena_array(m->arena, n + 1, sizeof *list);
    members = arena_array(m->arena, n, sizeof *members);
    n = 0;
    for (size_t i = 0; i < m->n_texts; i++)
        n = gather_text(m, &m->texts[i], list, n);
    for (size_t i = 0; i < n; i++) {
        size_t k = 0;

        while (k < i && !(list[k].claim->source != list[i].claim->source &&
                          same_utterance(m, &list[k], &list[i])))
            k++;
        list[i].utterance = k < i ? list[k].utterance : utterances++;
    }
    for (size_t which = 0; which < utterances; which++) {
        struct utterance u = {.list = members};

        for (size_t i = 0; i < n; i++)
            if (list[i].utterance == which)
                members[u.n++] = &list[i];
        if (u.n > 1 && settle_words(m, &u, &h))
            settle_speaker(m, &u);
    }
}
