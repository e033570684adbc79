/* The events that a claim about their order says there are. */
#include <string.h>

#include "asid/curate/verify.h"

/* What stands between two events, and what an event stands behind. */
static const char *const between[] = {" before ", " after "};
static const char *const openers[] = {" how ", " that ", " when "};

/* Where a word begins in the text, with its blanks; n: nowhere. */
static size_t find(struct str text, const char *word)
{
    const char *at = str_find(text, str_of(word));

    return at ? (size_t)(at - text.p) : text.n;
}

static struct str from(struct str text, size_t at)
{
    return (struct str){text.p + at, text.n - at};
}

/* What stands behind the first opener; all of it when there is none. */
static struct str behind_opener(struct str text)
{
    size_t first = text.n, n = 0;

    for (size_t i = 0; i < sizeof openers / sizeof openers[0]; i++)
        if (find(text, openers[i]) < first) {
            first = find(text, openers[i]);
            n = strlen(openers[i]);
        }
    return first < text.n ? from(text, first + n) : text;
}

/* As a sentence, if somebody does something in it. */
static bool add_event(const struct text_rules *rules, struct arena *a,
                      struct str part, struct str events[VERIFY_EVENTS],
                      size_t *n)
{
    const struct text *t;
    char *sentence;

    part = str_trim(part);
    while (part.n > 0 && memchr(".,;", part.p[part.n - 1], 3))
        part.n--;
    sentence = arena_printf(a, STR_FMT ".", STR_ARG(part));
    if (sentence[0] >= 'a' && sentence[0] <= 'z')
        sentence[0] = (char)(sentence[0] - 'a' + 'A');
    t = text_analyse(rules, a, str_of(sentence), ATTRIBUTE_ACTIONS);
    if (t->n_claims != 1 || t->n_anchors > 0 || t->claims[0].verb < 0 ||
        t->claims[0].actor < 0)
        return false;
    events[(*n)++] = str_of(sentence);
    return true;
}

size_t verify_events(const struct text_rules *rules, struct arena *a,
                     struct str claim, struct str events[VERIFY_EVENTS])
{
    struct str line = verify_line(a, claim);
    size_t n = 0, when = find(line, " when ");

    if (line.n > VERIFY_CLAIM_MAX || memchr(line.p, '"', line.n))
        return 0;
    for (size_t i = 0; i < sizeof between / sizeof between[0]; i++) {
        size_t at = find(line, between[i]);
        struct str left = {line.p, at};

        if (at == line.n)
            continue;
        if (!add_event(rules, a, behind_opener(left), events, &n) ||
            !add_event(rules, a, from(line, at + strlen(between[i])), events,
                       &n))
            return 0;
        return n;
    }
    if (when < line.n &&
        !add_event(rules, a, from(line, when + strlen(" when ")), events, &n))
        return 0;
    return n;
}
