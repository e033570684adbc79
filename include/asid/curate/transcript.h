/*
 * Transcripts: record.asr as segments and words with times.
 *
 * Times are seconds from the start of the video. Every word has an interval
 * and the method by which it was found, because word times are often missing
 * (numbers, symbols) and a guess must not look like a measurement.
 */
#ifndef ASID_CURATE_TRANSCRIPT_H
#define ASID_CURATE_TRANSCRIPT_H

#include "asid/data/json.h"
#include "asid/text/text.h"

enum word_method {
    WORD_ALIGNED,      /* given by the recogniser */
    WORD_BETWEEN,      /* between its neighbours that have times */
    WORD_PROPORTIONAL, /* its share of the segment by length */
    WORD_NONE,         /* the segment has no usable times either */
};
/* Words of one transcript: over 100 hours of speech. What comes after is in the
 * segments' texts only; bounds the memory that a hostile record can take. */
enum { TRANSCRIPT_MAX_WORDS = 1 << 20 };

/* "aligned", "between", "proportional", "none": record.asr...words[].method */
extern const char *const word_methods[4];

struct transcript_word {
    struct str text;   /* as transcribed, punctuation included */
    double start, end; /* NAN with WORD_NONE */
    double score;      /* NAN when not known */
    enum word_method method;
    uint32_t segment;
};

struct transcript_segment {
    struct str text;
    struct str speaker; /* n 0: not known */
    double start, end;
    size_t first_word, n_words;
    size_t index; /* position in record.asr.segments */
};

struct transcript {
    struct str language; /* n 0: not known */
    struct transcript_segment *segments;
    size_t n_segments;
    struct transcript_word *words;
    size_t n_words;
};

/* Read record.asr (schema-checked before; NULL or null gives an empty
 * transcript). Views point into the record; lists live in the arena. Segments
 * are sorted by start, stably; words are in the order they are listed, by
 * segment.
 *
 * Words that a segment does not list are cut from its text: between blanks,
 * punctuation included, characters of Han and kana one by one. Inside a segment
 * start and end of words never fall, no word overlaps the next, and all lie in
 * the segment's interval: a time that breaks this is dropped (as few as
 * possible) and found like a missing one, between its neighbours. A segment
 * whose end is not after its start gets the interval of its words; with no
 * times there either it keeps its own and its words have WORD_NONE. Words that
 * bear a method keep it. rules may be NULL. */
const struct transcript *transcript_read(const struct text_rules *rules,
                                         struct arena *a,
                                         const struct json *asr);

/* The inverse: an object for record.asr with name, language, segments and
 * words, each word with its method. Times are rounded to milliseconds; the texts
 * are copied. */
struct json *transcript_json(struct arena *a, const char *name,
                             const struct transcript *t);

#endif
