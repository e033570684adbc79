/*
 * Planting errors of named classes into records of any origin, so that it can
 * be counted how many of them a verifier finds.
 *
 * What is planted depends on the record's id, its text and the seed alone. A
 * planted claim reads like the true one but for the error, its words are new to
 * the record, and every claim is touched once at most: the others are what false
 * alarms are counted on. Words are swapped for words of the same kind from
 * lists; where a record has nothing that a class can be planted in, it is left
 * out. English.
 */
#ifndef ASID_SYNTH_MUTATE_H
#define ASID_SYNTH_MUTATE_H

#include "asid/data/json.h"
#include "asid/text/text.h"

enum mutate_class {
    MUTATE_COLOUR,
    MUTATE_COUNT,
    MUTATE_OBJECT, /* another thing, or another place */
    MUTATE_ACTION,
    MUTATE_ORDER, /* before, after */
    MUTATE_SIDE,
    MUTATE_NEGATION,
    MUTATE_SPEAKER, /* another who is spoken of in the record */
    MUTATE_WORDS,   /* one word of a quotation */
    MUTATE_TIME,    /* 3 to 6 s earlier or later */
    MUTATE_DELETION,
    MUTATE_ADDITION,
    MUTATE_CONTRADICTION, /* a wrong copy of a claim in another attribute */
    MUTATE_CLASSES
};
/* "colour", "count", "object", "action", "order", "left_right", "negation",
 * "speaker", "quote_words", "time_shift", "deletion", "addition",
 * "contradiction". */
extern const char *const mutate_names[MUTATE_CLASSES];

struct mutate_settings {
    uint64_t seed;
    unsigned classes;  /* bits 1 << class */
    size_t per_record; /* errors in a record, of different classes as far as it
                          goes */
};

/* Change attributes (text and claims) and caption of the record, which has its
 * attributes, and note each error under "planted": class, attribute, claim (as
 * it reads now; of a deletion: that went), was, now. Returns how many; 0 leaves
 * the record as it was. */
size_t mutate_record(const struct text_rules *rules,
                     const struct mutate_settings *settings, struct arena *a,
                     struct json *record);

#endif
