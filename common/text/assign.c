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
    COUNTED = 5,   /* tokens before a noun in which its number stands */
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

/* The main verb: the first finite one that no relative clause has. */
static size_t find_verb(const struct scan *s, struct range r)
{
    size_t past = SIZE_MAX;
    bool relative = false;

    for (size_t i = r.first; i < r.end; i++) {
        const struct tok *k = &s->toks[i];

        if (k->flags & LEX_REL && i > r.first + 1 &&
            tok_has(s, i - (s->toks[i - 1].kind == TOK_COMMA ? 2 : 1),
                    LEX_NOUN | LEX_PRON))
            relative = true;
        if (!k->finite)
            continue;
        if (relative)
            relative = false;
        else if (k->finite & (FINITE_S | FINITE_AUX | FINITE_BASE))
            return i;
        else if (past == SIZE_MAX)
            past = i;
    }
    return past;
}

/* Behind "In the background, ", "With a smile, ": where the subject may be. */
static size_t behind_opening(const struct scan *s, struct range r, size_t verb)
{
    size_t begin = r.first;

    if (!tok_has(s, r.first,
                 LEX_PREP | LEX_V_ING | LEX_V_PAST | LEX_ADV | LEX_SUMMARY))
        return begin;
    for (size_t i = r.first; i < r.end && i < verb; i++)
        if (s->toks[i].kind == TOK_COMMA && !s->toks[i].quoted)
            begin = i + 1;
    return begin;
}

/* The token behind the first comma, or the first token. */
static uint32_t behind_comma(const struct scan *s, struct range r)
{
    for (uint32_t i = r.first; i + 1 < r.end; i++)
        if (s->toks[i].kind == TOK_COMMA && !s->toks[i].quoted)
            return i + 1;
    return r.first;
}

/* The head of a subject that was taken over. */
static size_t carried_head(const struct scan *s, const struct text_claim *c,
                           size_t first)
{
    size_t end = first;

    while (end < s->n_toks && s->toks[end].at < c->subject.at + c->subject.n)
        end++;
    return head_of(s, first, end);
}

size_t claim_head(const struct scan *s, size_t claim, size_t *verb)
{
    const struct text_claim *c = &s->t->claims[claim];
    struct range r = s->claims[claim];
    size_t begin, first;

    /* "When the bell rings, the students leave": the main clause. */
    if (tok_has(s, r.first, LEX_SUBORD) && !c->subject.n)
        r.first = behind_comma(s, r);
    *verb = find_verb(s, r);
    if (c->subject.n) {
        first = tok_at(s, c->subject.at);
        if (*verb == SIZE_MAX)
            *verb = r.first;
        return first == SIZE_MAX ? SIZE_MAX : carried_head(s, c, first);
    }
    begin = behind_opening(s, r, *verb);
    /* "There is a dog": the noun behind the verb. */
    if (tok_role(s, begin, ROLE_THERE) && *verb != SIZE_MAX)
        return head_of(s, *verb + 1, r.end);
    if (begin == r.first && tok_has(s, begin, LEX_PREP) && *verb != SIZE_MAX)
        return head_of(s, *verb + 1, r.end);
    return head_of(s, begin, *verb == SIZE_MAX ? r.end : *verb);
}

/* --- votes ---------------------------------------------------------------- */

static void add_cues(const struct lex *e, int votes[ATTRIBUTES])
{
    for (int a = 0; a < ATTRIBUTES; a++)
        votes[a] += e->cues[a];
}

static bool has_cues(const struct lex *e)
{
    for (int a = 0; a < ATTRIBUTES; a++)
        if (e->cues[a])
            return true;
    return false;
}

static void vote_words(const struct scan *s, struct range r,
                       int votes[ATTRIBUTES])
{
    for (size_t i = r.first; i < r.end; i++) {
        const struct tok *k = &s->toks[i];

        if (!is_plain(s, i))
            continue;
        if (k->phrase && has_cues(k->phrase)) {
            add_cues(k->phrase, votes);
            i += k->phrase_n - 1u;
        } else if (k->lex) {
            add_cues(k->lex, votes);
        }
    }
    for (int a = 0; a < ATTRIBUTES; a++)
        votes[a] = votes[a] > CUES_MAX ? CUES_MAX : votes[a];
}

bool tok_living(const struct scan *s, size_t i)
{
    return tok_has(s, i,
                   LEX_PERSON | LEX_ANIMAL | LEX_PRON_SUBJECT | LEX_NAME) &&
           !tok_role(s, i, ROLE_IT);
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
    const uint64_t does = LEX_MOVE | LEX_ACT;

    if (verb == SIZE_MAX) {
        votes[ATTRIBUTE_CHARACTERS] += VOTE_HEAD / 2;
        return;
    }
    if (tok_has(s, verb, LEX_SAY) && !tok_has(s, verb, does))
        votes[ATTRIBUTE_SPEECH] += VOTE_VERB;
    else if (tok_has(s, verb, LEX_LINK) && !tok_has(s, verb, LEX_AUX))
        votes[ATTRIBUTE_EMOTIONS] += VOTE_VERB / 4;
    else if (tok_has(s, verb, LEX_AUX))
        votes[ATTRIBUTE_CHARACTERS] += VOTE_HEAD;
    else if (tok_has(s, verb, does))
        votes[ATTRIBUTE_ACTIONS] += VOTE_HEAD;
    else if (tok_has(s, verb, LEX_STATE))
        votes[ATTRIBUTE_CHARACTERS] += VOTE_HEAD;
    else if (tok_has(s, verb, LEX_VERB))
        votes[ATTRIBUTE_ACTIONS] += VOTE_VERB;
}

/* "Two green trees", "no trees": what can be a place or a thing is a thing when it is
 * counted. */
static bool is_counted(const struct scan *s, size_t head, size_t first)
{
    for (size_t i = head; i > first && head - i < COUNTED;) {
        i--;
        if (!is_plain(s, i))
            return false;
        if (s->toks[i].numeric || tok_is(s, i, "no"))
            return true;
    }
    return false;
}

static bool is_place(const struct scan *s, size_t head, size_t first)
{
    return s->toks[head].flags & LEX_PLACE &&
           !(tok_role(s, head, ROLE_COUNTED_THING) &&
             is_counted(s, head, first));
}

/* What a thing, a place or a part of somebody does. */
static void vote_thing(const struct scan *s, size_t first, size_t head,
                       size_t verb, int votes[ATTRIBUTES])
{
    uint64_t f = s->toks[head].flags;
    uint64_t v = verb == SIZE_MAX ? 0 : s->toks[verb].flags;
    bool place = is_place(s, head, first);
    bool moves = v & (LEX_MOVE | LEX_ACT) && !(v & (LEX_AUX | LEX_STATE));
    /* "the building collapses": an event whatever it happens to. */
    bool event = verb != SIZE_MAX && s->toks[verb].lex &&
                 s->toks[verb].lex->cues[ATTRIBUTE_ACTIONS] > 3;

    if (v & LEX_V_CAMERA && tok_role(s, head, ROLE_VIEW)) {
        votes[ATTRIBUTE_CAMERA] += VOTE_HEAD * 2;
        return;
    }
    if (v & (LEX_NARRATE | LEX_SAY) && tok_role(s, head, ROLE_FOOTAGE))
        votes[ATTRIBUTE_NARRATIVE_ELEMENTS] += VOTE_HEAD;
    if (v & LEX_V_SOUND && !(v & (LEX_MOVE | LEX_AUX)))
        votes[ATTRIBUTE_SPEECH] += VOTE_HEAD + 1;
    else if (event)
        votes[ATTRIBUTE_ACTIONS] += VOTE_HEAD;
    else if (place)
        votes[ATTRIBUTE_SCENE] += VOTE_HEAD;
    if (f & (LEX_CLOTHING | LEX_BODY) && !(v & LEX_AUX && head > verb))
        votes[ATTRIBUTE_CHARACTERS] += VOTE_VERB;
    else if (f & (LEX_OBJECT | LEX_WRITING | LEX_CLOTHING | LEX_BODY) ||
             (f & LEX_PLACE && !place))
        votes[ATTRIBUTE_OBJECTS] += moves ? VOTE_VERB / 2 : VOTE_HEAD;
    if (moves && !place)
        votes[ATTRIBUTE_ACTIONS] += VOTE_VERB - 1;
}

/* "The animation shows a small robot": about what is shown. */
static void vote_shown(const struct scan *s, size_t verb, size_t end,
                       int votes[ATTRIBUTES])
{
    size_t shown = head_of(s, verb + 1, end);
    uint64_t f = shown == SIZE_MAX ? 0 : s->toks[shown].flags;

    if (f & (LEX_PERSON | LEX_ANIMAL | LEX_NAME))
        votes[ATTRIBUTE_CHARACTERS] += VOTE_VERB;
    else if (f & LEX_PLACE)
        votes[ATTRIBUTE_SCENE] += VOTE_VERB;
    else if (f & (LEX_OBJECT | LEX_WRITING))
        votes[ATTRIBUTE_OBJECTS] += VOTE_VERB;
}

static void vote_subject(const struct scan *s, size_t head, size_t verb,
                         struct range r, int votes[ATTRIBUTES])
{
    const struct tok *k;

    if (head == SIZE_MAX)
        return;
    k = &s->toks[head];
    if (k->phrase && has_cues(k->phrase))
        add_cues(k->phrase, votes);
    else if (k->lex)
        add_cues(k->lex, votes);
    if (tok_has(s, head, LEX_ANIMAL) && tok_has(s, verb, LEX_V_SOUND))
        votes[ATTRIBUTE_SPEECH] += VOTE_HEAD;
    else if (tok_living(s, head))
        vote_living(s, verb, votes);
    else
        vote_thing(s, r.first, head, verb, votes);
    if (tok_has(s, verb, LEX_SHOW) && tok_role(s, head, ROLE_PICTURE))
        vote_shown(s, verb, r.end, votes);
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

static enum attribute attribute_of_claim(const struct scan *s, size_t i,
                                         size_t head, size_t verb)
{
    const struct text_claim *c = &s->t->claims[i];
    int votes[ATTRIBUTES] = {0};
    struct range r = s->claims[i];
    enum attribute best;

    vote_words(s, r, votes);
    vote_subject(s, head, verb, r, votes);
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
        struct range r = s->claims[i];
        size_t verb, head = claim_head(s, i, &verb);

        verb = meaning_verb(s, verb, r.end);
        c->attribute = attribute_of_claim(s, i, head, verb);
        claim_parts(s, i, head, verb);
        c->inferred = range_has(s, s->claims[i], LEX_INFER);
    }
}
