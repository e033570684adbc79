/*
 * A model's rewording of a merged text, held against it claim by claim.
 *
 * Fluent models drop and invent without saying so, so nothing of theirs is
 * taken on trust: every content word, value, quote and time of the merged text
 * has to be in a sentence of the fused one, and the other way round.
 */
#include "merge_int.h"

#define STAGE "merge"

enum {
    SENTENCES_MAX = 64, /* sentences that one claim is looked for in */
    FACTS_MAX = 64,
    FUSED_MAX = 65536, /* bytes of either text */
};

/* The two sides of a comparison: claims of the one text are looked for in the
 * other one's. */
struct sides {
    struct merge *m;
    const struct m_text *from, *to;
};

static const struct m_claim *claims_of(const struct merge *m,
                                       const struct m_text *t)
{
    return &m->claims[t->first_claim];
}

/* The claims of a sentence of the text: the run that claim i belongs to. */
static size_t sentence_of(const struct m_claim *c, size_t n, size_t i,
                          size_t *first)
{
    size_t end = i + 1;

    *first = i;
    while (*first > 0 && c[*first - 1].c->sentence == c[i].c->sentence)
        (*first)--;
    while (end < n && c[end].c->sentence == c[i].c->sentence)
        end++;
    return end - *first;
}

static bool has_word(const struct m_claim *list, size_t n,
                     const struct m_stem *s)
{
    for (size_t i = 0; i < n; i++)
        if (merge_stem(&list[i], s->stem) || (list[i].pronouns & s->person))
            return true;
    return false;
}

static bool has_fact(const struct m_claim *list, size_t n,
                     const struct text_fact *f)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < list[i].c->n_facts && k < FACTS_MAX; k++) {
            const struct text_fact *g =
                &list[i].text->t->facts[list[i].c->first_fact + k];

            if (g->kind == f->kind && g->group == f->group &&
                g->about == f->about && g->value == f->value)
                return true;
        }
    return false;
}

static bool has_quote(const struct m_claim *list, size_t n, uint64_t quoted)
{
    for (size_t i = 0; i < n; i++)
        if (list[i].quoted == quoted)
            return true;
    return false;
}

static bool has_time(const struct merge *m, const struct m_claim *list,
                     size_t n, const struct m_claim *c)
{
    if (!isfinite(c->start))
        return true;
    for (size_t i = 0; i < n; i++)
        if (isfinite(list[i].start) &&
            merge_gap(&list[i], c) <= m->p->tolerance)
            return true;
    return false;
}

/* Everything the claim says is said in these claims of one sentence. */
static bool holds(const struct merge *m, const struct m_claim *list, size_t n,
                  const struct m_claim *c)
{
    for (size_t i = 0; i < c->n_sorted; i++) {
        const struct m_stem *s = &c->sorted[i];

        if (s->own && !s->light && !has_word(list, n, s))
            return false;
    }
    for (size_t k = 0; k < c->c->n_facts && k < FACTS_MAX; k++) {
        const struct text_fact *f = &c->text->t->facts[c->c->first_fact + k];

        if (f->kind == FACT_NEGATION && f->value == 0)
            continue;
        if (!has_fact(list, n, f))
            return false;
    }
    return (c->quoted == 0 || has_quote(list, n, c->quoted)) &&
           has_time(m, list, n, c);
}

static bool is_found(const struct sides *s, const struct m_claim *c)
{
    const struct m_claim *to = claims_of(s->m, s->to);
    size_t first = s->to->first_claim, last = first + s->to->n_claims;
    size_t n, tried = 0;
    const uint32_t *list = merge_candidates(s->m, c, &n);

    for (size_t i = 0; i < n && tried < SENTENCES_MAX; i++) {
        size_t from, run;

        if (list[i] < first || list[i] >= last)
            continue;
        run = sentence_of(to, s->to->n_claims, list[i] - first, &from);
        if (holds(s->m, to + from, run, c))
            return true;
        tried++;
    }
    return false;
}

/* The words of a claim may come from several sentences of the merged text, but
 * each of them from one that shares its time. */
static bool is_supported(const struct sides *s, const struct m_claim *c)
{
    const struct m_claim *to = claims_of(s->m, s->to);
    bool quoted = c->quoted == 0, word, fact;

    for (size_t i = 0; i < c->n_sorted; i++) {
        const struct m_stem *w = &c->sorted[i];

        word = !w->own || w->light;
        for (size_t k = 0; k < s->to->n_claims && !word; k++)
            word = merge_gap(&to[k], c) <= s->m->p->tolerance &&
                   has_word(&to[k], 1, w);
        if (!word)
            return false;
    }
    for (size_t k = 0; k < c->c->n_facts && k < FACTS_MAX; k++) {
        const struct text_fact *f = &c->text->t->facts[c->c->first_fact + k];

        fact = f->kind == FACT_NEGATION && f->value == 0;
        for (size_t i = 0; i < s->to->n_claims && !fact; i++)
            fact = merge_gap(&to[i], c) <= s->m->p->tolerance &&
                   has_fact(&to[i], 1, f);
        if (!fact)
            return false;
    }
    for (size_t k = 0; k < s->to->n_claims && !quoted; k++)
        quoted = has_quote(&to[k], 1, c->quoted);
    return quoted && has_time(s->m, to, s->to->n_claims, c);
}

static bool in_order(const struct text *t)
{
    double last = 0;

    for (size_t i = 0; i < t->n_anchors; i++) {
        if (t->anchors[i].whole)
            continue;
        if (t->anchors[i].start < last)
            return false;
        last = t->anchors[i].start;
    }
    return true;
}

static bool blame(struct merge *m, const struct m_claim *c, const char *what,
                  struct str *why)
{
    struct str text = merge_sentence(m, c);

    *why = str_of(
        arena_printf(m->arena, "%s \"" STR_FMT "\"", what, STR_ARG(text)));
    return false;
}

bool merge_fusion_holds(const struct merge_policy *p, struct arena *a,
                        enum attribute attribute, struct str plain,
                        struct str fused, struct str *why)
{
    struct merge *m = arena_alloc(a, sizeof *m);
    struct m_text texts[2] = {{.hint = attribute, .raw = plain},
                              {.hint = attribute, .raw = fused, .source = 1}};
    struct sides there = {m, &m->fusion[0], &m->fusion[1]};
    struct sides back = {m, &m->fusion[1], &m->fusion[0]};

    m->p = p;
    m->arena = a;
    m->n_sources = 2;
    memcpy(m->fusion, texts, sizeof texts);
    m->texts = m->fusion;
    m->n_texts = 2;
    if (plain.n > FUSED_MAX || fused.n > FUSED_MAX) {
        *why = STR("it is too long");
        return false;
    }
    for (size_t i = 0; i < 2; i++)
        m->texts[i].t = text_analyse(p->rules, a, m->texts[i].raw, attribute);
    merge_pool(m);
    if (!in_order(m->texts[1].t)) {
        *why = STR("its times are out of order");
        return false;
    }
    for (size_t i = 0; i < m->texts[0].n_claims; i++)
        if (!is_found(&there, &claims_of(m, there.from)[i]))
            return blame(m, &claims_of(m, there.from)[i], "it loses", why);
    for (size_t i = 0; i < m->texts[1].n_claims; i++)
        if (!is_supported(&back, &claims_of(m, back.from)[i]))
            return blame(m, &claims_of(m, back.from)[i], "it adds", why);
    return true;
}

/* --- in a record ------------------------------------------------------------------ */

/* More than one source had a part in the claims. */
static bool has_several(const struct json *attribute)
{
    const struct json *first = NULL;

    json_each(claim, json_get(attribute, "claims")) {
        json_each(name, json_get(claim, "sources")) {
            if (first && !str_eq(json_str(first), json_str(name)))
                return true;
            first = name;
        }
    }
    return false;
}

bool merge_fusion_wanted(const struct json *record, enum attribute attribute,
                         struct str *plain)
{
    bool any = false;

    if (attribute == ATTRIBUTE_NONE) {
        *plain = record_caption(record);
        for (int k = 0; k < ATTRIBUTES; k++)
            any |= has_several(record_attribute(record, (enum attribute)k));
        return any && plain->n;
    }
    *plain = record_attribute_text(record, attribute);
    return plain->n && has_several(record_attribute(record, attribute));
}

bool merge_fusion_take(const struct merge_policy *p, struct arena *a,
                       struct json *record, enum attribute attribute,
                       struct str fused)
{
    struct str plain, why;
    struct json *f;

    if (!merge_fusion_wanted(record, attribute, &plain))
        return false;
    fused = str_trim(fused);
    if (merge_fusion_holds(p, a, attribute, plain, fused, &why)) {
        struct json *to = attribute == ATTRIBUTE_NONE
                              ? record
                              : record_attribute(record, attribute);

        json_set(a, to, attribute == ATTRIBUTE_NONE ? "caption" : "text",
                 json_new_str(a, fused));
        return true;
    }
    f = finding_add(a, record, STAGE, "merge.fusion", attribute, -1,
                    "the model's text was refused: " STR_FMT, STR_ARG(why));
    json_set(a, f, "was", json_new_str(a, fused));
    return false;
}
