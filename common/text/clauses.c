/*
 * Clauses: what begins at a place, and whether it goes on with the clause
 * before.
 */
#include "clauses_int.h"

enum {
    CLAUSE_LOOK = 16, /* tokens in which the verb of a clause must come */
    INSERTION = 8,    /* tokens between commas before a verb */
    JOINT_MAX = 16,   /* conjunctions, anchors, commas between clauses */
};

bool is_and(const struct scan *s, size_t i)
{
    return tok_has(s, i, LEX_CONJ) && !s->toks[i].quoted &&
           !tok_role(s, i, ROLE_NO_JOINT);
}

bool is_while(const struct scan *s, size_t i)
{
    if (!tok_has(s, i, LEX_CONJ | LEX_PREP))
        return false;
    if (tok_role(s, i, ROLE_WHILE))
        return !s->toks[i].quoted;
    return tok_role(s, i, ROLE_AS) && !s->toks[i].quoted && !s->toks[i].phrase;
}

/* Step over an anchor and the comma behind it. */
static bool skip_anchor(const struct scan *s, size_t *i, size_t end)
{
    uint32_t anchor = *i < end ? s->toks[*i].anchor : 0;

    if (!anchor)
        return false;
    *i = s->anchors[anchor - 1].end;
    if (*i < end &&
        (s->toks[*i].kind == TOK_COMMA || s->toks[*i].kind == TOK_COLON ||
         s->toks[*i].kind == TOK_DASH))
        ++*i;
    return true;
}

/* "Then, ", "Finally, ": words that only join. */
static bool skip_connective(const struct scan *s, size_t *i, size_t end)
{
    size_t n;

    if (*i >= end || s->toks[*i].quoted)
        return false;
    n = s->toks[*i].phrase && s->toks[*i].phrase->flags & LEX_CONNECT
            ? s->toks[*i].phrase_n
            : 1;
    if (!tok_has(s, *i, LEX_CONNECT))
        return false;
    if (*i + n < end && s->toks[*i + n].kind == TOK_COMMA)
        *i += n + 1;
    else if (tok_role(s, *i, ROLE_THEN))
        *i += n;
    else
        return false;
    return true;
}

size_t skip_adverbs(const struct scan *s, size_t i, size_t end)
{
    while (i < end && tok_has(s, i, LEX_ADV) && !s->toks[i].quoted &&
           !(s->toks[i].flags &
             (LEX_NOUN | LEX_PREP | LEX_VERB | LEX_PRON_SUBJECT)))
        i++;
    return i;
}

bool begins_subject(const struct scan *s, size_t i)
{
    const struct tok *k = &s->toks[i];

    if (k->kind != TOK_WORD || k->quoted)
        return false;
    if (k->flags & (LEX_PREP | LEX_SUBORD | LEX_AUX | LEX_ABSORBED))
        return false;
    if (k->flags & LEX_REL && !(k->flags & LEX_DET))
        return false;
    if (k->flags & LEX_V_ING && tok_has(s, i + 1, LEX_NOUN) &&
        !tok_has(s, i + 1, LEX_DET | LEX_PREP | LEX_PRON))
        return true; /* "sailing boats" */
    return k->numeric || k->flags & (LEX_DET | LEX_PRON_SUBJECT | LEX_PRON |
                                     LEX_NOUN | LEX_ADJ | LEX_NAME);
}

struct look {
    size_t verb, past;
    unsigned relative, joints;
    bool noun;
};

/* One token of a possible clause: 1 its verb, -1 there is none, 0 go on. */
static int look_step(const struct scan *s, struct look *x, size_t i, size_t end)
{
    const struct tok *k = &s->toks[i];

    if (k->anchor)
        return 0;
    if (k->quoted) /* "the title “…” appears" */
        return x->noun ? 0 : -1;
    if (k->kind != TOK_WORD)
        return -1;
    if (k->finite & (FINITE_S | FINITE_AUX | FINITE_BASE)) {
        if (!x->noun)
            return -1;
        if (x->relative == 0)
            return 1;
        x->relative--;
        return 0;
    }
    if (k->finite & FINITE_PAST && x->past == SIZE_MAX && x->relative == 0)
        x->past = i;
    if (k->flags & LEX_REL && x->noun) {
        if (tok_has(s, i - 1, LEX_PREP)) /* "some of whom" */
            return -1;
        x->relative++;
        return 0;
    }
    if (k->flags & LEX_CONJ) {
        if (!x->noun || x->joints++ || !tok_role(s, i, ROLE_AND_OR) ||
            i + 1 >= end || !begins_subject(s, i + 1))
            return -1;
        return 0;
    }
    if (k->flags & LEX_SUBORD && !(k->flags & LEX_PREP))
        return -1;
    /* Behind an article even a verb is a noun: "the focus is". */
    if (k->numeric ||
        k->flags & (LEX_NOUN | LEX_PRON_SUBJECT | LEX_PRON | LEX_NAME) ||
        (k->flags & LEX_V_BASE && i > 0 && tok_has(s, i - 1, LEX_DET)))
        x->noun = true;
    return 0;
}

/* "the actor, visibly amused, replies": the verb behind what stands between
 * commas, the first of them at i; or SIZE_MAX. */
static size_t behind_apposition(const struct scan *s, size_t i, size_t end)
{
    if (tok_has(s, i + 1, LEX_CONJ)) /* a list goes on */
        return SIZE_MAX;
    for (size_t k = i + 1; k < end && k < i + INSERTION; k++) {
        if (s->toks[k].kind != TOK_COMMA)
            continue;
        k = skip_adverbs(s, k + 1, end);
        return k < end && !s->toks[k].quoted &&
                       s->toks[k].finite & (FINITE_S | FINITE_AUX)
                   ? k
                   : SIZE_MAX;
    }
    return SIZE_MAX;
}

/* Whether a subject and its verb begin at i: the verb, or SIZE_MAX. */
size_t clause_at(const struct scan *s, size_t i, size_t end, bool past)
{
    struct look x = {SIZE_MAX, SIZE_MAX, 0, 0, false};

    i = skip_adverbs(s, i, end);
    if (i >= end || !begins_subject(s, i))
        return SIZE_MAX;
    for (size_t n = 0; n < CLAUSE_LOOK && i < end; n++, i++) {
        int found = look_step(s, &x, i, end);

        if (found > 0)
            return i;
        if (s->toks[i].kind == TOK_COMMA && x.noun && !x.relative)
            return behind_apposition(s, i, end);
        if (found == 0 && s->toks[i].quoted)
            i = s->quotes[s->toks[i].quote - 1].end - 1;
        if (found < 0)
            break;
    }
    return past ? x.past : SIZE_MAX;
}

/* The first verb behind the auxiliary of a clause, or SIZE_MAX. */
static size_t behind_auxiliary(const struct scan *s, size_t main, size_t end)
{
    size_t i = main + 1;

    while (i < end && i < main + 6 && s->toks[i].kind == TOK_WORD &&
           !s->toks[i].quoted &&
           (tok_has(s, i, LEX_ADV) || tok_role(s, i, ROLE_BE_BARE) ||
            tok_role(s, i, ROLE_NOT)) &&
           !tok_has(s, i, LEX_V_ING))
        i++;
    return i < end && tok_has(s, i, LEX_VERB) && !s->toks[i].quoted ? i
                                                                    : SIZE_MAX;
}

/* A form that is no noun here: nothing else, or an object behind it. */
bool surely_verb(const struct scan *s, size_t i)
{
    uint64_t next;

    if (!(s->toks[i].flags & (LEX_NOUN | LEX_ADJ | LEX_PREP)))
        return true;
    if (i + 1 >= s->n_toks)
        return false;
    next = s->toks[i + 1].flags;
    return next & (LEX_DET | LEX_PRON | LEX_PREP | LEX_ADV | LEX_V_ING) ||
           s->toks[i + 1].numeric || s->toks[i + 1].quoted;
}

/* "cheers and claps", "wakes up and barks": nothing but a conjunction and
 * adverbs between two verbs. */
static bool pairs(const struct scan *s, size_t main, size_t i)
{
    size_t k = i - 1;

    if (k <= main || !tok_has(s, k, LEX_CONJ))
        return false;
    while (k > main + 1 && tok_has(s, k - 1, LEX_ADV))
        k--;
    return k == main + 1;
}

/* Whether the verb at i goes on with the clause's own verb: the same form, or
 * the same auxiliary before both. *aux: the auxiliary is carried as well. */
bool goes_on(const struct scan *s, const struct clause *c, size_t i, size_t end,
             bool *aux)
{
    uint64_t f = s->toks[i].flags;
    size_t main = c->main, verb;

    *aux = false;
    if (s->toks[i].kind != TOK_WORD || s->toks[i].quoted)
        return false;
    if (main == SIZE_MAX)
        return c->past != SIZE_MAX && f & LEX_V_PAST && surely_verb(s, i);
    if (f & LEX_AUX)
        return !tok_role(s, i, ROLE_BE_BARE);
    if (!s->toks[main].finite) /* it took over an auxiliary itself */
        return (f & s->toks[main].flags &
                (LEX_V_ING | LEX_V_PAST | LEX_V_BASE)) != 0 &&
               (f & LEX_V_ING || surely_verb(s, i));
    if (s->toks[main].finite & FINITE_AUX) {
        verb = behind_auxiliary(s, main, end);
        *aux = verb != SIZE_MAX &&
               (f & s->toks[verb].flags &
                (LEX_V_ING | LEX_V_PAST | LEX_V_BASE)) != 0 &&
               (f & LEX_V_ING || surely_verb(s, i));
        if (*aux)
            return true;
        return f & LEX_V_S && surely_verb(s, i);
    }
    if (s->toks[main].finite & FINITE_S)
        return f & LEX_V_S &&
               (s->toks[i].finite || surely_verb(s, i) || pairs(s, main, i));
    return f & LEX_V_BASE && (surely_verb(s, i) || pairs(s, main, i));
}

/* --- subjects ------------------------------------------------------------- */

/* What is carried from a clause: the part between commas before its verb that
 * begins like a subject. */
struct range subject_of(const struct scan *s, const struct clause *c,
                        size_t verb)
{
    struct range best = c->subject;
    size_t from = c->begin;

    if (verb == SIZE_MAX)
        return best;
    while (from < verb) {
        size_t end = from, first;

        while (end < verb && s->toks[end].kind != TOK_COMMA)
            end++;
        first = skip_adverbs(s, from, end);
        if (first < end && begins_subject(s, first)) {
            while (end > first && s->toks[end - 1].kind != TOK_WORD &&
                   !s->toks[end - 1].quoted)
                end--;
            best = (struct range){(uint32_t)first, (uint32_t)end};
            /* "The man, wearing a hat, walks": the first part is it. */
            if (s->toks[verb - 1].kind == TOK_COMMA)
                break;
        }
        while (end < verb && s->toks[end].kind == TOK_COMMA)
            end++;
        from = end;
    }
    while (best.end > best.first + 1 && tok_has(s, best.end - 1, LEX_ADV) &&
           !tok_has(s, best.end - 1, LEX_NOUN | LEX_PRON))
        best.end--;
    return best;
}

/* --- joints ---------------------------------------------------------------- */

/* "- ", "* ", a bullet at the head of a line. */
static bool is_list_mark(const struct scan *s, size_t i, size_t end)
{
    if (i >= end || s->toks[i].quoted)
        return false;
    return s->toks[i].kind == TOK_DASH ||
           (s->toks[i].kind == TOK_OTHER &&
            (s->toks[i].cp == '*' || s->toks[i].cp == 0x2022));
}

/* Where a clause begins behind a joint: conjunctions, anchors and connectives
 * left out. *kind gets what joined it. */
size_t clause_begin(const struct scan *s, size_t i, size_t end,
                    enum joint *kind, bool *anchored)
{
    for (unsigned n = 0; n < JOINT_MAX; n++) {
        if (i < end && is_and(s, i) && !s->toks[i].anchor) {
            *kind = *kind == JOINT_STRONG ? JOINT_STRONG : JOINT_AND;
            i += s->toks[i].phrase && s->toks[i].phrase->flags & LEX_CONJ
                     ? s->toks[i].phrase_n
                     : 1;
        } else if (i < end && is_while(s, i)) {
            *kind = *kind == JOINT_STRONG ? JOINT_STRONG : JOINT_WHILE;
            i++;
        } else if (skip_anchor(s, &i, end)) {
            *anchored = true;
        } else if (skip_connective(s, &i, end)) {
            if (*kind == JOINT_COMMA)
                *kind = JOINT_AND;
        } else if (*kind != JOINT_NONE && i < end &&
                   s->toks[i].kind == TOK_COMMA) {
            i++;
        } else if (*kind == JOINT_NONE && is_list_mark(s, i, end)) {
            i++;
        } else {
            break;
        }
    }
    return i;
}

/* ", and, after a short pause, steps": the verb behind what stands between
 * commas. */
size_t behind_insertion(const struct scan *s, size_t i, size_t end)
{
    if (i >= end)
        return i;
    bool set_off = i > 1 && s->toks[i - 1].kind == TOK_COMMA &&
                   tok_has(s, i - 2, LEX_CONJ);

    if (s->toks[i].finite ||
        !tok_has(s, i, set_off ? LEX_PREP | LEX_V_ING | LEX_V_PAST : LEX_PREP))
        return i;
    for (size_t k = i + 1; k < end && k < i + INSERTION; k++)
        if (s->toks[k].kind == TOK_COMMA)
            return skip_adverbs(s, k + 1, end);
    return i;
}
