/* Shared by the files of align.c; nothing outside includes it. */
#ifndef ASID_CURATE_ALIGN_INT_H
#define ASID_CURATE_ALIGN_INT_H

#include "asid/curate/align.h"
#include "asid/text/similar.h"

static inline size_t span_end(struct span s)
{
    return s.at + s.n;
}

/* The text of a member, n 0 when it has none. */
static inline struct str text_at(const struct json *object, const char *key)
{
    const struct json *v = json_get(object, key);

    return v && json_type(v) == JSON_STRING ? json_str(v) : (struct str){"", 0};
}

/* --- letters: what is compared --------------------------------------------- */

/* A folded word, or a part of one: "don't" is two ("do", "not"), "twenty one"
 * is one ("21"). Blanks between pieces do not count. */
struct align_piece {
    uint32_t at, n;           /* its letters */
    uint32_t word, last_word; /* of the transcript; 0 in quotes */
    struct span source;       /* where it stands in the text */
    uint32_t wide;            /* letters that are characters of CJK */
    uint8_t alt;              /* enum align_alt */
    bool opens, closes;       /* first, last of an utterance */
    bool inside;              /* the word began before this piece */
};

/* Pieces with several readings. They are spelled "is" and "would". */
enum align_alt { ALT_NONE, ALT_S, ALT_D };

struct align_letters {
    uint32_t *letter; /* symbols: code points numbered from 1 in the order of
                         the transcript; 0 is any other */
    size_t n;
    struct align_piece *piece;
    size_t n_pieces;
};

struct align_symbols {
    uint32_t ascii[128];
    uint32_t *key, *value; /* open addressing; key 0 is free */
    size_t room, n;
};

enum {
    /* Letters of a pattern; longer quotes are not looked for. */
    PATTERN_MAX = 4096,
    PATTERN_BLOCKS = PATTERN_MAX / 64,
    /* Places kept of each quote. */
    PLACES_MAX = 12,
    /* Parts of a quote. */
    PARTS_MAX = 16,
};

struct align_speech {
    const struct text_rules *rules;
    struct arena *arena;
    const struct transcript *t;
    struct align_letters letters;
    struct align_symbols symbols;
    uint16_t *row;      /* [symbols.n + 1]: row of the pattern; zero between */
    uint32_t *distance; /* [letters.n_pieces] */
    uint64_t *bits;     /* scratch of patterns */
    size_t n_bits;
    uint64_t work;          /* steps left */
    struct align_cut *cuts; /* the last quotes taken apart */
    size_t n_cuts;
};

/* Letters and pieces while they are gathered. */
struct align_maker {
    struct arena *a;
    struct align_letters to;
    size_t letters_room, pieces_room;
    struct align_symbols *symbols;
    bool make; /* symbols that are missing */
};
/* Letters at the end, blanks left out; returns how many are wide. */
uint32_t align_add_letters(struct align_maker *m, struct str text);
/* A piece of these letters; NULL when it has none. */
struct align_piece *align_add_piece(struct align_maker *m, struct str text,
                                    struct span source, enum align_alt alt);
/* The pieces of a folded word of a text. */
void align_add_word(struct align_maker *m, const struct similar_word *w,
                    struct str text);

/* The pieces of a transcript: numbers its letters as it goes. */
void align_letters_of_speech(struct align_speech *s);
/* The pieces of a quote in the symbols of the transcript. */
struct align_letters align_letters_of(struct align_speech *s, struct str words);
/* Whether two ranges of pieces are the same in one of their readings. */
bool align_same(const struct align_symbols *symbols,
                const struct align_letters *a, size_t a0, size_t a1,
                const struct align_letters *b, size_t b0, size_t b1);

/* --- distances --------------------------------------------------------------- */

/* Letters from..to of a quote, to be compared with spans of the transcript. */
struct align_pattern {
    const uint32_t *letter;
    size_t n, blocks;
};
/* distance[i] for pieces from..to: of the pattern to the span most like it that
 * ends with piece i and begins not before piece `from`. */
void align_scan(struct align_speech *s, const struct align_pattern *p,
                size_t from, size_t to);
/* distance[i] for pieces of ..end: of the pattern to the span from piece i up to
 * but without piece end; returns the first piece computed. Spans over
 * max_letters are not. */
size_t align_scan_back(struct align_speech *s, const struct align_pattern *p,
                       size_t end, size_t max_letters);

/* --- places ---------------------------------------------------------------- */

/* Pieces [first, last) of the transcript that a quote, or a part of one, may
 * stand for. */
struct align_place {
    size_t first, last;
    bool equal;
    double similarity;
    double score; /* with what else speaks for the place */
    /* In a quote: the places of its parts, linked; NULL when it is in one. In
     * a part: the place of the part after it. */
    struct align_place *next;
};

struct align_found {
    struct align_place *places; /* by first, rising */
    size_t n;
    bool left;                   /* see align_match */
    const struct span *ellipsis; /* before the i-th part */
};
struct align_found align_find(struct align_speech *s,
                              const struct align_options *o,
                              const struct align_quote *q);
/* Seconds of a range of pieces; NAN without times. */
void align_times(const struct align_speech *s, size_t first, size_t last,
                 double *start, double *end);
/* Seconds between two intervals; 0 when they meet, NAN when one is not known. */
double align_gap(double a_start, double a_end, double b_start, double b_end);

/* --- parts ----------------------------------------------------------------- */

/* A quote taken apart: pieces [cut[i], cut[i + 1]) are its i-th part. */
struct align_parts {
    struct align_letters letters;
    size_t cut[PARTS_MAX + 1];
    struct span ellipsis[PARTS_MAX];
    size_t n; /* 1: in one piece */
};
/* A record has most of its quotes several times: they are taken apart once. */
const struct align_parts *align_cut(struct align_speech *s, struct str words);

/* --- order ------------------------------------------------------------------- */

/* For each quote the index of its place, or -1: places of rising quotes do not
 * overlap and rise, and the sum of their scores is the greatest. */
void align_order(struct align_speech *s, const struct align_found *found,
                 size_t n, ptrdiff_t *chosen);

/* --- one text of a record --------------------------------------------------- */

/* A quote of a text, and what became of it. */
struct align_said {
    const struct text_quote *quote;
    struct align_quote *found; /* where it was looked for, and what was found */
    struct str words;          /* as the text has it */
    struct str speaker;        /* as the text says; n 0: it does not */
    ptrdiff_t anchor;          /* that gives its time, or -1 */
    bool misplaced;
    bool summary; /* told in looking back: has no time */
};

/* An anchor that is to go where the words of a quote are. */
struct align_move {
    size_t anchor, said;
    double start, end;
    const char *kept; /* why it stays; NULL: it goes */
};

/* What is to be said about a text, and was done. */
enum align_kind {
    NOTE_MISQUOTED,
    NOTE_UNSUPPORTED,
    NOTE_MISPLACED,
    NOTE_SPEAKER,
    NOTE_LEFT,
};

struct align_note {
    enum align_kind kind;
    enum attribute attribute; /* ATTRIBUTE_NONE: the caption */
    struct str quote; /* words of the quote as they stand now; n 0: gone */
    struct str message;
    struct str was, now; /* n 0: none */
    bool repaired, used;
    double similarity; /* of what was misquoted, if this run found it */
    struct align_note *next;
};

/* Looks at a list of notes go so far, so that a text of nothing but faults
 * takes no square of time. */
enum { NOTES_AHEAD = 512 };

struct align_text {
    struct arena *a;
    struct align_speech *speech;
    const struct align_options *o;
    const struct text_rules *rules;
    enum attribute attribute;
    double duration;
    struct json *holder; /* of the text: the attribute, or the record */
    const char *key;     /* "text", "caption" */
    const struct text *text;
    struct align_said *said;
    size_t n_said;
    struct align_note *notes, **notes_end;
};

/* Where the text puts its quotes: anchors and bounds of said and found. */
void align_anchors(struct align_text *t);
/* The anchors that must move, those that cannot with the reason; marks
 * said.misplaced. */
size_t align_moves(struct align_text *t, struct align_move *moves);
/* The new spelling of an anchor. */
struct str align_anchor_now(const struct align_text *t,
                            const struct align_move *m);

/* The words of the transcript that a match stands for, as transcribed. */
struct str align_transcript(struct arena *a, const struct transcript *t,
                            const struct align_match *m, struct str quote);
/* The same as they go into a text in place of a quote. */
struct str align_wording(struct arena *a, const struct transcript *t,
                         const struct align_match *m, const struct text *text,
                         const struct text_quote *q);

/* --- changes ---------------------------------------------------------------- */

struct align_edit {
    struct span at;
    struct str now;
};
/* How to take the statement of a quote out of its sentence. False: another
 * statement of the sentence goes first. */
bool align_removal(const struct align_text *t, size_t said,
                   struct align_edit *edit);
/* The text with the edits made, which are put in order; an edit inside another
 * is left out. */
struct str align_apply(struct arena *a, struct str text,
                       struct align_edit *edits, size_t n);

/* Claims of the text's attribute. */
void claims_requote(struct align_text *t, struct str was, struct str now,
                    size_t *cursor);
void claims_remove(struct align_text *t, struct str quote);
void claims_retime(struct align_text *t, const struct align_move *moves,
                   size_t n);
/* The claim that has the quote, or -1. */
ptrdiff_t claims_find(const struct json *holder, struct str quote);

/* --- speakers --------------------------------------------------------------- */

/* Notes about labels of the transcript that the texts describe as different
 * persons. */
void align_speakers(struct align_text *texts, size_t n);

/* Align one text: fills text and said as they are in the end, and notes. */
void align_text(struct align_text *t);

/* A note at the end of the text's. */
struct align_note *align_note(struct align_text *t, enum align_kind kind,
                              struct str quote, const char *fmt, ...)
    ASID_PRINTF(4, 5);
/* At most 80 bytes of a text, cut between characters. */
struct str align_short(struct str text);

#endif
