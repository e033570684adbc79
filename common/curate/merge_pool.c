/* The claims of all texts, what they are compared by, and their index. */
#include <stdlib.h>

#include "merge_int.h"

static bool is_visual(enum attribute a)
{
    return a == ATTRIBUTE_SCENE || a == ATTRIBUTE_CHARACTERS ||
           a == ATTRIBUTE_OBJECTS || a == ATTRIBUTE_ACTIONS ||
           a == ATTRIBUTE_CAMERA;
}

static int compare(const void *a, const void *b)
{
    const struct m_stem *x = a, *y = b;

    if (x->stem != y->stem)
        return x->stem < y->stem ? -1 : 1;
    return (x->place > y->place) - (x->place < y->place);
}

/* Claims have a dozen content words: by insertion, but for the odd long one. */
static void sort_stems(struct m_stem *list, size_t n)
{
    enum { SHORT = 48 };

    if (n > SHORT) {
        qsort(list, n, sizeof *list, compare);
        return;
    }
    for (size_t i = 1; i < n; i++) {
        struct m_stem s = list[i];
        size_t k = i;

        for (; k > 0 && compare(&s, &list[k - 1]) < 0; k--)
            list[k] = list[k - 1];
        list[k] = s;
    }
}

size_t merge_word_near(const struct m_claim *c, size_t byte)
{
    const struct text *t = c->text->t;
    size_t first = c->c->first_word, end = first + c->c->n_words;

    if (c->c->n_words == 0 || byte <= t->words[first].at.at)
        return text_first_word(t, 0, end, byte);
    return byte <= t->words[end - 1].at.at
               ? text_first_word(t, first, end, byte)
               : text_first_word(t, end, t->n_words, byte);
}

/* Whether a word lies inside an anchor: its number is no detail. */
static bool in_anchor(const struct text *t, const struct text_word *w)
{
    size_t i = text_first_anchor(t, w->at.at);

    return i < t->n_anchors && t->anchors[i].at.at <= w->at.at;
}

struct stems {
    struct m_stem *list;
    size_t n;
    bool anchored; /* an anchor may stand among the words */
};

static void take_word(struct merge *m, struct m_claim *c,
                      const struct text_word *w, bool own, struct stems *s)
{
    uint8_t lists = merge_lists(m->p, w->stem);
    uint8_t person = 0;

    if (!w->quoted && lists >> LIST_MALE & 1)
        person |= 1;
    if (!w->quoted && lists >> LIST_FEMALE & 1)
        person |= 2;
    c->gender |= person;
    c->ordered |= own && !w->quoted && lists >> LIST_ORDER & 1;
    if (w->stop)
        c->pronouns |= person;
    if (w->quoted) {
        if (own)
            c->quoted = (c->quoted ^ w->folded) * 0x9e3779b97f4a7c15u + 1;
        return;
    }
    if ((w->stop && !(lists >> LIST_PLACE & 1)) ||
        (s->anchored && in_anchor(c->text->t, w)))
        return;
    s->list[s->n] = (struct m_stem){w->stem, (uint32_t)s->n, own,
                                    lists >> LIST_LIGHT & 1, person};
    s->n++;
}

static void take_words(struct merge *m, struct m_claim *c, size_t first,
                       size_t end, bool own, struct stems *s)
{
    const struct text *t = c->text->t;

    /* Most claims have no anchor inside; their words need not be asked for
     * it. */
    s->anchored = merge_is_anchored(t, first, end);
    for (size_t i = first; i < end; i++)
        take_word(m, c, &t->words[i], own, s);
}

/* Sort the stems, each once, and note what they are told apart by. */
static void keep_stems(struct m_claim *c, struct stems *s)
{
    size_t n = 0;

    sort_stems(s->list, s->n);
    for (size_t i = 0; i < s->n; i++) {
        if (n && s->list[n - 1].stem == s->list[i].stem)
            s->list[n - 1].own |= s->list[i].own;
        else
            s->list[n++] = s->list[i];
    }
    c->sorted = s->list;
    c->n_sorted = (uint32_t)n;
    for (size_t i = 0; i < n; i++) {
        const struct m_stem *k = &s->list[i];

        c->has |= merge_bit(k->stem);
        c->n_needed += k->own && !k->light;
        if (k->own && !k->light && !k->person)
            c->needs |= merge_bit(k->stem);
    }
}

/* The content stems of a claim: its own in order, and sorted together with
 * those of the subject that it takes over from the clause before. */
static void take_stems(struct merge *m, struct m_claim *c)
{
    const struct text *t = c->text->t;
    struct span subject = c->c->subject;
    size_t first = c->c->first_word, n_words = c->c->n_words;
    size_t from = 0, to = 0, distinct = 0;
    uint64_t *own = arena_list(m->arena, n_words, sizeof *own);
    struct stems s = {NULL, 0, false};

    if (subject.n) {
        from = text_first_word(t, 0, t->n_words, subject.at);
        to = text_first_word(t, 0, t->n_words, subject.at + subject.n);
    }
    s.list = arena_list(m->arena, n_words + (to - from), sizeof s.list[0]);
    take_words(m, c, first, first + n_words, true, &s);
    for (size_t i = 0; i < s.n; i++)
        own[i] = s.list[i].stem;
    c->own = own;
    c->n_own = (uint32_t)s.n;
    take_words(m, c, from, to, false, &s);
    keep_stems(c, &s);
    for (size_t i = 0; i < c->n_sorted; i++)
        distinct += c->sorted[i].own;
    c->repeats = distinct < c->n_own;
    c->plain = c->needs && !c->repeats && c->c->n_facts <= MERGE_FACTS;
}

/* Most facts are things and deeds that are said to be; only the others have a
 * value that can differ. */
static void take_facts(struct merge *m, struct m_claim *c)
{
    uint32_t *values = arena_list(m->arena, c->c->n_facts, sizeof *values);

    for (uint32_t k = 0; k < c->c->n_facts; k++)
        if (merge_fact(c, k)->kind != FACT_NEGATION)
            values[c->n_values++] = k;
    c->values = values;
}

/* What another claim's words, which are the same, amount to. */
static void share(struct m_claim *c, const struct m_claim *with)
{
    c->gender = with->gender;
    c->pronouns = with->pronouns;
    c->ordered = with->ordered;
    c->n_own = with->n_own;
    c->own = with->own;
    c->n_sorted = with->n_sorted;
    c->sorted = with->sorted;
    c->n_needed = with->n_needed;
    c->has = with->has;
    c->needs = with->needs;
    c->repeats = with->repeats;
    c->plain = with->plain;
    c->quoted = with->quoted;
    c->values = with->values;
    c->n_values = with->n_values;
}

/* Sources mostly tell the same in the same words, each of which then need be
 * looked at once. */
static void take_wording(struct merge *m, struct m_claim *c)
{
    struct m_wording *w = merge_wording(m, c);

    c->wording = w ? (uint32_t)(w - m->wordings.list) : MERGE_NO_WORDING;
    if (w && w->claim) {
        share(c, w->claim);
        return;
    }
    take_stems(m, c);
    take_facts(m, c);
    if (w)
        w->claim = c;
}

/* Note the first claim of this pool that has the claim's wording. */
static void find_first(struct merge *m, struct m_claim *c)
{
    uint32_t index = (uint32_t)(c - m->claims);
    struct m_wording *w;

    c->first = index;
    if (c->wording == MERGE_NO_WORDING)
        return;
    w = &m->wordings.list[c->wording];
    if (w->pool != m->pools) {
        w->pool = m->pools;
        w->first = index;
    }
    c->first = w->first;
}

/* A source that only heard has no say in what is seen; nobody has in the
 * sound of a clip without any. */
static void judge_source(const struct merge *m, struct m_claim *c)
{
    const struct m_source *s = &m->sources[c->source];

    c->unheard = is_visual(c->attribute) && s->heard && !s->seen;
    c->silent = c->attribute == ATTRIBUTE_SPEECH && m->no_sound;
    c->gone = c->unheard || c->silent;
}

static void add_claim(struct merge *m, const struct m_text *text,
                      const struct text_claim *tc)
{
    struct m_claim *c = &m->claims[m->n_claims++];

    *c = (struct m_claim){.text = text,
                          .c = tc,
                          .source = text->source,
                          .attribute = text->hint,
                          .start = tc->start,
                          .end = tc->end,
                          .own_time = isfinite(tc->start),
                          .sources = UINT64_C(1) << text->source,
                          .joined = -1};
    if (c->attribute == ATTRIBUTE_NONE)
        c->attribute = tc->attribute;
    take_wording(m, c);
    find_first(m, c);
    judge_source(m, c);
}

/* The claim as it was in the pool before, without what was decided since. */
static void add_again(struct merge *m, const struct m_claim *old)
{
    struct m_claim *c = &m->claims[m->n_claims++];

    *c = *old;
    c->start = c->c->start;
    c->end = c->c->end;
    c->own_time = isfinite(c->start);
    c->sources = UINT64_C(1) << c->source;
    c->corrected = c->again = false;
    c->notes = NULL;
    c->near = NULL;
    c->joined = -1;
    find_first(m, c);
    judge_source(m, c);
}

/* --- index ----------------------------------------------------------------- */

/* Where the stem's posting is noted, or would be. */
static uint32_t *slot_of(const struct m_index *x, uint64_t stem)
{
    size_t i = (stem ^ stem >> 29) & x->mask;

    while (x->slots[i] && x->postings[x->slots[i]].stem != stem)
        i = (i + 1) & x->mask;
    return &x->slots[i];
}

/* What a claim is found by: its stems and, as one more, its quotes. */
static size_t keys_of(const struct m_claim *c)
{
    return c->n_sorted + (c->quoted != 0);
}

static uint64_t key_of(const struct m_claim *c, size_t i)
{
    return i < c->n_sorted ? c->sorted[i].stem : c->quoted;
}

/* Which postings claims are in. Those of one wording share a list. */
struct keys {
    uint32_t *postings; /* of each key of each claim */
    size_t *from;       /* of each claim: where its own begin */
    size_t n;
};

/* Find the postings of a claim's keys, made when they are new. */
static void find_postings(struct merge *m, size_t claim, struct keys *keys,
                          uint32_t *n_postings)
{
    const struct m_claim *c = &m->claims[claim];
    struct m_index *x = &m->index;

    keys->from[claim] = keys->n;
    for (size_t k = 0; k < keys_of(c); k++) {
        uint64_t key = key_of(c, k);
        uint32_t *slot = slot_of(x, key);

        if (!*slot) {
            *slot = (*n_postings)++;
            x->postings[*slot] = (struct m_posting){.stem = key};
        }
        keys->postings[keys->n++] = *slot;
    }
}

/* Make the postings, with how many claims each has; returns how many. */
static uint32_t count_postings(struct merge *m, struct keys *keys)
{
    uint32_t n = 1;

    for (size_t i = 0; i < m->n_claims; i++) {
        const struct m_claim *c = &m->claims[i];

        if (c->first == i)
            find_postings(m, i, keys, &n);
        else
            keys->from[i] = keys->from[c->first];
        for (size_t k = 0; k < keys_of(c); k++)
            m->index.postings[keys->postings[keys->from[i] + k]].n++;
    }
    return n;
}

/* Give each posting its claims. */
static void fill_postings(struct merge *m, const struct keys *keys,
                          uint32_t n_postings)
{
    struct m_index *x = &m->index;
    uint32_t first = 0;

    for (uint32_t i = 0; i < n_postings; i++) {
        x->postings[i].first = first;
        first += x->postings[i].n;
        x->postings[i].n = 0; /* filling counts it up again */
    }
    for (uint32_t i = 0; i < m->n_claims; i++) {
        const uint32_t *own = keys->postings + keys->from[i];

        for (size_t k = 0; k < keys_of(&m->claims[i]); k++) {
            struct m_posting *p = &x->postings[own[k]];

            x->claims[p->first + p->n++] = i;
        }
    }
}

static void build_index(struct merge *m)
{
    struct m_index *x = &m->index;
    size_t all = 0, distinct = 0, size = 16;
    struct keys keys = {.n = 0};

    for (size_t i = 0; i < m->n_claims; i++) {
        size_t n = keys_of(&m->claims[i]);

        all += n;
        distinct += m->claims[i].first == i ? n : 0;
    }
    while (size < 2 * distinct)
        size *= 2;
    x->mask = size - 1;
    x->slots = arena_array(m->arena, size, sizeof x->slots[0]);
    x->postings = arena_list(m->arena, distinct + 1, sizeof x->postings[0]);
    x->postings[0] = (struct m_posting){.n = 0};
    x->claims = arena_list(m->arena, all, sizeof x->claims[0]);
    keys.postings = arena_list(m->arena, distinct, sizeof keys.postings[0]);
    keys.from = arena_list(m->arena, m->n_claims, sizeof keys.from[0]);
    fill_postings(m, &keys, count_postings(m, &keys));
}

const uint32_t *merge_find(const struct merge *m, uint64_t stem, size_t *n)
{
    const struct m_posting *p = &m->index.postings[*slot_of(&m->index, stem)];

    *n = p->n;
    return m->index.claims + p->first;
}

void merge_pool(struct merge *m)
{
    const struct m_claim *old;
    size_t n = 0;

    for (size_t i = 0; i < m->n_texts; i++)
        n += m->texts[i].t->n_claims;
    old = m->claims;
    m->claims = arena_list(m->arena, n, sizeof m->claims[0]);
    m->memo = arena_array(m->arena, MERGE_MEMO, sizeof m->memo[0]);
    m->n_claims = 0;
    m->pools++;
    for (size_t i = 0; i < m->n_texts; i++) {
        struct m_text *text = &m->texts[i];
        size_t first = text->first_claim;
        bool again = text->pooled == text->t;

        text->first_claim = m->n_claims;
        text->n_claims = text->t->n_claims;
        for (size_t k = 0; k < text->t->n_claims; k++) {
            if (again)
                add_again(m, &old[first + k]);
            else
                add_claim(m, text, &text->t->claims[k]);
        }
        text->pooled = text->t;
    }
    build_index(m);
}

/* --- looking --------------------------------------------------------------- */

const struct m_stem *merge_stem(const struct m_claim *c, uint64_t stem)
{
    size_t low = 0, high = c->n_sorted;

    if (!(c->has & merge_bit(stem)))
        return NULL;
    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (c->sorted[mid].stem < stem)
            low = mid + 1;
        else
            high = mid;
    }
    return low < c->n_sorted && c->sorted[low].stem == stem ? &c->sorted[low]
                                                            : NULL;
}
