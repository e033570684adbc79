/* Sentences with a time in front. */
#include <string.h>

#include "text_int.h"

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

/* Whether a word at the head of a sentence has a small letter inside one:
 * names keep their capital, and so does what nobody knows. */
static bool can_be_small(const struct text_word *w, struct str s)
{
    if (s.n == 0 || !is_upper(s.p[0]) || (s.n > 1 && is_upper(s.p[1])) ||
        (s.n == 1 && s.p[0] == 'I') || str_starts(s, "I'") ||
        str_starts(s, "I "))
        return false;
    return w && (w->stop || w->number || w->common);
}

struct str text_small_head(struct arena *a, struct str sentence,
                           const struct text_word *first)
{
    char *copy;

    if (!can_be_small(first, sentence))
        return sentence;
    copy = arena_strndup(a, sentence.p, sentence.n);
    copy[0] = (char)(copy[0] - 'A' + 'a');
    return (struct str){copy, sentence.n};
}

struct str text_timed(struct arena *a, double start, double end,
                      struct str sentence, const struct text_word *first)
{
    struct str at = text_anchor_format(a, start, end);
    struct str body = text_small_head(a, sentence, first);
    char *p = arena_bytes(a, at.n + 2 + body.n + 1);
    struct str out = {p, at.n + 2 + body.n};

    p = mempcpy(p, at.p, at.n);
    p = mempcpy(p, ", ", 2);
    p = mempcpy(p, body.p, body.n);
    *p = '\0';
    return out;
}
