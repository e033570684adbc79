/* Who and what a claim names, and what that does. */
#include "text_int.h"

static ptrdiff_t word_of(const struct scan *s, size_t tok)
{
    return tok < s->n_toks && s->toks[tok].kind == TOK_WORD
               ? (ptrdiff_t)s->toks[tok].word
               : -1;
}

/* Something that says more than the verb. */
static bool goes_on(const struct scan *s, size_t verb, size_t end)
{
    for (size_t i = verb + 1; i < end; i++)
        if (s->toks[i].kind == TOK_WORD &&
            s->t->words[s->toks[i].word].weight > 0)
            return true;
    return false;
}

void claim_parts(const struct scan *s, size_t claim, size_t head, size_t verb)
{
    struct text_claim *c = &s->t->claims[claim];
    const uint64_t light = LEX_AUX | LEX_LINK | LEX_STATE | LEX_SAY | LEX_SHOW;

    c->actor = word_of(s, head);
    c->verb = word_of(s, verb);
    c->light =
        c->verb >= 0 &&
        ((tok_has(s, verb, light) && goes_on(s, verb, s->claims[claim].end)) ||
         (c->attribute == ATTRIBUTE_SPEECH && c->actor >= 0 &&
          !tok_living(s, head)));
}

void scan_names(struct scan *s)
{
    const uint64_t names = LEX_NOUN | LEX_VERB | LEX_NAME;

    for (size_t i = 0; i < s->n_toks; i++) {
        const struct tok *k = &s->toks[i];

        if (k->kind == TOK_WORD && !k->quoted)
            s->t->words[k->word].names =
                k->flags & names && !(k->flags & (LEX_ADJ | LEX_ADV));
    }
}
