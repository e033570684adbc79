/*
 * Carrying out what was decided about values that contradict each other.
 *
 * A claim says more than the value that lost, and what else it says may be
 * known from nobody else. So the value is replaced by the one that won, or,
 * when none has, taken out of the words around it, as far as English allows
 * that; only otherwise the whole claim goes.
 */
#include "merge_facts.h"

static bool is_ascii_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool same_word(struct str a, const char *word)
{
    size_t n = strlen(word);

    for (size_t i = 0; a.n == n && i < n; i++)
        if (lower(a.p[i]) != word[i])
            return false;
    return a.n == n;
}

/* One of the words of a blank-separated list. */
static bool word_in(struct str a, const char *list)
{
    while (*list) {
        size_t n = strcspn(list, " ");
        size_t i = 0;

        while (i < n && i < a.n && lower(a.p[i]) == list[i])
            i++;
        if (i == n && a.n == n)
            return true;
        list += n + (list[n] == ' ');
    }
    return false;
}

/* --- the words around a value --------------------------------------------------- */

struct around {
    const struct m_claim *c;
    const struct text *t;
    struct span at;
    size_t first, last; /* words of the claim: [first, last) */
    size_t from, to;    /* words of the value: [from, to) */
};

static struct around look(const struct merge *m, const struct occurrence *o)
{
    const struct m_claim *c = &m->claims[o->claim];
    struct around a = {.c = c, .t = c->text->t, .at = o->fact->at};

    a.first = c->c->first_word;
    a.last = a.first + c->c->n_words;
    a.from = a.first;
    while (a.from < a.last && a.t->words[a.from].at.at < a.at.at)
        a.from++;
    a.to = a.from;
    while (a.to < a.last && a.t->words[a.to].at.at < a.at.at + a.at.n)
        a.to++;
    return a;
}

static struct str word(const struct around *a, size_t i)
{
    if (i < a->first || i >= a->last)
        return (struct str){"", 0};
    return span_of(a->t->text, a->t->words[i].at);
}

/* What stands between the word before i and i is one blank. */
static bool follows(const struct around *a, size_t i)
{
    const struct span *w = &a->t->words[i - 1].at;

    return i > a->first && i < a->last &&
           a->t->words[i].at.at == w->at + w->n + 1 &&
           a->t->text.p[w->at + w->n] == ' ';
}

/* "a" or "an" before a word. */
static const char *article(struct str next)
{
    if (next.n && strchr("aeiouAEIOU", next.p[0]) &&
        !word_in(next, "one once unicorn uniform unique united useful used"))
        return "an";
    return word_in(next, "hour honest") ? "an" : "a";
}

/* Put `with` in the place of bytes, and the right article before it. */
static void replace(struct merge *m, const struct around *a, struct span at,
                    struct str with, struct str next)
{
    struct str before =
        a->from > a->first ? word(a, a->from - 1) : (struct str){"", 0};
    const char *right = article(with.n ? with : next);

    merge_edit_add(m, a->c->text, at, with);
    if (word_in(before, "a an") && follows(a, a->from) &&
        !same_word(before, right)) {
        char *copy = arena_strdup(m->arena, right);

        if (before.p[0] == 'A')
            copy[0] = 'A';
        merge_edit_add(m, a->c->text, a->t->words[a->from - 1].at,
                       str_of(copy));
    }
}

/* --- adjectives -------------------------------------------------------------------- */

/* "a red jacket": the value alone, when a noun or another word of it follows
 * and nothing before it shades it or joins it with another value. */
static bool attributive(const struct merge *m, const struct around *a,
                        struct span *cut)
{
    struct str before = word(a, a->from - 1);

    if (a->to >= a->last || !follows(a, a->to) || a->t->words[a->to].stop ||
        a->t->words[a->to].number)
        return false;
    if (a->from > a->first &&
        (!follows(a, a->from) || word_in(before, "and or") ||
         merge_listed(m->p, LIST_SHADE, a->t->words[a->from - 1].stem)))
        return false;
    *cut = a->at;
    cut->n = a->t->words[a->to].at.at - a->at.at;
    return true;
}

/* "an old man", "her left hand": one word behind an article or the like that
 * is no verb ("opens", "walking") and stands before a noun. */
static bool adjective(const struct merge *m, const struct around *a,
                      struct span *cut)
{
    struct str value = word(a, a->from);

    return a->to == a->from + 1 && a->from > a->first &&
           a->t->words[a->from - 1].stop && !str_ends(value, "s") &&
           !str_ends(value, "ing") && attributive(m, a, cut);
}

/* --- replacing -------------------------------------------------------------------- */

/* The value's spelling in the middle of a sentence. */
static struct str spelling(struct merge *m, const struct around *a)
{
    struct str s = span_of(a->t->text, a->at);
    char *copy;

    if (a->from != a->first || s.n < 2 || s.p[0] < 'A' || s.p[0] > 'Z' ||
        !is_ascii_letter(s.p[1]) || (s.p[1] >= 'A' && s.p[1] <= 'Z'))
        return s;
    copy = arena_strndup(m->arena, s.p, s.n);
    copy[0] = lower(copy[0]);
    return (struct str){copy, s.n};
}

/* Details of a claim that another one does not have, besides the value. */
static size_t details(const struct m_claim *c, const struct m_claim *other,
                      const struct occurrence *o)
{
    size_t n = 0;

    for (size_t i = 0; i < c->n_sorted; i++) {
        bool value = false;

        for (size_t k = 0; k < o->n_words; k++)
            value |= o->words[k] == c->sorted[i].stem;
        n += c->sorted[i].own && !c->sorted[i].light && !value &&
             !merge_stem(other, c->sorted[i].stem);
    }
    return n;
}

static bool can_replace(const struct merge *m, const struct occurrence *lost,
                        const struct occurrence *won)
{
    struct around a, b;
    struct span cut;
    struct str x, y;

    a = look(m, lost);
    b = look(m, won);
    x = span_of(a.t->text, a.at);
    y = span_of(b.t->text, b.at);
    if (a.to == a.from || b.to == b.from)
        return false;
    switch (lost->kind) {
    case FACT_COLOUR:
        return true;
    case FACT_COUNT:
        return lost->value >= 2 && won->value >= 2 && a.to == a.from + 1 &&
               b.to == b.from + 1;
    case FACT_SIDE:
        return word_in(x, "left right") && word_in(y, "left right");
    case FACT_OPPOSITE:
        if (adjective(m, &a, &cut) && adjective(m, &b, &cut))
            return true;
        return a.to == a.from + 1 && b.to == b.from + 1 &&
               details(a.c, b.c, lost) > 1;
    case FACT_NEGATION:
        break;
    }
    return false;
}

/* --- taking out -------------------------------------------------------------------- */

/* The words [head, tail) with the blank or comma that goes with them, when the
 * sentence reads on without them: at the head before a comma, behind a content
 * word with nothing but a preposition or auxiliary after it. */
static bool cut_out(const struct around *a, size_t head, size_t tail,
                    struct span *cut)
{
    const struct text_word *w = a->t->words;
    size_t end = w[tail - 1].at.at + w[tail - 1].at.n;

    if (head == a->first) { /* "At night, ..." */
        if (tail >= a->last || a->t->text.p[end] != ',')
            return false;
        cut->at = w[head].at.at;
        cut->n = w[tail].at.at - cut->at;
        return true;
    }
    if (w[head - 1].stop || !follows(a, head))
        return false;
    if (tail < a->last && (!w[tail].stop || same_word(word(a, tail), "of")))
        return false;
    cut->at = w[head - 1].at.at + w[head - 1].at.n;
    cut->n = end - cut->at;
    return true;
}

/* "on the left", "at night". */
static bool prepositional(const struct around *a, struct span *cut)
{
    static const char *const prepositions =
        "at in on to from by during under towards toward into";
    size_t head = a->from, tail = a->to;

    while (head > a->first && a->from - head < 3 &&
           !word_in(word(a, head), prepositions) &&
           (head == a->from || a->t->words[head].stop))
        head--;
    if (head == a->from || !word_in(word(a, head), prepositions))
        return false;
    if (word_in(word(a, tail), "side hand time hours"))
        tail++;
    return cut_out(a, head, tail, cut);
}

/* "turns left", "plays indoors", "runs towards the camera": a word that says
 * where alone, or with the few words to the end of the claim. */
static bool adverbial(const struct around *a, struct span *cut)
{
    struct str value = word(a, a->from);

    if (a->to != a->from + 1)
        return false;
    if (word_in(value, "left right up down upward upwards downward downwards "
                       "forward forwards backward backwards indoors outdoors "
                       "inside outside upstairs downstairs") &&
        cut_out(a, a->from, a->to, cut))
        return true;
    return word_in(value, "towards toward away into") &&
           a->last - a->from <= 4 && cut_out(a, a->from, a->last, cut);
}

static bool can_take_out(const struct merge *m, const struct occurrence *o,
                         const struct around *a, struct span *cut)
{
    if (a->to == a->from)
        return false;
    switch (o->kind) {
    case FACT_COLOUR:
        return attributive(m, a, cut);
    case FACT_COUNT:
        return o->value >= 2 && attributive(m, a, cut) &&
               !merge_listed(m->p, LIST_UNIT, o->about);
    case FACT_SIDE:
    case FACT_OPPOSITE:
        return prepositional(a, cut) || adverbial(a, cut) ||
               adjective(m, a, cut);
    case FACT_NEGATION:
        break;
    }
    return false;
}

/* --- decisions ---------------------------------------------------------------------- */

static const char *kind_name(const struct occurrence *o)
{
    switch (o->kind) {
    case FACT_COLOUR:
        return "colour";
    case FACT_COUNT:
        return "number";
    case FACT_SIDE:
        return "side";
    case FACT_NEGATION:
        return "negation";
    case FACT_OPPOSITE:
        break;
    }
    return "state";
}

/* The value as somebody spelt it, for messages. */
static struct str shown(struct merge *m, const struct occurrence *o)
{
    struct around a;

    if (o->kind == FACT_NEGATION)
        return merge_sentence(m, &m->claims[o->claim]);
    a = look(m, o);
    return spelling(m, &a);
}

static const struct occurrence *first_of(const struct occurrence *list,
                                         const uint32_t *members, size_t n,
                                         int32_t value)
{
    size_t i = 0;

    while (i < n && list[members[i]].value != value)
        i++;
    BUG_IF(i == n);
    return &list[members[i]];
}

static void set_decided(struct merge *m, const struct occurrence *o)
{
    struct m_text *t = &m->texts[m->claims[o->claim].text - m->texts];

    if (!t->decided)
        t->decided = arena_array(m->arena, t->t->n_facts, sizeof *t->decided);
    t->decided[o->fact - t->t->facts] = true;
}

static struct m_conflict *told_already(const struct merge *m,
                                       const struct occurrence *won,
                                       const struct m_claim *lost)
{
    size_t n = 0;

    for (struct m_conflict *c = m->conflicts; c && n < MERGE_RUN;
         c = c->next, n++)
        if (c->lost == lost && c->won == &m->claims[won->claim] &&
            c->kind == (int)won->kind)
            return c;
    return NULL;
}

static struct m_conflict *tell(struct merge *m, const struct occurrence *won,
                               const struct occurrence *lost, struct str reason)
{
    struct m_conflict *c = merge_conflict_new(m, "merge.conflict",
                                              m->claims[lost->claim].attribute);

    c->kind = (int)won->kind;
    c->lost = &m->claims[lost->claim];
    c->won = &m->claims[won->claim];
    c->message = str_of(arena_printf(m->arena,
                                     STR_FMT "; the first has the greater "
                                             "weight",
                                     STR_ARG(reason)));
    c->was = shown(m, lost);
    c->now = shown(m, won);
    return c;
}

static struct str reason_of(struct merge *m, const struct readings *r,
                            const struct occurrence *won,
                            const struct occurrence *lost)
{
    struct str yes = shown(m, won), no = shown(m, lost);

    return str_of(arena_printf(
        m->arena,
        "%s: \"" STR_FMT "\" (%s: %g) against \"" STR_FMT "\" (%s: %g)",
        kind_name(won), STR_ARG(yes), merge_names(m, r->won_sources).p,
        r->won_weight, STR_ARG(no), merge_names(m, r->lost_sources).p,
        r->lost_weight));
}

void merge_resolve(struct merge *m, const struct readings *r)
{
    const struct occurrence *won = first_of(r->list, r->members, r->n, r->won);
    const struct occurrence *first =
        first_of(r->list, r->members, r->n, r->lost);
    struct m_conflict *conflict =
        told_already(m, won, &m->claims[first->claim]);
    bool again = conflict != NULL;
    struct str reason = reason_of(m, r, won, first);

    if (!again)
        conflict = tell(m, won, first, reason);
    for (size_t i = 0; i < r->n; i++) {
        const struct occurrence *o = &r->list[r->members[i]];
        const struct m_claim *c = &m->claims[o->claim];
        struct m_note *note = NULL;

        if (o->value != r->lost)
            continue;
        set_decided(m, o);
        if (!again)
            note = merge_note_new(m, conflict, merge_sentence(m, c),
                                  UINT64_C(1) << c->source, reason);
        if (can_replace(m, o, won)) {
            struct around a = look(m, o), b = look(m, won);

            replace(m, &a, a.at, spelling(m, &b), (struct str){"", 0});
            merge_mark_add(m, c, DECISION_CORRECTED, note);
        } else {
            merge_mark_add(m, c, DECISION_GONE, NULL);
            merge_mark_add(m, &m->claims[won->claim], DECISION_NOTE, note);
        }
    }
}

void merge_leave_open(struct merge *m, const struct open_values *v)
{
    const struct occurrence *first =
        first_of(v->list, v->members, v->n, v->values[0]);
    struct m_conflict *conflict = merge_conflict_new(
        m, "merge.conflict", m->claims[first->claim].attribute);
    struct buf b;

    buf_init(&b, 1 << 16);
    buf_printf(&b, "%s: ", kind_name(first));
    for (size_t i = 0; i < v->n_values; i++) {
        const struct occurrence *o =
            first_of(v->list, v->members, v->n, v->values[i]);
        struct str text = shown(m, o);

        buf_printf(&b, "%s\"" STR_FMT "\" (%s)", i ? " against " : "",
                   STR_ARG(text), merge_names(m, v->sources[i]).p);
        merge_alternative(m, conflict, &m->claims[o->claim],
                          merge_sentence(m, &m->claims[o->claim]),
                          v->sources[i]);
    }
    buf_text(&b, "; left open: no greater weight");
    conflict->message =
        str_of(arena_strndup(m->arena, buf_view(&b).p, buf_view(&b).n));
    buf_release(&b);
    for (size_t i = 0; i < v->n; i++) {
        const struct occurrence *o = &v->list[v->members[i]];
        const struct m_claim *c = &m->claims[o->claim];
        struct around a = look(m, o);
        struct span cut;
        bool open = false;

        for (size_t k = 0; k < v->n_values; k++)
            open |= v->values[k] == o->value;
        if (!open)
            continue;
        set_decided(m, o);
        if (can_take_out(m, o, &a, &cut)) {
            replace(m, &a, cut, (struct str){"", 0}, word(&a, a.to));
            merge_mark_add(m, c, DECISION_CORRECTED, NULL);
        } else {
            merge_mark_add(m, c, DECISION_GONE, NULL);
        }
    }
}
