/* What the parts of the synthetic world share. */
#ifndef ASID_SYNTH_INT_H
#define ASID_SYNTH_INT_H

#include "asid/synth/synth.h"

/* A walk is one of the last five acts: the actor changes its place. */
static inline bool synth_walks(enum synth_act act)
{
    return act >= SYNTH_COMES_LEFT;
}
static inline bool synth_comes(enum synth_act act)
{
    return act == SYNTH_COMES_LEFT || act == SYNTH_COMES_RIGHT;
}
static inline bool synth_leaves(enum synth_act act)
{
    return act == SYNTH_LEAVES_LEFT || act == SYNTH_LEAVES_RIGHT;
}

/* Seconds that the speech bubble of a line stands: 0.4 for a word, which is
 * about how fast the voices speak; a line has three words or more. */
static inline double synth_line_lasts(const struct synth_line *line)
{
    return 0.4 * (double)line->n_words;
}
/* Whole seconds that the grammar keeps free for a line, with room for a slow
 * voice: 0.45 for a word and 0.2, rounded up. */
static inline int synth_line_keeps(size_t n_words)
{
    return ((int)n_words * 9 + 4 + 19) / 20;
}

/* Random numbers from a seed: SplitMix64 (Steele, Lea, Flood 2014), which mixes
 * a counter, so that any seed will do and neighbours have nothing in common. */
struct synth_random {
    uint64_t counter;
};
uint64_t synth_random_next(struct synth_random *r);
/* A whole number from 0 to n - 1; n is below 2^31. */
int synth_random_below(struct synth_random *r, int n);

/* Choose the words of a line; at most SYNTH_WORDS, at least three. */
void synth_sentence(struct synth_random *r, struct synth_line *line);
/* A word that could stand in its place, or NULL. */
const char *synth_other_word(struct synth_random *r, const char *word);

#endif
