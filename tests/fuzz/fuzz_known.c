/* Lines of any bytes as the texts of one clip: put together of sentences that a
 * line before had, a text says what it says analysed as a whole. The first byte
 * chooses what is asked for. */
#include <stdlib.h>

#include "../../common/text/known_int.h"
#include "../same_text.h"
#include "asid/base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(struct text_known *k, struct str text,
                       enum attribute hint, unsigned parts)
{
    const struct text *part = known_compose(k, text, hint, parts);
    const struct text *whole =
        text_analyse_parts(k->rules, k->arena, text, hint, parts);

    if (part && !(same_marks(part, whole) && same_words(part, whole) &&
                  same_claims(part, whole) && same_facts(part, whole) &&
                  same_content(part, whole)))
        abort();
    text_known_analyse(k, text, hint, parts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const unsigned asked[] = {0, TEXT_FACTS,
                                     TEXT_FACTS | TEXT_ATTRIBUTES,
                                     TEXT_FACTS | TEXT_CONTENT, TEXT_ALL};
    static const struct text_rules *rules;
    struct str rest = {(const char *)data, size};
    struct arena a = ARENA_INIT;
    struct asid_err err;
    struct text_known *k;
    enum attribute hint;
    unsigned parts;

    if (!rules && text_rules_load(&rules, &err))
        abort();
    if (size == 0)
        return 0;
    parts = asked[data[0] % 5];
    hint = (enum attribute)(data[0] / 5 % (ATTRIBUTES + 1));
    hint = hint == ATTRIBUTES ? ATTRIBUTE_NONE : hint;
    rest = (struct str){rest.p + 1, utf8_span(rest.p + 1, size - 1)};
    k = text_known_new(rules, &a, size);
    while (rest.n > 0) {
        const char *end = memchr(rest.p, '\n', rest.n);
        size_t n = end ? (size_t)(end - rest.p) : rest.n;

        check_text(k, (struct str){rest.p, n}, hint, parts);
        n += end != NULL;
        rest = (struct str){rest.p + n, rest.n - n};
    }
    arena_release(&a);
    return 0;
}
