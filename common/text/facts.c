/*
 * Facts: what a claim says that another can contradict, and of what.
 *
 * A value in front of a noun is said of that noun ("a red sports car"), one
 * behind a verb of the subject ("the car is red"). Wholes of the scene (day and
 * night, indoors and outdoors) are said of the scene.
 */
#include "asid/base/hash.h"
#include "text_int.h"

enum { LOOK_NOUN = 6 };

struct facts {
    struct scan *s;
    size_t claim;
    struct range r;
    uint64_t subject; /* stem of the claim's subject, or 0 */
    size_t verb;      /* its main verb, or SIZE_MAX */
};

static bool is_plain(const struct scan *s, size_t i)
{
    return s->toks[i].kind == TOK_WORD && !s->toks[i].quoted &&
           !s->toks[i].anchor;
}

/* A noun that is not one of time or measure. */
static bool is_thing(const struct scan *s, size_t i)
{
    const struct tok *k = &s->toks[i];

    return is_plain(s, i) && k->flags & LEX_NOUN &&
           !(k->flags & (LEX_TIME_UNIT | LEX_UNIT | LEX_DET | LEX_AUX)) &&
           !k->finite;
}

static bool modifies(const struct scan *s, size_t i)
{
    const struct tok *k = &s->toks[i];

    return is_plain(s, i) &&
           (k->numeric || (k->lex && k->lex->colour) ||
            k->flags & (LEX_ADJ | LEX_ADV | LEX_V_PAST | LEX_V_ING));
}

/* The head of the noun phrase that i stands in, at or behind i: the last of a
 * run of nouns, behind adjectives ("a red and white sports car"). */
static size_t noun_behind(const struct scan *s, size_t i, size_t end)
{
    size_t noun = SIZE_MAX;

    for (size_t n = 0; n < LOOK_NOUN && i < end; n++, i++) {
        if (is_thing(s, i) && !(s->toks[i].flags & LEX_PREP)) {
            noun = i;
            continue;
        }
        if (noun != SIZE_MAX)
            break;
        if (!modifies(s, i) && !tok_role(s, i, ROLE_AND_OR))
            break;
    }
    return noun;
}

/* The nearest noun before i, in the claim. */
static size_t noun_before(const struct scan *s, size_t least, size_t i)
{
    for (size_t n = 0; n < LOOK_NOUN && i > least; n++) {
        i--;
        if (!is_plain(s, i))
            break;
        if (is_thing(s, i) && !(s->toks[i].flags & LEX_PREP))
            return i;
    }
    return SIZE_MAX;
}

/* One more fact of n tokens from first on. It is written where it stays: most
 * words of a text have one, and a copy of what was just written part by part
 * waits for all of it. */
static void add_fact(struct facts *x, enum fact_kind kind, int32_t group,
                     uint64_t about, int32_t value, size_t first, size_t n)
{
    struct scan *s = x->s;
    struct text *t = s->t;
    struct text_fact *f;

    t->facts = scan_grow(s, t->facts, t->n_facts, &s->facts_room, sizeof *f);
    f = &t->facts[t->n_facts++];
    f->kind = kind;
    f->about = about;
    f->value = value;
    f->group = group;
    f->at.at = s->toks[first].at;
    f->at.n = tok_end(&s->toks[first + n - 1]) - f->at.at;
    t->claims[x->claim].n_facts++;
    if (kind == FACT_NEGATION && value != 0)
        t->claims[x->claim].denies = true;
}

static uint64_t stem_at(const struct scan *s, size_t i)
{
    return i == SIZE_MAX ? 0 : s->toks[i].stem;
}

/* --- colours and counts --------------------------------------------------- */

static bool has_value(const struct lex *e)
{
    return e->colour || e->flags & LEX_COUNT || e->sides[0].group ||
           e->opposites[0].group;
}

/* What the lexicon knows about the word at i, or about the phrase that begins
 * there ("dark blue", "black and white"): then its words say nothing alone. */
static const struct lex *lex_at(const struct scan *s, size_t i, size_t *n)
{
    const struct tok *k = &s->toks[i];

    *n = 1;
    if (k->phrase && has_value(k->phrase)) {
        *n = k->phrase_n;
        return k->phrase;
    }
    return k->lex;
}

static void colour_fact(struct facts *x, size_t i, const struct lex *e,
                        size_t n)
{
    const struct scan *s = x->s;
    size_t noun = noun_behind(s, i + n, x->r.end);
    uint64_t about = stem_at(s, noun);

    if (noun == SIZE_MAX && e->flags & (LEX_COLOUR_BEFORE_NOUN | LEX_NOUN) &&
        !tok_role(s, i - (i > x->r.first), ROLE_COLOUR_AFTER))
        return;
    if (!about && x->verb != SIZE_MAX && i > x->verb &&
        !tok_role(s, i - 1, ROLE_IN))
        about = x->subject;
    if (!about)
        about = stem_at(s, noun_before(s, x->r.first, i));
    if (!about)
        about = x->subject;
    add_fact(x, FACT_COLOUR, 0, about, e->colour, i, n);
}

/* "one of", "no 5", "5 years": numbers that count nothing here. */
static void count_fact(struct facts *x, size_t i, int64_t value, size_t n)
{
    const struct scan *s = x->s;
    size_t noun = noun_behind(s, i + n, x->r.end);

    /* "40 km": a measure, said of its unit. */
    if (tok_has(s, i + n, LEX_UNIT) && i + n < x->r.end &&
        !tok_has(s, i + n, LEX_TIME_UNIT))
        noun = i + n;
    if (value < 0 || value > INT32_MAX || noun == SIZE_MAX)
        return;
    if (i + n < x->r.end &&
        (s->toks[i + n].flags & LEX_TIME_UNIT || tok_role(s, i + n, ROLE_OF)))
        return;
    if (i > x->r.first && s->toks[i].shape & SHAPE_GLUED &&
        s->toks[i - 1].kind == TOK_OTHER)
        return;
    add_fact(x, FACT_COUNT, 0, s->toks[noun].stem, (int32_t)value, i, n);
}

/* --- sides and opposites -------------------------------------------------- */

/* "left the room", "right behind", "is left": no side. */
static bool is_no_side(const struct facts *x, size_t i, size_t least)
{
    const struct scan *s = x->s;

    if (i > least && tok_has(s, i - 1, LEX_MOVE | LEX_V_CAMERA) &&
        tok_has(s, i - 1, LEX_VERB) && !tok_has(s, i + 1, LEX_DET) &&
        (!tok_role(s, i + 1, ROLE_RIGHT_ADVERB) ||
         tok_in(s, i + 1, "at on as")))
        return false; /* "turns right at the corner", "pans left" */
    if (tok_role(s, i, ROLE_LEFT))
        return (s->toks[i].finite && i == x->verb) ||
               (i > least && tok_has(s, i - 1, LEX_AUX)) ||
               (tok_has(s, i + 1, LEX_DET) && i > least &&
                tok_has(s, i - 1, LEX_NOUN | LEX_PRON_SUBJECT));
    if (tok_role(s, i, ROLE_RIGHT))
        return tok_role(s, i + 1, ROLE_RIGHT_ADVERB) ||
               (i > least && tok_role(s, i - 1, ROLE_ALL));
    return false;
}

/* "from left to right": where it starts from. */
static bool is_origin(const struct scan *s, size_t i, size_t least)
{
    if (i > least && tok_role(s, i - 1, ROLE_FROM))
        return true;
    return i > least + 1 && tok_role(s, i - 1, ROLE_POSSESSIVE) &&
           tok_role(s, i - 2, ROLE_FROM);
}

static uint64_t about_side(const struct facts *x, size_t i, size_t n)
{
    const struct scan *s = x->s;
    size_t noun = SIZE_MAX;

    if (i + n < x->r.end && is_thing(s, i + n) &&
        !tok_role(s, i + n, ROLE_SIDE_NOUN))
        noun = noun_behind(s, i + n, x->r.end);
    if (noun == SIZE_MAX && x->verb != SIZE_MAX && i > x->verb)
        return x->subject;
    if (noun == SIZE_MAX)
        noun = noun_before(s, x->r.first, i);
    return noun == SIZE_MAX ? x->subject : s->toks[noun].stem;
}

static void side_facts(struct facts *x, size_t i, const struct lex *e, size_t n)
{
    struct scan *s = x->s;

    if (is_no_side(x, i, x->r.first))
        return;
    for (size_t k = 0; k < LEX_SCALES && e->sides[k].group; k++) {
        bool origin = is_origin(s, i, x->r.first);
        int32_t group = e->sides[k].group * 2 + (origin ? 1 : 0);

        add_fact(x, FACT_SIDE, group, about_side(x, i, n), e->sides[k].value, i,
                 n);
    }
}

static uint64_t about_opposite(const struct facts *x, size_t i, size_t n,
                               uint8_t about)
{
    const struct scan *s = x->s;
    size_t noun;

    if (about != ABOUT_WORD)
        return UINT64_MAX - about;
    /* "walks slowly", "sits": said of the subject. */
    if (s->toks[i].flags & (LEX_VERB | LEX_ADV) && x->subject &&
        (i == x->verb || s->toks[i].flags & LEX_ADV || x->verb != SIZE_MAX)) {
        if (!(s->toks[i].flags & LEX_ADJ))
            return x->subject;
    }
    noun = noun_behind(s, i + n, x->r.end);
    return noun == SIZE_MAX ? x->subject : s->toks[noun].stem;
}

static void opposite_facts(struct facts *x, size_t i, const struct lex *e,
                           size_t n)
{
    for (size_t k = 0; k < LEX_SCALES && e->opposites[k].group; k++) {
        uint8_t group = e->opposites[k].group;

        add_fact(x, FACT_OPPOSITE, group,
                 about_opposite(x, i, n, x->s->rules->about[group]),
                 e->opposites[k].value, i, n);
    }
}

/* All that a word or phrase says; returns its tokens. */
static size_t value_facts(struct facts *x, size_t i)
{
    const struct tok *k = &x->s->toks[i];
    size_t n;
    const struct lex *e = lex_at(x->s, i, &n);

    if (k->numeric)
        count_fact(x, i, k->value, 1);
    if (!e || k->flags == LEX_ABSORBED)
        return 1;
    if (e->colour)
        colour_fact(x, i, e, n);
    if (e->flags & LEX_COUNT)
        count_fact(x, i, e->number, n);
    if (e->sides[0].group)
        side_facts(x, i, e, n);
    if (e->opposites[0].group)
        opposite_facts(x, i, e, n);
    return n;
}

/* --- negation ------------------------------------------------------------- */

static bool negates(const struct scan *s, size_t i)
{
    const struct tok *k = &s->toks[i];
    struct str w;

    if (k->flags & LEX_NEG || (k->phrase && k->phrase->flags & LEX_NEG))
        return true;
    w = tok_text(s, i);
    if (w.p[w.n - 1] != 't')
        return false;
    return str_ends(w, "n't") || str_ends(w, "n\xe2\x80\x99t");
}

/* How far a negation reaches: to the noun of "no hat", the verb of "does not
 * smile", and what stands with the verb in "is not a dog". */
static size_t negated_until(const struct scan *s, size_t i, size_t end,
                            size_t verb)
{
    size_t noun, k = i + 1;

    /* "Neither man moves": the verb with its subject. */
    if (tok_role(s, i, ROLE_NEITHER) && verb != SIZE_MAX && i < verb)
        return verb + 1;
    if (tok_role(s, i, ROLE_NEGATES_NOUN) || (s->toks[i].flags & LEX_PREP)) {
        noun = noun_behind(s, k + (k < end && tok_has(s, k, LEX_DET)), end);
        return noun == SIZE_MAX ? k + 1 : noun + 1;
    }
    while (k < end && k < i + LOOK_NOUN && is_plain(s, k) &&
           tok_has(s, k, LEX_ADV | LEX_AUX | LEX_DET) &&
           !tok_has(s, k, LEX_NOUN))
        k++;
    /* The verb or adjective, and a noun that goes with it directly. */
    if (k < end && is_plain(s, k))
        k++;
    noun = noun_behind(s, k + (k < end && tok_has(s, k, LEX_DET)), end);
    return noun == SIZE_MAX ? k : noun + 1;
}

static void polarity_fact(struct facts *x, size_t i, bool negated)
{
    const struct tok *k = &x->s->toks[i];

    if (!(k->flags & (LEX_NOUN | LEX_VERB | LEX_ADJ)) || k->numeric ||
        k->flags & (LEX_AUX | LEX_NEG | LEX_DET | LEX_PREP) ||
        (k->lex && k->lex->weight == 0))
        return;
    add_fact(x, FACT_NEGATION, 0, k->stem, negated, i, 1);
}

/* "No one is in the street": there are no people. */
static void nobody_fact(struct facts *x, size_t i)
{
    const struct scan *s = x->s;
    bool two = tok_is(s, i, "no") && tok_is(s, i + 1, "one");
    size_t n = two ? 2 : 1;
    const struct lex *people;

    if (!(two || tok_is(s, i, "nobody")) || x->verb != i + n ||
        !tok_has(s, i + n, LEX_AUX) || tok_has(s, i + n + 1, LEX_V_ING))
        return;
    people = lex_find(s->rules, fold_hash(STR("people")));
    if (people)
        add_fact(x, FACT_NEGATION, 0, people->stem, 1, i, n);
}

/* --- a claim -------------------------------------------------------------- */

static void claim_facts(struct facts *x)
{
    struct scan *s = x->s;
    size_t negated = 0, next = 0;

    for (size_t i = x->r.first; i < x->r.end; i++) {
        if (!is_plain(s, i))
            continue;
        if (negates(s, i)) {
            size_t until = negated_until(s, i, x->r.end, x->verb);

            negated = until > negated ? until : negated;
            nobody_fact(x, i);
        }
        /* "does not smile" says nothing of what she does. */
        if (i >= negated && i >= next)
            next = i + value_facts(x, i);
        polarity_fact(x, i, i < negated);
    }
}

void scan_facts(struct scan *s)
{
    for (size_t i = 0; i < s->t->n_claims; i++) {
        struct facts x = {.s = s, .claim = i, .r = s->claims[i]};

        x.subject = stem_at(s, claim_head(s, i, &x.verb));
        s->t->claims[i].first_fact = s->t->n_facts;
        claim_facts(&x);
    }
}
