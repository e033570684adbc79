/* The spelling in which spoken words are compared. */
#include <inttypes.h>

#include "asid/text/similar.h"
#include "text_int.h"

static bool is_plain_word(struct str word)
{
    for (size_t i = 0; i < word.n; i++) {
        char c = word.p[i];

        if (c == '\'' || c == ',' || (unsigned char)c >= 0x80)
            return false;
    }
    return true;
}

/* A word in lower case without apostrophes. */
static void add_folded(struct buf *b, struct str word)
{
    struct buf w;

    if (is_plain_word(word)) {
        char *to = buf_room(b, word.n);

        for (size_t i = 0; to && i < word.n; i++)
            to[i] =
                (char)(word.p[i] |
                       (word.p[i] >= 'A' && word.p[i] <= 'Z' ? 'a' - 'A' : 0));
        b->n += to ? word.n : 0;
        return;
    }
    buf_init(&w, TEXT_MAX * 4);
    fold_add(&w, word);
    for (size_t i = 0; i < w.n; i++)
        if (w.p[i] != '\'' && w.p[i] != ',')
            buf_char(b, w.p[i]);
    buf_release(&w);
}

static void add_token(struct buf *b, const struct scan *s, size_t i,
                      uint8_t *shape)
{
    const struct tok *k = &s->toks[i];
    struct str w = tok_text(s, i);

    if (k->kind != TOK_WORD)
        return;
    /* Characters of a script without blanks stand as they are written. */
    if (b->n && !(*shape & SHAPE_CJK && k->shape & SHAPE_CJK))
        buf_char(b, ' ');
    *shape = k->shape;
    if (k->numeric && k->value >= 0)
        buf_printf(b, "%" PRId64, k->value);
    else if (k->lex && k->lex->flags & LEX_ORDINAL && k->lex->number > 3)
        buf_printf(b, "%" PRId32 "th", k->lex->number);
    else
        add_folded(b, w);
}

struct str similar_fold(const struct text_rules *rules, struct arena *a,
                        struct str text)
{
    struct scan s = {.rules = rules, .arena = a, .spelling = true};
    uint8_t shape = 0;
    struct str folded;
    struct buf b;

    s.stemming.rules = rules;
    s.t = arena_alloc(a, sizeof *s.t);
    s.t->text = text;
    scan_tokens(&s);
    buf_init(&b, (size_t)TEXT_MAX * 8);
    for (size_t i = 0; i < s.n_toks; i++)
        add_token(&b, &s, i, &shape);
    folded = (struct str){arena_strndup(a, buf_view(&b).p, b.n), b.n};
    buf_release(&b);
    stemming_end(&s.stemming);
    return folded;
}

size_t similar_words(const struct text_rules *rules, struct arena *a,
                     struct str text, struct similar_word **words)
{
    struct scan s = {.rules = rules, .arena = a, .spelling = true};
    struct similar_word *list;
    struct buf b;
    size_t n = 0;

    s.stemming.rules = rules;
    s.t = arena_alloc(a, sizeof *s.t);
    s.t->text = text;
    scan_tokens(&s);
    list = arena_array(a, s.n_toks, sizeof *list);
    buf_init(&b, (size_t)TEXT_MAX * 8);
    for (size_t i = 0; i < s.n_toks; i++) {
        uint8_t shape = SHAPE_CJK;

        buf_reset(&b);
        add_token(&b, &s, i, &shape);
        if (b.n == 0)
            continue;
        list[n].folded = (struct str){arena_strndup(a, b.p, b.n), b.n};
        list[n++].at = (struct span){s.toks[i].at, s.toks[i].n};
    }
    buf_release(&b);
    stemming_end(&s.stemming);
    *words = list;
    return n;
}

double similar_spoken(const struct text_rules *rules, struct arena *scratch,
                      struct str a, struct str b, double least)
{
    return similar_edit(scratch, similar_fold(rules, scratch, a),
                        similar_fold(rules, scratch, b), least);
}
