/*
 * What the files of common/text share: the compiled rules, the tokens of one
 * text and the passes over them, in the order in which text_analyse() runs
 * them.
 */
#ifndef ASID_TEXT_INT_H
#define ASID_TEXT_INT_H

#include <endian.h>
#include <stdatomic.h>
#include <string.h>

#include "asid/text/text.h"

/* --- the lexicon ---------------------------------------------------------- */

/* What a form can be in a sentence, and what it means. */
#define LEX_DET (UINT64_C(1) << 0)
#define LEX_PRON_SUBJECT (UINT64_C(1) << 1)
#define LEX_PRON (UINT64_C(1) << 2)
#define LEX_AUX (UINT64_C(1) << 3)
#define LEX_PREP (UINT64_C(1) << 4)
#define LEX_CONJ (UINT64_C(1) << 5)
#define LEX_REL (UINT64_C(1) << 6)
#define LEX_SUBORD (UINT64_C(1) << 7)
#define LEX_ADV (UINT64_C(1) << 8)
#define LEX_CONNECT (UINT64_C(1) << 9)
#define LEX_NEG (UINT64_C(1) << 10)
#define LEX_SUMMARY (UINT64_C(1) << 11)
#define LEX_INFER (UINT64_C(1) << 12)
#define LEX_VAGUE (UINT64_C(1) << 13)
#define LEX_ABBREV (UINT64_C(1) << 14)
#define LEX_TITLE (UINT64_C(1) << 15)
#define LEX_ELISION (UINT64_C(1) << 16)
#define LEX_TIME_UNIT (UINT64_C(1) << 17)
#define LEX_UNIT (UINT64_C(1) << 18)
#define LEX_CLOCK (UINT64_C(1) << 19)
#define LEX_DURATION (UINT64_C(1) << 20)
#define LEX_NOT_AFTER (UINT64_C(1) << 21)
#define LEX_MARK (UINT64_C(1) << 22)
#define LEX_ADJ (UINT64_C(1) << 23)
#define LEX_NOUN (UINT64_C(1) << 24)
#define LEX_PLURAL (UINT64_C(1) << 25)
#define LEX_PERSON (UINT64_C(1) << 26)
#define LEX_ANIMAL (UINT64_C(1) << 27)
#define LEX_BODY (UINT64_C(1) << 28)
#define LEX_CLOTHING (UINT64_C(1) << 29)
#define LEX_PLACE (UINT64_C(1) << 30)
#define LEX_OBJECT (UINT64_C(1) << 31)
#define LEX_WRITING (UINT64_C(1) << 32)
#define LEX_VOICE (UINT64_C(1) << 33)
#define LEX_V_BASE (UINT64_C(1) << 34)
#define LEX_V_S (UINT64_C(1) << 35)
#define LEX_V_ING (UINT64_C(1) << 36)
#define LEX_V_PAST (UINT64_C(1) << 37)
#define LEX_SAY (UINT64_C(1) << 38)
#define LEX_SHOW (UINT64_C(1) << 39)
#define LEX_MOVE (UINT64_C(1) << 40)
#define LEX_ACT (UINT64_C(1) << 41)
#define LEX_STATE (UINT64_C(1) << 42)
#define LEX_LINK (UINT64_C(1) << 43)
#define LEX_V_CAMERA (UINT64_C(1) << 44)
#define LEX_NARRATE (UINT64_C(1) << 45)
#define LEX_V_SOUND (UINT64_C(1) << 46)
#define LEX_STOP (UINT64_C(1) << 47)
#define LEX_FREQUENT (UINT64_C(1) << 48)
#define LEX_NUMBER (UINT64_C(1) << 49)
#define LEX_COUNT (UINT64_C(1) << 50)
#define LEX_ORDINAL (UINT64_C(1) << 51)
#define LEX_COLOUR_BEFORE_NOUN (UINT64_C(1) << 52)
#define LEX_SAYS_ELSEWHERE (UINT64_C(1) << 56)
/* Not of the lexicon, but of a place in a text. */
#define LEX_NAME (UINT64_C(1) << 53)     /* a capital inside a sentence */
#define LEX_ABSORBED (UINT64_C(1) << 54) /* a later word of a phrase */
#define LEX_GUESSED (UINT64_C(1) << 55)  /* by its ending */

#define LEX_VERB (LEX_V_BASE | LEX_V_S | LEX_V_ING | LEX_V_PAST)
/* Classes that a phrase imposes on its words. */
#define LEX_PHRASE_PARTS                                                       \
 (LEX_PREP | LEX_CONJ | LEX_SUBORD | LEX_CONNECT | LEX_PRON | LEX_PRON_SUBJECT)

/* Single words that rules ask for, by the names that lexicon.json gives them
 * under "roles"; a word may play several. */
enum role {
    ROLE_BE_BARE,
    ROLE_BE,
    ROLE_TO,
    ROLE_AND_OR,
    ROLE_NO_JOINT,
    ROLE_WHILE,
    ROLE_AS,
    ROLE_THEN,
    ROLE_THERE,
    ROLE_NOT,
    ROLE_SINGULAR,
    ROLE_PLURAL,
    ROLE_VIEW,
    ROLE_CLIP,
    ROLE_OF,
    ROLE_ON,
    ROLE_IN,
    ROLE_FROM,
    ROLE_LEFT,
    ROLE_RIGHT,
    ROLE_RIGHT_ADVERB,
    ROLE_ALL,
    ROLE_POSSESSIVE,
    ROLE_SIDE_NOUN,
    ROLE_NEGATES_NOUN,
    ROLE_BOUND,
    ROLE_RELATIVE,
    ROLE_READ,
    ROLE_COLOUR_AFTER,
    ROLE_IT,
    ROLE_PICTURE,
    ROLE_NEITHER,
    ROLE_MARGIN,
    ROLE_PASSIVE,
    ROLE_THAT,
    ROLE_ORDINAL_SIGN,
    ROLE_TIMESTAMP,
    ROLE_SECOND,
    ROLE_SECOND_WORD,
    ROLE_THE,
    ROLE_AT,
    ROLE_RANGE,
    ROLE_LOOSE,
    ROLE_STARTING,
    ROLE_RANGE_TO,
    ROLE_AND,
    ROLE_MINUTE,
    ROLE_MARK,
    ROLE_WHEN_AFTER,
    ROLE_INTO,
    ROLE_THE_TO,
    ROLE_FOOTAGE,
    ROLE_ONWARD,
    ROLE_OF_DAY,
    ROLE_PART_OF_DAY,
    ROLE_NIGHT,
    ROLE_LASTS_AFTER,
    ROLE_SECOND_CJK,
    ROLE_COUNTED_THING,
    ROLES,
};
extern const char *const role_names[ROLES];

/* A value on a scale whose values exclude each other. */
struct lex_scale {
    uint8_t group, value; /* group 0: none */
};

enum { LEX_SCALES = 3 };

/* What the lexicon knows about a form ("walks") or a phrase ("close up"). */
struct lex {
    uint64_t key;  /* of the folded words */
    uint64_t stem; /* of a single word */
    uint64_t flags;
    uint64_t roles; /* bit 1 << ROLE_* */
    int32_t number;
    uint8_t colour; /* 0: none */
    uint8_t weight;
    bool more; /* longer phrases begin with it */
    bool seen; /* for the loader: listed, not only the beginning of a phrase */
    struct lex_scale sides[LEX_SCALES];
    struct lex_scale opposites[LEX_SCALES];
    int8_t cues[ATTRIBUTES];
};

/* What a pair of opposites is said of. */
enum { ABOUT_WORD, ABOUT_SCENE, ABOUT_PERSON, ABOUT_SHOT };

struct lex_slot {
    uint32_t tag, index; /* index + 1; 0: empty */
};

/* One stem that was computed: key ^ stem and stem, so that an entry of two
 * halves written by two threads is recognised as none. */
struct stem_entry {
    _Atomic uint64_t mixed, stem;
};

/* A word of up to eight letters: them, the first in the lowest byte. */
struct lex_short {
    uint64_t letters; /* 0: empty */
    size_t index;     /* of its entry */
};

enum { STEM_CACHE = 1 << 14, LEX_SHORT = 1 << 14, OPPOSITES_MAX = 64 };

struct synonym {
    uint64_t from, to; /* stems */
};

struct text_rules {
    struct arena arena;
    struct lex *entries;
    size_t n_entries, room;
    struct lex_slot *slots;
    size_t mask;
    struct lex_short *shorts; /* [LEX_SHORT] */
    size_t n_shorts;
    struct synonym *synonyms; /* hash table by from */
    size_t synonym_mask;
    uint8_t about[OPPOSITES_MAX]; /* ABOUT_*, by group of opposites */
    struct stem_entry *stems;     /* a cache: changes, but never answers */
};

/* The entry of a folded word or a chained phrase, or NULL. */
const struct lex *lex_find(const struct text_rules *rules, uint64_t key);
static inline size_t lex_short_slot(uint64_t letters)
{
    return letters * 0x9e3779b97f4a7c15u >> 32 & (LEX_SHORT - 1);
}
/* The ASCII letters, in lower case, that eight bytes begin with; *n how many. */
static inline uint64_t lex_short_read(const char *p, unsigned *n)
{
    const uint64_t each = UINT64_C(0x0101010101010101);
    uint64_t bytes, low, other;

    memcpy(&bytes, p, sizeof bytes);
    bytes = le64toh(bytes) | each * 0x20;
    low = bytes & each * 0x7f;
    /* A byte's top bit: whether it is below 'a', above 'z' or not ASCII. */
    other = ~(low + each * (0x80 - 'a')) | (low + each * (0x7f - 'z')) | bytes;
    other &= each * 0x80;
    *n = other ? (unsigned)__builtin_ctzll(other) / 8 : 8;
    return *n == 8 ? bytes : bytes & ((UINT64_C(1) << 8 * *n) - 1);
}
/* The entry of a word of such letters, or NULL: it has none, or has one that
 * only lex_find() finds. */
static inline const struct lex *lex_short_find(const struct text_rules *r,
                                               uint64_t letters)
{
    size_t i = lex_short_slot(letters);

    while (r->shorts[i].letters && r->shorts[i].letters != letters)
        i = (i + 1) & (LEX_SHORT - 1);
    return r->shorts[i].letters ? &r->entries[r->shorts[i].index] : NULL;
}
/* The key of a phrase: of its beginning and its next word. */
static inline uint64_t lex_chain(uint64_t key, uint64_t next)
{
    uint64_t h = (key ^ (next + 0x9e3779b97f4a7c15u)) * 0xd6e8feb86659fd93u;

    return h ^ h >> 32;
}

/* --- words and stems ------------------------------------------------------ */

enum { FOLD_MAX = 64 }; /* code points of a word folded at once */

/* Fold a word (case, NFKC, typographic apostrophes) and append it to b. */
void fold_add(struct buf *b, struct str word);
/* hash_u64 of the folded word. */
uint64_t fold_hash(struct str word);

struct sb_stemmer;
/* A stemmer that is made when it is first needed. */
struct stemming {
    const struct text_rules *rules;
    struct sb_stemmer *stemmer;
};
/* The stem of a word that the lexicon does not list. */
uint64_t stem_of(struct stemming *s, struct str word, uint64_t folded);
void stemming_end(struct stemming *s);
/* The stem of a number and of an ordinal. */
uint64_t stem_of_number(int64_t value, bool ordinal);

/* --- tokens --------------------------------------------------------------- */

enum tok_kind {
    TOK_WORD,
    TOK_COMMA,
    TOK_SEMICOLON,
    TOK_COLON,
    TOK_STOP, /* a run of sentence marks */
    TOK_DASH,
    TOK_OPEN,
    TOK_CLOSE,
    TOK_QUOTE, /* a mark that opens or closes a quote */
    TOK_BREAK, /* a line break */
    TOK_OTHER,
};

enum {
    SHAPE_CAPITAL = 1,   /* begins with a capital */
    SHAPE_DIGITS = 2,    /* begins with an ASCII digit */
    SHAPE_CJK = 4,       /* one character of a script without blanks */
    SHAPE_CASELESS = 8,  /* a letter that has no case */
    SHAPE_GLUED = 16,    /* no blank before it */
    SHAPE_HYPHEN = 32,   /* a hyphen joins it to the word before */
    SHAPE_ELLIPSIS = 64, /* of TOK_STOP */
    SHAPE_BLANK = 128,   /* of TOK_BREAK: an empty line */
};

enum {
    QUOTE_CAN_OPEN = 1,
    QUOTE_CAN_CLOSE = 2,
};

/* How a finite verb stands. */
enum {
    FINITE_S = 1,
    FINITE_BASE = 2,
    FINITE_AUX = 4,
    FINITE_PAST = 8, /* or a participle: only if there is no other */
};

struct tok {
    uint32_t at, n;
    uint8_t kind, shape;
    uint8_t side;           /* of TOK_QUOTE: QUOTE_CAN_* */
    uint8_t finite;         /* FINITE_* */
    uint8_t phrase_n;       /* tokens of phrase */
    bool quoted;            /* inside a quote, or one of its marks */
    bool numeric;           /* a number in digits or words: value */
    uint32_t quote, anchor; /* index + 1 of the one it belongs to */
    uint32_t word;          /* index among the words */
    uint32_t cp;            /* of punctuation */
    int64_t value;
    const struct lex *lex, *phrase; /* or NULL */
    uint64_t flags;
    uint64_t folded, stem;
};

/* Ranges of tokens: [first, end). */
struct range {
    uint32_t first, end;
};

struct scan {
    const struct text_rules *rules;
    struct arena *arena;
    struct stemming stemming;
    struct text *t;
    enum attribute hint;
    struct tok *toks;
    size_t n_toks, toks_room;
    struct range *sentences, *quotes, *anchors, *claims; /* as in t */
    size_t sentences_room, quotes_room, anchors_room, claims_room;
    size_t sentence_ranges_room, quote_ranges_room, anchor_ranges_room,
        claim_ranges_room, facts_room, content_room;
    uint32_t *marks; /* tokens that are TOK_QUOTE */
    size_t n_marks, marks_room;
    bool spelling; /* only tokens are wanted: no stems */
};

/* Room for one more element of size in a list of n: the list, perhaps moved. */
void *scan_grow_list(struct scan *s, void *list, size_t n, size_t *room,
                     size_t size);
static inline void *scan_grow(struct scan *s, void *list, size_t n,
                              size_t *room, size_t size)
{
    return n < *room ? list : scan_grow_list(s, list, n, room, size);
}

static inline struct str tok_text(const struct scan *s, size_t i)
{
    return (struct str){s->t->text.p + s->toks[i].at, s->toks[i].n};
}
static inline uint32_t tok_end(const struct tok *k)
{
    return k->at + k->n;
}
static inline bool tok_has(const struct scan *s, size_t i, uint64_t flags)
{
    return i < s->n_toks && (s->toks[i].flags & flags) != 0;
}
static inline bool tok_is_word(const struct scan *s, size_t i)
{
    return i < s->n_toks && s->toks[i].kind == TOK_WORD;
}
static inline bool tok_role(const struct scan *s, size_t i, enum role role)
{
    return i < s->n_toks && s->toks[i].lex &&
           s->toks[i].lex->roles >> (int)role & 1;
}
/* The word in lower case ASCII is text; slow, for rules that are seldom
 * asked. */
bool tok_is(const struct scan *s, size_t i, const char *text);
/* It is one of the words of a blank-separated list. */
bool tok_in(const struct scan *s, size_t i, const char *list);

/* The passes. */
void scan_tokens(struct scan *s);    /* toks, marks */
void scan_numbers(struct scan *s);   /* its last step: numbers joined */
void scan_quotes(struct scan *s);    /* t->quotes without speakers, tok.quote */
void scan_parts(struct scan *s);     /* phrase, flags */
void scan_finite(struct scan *s);    /* finite; after anchors */
void scan_sentences(struct scan *s); /* t->sentences */
void scan_anchors(struct scan *s);   /* t->anchors, tok.anchor */
void scan_words(struct scan *s);     /* t->words */
void scan_claims(struct scan *s);    /* t->claims */
void scan_speakers(struct scan *s);  /* speaker and spoken of t->quotes */
void scan_facts(struct scan *s);     /* t->facts */
void scan_names(struct scan *s);     /* names of t->words */
void scan_attributes(struct scan *s); /* attribute, inferred, actor, verb and
                                         light of t->claims */

void scan_content(struct scan *s); /* t->content */

/* Whether the sentence has one of these flags in a word or phrase. */
bool range_has(const struct scan *s, struct range r, uint64_t flags);
/* The head noun of the subject of a claim, or SIZE_MAX: from its own words or
 * the carried subject. *verb gets its main verb or SIZE_MAX. */
size_t claim_head(const struct scan *s, size_t claim, size_t *verb);
/* Somebody: a person, an animal, a name. */
bool tok_living(const struct scan *s, size_t i);
/* actor, verb and light of a claim whose attribute is known, from the tokens of
 * its subject and of the verb that carries the meaning. */
void claim_parts(const struct scan *s, size_t claim, size_t head, size_t verb);
/* The token that begins at a byte of the text, or SIZE_MAX. */
size_t tok_at(const struct scan *s, size_t byte);

#endif
