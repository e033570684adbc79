/*
 * Parts of speech, as far as cutting clauses needs them: phrases of the
 * lexicon, classes of words, and which verbs are finite.
 *
 * Captions are written in the present tense, so a third person ("walks"), an
 * auxiliary ("is") or a base form behind a plural ("men walk") is the verb of a
 * clause; a past form counts only where there is no other, because it mostly is
 * a participle ("a man dressed in black").
 */
#include "lexicon_int.h"

#define LEX_CLASSES                                                            \
 (LEX_DET | LEX_PRON_SUBJECT | LEX_PRON | LEX_AUX | LEX_PREP | LEX_CONJ |      \
  LEX_REL | LEX_SUBORD | LEX_ADV | LEX_CONNECT | LEX_ADJ | LEX_NOUN |          \
  LEX_VERB)

enum { PHRASE_MAX = 5, COMPOUND = 6 };

/* The word in lower case is how text begins. */
static bool matches(struct str w, const char *text)
{
    for (size_t k = 0; k < w.n; k++) {
        char c = w.p[k];

        if (c >= 'A' && c <= 'Z')
            c = (char)(c + ('a' - 'A'));
        if (text[k] != c) /* also at its end */
            return false;
    }
    return true;
}

bool tok_is(const struct scan *s, size_t i, const char *text)
{
    return i < s->n_toks && matches(tok_text(s, i), text) &&
           text[s->toks[i].n] == '\0';
}

bool tok_in(const struct scan *s, size_t i, const char *list)
{
    while (i < s->n_toks && *list) {
        size_t n = 0;

        while (list[n] && list[n] != ' ')
            n++;
        if (n == s->toks[i].n && matches(tok_text(s, i), list))
            return true;
        list += n;
        list += *list == ' ';
    }
    return false;
}

/* --- phrases -------------------------------------------------------------- */

static void match_phrase(struct scan *s, size_t i, size_t end)
{
    struct tok *k = &s->toks[i];
    const struct lex *at = k->lex;
    uint64_t key = k->folded;

    for (size_t n = 1; n < PHRASE_MAX && at && at->more && i + n < end; n++) {
        const struct tok *next = &s->toks[i + n];

        if (next->kind != TOK_WORD || next->quoted != k->quoted)
            break;
        key = lex_chain(key, next->folded);
        at = lex_find(s->rules, key);
        if (at && at->seen) {
            k->phrase = at;
            k->phrase_n = (uint8_t)(n + 1);
        }
    }
}

static uint64_t flags_of(const struct scan *s, size_t i, bool first)
{
    const struct tok *k = &s->toks[i];
    uint64_t flags = k->lex ? k->lex->flags : 0;

    if (k->numeric || flags & LEX_CLASSES)
        return flags;
    if (k->shape & (SHAPE_CASELESS | SHAPE_DIGITS))
        return flags | LEX_NOUN | LEX_GUESSED;
    if (k->shape & SHAPE_CAPITAL && !first)
        return flags | LEX_NAME | LEX_NOUN;
    flags |= lex_guess(tok_text(s, i));
    if (k->shape & SHAPE_CAPITAL && flags & LEX_NOUN)
        flags |= LEX_NAME;
    return flags;
}

/* The words of a phrase act as one: "in front of" is a preposition. */
static void impose_phrase(struct scan *s, size_t i)
{
    struct tok *k = &s->toks[i];
    uint64_t parts = k->phrase->flags & LEX_PHRASE_PARTS;

    if (!parts)
        return;
    k->flags = k->phrase->flags;
    for (size_t n = 1; n < k->phrase_n; n++)
        s->toks[i + n].flags = LEX_ABSORBED;
}

static void classify(struct scan *s, struct range r)
{
    size_t first = r.first;

    while (first < r.end && s->toks[first].kind != TOK_WORD)
        first++;
    for (size_t i = r.first; i < r.end; i++) {
        struct tok *k = &s->toks[i];

        if (k->kind != TOK_WORD || k->quoted)
            continue;
        k->flags = flags_of(s, i, i == first);
        if (k->lex && k->lex->more)
            match_phrase(s, i, r.end);
    }
    for (size_t i = r.first; i < r.end; i++)
        if (s->toks[i].phrase && s->toks[i].flags != LEX_ABSORBED)
            impose_phrase(s, i);
}

/* --- finite verbs --------------------------------------------------------- */

/* Where a word stands: the word before it, adverbs left out, and whether that
 * belongs to the same run of words. */
struct before {
    size_t i; /* or SIZE_MAX */
    bool joined;
    bool adverb; /* there were adverbs between */
    /* A plural noun came and no verb yet: "people on the sidewalk scream". */
    bool plural;
};

static bool is_be(const struct scan *s, size_t i)
{
    return tok_role(s, i, ROLE_BE_BARE);
}

static bool is_subject(const struct scan *s, size_t i)
{
    return tok_has(s, i, LEX_NOUN | LEX_PRON_SUBJECT | LEX_PRON | LEX_REL) &&
           !tok_has(s, i, LEX_PREP | LEX_AUX);
}

/* "the crowd cheers": the noun before has an article of its own, so that the
 * form behind it is no plural ("the kitchen pans" is rare enough). */
static bool has_article(const struct scan *s, size_t i)
{
    for (size_t n = 0; n < COMPOUND && i < s->n_toks; n++, i--) {
        uint64_t f = s->toks[i].flags;

        if (s->toks[i].kind != TOK_WORD || f & (LEX_PREP | LEX_CONJ))
            return false;
        if (f & (LEX_DET | LEX_PRON_SUBJECT | LEX_NAME) ||
            s->toks[i].value == 1)
            return true;
        if (i == 0)
            break;
    }
    return false;
}

/* "Warm sunlight streams through": the noun before has nothing but adjectives
 * between it and the head of the clause. */
static bool heads_clause(const struct scan *s, size_t i)
{
    for (size_t n = 0; n < COMPOUND; n++, i--) {
        if (s->toks[i].kind != TOK_WORD || s->toks[i].quoted)
            return true;
        if (!tok_has(s, i, LEX_NOUN | LEX_ADJ) ||
            tok_has(s, i, LEX_PREP | LEX_PLURAL))
            return tok_has(s, i, LEX_CONJ);
        if (i == 0)
            return true;
    }
    return false;
}

/* What follows a verb rather than a noun. */
static bool takes_object(const struct scan *s, size_t i)
{
    return tok_has(s, i, LEX_DET | LEX_PRON | LEX_PREP | LEX_ADV) ||
           (i < s->n_toks && (s->toks[i].numeric || s->toks[i].quoted ||
                              s->toks[i].kind == TOK_DASH));
}

/* "a red sports car": behind an article and an adjective stands a noun. */
static bool behind_adjective(const struct scan *s, size_t i)
{
    if (!tok_has(s, i, LEX_ADJ) ||
        tok_has(s, i, LEX_NOUN | LEX_PRON | LEX_V_PAST) || i == 0)
        return false;
    return tok_has(s, i - 1, LEX_DET | LEX_ADJ) || s->toks[i - 1].numeric;
}

static bool is_third_person(const struct scan *s, size_t i, struct before b)
{
    uint64_t f = s->toks[i].flags;
    bool noun = (f & (LEX_NOUN | LEX_ADJ)) != 0;

    if (b.i == SIZE_MAX || !b.joined)
        return !noun || takes_object(s, i + 1);
    if (b.adverb && is_subject(s, b.i))
        return true;
    if (!noun)
        return !behind_adjective(s, b.i) &&
               (!tok_has(s, b.i, LEX_DET) || tok_has(s, b.i, LEX_PRON));
    if (tok_has(s, b.i, LEX_PRON_SUBJECT | LEX_REL | LEX_NAME) ||
        tok_role(s, b.i, ROLE_SINGULAR))
        return true;
    if (tok_has(s, b.i, LEX_CONJ))
        return takes_object(s, i + 1);
    if (tok_has(s, b.i, LEX_PLURAL) || !tok_has(s, b.i, LEX_NOUN))
        return false;
    if (tok_has(s, i + 1, LEX_AUX))
        return false;
    return has_article(s, b.i) ||
           (heads_clause(s, b.i) && takes_object(s, i + 1));
}

/* Behind this word the noun phrase goes on: it is no verb. */
static bool ends_phrase(const struct scan *s, size_t i)
{
    uint64_t next = i + 1 < s->n_toks ? s->toks[i + 1].flags : 0;

    return next & (LEX_NOUN | LEX_AUX | LEX_V_S) &&
           !(next & (LEX_ADV | LEX_DET | LEX_PREP | LEX_CONJ));
}

static bool is_plural_base(const struct scan *s, size_t i, struct before b)
{
    uint64_t f = s->toks[i].flags;
    bool noun = (f & (LEX_NOUN | LEX_ADJ | LEX_PREP | LEX_ADV)) != 0;

    if (b.i == SIZE_MAX || !b.joined)
        return b.i == SIZE_MAX && !noun && f & LEX_V_BASE;
    if (tok_role(s, b.i, ROLE_PLURAL))
        return true;
    if (b.plural && !(f & (LEX_GUESSED | LEX_PREP | LEX_ADV)) &&
        tok_has(s, b.i, LEX_NOUN) && !ends_phrase(s, i))
        return true;
    return tok_has(s, b.i, LEX_PLURAL) && tok_has(s, b.i, LEX_NOUN) &&
           !(f & LEX_GUESSED) && (!noun || takes_object(s, i + 1));
}

static uint8_t finite_of(const struct scan *s, size_t i, struct before b)
{
    uint64_t f = s->toks[i].flags;
    bool group = b.joined && b.i != SIZE_MAX &&
                 (tok_has(s, b.i, LEX_AUX) || tok_role(s, b.i, ROLE_TO));

    if (group)
        return 0;
    if (f & LEX_AUX)
        return is_be(s, i) ? 0 : FINITE_AUX;
    if (f & LEX_V_S && is_third_person(s, i, b))
        return FINITE_S;
    if (f & LEX_V_BASE && is_plural_base(s, i, b))
        return FINITE_BASE;
    if (f & LEX_V_PAST && b.joined && b.i != SIZE_MAX && is_subject(s, b.i))
        return FINITE_PAST;
    return 0;
}

/* Whether a plural subject still waits for its verb behind token i. */
static bool plural_behind(const struct scan *s, size_t i, bool plural)
{
    const struct tok *k = &s->toks[i];

    if (k->finite || k->flags & (LEX_CONJ | LEX_SUBORD | LEX_REL))
        return false;
    if (!(k->flags & LEX_NOUN) || k->flags & LEX_PREP)
        return plural;
    return plural || k->flags & LEX_PLURAL;
}

static void find_finite(struct scan *s, struct range r)
{
    struct before b = {SIZE_MAX, true, false, false};

    for (size_t i = r.first; i < r.end; i++) {
        struct tok *k = &s->toks[i];

        if (k->kind != TOK_WORD || k->quoted || k->anchor) {
            b.joined = b.adverb = b.plural = false;
            continue;
        }
        if (k->flags & (LEX_VERB | LEX_AUX))
            k->finite = finite_of(s, i, b);
        if (k->flags == LEX_ABSORBED)
            continue;
        if (k->flags & LEX_ADV && !(k->flags & (LEX_NOUN | LEX_PREP))) {
            b.adverb = true;
            continue;
        }
        b = (struct before){i, true, false, plural_behind(s, i, b.plural)};
    }
}

void scan_parts(struct scan *s)
{
    for (size_t i = 0; i < s->t->n_sentences; i++)
        classify(s, s->sentences[i]);
}

void scan_finite(struct scan *s)
{
    for (size_t i = 0; i < s->t->n_sentences; i++)
        find_finite(s, s->sentences[i]);
}
