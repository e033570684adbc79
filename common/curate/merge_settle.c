/* What decisions do: edits in texts, marks on claims, notes and findings. */
#include <stdlib.h>

#include "merge_int.h"

struct str merge_sentence(struct merge *m, const struct m_claim *c)
{
    struct m_claim *of = &m->claims[c - m->claims];

    if (of->sentence.n == 0)
        of->sentence = text_claim_sentence(m->arena, c->text->t, c->c);
    return of->sentence;
}

/* How many bytes an indefinite article at the head takes, blank included. */
static size_t article(struct str s)
{
    if (str_starts(s, "A ") || str_starts(s, "a "))
        return 2;
    return str_starts(s, "An ") || str_starts(s, "an ") ? 3 : 0;
}

struct str merge_definite(struct merge *m, struct str sentence)
{
    size_t n = article(sentence);
    char *p;

    if (n == 0)
        return sentence;
    p = arena_bytes(m->arena, sentence.n + 5);
    memcpy(p, "The ", 4);
    memcpy(p + 4, sentence.p + n, sentence.n - n);
    p[4 + sentence.n - n] = '\0';
    return (struct str){p, 4 + sentence.n - n};
}

static size_t names_of(const struct merge *m, uint64_t sources,
                       struct str names[MERGE_SOURCES])
{
    size_t n = 0;

    for (size_t i = 0; i < m->n_sources; i++)
        if (sources >> m->by_name[i] & 1)
            names[n++] = m->sources[m->by_name[i]].name;
    return n;
}

struct json *merge_names_json(struct merge *m, uint64_t sources)
{
    struct str names[MERGE_SOURCES];
    size_t n = names_of(m, sources, names);
    struct json *list = json_new_array(m->arena);

    for (size_t i = 0; i < n; i++)
        json_append(list, json_new_str(m->arena, names[i]));
    return list;
}

struct str merge_names(struct merge *m, uint64_t sources)
{
    struct str names[MERGE_SOURCES];
    size_t n = names_of(m, sources, names);
    size_t size = 0;
    struct str out;
    char *p;

    for (size_t i = 0; i < n; i++)
        size += names[i].n + 2;
    p = arena_bytes(m->arena, size + 1);
    out = (struct str){p, 0};
    for (size_t i = 0; i < n; i++) {
        if (i)
            p = mempcpy(p, ", ", 2);
        p = mempcpy(p, names[i].p, names[i].n);
    }
    *p = '\0';
    out.n = (size_t)(p - out.p);
    return out;
}

/* --- notes ----------------------------------------------------------------- */

void merge_edit_add(struct merge *m, const struct m_text *t, struct span at,
                    struct str with)
{
    struct m_edit *e = arena_alloc(m->arena, sizeof *e);
    struct m_text *text = &m->texts[t - m->texts];

    *e = (struct m_edit){text->edits, at, with};
    text->edits = e;
}

void merge_mark_add(struct merge *m, const struct m_claim *c,
                    enum m_decision decision, struct m_note *note)
{
    struct m_mark *mark = arena_alloc(m->arena, sizeof *mark);
    struct m_text *text = &m->texts[c->text - m->texts];

    *mark = (struct m_mark){text->marks, c->c->at.at, decision, false, note};
    text->marks = mark;
    if (decision == DECISION_GONE)
        m->claims[c - m->claims].gone = true;
}

struct m_conflict *merge_conflict_new(struct merge *m, const char *code,
                                      enum attribute attribute)
{
    struct m_conflict *c = arena_alloc(m->arena, sizeof *c);

    c->code = code;
    c->attribute = attribute;
    c->claim = -1;
    c->carrier = attribute;
    c->start = (double)NAN;
    *m->conflicts_end = c;
    m->conflicts_end = &c->next;
    return c;
}

struct m_note *merge_note_new(struct merge *m, struct m_conflict *conflict,
                              struct str text, uint64_t sources,
                              struct str reason)
{
    struct m_note *n = arena_alloc(m->arena, sizeof *n);

    *n = (struct m_note){NULL, conflict, text, reason, sources};
    return n;
}

void merge_alternative(struct merge *m, struct m_conflict *c,
                       const struct m_claim *claim, struct str text,
                       uint64_t sources)
{
    struct json *one = claim_new(m->arena, text, claim->start, claim->end);

    json_set(m->arena, one, "sources", merge_names_json(m, sources));
    if (!c->open) {
        c->open = claim_new(m->arena, text, claim->start, claim->end);
        json_set(m->arena, c->open, "sources", json_new_array(m->arena));
        json_set(m->arena, c->open, "alternatives", json_new_array(m->arena));
        c->start = claim->start;
    }
    c->sources |= sources;
    json_set(m->arena, c->open, "sources", merge_names_json(m, c->sources));
    json_append(json_get(c->open, "alternatives"), one);
}

/* --- carrying decisions out -------------------------------------------------- */

static int by_place(const void *a, const void *b)
{
    const struct m_edit *x = *(struct m_edit *const *)a;
    const struct m_edit *y = *(struct m_edit *const *)b;

    if (x->at.at != y->at.at)
        return x->at.at < y->at.at ? -1 : 1;
    if (x->at.n != y->at.n)
        return x->at.n < y->at.n ? -1 : 1;
    return str_cmp(x->with, y->with);
}

/* The edits of a text in order, without those that overlap one before. */
static size_t sorted_edits(struct merge *m, const struct m_text *t,
                           struct m_edit ***out)
{
    struct m_edit **list;
    size_t n = 0, kept = 0, end = 0;

    for (struct m_edit *e = t->edits; e; e = e->next)
        n++;
    list = arena_array(m->arena, n, sizeof *list);
    n = 0;
    for (struct m_edit *e = t->edits; e; e = e->next)
        list[n++] = e;
    qsort(list, n, sizeof *list, by_place);
    for (size_t i = 0; i < n; i++) {
        if (list[i]->at.at < end)
            continue;
        end = list[i]->at.at + list[i]->at.n;
        list[kept++] = list[i];
    }
    *out = list;
    return kept;
}

static struct str apply(struct merge *m, struct str raw, struct m_edit **edits,
                        size_t n)
{
    size_t size = raw.n, from = 0;
    char *start, *p;

    for (size_t i = 0; i < n; i++)
        size += edits[i]->with.n;
    start = p = arena_bytes(m->arena, size + 1);
    for (size_t i = 0; i < n; i++) {
        p = mempcpy(p, raw.p + from, edits[i]->at.at - from);
        p = mempcpy(p, edits[i]->with.p, edits[i]->with.n);
        from = edits[i]->at.at + edits[i]->at.n;
    }
    p = mempcpy(p, raw.p + from, raw.n - from);
    *p = '\0';
    return (struct str){start, (size_t)(p - start)};
}

/* Where a byte of the text is once the edits are made; shift[i] is what the
 * edits before the i-th add, modulo the size of memory. */
static size_t moved(size_t at, struct m_edit **edits, const size_t *shift,
                    size_t n)
{
    size_t low = 0, high = n;
    size_t end;

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (edits[mid]->at.at < at)
            low = mid + 1;
        else
            high = mid;
    }
    if (low == 0)
        return at;
    end = edits[low - 1]->at.at + edits[low - 1]->at.n;
    if (end > at) /* inside what is replaced: to its beginning */
        return edits[low - 1]->at.at + shift[low - 1];
    return at + shift[low];
}

static void revise_text(struct merge *m, struct m_text *t)
{
    struct m_edit **edits;
    size_t n = sorted_edits(m, t, &edits);
    size_t *shift = arena_array(m->arena, n + 1, sizeof *shift);

    for (size_t i = 0; i < n; i++)
        shift[i + 1] = shift[i] + edits[i]->with.n - edits[i]->at.n;
    for (struct m_mark *k = t->marks; k; k = k->next)
        k->at = moved(k->at, edits, shift, n);
    t->raw = apply(m, t->raw, edits, n);
    merge_analyse(m, t);
    t->edits = NULL;
    t->decided = NULL; /* by facts that are no more */
    t->edited = true;
}

/* The claim that holds a byte of the text, or the last one before it. */
static struct m_claim *claim_at(struct merge *m, const struct m_text *t,
                                size_t at)
{
    size_t low = 0, high = t->n_claims;

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (m->claims[t->first_claim + mid].c->at.at <= at)
            low = mid + 1;
        else
            high = mid;
    }
    if (t->n_claims == 0)
        return NULL;
    return &m->claims[t->first_claim + (low ? low - 1 : 0)];
}

static void apply_mark(struct merge *m, const struct m_text *t,
                       struct m_mark *k)
{
    struct m_claim *c = claim_at(m, t, k->at);

    if (!c || k->applied)
        return;
    k->applied = true;
    c->gone |= k->decision == DECISION_GONE;
    c->corrected |= k->decision == DECISION_CORRECTED;
    if (k->note) {
        k->note->next = c->notes;
        c->notes = k->note;
    }
}

void merge_revise(struct merge *m)
{
    bool again = false;

    for (size_t i = 0; i < m->n_texts; i++) {
        if (!m->texts[i].edits)
            continue;
        revise_text(m, &m->texts[i]);
        again = true;
    }
    if (again)
        merge_pool(m);
    for (size_t i = 0; i < m->n_texts; i++)
        for (struct m_mark *k = m->texts[i].marks; k; k = k->next) {
            if (again)
                k->applied = false;
            apply_mark(m, &m->texts[i], k);
        }
}
