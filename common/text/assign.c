/*
 * Which of the eight attributes a claim is about.
 *
 * Its words vote: cues of the lexicon, the kind of its subject and of its verb,
 * quotes and writing. The attribute the text was written for has a vote of its
 * own, so that weak evidence does not take a claim away from it.
 */
#include <math.h>

#include "text_int.h"

enum {
    VOTE_HINT = 5,
    VOTE_HEAD = 6, /* the subject decides more than what else is named */
    VOTE_VERB = 4,
    VOTE_QUOTE = 10,
    VOTE_SHOWN = 6,
    CUES_MAX = 12, /* one attribute's cues count up to here */
    LEAST = 3,     /* fewer votes say nothing */
};

static bool is_plain(const struct scan *s, size_t i)
{
    return s->toks[i].kind == TOK_WORD && !s->toks[i].quoted &&
           !s->toks[i].anchor;
}

static bool is_head(const struct scan *s, size_t i)
{
    return is_plain(s, i) &&
           s->toks[i].flags & (LEX_NOUN | LEX_PRON_SUBJECT | LEX_NAME) &&
           !(s->toks[i].flags & (LEX_PREP | LEX_AUX)) && !s->toks[i].finite;
}

/* The last noun before a verb, preposition or comma. */
static size_t head_of(const struct scan *s, size_t first, size_t end)
{
    size_t head = SIZE_MAX;

    for (size_t i = first; i < end; i++) {
        const struct tok *k = &s->toks[i];

        if (is_head(s, i)) {
            head = i;
            continue;
        }
        if (head != SIZE_MAX &&
            !(is_plain(s, i) && k->flags & (LEX_ADJ | LEX_ADV | LEX_CONJ) &&
              !(k->flags & LEX_PREP)))
            break;
    }
    return head;
}

static size_t find_verb(const struct scan *s, struct range r)
{
    size_t past = SIZE_MAX;

    for (size_t i = r.first; i < r.end; i++) {
        if (s->toks[i].finite & (FINITE_S | FINITE_AUX | FINITE_BASE))
            return i;
        if (s->toks[i].finite && past == SIZE_MAX)
            past = i;
    }
    return past;
}

/* Behind "In the background, ", "With a smile, ": where the subject may be. */
static size_t behind_opening(const struct scan *s, struct range r, size_t verb)
{
    size_t begin = r.first;

    if (!tok_has(s, r.first, LEX_PREP | LEX_V_ING | LEX_V_PAST | LEX_ADV))
        return begin;
    for (size_t i = r.first; i < r.end && i < verb; i++)
        if (s->toks[i].kind == TOK_COMMA && !s->toks[i].quoted)
            begin = i + 1;
    return begin;
}

size_t claim_head(const struct scan *s, size_t claim, size_t *verb)
{
    const struct text_claim *c = &s->t->claims[claim];
    struct range r = s->claims[claim];
    size_t begin, first;

    *verb = find_verb(s, r);
    if (c->subject.n) {
        first = tok_at(s, c->subject.at);
        if (*verb == SIZE_MAX)
            *verb = r.first;
        return first == SIZE_MAX ? SIZE_MAX : head_of(s, first, r.first);
    }
    begin = behind_opening(s, r, *verb);
    /* "There is a dog": the noun behind the verb. */
    if (tok_is(s, begin, "there") && *verb != SIZE_MAX)
        return head_of(s, *verb + 1, r.end);
    if (begin == r.first && tok_has(s, begin, LEX_PREP) && *verb != SIZE_MAX)
        return head_of(s, *verb + 1, r.end);
    return head_of(s, begin, *verb == SIZE_MAX ? r.end : *verb);
}

/* --- votes ---------------------------------------------------------------- */

static void add_cues(const struct lex *e, int votes[ATTRIBUTES], int times)
{
    for (int a = 0; a < ATTRIBUTES; a++)
        votes[a] += e->cues[a] * times;
}

static void vote_words(const struct scan *s, struct range r,
                       int votes[ATTRIBUTES])
{
    for (size_t i = r.first; i < r.end; i++) {
        const struct tok *k = &s->toks[i];

        if (!is_plain(s, i))
            continue;
        if (k->phrase)
            add_cues(k->phrase, votes, 1);
        else if (k->lex)
            add_cues(k->lex, votes, 1);
    }
    for (int a = 0; a < ATTRIBUTES; a++)
        votes[a] = votes[a] > CUES_MAX ? CUES_MAX : votes[a];
}

static bool is_living(const struct scan *s, size_t i)
{
    return tok_has(s, i, LEX_PERSON | LEX_ANIMAL | LEX_PRON_SUBJECT | LEX_NAME);
}

/* The verb that carries the meaning: behind "is", "begins to". */
static size_t meaning_verb(const struct scan *s, size_t verb, size_t end)
{
    size_t i = verb;

    if (verb == SIZE_MAX || !tok_has(s, verb, LEX_AUX))
        return verb;
    for (i = verb + 1; i < end && i < verb + 6 && is_plain(s, i); i++) {
        if (tok_has(s, i, LEX_VERB) && !tok_has(s, i, LEX_AUX))
            return i;
        if (!tok_has(s, i, LEX_ADV | LEX_AUX) || tok_has(s, i, LEX_NOUN))
            break;
    }
    return verb;
}

static void vote_living(const struct scan *s, size_t verb,
                        int votes[ATTRIBUTES])
{
    if (verb == SIZE_MAX) {
        votes[ATTRIBUTE_CHARACTERS] += VOTE_HEAD / 2;
        return;
    }
    if (tok_has(s, verb, LEX_SAY))
        votes[ATTRIBUTE_SPEECH] += VOTE_VERB;
    else if (tok_has(s, verb, LEX_LINK) && !tok_has(s, verb, LEX_AUX))
        votes[ATTRIBUTE_EMOTIONS] += VOTE_VERB / 4;
    else if (tok_has(s, verb, LEX_AUX))
        votes[ATTRIBUTE_CHARACTERS] += VOTE_HEAD;
    else if (tok_has(s, verb, LEX_MOVE | LEX_ACT))
        votes[ATTRIBUTE_ACTIONS] += VOTE_HEAD;
    else if (tok_has(s, verb, LEX_STATE))
        votes[ATTRIBUTE_CHARACTERS] += VOTE_VERB;
    else if (tok_has(s, verb, LEX_VERB))
        votes[ATTRIBUTE_ACTIONS] += VOTE_VERB;
}

/* "Birds chirp", "thunder rumbles"; a person who hums does something. */
static bool makes_sound(const struct scan *s, size_t head, size_t verb)
{
    return verb != SIZE_MAX && tok_has(s, verb, LEX_V_SOUND) &&
           !tok_has(s, verb, LEX_MOVE | LEX_AUX) &&
           !tok_has(s, head, LEX_PERSON | LEX_PRON_SUBJECT | LEX_NAME);
}

static void vote_subject(const struct scan *s, size_t head, size_t verb,
                         int votes[ATTRIBUTES])
{
    const struct tok *k;

    if (head == SIZE_MAX)
        return;
    k = &s->toks[head];
    if (k->phrase)
        add_cues(k->phrase, votes, 1);
    else if (k->lex)
        add_cues(k->lex, votes, 1);
    if (makes_sound(s, head, verb))
        votes[ATTRIBUTE_SPEECH] += VOTE_HEAD;
    if (is_living(s, head)) {
        vote_living(s, verb, votes);
        return;
    }
    if (k->flags & (LEX_CLOTHING | LEX_BODY))
        votes[ATTRIBUTE_CHARACTERS] += VOTE_VERB;
    else if (k->flags & LEX_PLACE)
        votes[ATTRIBUTE_SCENE] += VOTE_HEAD;
    else if (k->flags & (LEX_OBJECT | LEX_WRITING))
        votes[ATTRIBUTE_OBJECTS] +=
            tok_has(s, verb, LEX_MOVE) ? VOTE_VERB / 2 : VOTE_HEAD;
    if (verb != SIZE_MAX && tok_has(s, verb, LEX_MOVE) &&
        !tok_has(s, verb, LEX_AUX) && !(k->flags & LEX_PLACE))
        votes[ATTRIBUTE_ACTIONS] += VOTE_VERB - 1;
}

static void vote_quotes(const struct scan *s, const struct text_claim *c,
                        int votes[ATTRIBUTES])
{
    const struct text_quote *q;

    if (c->quote < 0)
        return;
    q = &s->t->quotes[c->quote];
    if (q->spoken)
        votes[ATTRIBUTE_SPEECH] += VOTE_QUOTE;
    else
        votes[ATTRIBUTE_OBJECTS] += VOTE_SHOWN;
}

/* On a tie the more particular attribute: what is heard, filmed and felt is
 * named by fewer words than who does what where. */
static const enum attribute order[ATTRIBUTES] = {
    ATTRIBUTE_SPEECH,  ATTRIBUTE_CAMERA,     ATTRIBUTE_EMOTIONS,
    ATTRIBUTE_ACTIONS, ATTRIBUTE_CHARACTERS, ATTRIBUTE_NARRATIVE_ELEMENTS,
    ATTRIBUTE_OBJECTS, ATTRIBUTE_SCENE,
};

static enum attribute elect(const int votes[ATTRIBUTES])
{
    enum attribute best = order[0];

    for (int i = 1; i < ATTRIBUTES; i++)
        if (votes[order[i]] > votes[best])
            best = order[i];
    return votes[best] >= LEAST ? best : ATTRIBUTE_NONE;
}

static enum attribute attribute_of_claim(const struct scan *s, size_t i)
{
    const struct text_claim *c = &s->t->claims[i];
    int votes[ATTRIBUTES] = {0};
    struct range r = s->claims[i];
    size_t verb, head = claim_head(s, i, &verb);
    enum attribute best;

    verb = meaning_verb(s, verb, r.end);
    vote_words(s, r, votes);
    vote_subject(s, head, verb, votes);
    vote_quotes(s, c, votes);
    if (s->hint != ATTRIBUTE_NONE)
        votes[s->hint] += VOTE_HINT;
    best = elect(votes);
    if (best != ATTRIBUTE_NONE)
        return best;
    if (s->hint != ATTRIBUTE_NONE)
        return s->hint;
    if (!isnan(c->start) ||
        (verb != SIZE_MAX && tok_has(s, verb, LEX_MOVE | LEX_ACT)))
        return ATTRIBUTE_ACTIONS;
    return ATTRIBUTE_SCENE;
}

void scan_attributes(struct scan *s)
{
    for (size_t i = 0; i < s->t->n_claims; i++) {
        struct text_claim *c = &s->t->claims[i];

        c->attribute = attribute_of_claim(s, i);
        c->inferred = range_has(s, s->claims[i], LEX_INFER);
    }
}
