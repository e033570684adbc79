/* Between the files that plant errors. */
#ifndef ASID_SYNTH_MUTATE_INT_H
#define ASID_SYNTH_MUTATE_INT_H

#include "asid/synth/mutate.h"
#include "synth_int.h"

/* One record in which errors are planted. */
struct mutating {
    const struct text_rules *rules;
    struct arena *arena;
    struct json *record;
    struct str words; /* all that the record says, in lower case, with blanks
                         around: what is planted is to be new to it */
    struct synth_random random;
};

/* The sentence with one error of a class that swaps words; n 0: it has none. */
struct str mutate_sentence(struct mutating *m, enum mutate_class class,
                           struct str sentence);
/* A sentence about something that the record has not; n 0: it has all. */
struct str mutate_addition(struct mutating *m);

#endif
