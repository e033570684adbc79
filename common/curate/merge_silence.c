/*
 * "There is no dialogue" against quotes of somebody else.
 *
 * The transcript decides when it has a word; else the weights do.
 */
#include "merge_int.h"

struct side {
    uint32_t first; /* the claim that speaks for it */
    size_t n;
    uint64_t sources;
    double weight;
};

static bool denies_speech(const struct merge *m, const struct m_claim *c)
{
    for (size_t k = 0; k < c->c->n_facts; k++) {
        const struct text_fact *f = &c->text->t->facts[c->c->first_fact + k];

        if (f->kind == FACT_NEGATION && f->value == 1 &&
            merge_listed(m->p, LIST_TALK, f->about))
            return true;
    }
    return false;
}

static bool quotes_speech(const struct m_claim *c)
{
    return c->c->quote >= 0 && c->text->t->quotes[c->c->quote].spoken;
}

static void count(const struct merge *m, struct side *s, uint32_t claim)
{
    const struct m_claim *c = &m->claims[claim];
    uint64_t bit = UINT64_C(1) << c->source;

    if (s->n++ == 0)
        s->first = claim;
    if (!(s->sources & bit))
        s->weight += m->sources[c->source].weight[ATTRIBUTE_SPEECH];
    s->sources |= bit;
}

static bool transcript_has_words(const struct merge *m)
{
    const struct json *segments = json_path(m->record, "asr.segments");

    json_each(s, segments) {
        struct json *text = json_get(s, "text");

        if (text && str_trim(json_str(text)).n)
            return true;
    }
    return false;
}

/* "There is no speech, only soft music": what is denied can go alone. */
static bool cut_denial(struct merge *m, const struct m_claim *c)
{
    static const char *const turns[] = {", only ", ", just ", "; only ",
                                        ", but "};
    struct str s = span_of(c->text->t->text, c->c->at);
    char *text = arena_strndup(m->arena, s.p, s.n);
    char *no = strcasestr(text, "no ");

    if (!no || (no > text && no[-1] != ' '))
        return false;
    for (size_t i = 0; i < sizeof turns / sizeof turns[0]; i++) {
        const char *turn = strstr(no, turns[i]);
        struct span cut = {c->c->at.at + (size_t)(no - text), 0};

        if (!turn)
            continue;
        cut.n = (size_t)(turn - no) + strlen(turns[i]);
        merge_edit_add(m, c->text, cut, (struct str){"", 0});
        merge_mark_add(m, c, DECISION_CORRECTED, NULL);
        return true;
    }
    return false;
}

/* All claims of a side go; with a winner the first of them is noted there. */
static void drop(struct merge *m, bool denying, const struct side *lost,
                 const struct side *won, struct m_conflict *conflict)
{
    const struct m_claim *first = &m->claims[lost->first];

    if (won)
        merge_mark_add(m, &m->claims[won->first], DECISION_NOTE,
                       merge_note_new(m, conflict, merge_sentence(m, first),
                                      lost->sources, conflict->message));
    for (uint32_t i = 0; i < m->n_claims; i++) {
        const struct m_claim *c = &m->claims[i];

        if (c->gone || !(denying ? denies_speech(m, c) : quotes_speech(c)))
            continue;
        if (!denying || !cut_denial(m, c))
            merge_mark_add(m, c, DECISION_GONE, NULL);
    }
}

static void settle(struct merge *m, const struct side *no,
                   const struct side *yes)
{
    struct m_conflict *c =
        merge_conflict_new(m, "merge.conflict", ATTRIBUTE_SPEECH);
    const struct m_claim *denial = &m->claims[no->first];
    const struct m_claim *quote = &m->claims[yes->first];
    struct str a = merge_sentence(m, denial), b = merge_sentence(m, quote);
    bool heard = transcript_has_words(m);
    const char *how = heard ? "the transcript decides for the second"
                            : "left open: no greater weight";

    if (!heard && no->weight > yes->weight)
        how = "the first has the greater weight";
    else if (!heard && yes->weight > no->weight)
        how = "the second has the greater weight";
    c->message = str_of(arena_printf(
        m->arena,
        "speech: \"" STR_FMT "\" (%s: %g) against \"" STR_FMT "\" (%s: %g); %s",
        STR_ARG(a), merge_names(m, no->sources).p, no->weight, STR_ARG(b),
        merge_names(m, yes->sources).p, yes->weight, how));
    if (heard || yes->weight > no->weight) {
        drop(m, true, no, yes, c);
    } else if (no->weight > yes->weight) {
        drop(m, false, yes, no, c);
    } else {
        merge_alternative(m, c, denial, a, no->sources);
        merge_alternative(m, c, quote, b, yes->sources);
        drop(m, true, no, NULL, c);
        drop(m, false, yes, NULL, c);
    }
}

void merge_silence(struct merge *m)
{
    struct side no = {0, 0, 0, 0}, yes = {0, 0, 0, 0};

    for (uint32_t i = 0; i < m->n_claims; i++) {
        const struct m_claim *c = &m->claims[i];

        if (c->gone)
            continue;
        if (quotes_speech(c))
            count(m, &yes, i);
        else if (c->attribute == ATTRIBUTE_SPEECH && denies_speech(m, c))
            count(m, &no, i);
    }
    if (no.n && yes.n && !(no.sources & yes.sources))
        settle(m, &no, &yes);
}
