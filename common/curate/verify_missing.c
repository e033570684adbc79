/* What an account of the video has that the texts of a record have not. */
#include <math.h>

#include "asid/curate/verify.h"
#include "asid/text/similar.h"

enum {
    KNOWN_MAX = 4096, /* claims of one text that are looked at */
    FREQUENT = 2,     /* weight up to which a word tells little by itself */
    SHORT = 5,        /* content words of a claim of which each counts */
    LONG = 10,        /* from here on one may say much in other words */
    QUOTE_MAX = 256,  /* words of a claim that are looked at for quotes */
};

/* Seconds. */
static const double SAME_TIME = 0.5, OTHER_TIME = 3;

/* Two claims that are compared: one of the account and a known one. */
struct pair {
    const struct text *t, *u;
    const struct text_claim *c, *k;
};

/* --- words ---------------------------------------------------------------- */

static const struct text_word *word_at(const struct text *t, ptrdiff_t i)
{
    return i >= 0 ? &t->words[i] : NULL;
}

/* A word of content, or NULL. */
static const struct text_word *content_at(const struct text *t, ptrdiff_t i)
{
    const struct text_word *w = word_at(t, i);

    return w && w->weight > 0 ? w : NULL;
}

static bool has_stem(const struct text *t, const struct text_claim *c,
                     uint64_t stem)
{
    size_t low = c->first_content, high = low + c->n_content;

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (t->content[mid].stem < stem)
            low = mid + 1;
        else
            high = mid;
    }
    return low < c->first_content + c->n_content &&
           t->content[low].stem == stem;
}

/* The share of the content of a claim that the known one has. similar_claims()
 * gives it for the shorter of the two; for the longer it follows from the share
 * of both: with b the common content, s and l that of the shorter and the
 * longer, contained = b / s and jaccard = b / (s + l - b). */
static double covered(const struct pair *p)
{
    struct similar_overlap o = similar_claims(p->t, p->c, p->u, p->k);

    if (o.jaccard <= 0 || p->c->weight <= p->k->weight)
        return o.contained;
    return o.contained / (o.contained / o.jaccard - 1 + o.contained);
}

/* --- the same ------------------------------------------------------------- */

/* What it is said of: whoever does something has to be who does it there. */
static bool same_actor(const struct pair *p)
{
    const struct text_word *mine = content_at(p->t, p->c->actor);
    const struct text_word *theirs = content_at(p->u, p->k->actor);

    if (!mine || mine->weight <= FREQUENT)
        return true;
    if (!has_stem(p->u, p->k, mine->stem)) /* "he" may be anybody */
        return word_at(p->u, p->k->actor) && !theirs;
    return !theirs || theirs->stem == mine->stem || p->c->light ||
           !content_at(p->t, p->c->verb);
}

/* "Rain falls" and "it rains": what one is said of is what the other does. */
static bool other_verb(const struct text *t, const struct text_claim *c,
                       const struct text *u, const struct text_claim *k)
{
    const struct text_word *theirs = content_at(u, k->verb);

    return theirs && !k->light && has_stem(t, c, theirs->stem);
}

static bool same_verb(const struct pair *p)
{
    const struct text_word *mine = content_at(p->t, p->c->verb);

    return !mine || p->c->light || has_stem(p->u, p->k, mine->stem) ||
           other_verb(p->t, p->c, p->u, p->k);
}

/* What a claim says is not: its stem, or 0. */
static uint64_t denied(const struct text *t, const struct text_claim *c)
{
    for (size_t i = 0; i < c->n_facts; i++) {
        const struct text_fact *f = &t->facts[c->first_fact + i];

        if (f->kind == FACT_NEGATION && f->value == 1 && f->about)
            return f->about;
    }
    return 0;
}

/* "No bell rings", "there is no sound of a bell"; the latter has a bell, which
 * is a contradiction for those who look at no more than words. */
static bool same_denial(const struct pair *p)
{
    uint64_t stem = denied(p->t, p->c);

    return stem && has_stem(p->u, p->k, stem) && denied(p->u, p->k);
}

static bool have_times(const struct pair *p)
{
    return !isnan(p->c->start) && !isnan(p->k->start);
}

/* Who does something at the same time does the same. */
static bool same_event(const struct pair *p)
{
    return have_times(p) && p->c->attribute == p->k->attribute &&
           content_at(p->t, p->c->verb) && content_at(p->u, p->k->verb) &&
           fabs(p->c->start - p->k->start) <= SAME_TIME;
}

/* It happens again. */
static bool another_event(const struct pair *p)
{
    return have_times(p) && !p->c->light && content_at(p->t, p->c->verb) &&
           fabs(p->c->start - p->k->start) > OTHER_TIME;
}

/* The verb and what it is said of tell nothing by themselves in "the weather is
 * fine", "the scene is a room". */
static bool is_idle(const struct text *t, const struct text_claim *c,
                    const struct text *u, const struct text_claim *k,
                    uint64_t stem)
{
    const struct text_word *verb = word_at(t, c->verb);
    const struct text_word *actor = word_at(t, c->actor);

    if (verb && verb->stem == stem)
        return c->light || c->summary || other_verb(t, c, u, k);
    return c->light && actor && actor->stem == stem &&
           actor->weight <= FREQUENT;
}

/* Content words of a claim that the other one has not: all kinds of a short
 * claim, names and verbs of a longer one; frequent ones when there are no
 * others. */
static size_t lacking(const struct text *t, const struct text_claim *c,
                      const struct text *u, const struct text_claim *k)
{
    const struct text_content *list = t->content + c->first_content;
    size_t rare = 0, any = 0, said = 0;

    for (size_t i = 0; i < c->n_content; i++) {
        const struct text_content *w = &list[i];
        bool lacks = !has_stem(u, k, w->stem);

        if (is_idle(t, c, u, k, w->stem) || (c->n_content > SHORT && !w->names))
            continue;
        said += w->weight > FREQUENT;
        rare += w->weight > FREQUENT && lacks;
        any += lacks;
    }
    return said ? rare : any;
}

static bool same_words(const struct pair *p)
{
    size_t n = lacking(p->t, p->c, p->u, p->k);

    /* "The whole story opens when he waves" is not all of what it tells. */
    if (p->c->summary)
        return n == 0 && p->k->summary && lacking(p->u, p->k, p->t, p->c) == 0;
    return n <= (p->c->n_content < LONG ? 0 : p->c->n_content / SHORT);
}

/* What is quoted, all but a few words. */
static bool same_quote(const struct pair *p)
{
    size_t all = 0, both = 0;

    if (p->c->quote < 0)
        return true;
    for (size_t i = 0; i < p->c->n_words && i < QUOTE_MAX; i++) {
        const struct text_word *w = &p->t->words[p->c->first_word + i];

        if (!w->quoted)
            continue;
        all++;
        for (size_t k = 0; k < p->k->n_words && k < QUOTE_MAX; k++) {
            const struct text_word *v = &p->u->words[p->k->first_word + k];

            if (v->quoted && v->folded == w->folded) {
                both++;
                break;
            }
        }
    }
    return both * 4 >= all * 3;
}

static bool says_same(const struct pair *p, double novelty)
{
    if (covered(p) < novelty || !same_quote(p) || another_event(p))
        return false;
    if (!same_actor(p))
        return false;
    if (p->c->summary)
        return same_words(p);
    return same_event(p) || (same_verb(p) && same_words(p));
}

/* What a known claim that is wrong will be reworded to: it has to be about the
 * same for that. "The black cat is loud" is not made of "the blue cat feels
 * sad", nor one line of another. */
static bool rewords(const struct pair *p, double novelty)
{
    return p->c->summary == p->k->summary && covered(p) >= novelty &&
           same_quote(p);
}

/* --- the account ---------------------------------------------------------- */

/* Whether a text says that already, or the opposite of it. */
static bool is_known(const struct text *t, const struct text_claim *c,
                     const struct verify_known *known, size_t n, double novelty)
{
    const struct text_fact *mine, *theirs;

    for (size_t i = 0; i < n && i < KNOWN_MAX; i++) {
        struct pair p = {t, known->text, c, &known->text->claims[i]};

        if (covered(&p) >= novelty && same_denial(&p))
            return true;
        if (similar_contradict(t, c, p.u, p.k, &mine, &theirs)) {
            /* A story of two events is not told by either. */
            if (!known->holds && rewords(&p, novelty))
                return true;
        } else if (says_same(&p, novelty)) {
            return true;
        }
    }
    return false;
}

size_t verify_new_claims(const struct text *account,
                         const struct verify_known *known, size_t n_known,
                         double novelty, size_t *index, size_t most)
{
    const struct verify_known earlier = {account, true};
    size_t n = 0;

    for (size_t i = 0; i < account->n_claims && n < most; i++) {
        const struct text_claim *c = &account->claims[i];
        bool old = c->weight == 0 || is_known(account, c, &earlier, i, novelty);

        for (size_t k = 0; !old && k < n_known; k++)
            old = is_known(account, c, &known[k], known[k].text->n_claims,
                           novelty);
        if (!old)
            index[n++] = i;
    }
    return n;
}
