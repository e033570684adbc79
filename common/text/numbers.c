/* Numbers of several words: "twenty-five" and "two hundred" become one token
 * each. */
#include "text_int.h"

/* A number in words, or a factor after digits ("3 million"). */
static bool number_word(const struct scan *s, size_t i)
{
    return i < s->n_toks && s->toks[i].numeric &&
           !(s->toks[i].shape & SHAPE_DIGITS);
}

struct adding {
    int64_t total, part, last;
};

/* Whether the next word goes on with the number ("two", "hundred", "five"). */
static bool add_number(struct adding *a, int64_t v)
{
    const int64_t most = INT64_C(1000000000000000);

    if (v == 100 && a->part >= 1 && a->part < 100 && a->last < 100)
        a->part *= 100;
    else if (v >= 1000 && a->part >= 1 && a->last != v && a->part <= most / v &&
             a->total < most)
        a->total += a->part * v, a->part = 0;
    else if ((a->last >= 20 && a->last < 100 && a->last % 10 == 0 && v >= 1 &&
              v <= 9) ||
             (a->last >= 100 && v < 100 && v > 0) ||
             (a->last >= 1000 && v < a->last && v > 0))
        a->part += v;
    else
        return false;
    a->last = v;
    return true;
}

/* How many tokens from i on are one number; *value what it is. */
static size_t number_length(const struct scan *s, size_t i, int64_t *value)
{
    struct adding a = {0, s->toks[i].value, s->toks[i].value};
    size_t end = i + 1;

    for (;;) {
        size_t next = end;

        if (a.last >= 100 && tok_is(s, next, "and") &&
            number_word(s, next + 1) && s->toks[next + 1].value < 100)
            next++;
        if (!number_word(s, next) || !add_number(&a, s->toks[next].value))
            break;
        end = next + 1;
    }
    *value = a.total + a.part;
    return end - i;
}

void scan_numbers(struct scan *s)
{
    size_t to = 0, mark = 0, first = 0;

    while (first < s->n_toks &&
           !(s->toks[first].numeric && number_word(s, first + 1)))
        first++;
    if (first == s->n_toks)
        return;
    for (size_t i = 0; i < s->n_toks;) {
        struct tok *k = &s->toks[to];
        size_t n = 1;
        int64_t value = -1;

        if (s->toks[i].numeric && s->toks[i].value >= 0 &&
            number_word(s, i + 1))
            n = number_length(s, i, &value);
        *k = s->toks[i];
        if (n > 1) {
            k->n = tok_end(&s->toks[i + n - 1]) - k->at;
            k->value = value;
            k->lex = NULL;
            k->folded = fold_hash((struct str){s->t->text.p + k->at, k->n});
            k->stem = stem_of_number(value, false);
        }
        if (k->kind == TOK_QUOTE)
            s->marks[mark++] = (uint32_t)to;
        i += n;
        to++;
    }
    s->n_toks = to;
}
