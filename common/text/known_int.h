/* What known.c and known_join.c share, and the step that a test looks at. */
#ifndef ASID_TEXT_KNOWN_INT_H
#define ASID_TEXT_KNOWN_INT_H

#include "asid/text/known.h"
#include "text_int.h"

/* What a text is analysed as. */
struct known_how {
    enum attribute hint;
    unsigned parts;
};

/* Sentences that were analysed: mostly one. */
struct known {
    uint64_t hash;
    struct str bytes; /* with the word behind them */
    bool first, last; /* of their text */
    struct known_how how;
    const struct text *t;
    uint32_t sentence, sentences; /* the first, and how many */
};

struct text_known {
    const struct text_rules *rules;
    struct arena *arena;
    struct known *list;
    uint32_t *slots; /* index + 1 of list */
    uint32_t n, room;
    size_t mask;
};

/* Sentences [first, end) of an analysis that stand in the new text. */
struct known_item {
    const struct text *t;
    uint32_t first, end;
    bool known;
    size_t shift; /* from its bytes to the new text's, modulo memory's size */
};

size_t known_quotes_before(const struct text *t, size_t byte);
/* known_join.c: the analysis of a text that these sentences make up; NULL: what
 * they say depends on what stood around them. */
const struct text *known_join(const struct text_known *k, struct str text,
                              const struct known_item *items, size_t n);

/* The analysis of a text, put together of sentences that are known; NULL: it is
 * to be analysed as a whole. */
const struct text *known_compose(struct text_known *k, struct str text,
                                 enum attribute hint, unsigned parts);

#endif
