/* The lexicon while it is loaded: how entries are made from its words. */
#ifndef ASID_TEXT_LEXICON_INT_H
#define ASID_TEXT_LEXICON_INT_H

#include "asid/data/json.h"
#include "text_int.h"

/* Words longer than this are a fault of the file. */
enum { LEX_WORD_MAX = 64 };

struct lex_load {
    struct text_rules *rules;
    struct stemming stemming;
    struct arena scratch;
    struct asid_err *err;
};

/* The entry of a form, made when there is none; "_" and "-" separate the words
 * of a phrase. The pointer is good until the next call. */
struct lex *lex_make(struct lex_load *l, struct str form);
/* Have a word found by its letters, when they are few. */
void lex_short_add(struct text_rules *r, struct str word, size_t index);
/* Give flags to a form; base (may be empty) is the word whose stem it has
 * unless it has one. */
void lex_give(struct lex_load *l, struct str form, struct str base,
              uint64_t flags);
/* Give flags to all forms of a noun or verb: base, then irregular ones after
 * slashes. */
void lex_give_noun(struct lex_load *l, struct str forms, uint64_t flags);
void lex_give_verb(struct lex_load *l, struct str forms, uint64_t flags);

/* Call each(l, word, user) for the words of a string or a list of strings. */
enum asid_rc lex_words(struct lex_load *l, const struct json *list,
                       void (*each)(struct lex_load *l, struct str word,
                                    void *user),
                       void *user) ASID_WARN_UNUSED;

/* What a word that nobody listed may be, by its ending. */
uint64_t lex_guess(struct str word);

#endif
