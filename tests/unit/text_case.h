/* What the tests of common/text share: rules, an arena, a place to write what
 * was found, and comparisons that say which input failed. */
#ifndef TESTS_UNIT_TEXT_CASE_H
#define TESTS_UNIT_TEXT_CASE_H

#include <stdlib.h>

#include "asid/text/text.h"
#include "check.h"

static const struct text_rules *rules;
static struct arena arena;
static struct buf found;

static inline void text_begin(void)
{
    struct asid_err err;

    buf_init(&found, (size_t)1 << 24);
    CHECK_OK(text_rules_load(&rules, &err), err);
    if (!rules)
        exit(1);
    check_case("the lexicon loads");
}

static inline int text_end(void)
{
    buf_release(&found);
    arena_release(&arena);
    text_rules_free(rules);
    return check_done();
}

/* Begin a new case: what was found for the last one is forgotten. */
static inline const struct text *take_apart(const char *text,
                                            enum attribute hint)
{
    arena_reset(&arena);
    buf_reset(&found);
    return text_analyse(rules, &arena, str_of(text), hint);
}

static inline void add_span(const struct text *t, struct span s)
{
    buf_str(&found, span_of(t->text, s));
}

#define CHECK_FOUND(input, want)                                               \
 do {                                                                          \
  const char *got_ = found.p ? found.p : "";                                   \
  CHECK(strcmp(got_, want) == 0, "\n#   in   %s\n#   got  %s\n#   want %s",    \
        input, got_, want);                                                    \
 } while (0)

#endif
