/*
 * Loops: a decoder that feeds on its own output says the same words over and
 * over, in one segment, from segment to segment, or two sentences in turn.
 *
 * They are looked for as periods in the sequence of words, whatever segments
 * the words are in. The longer a phrase, the less often anybody says it again
 * word by word: one word ten times ("no, no, no ..."), two words seven times,
 * three five times, four to seven words four times, more words three times.
 */
#include "asid/base/hash.h"
#include "asr_int.h"

enum { LONGEST_PERIOD = 64 }; /* words; Whisper's segments are shorter */

static size_t limit(size_t period, bool eager)
{
    if (eager) /* the recogniser's text compresses as no speech does */
        return period == 1 ? 5 : 3;
    return period == 1   ? 10
           : period == 2 ? 7
           : period == 3 ? 5
           : period < 8  ? 4
                         : 3;
}

struct sequence {
    uint64_t *hash;
    size_t *word; /* index in the transcript */
    size_t n;
};

static void mark(const struct sequence *s, size_t from, size_t period,
                 size_t repeats, bool *gone, uint32_t *times)
{
    for (size_t i = from + period; i < from + repeats * period; i++) {
        gone[s->word[i]] = true;
        times[s->word[i]] = (uint32_t)repeats;
    }
}

/* Runs in which each word is the one `period` before it. */
static bool find(const struct sequence *s, const struct transcript *t,
                 const bool *eager, size_t period, bool *gone, uint32_t *times)
{
    bool found = false;

    for (size_t i = 0; i + period < s->n;) {
        size_t same = 0, repeats;

        while (i + same + period < s->n &&
               s->hash[i + same] == s->hash[i + same + period])
            same++;
        repeats = same / period + 1;
        if (repeats >=
            limit(period, eager[t->words[s->word[i + same]].segment])) {
            mark(s, i, period, repeats, gone, times);
            found = true;
        }
        i += same + 1;
    }
    return found;
}

static void remaining(struct sequence *s, const bool *gone)
{
    size_t n = 0;

    for (size_t i = 0; i < s->n; i++) {
        if (gone[s->word[i]])
            continue;
        s->hash[n] = s->hash[i];
        s->word[n++] = s->word[i];
    }
    s->n = n;
}

void asr_loops(struct arena *a, const struct transcript *t, const bool *eager,
               bool *gone, uint32_t *times)
{
    struct sequence s = {arena_array(a, t->n_words, sizeof *s.hash),
                         arena_array(a, t->n_words, sizeof *s.word),
                         t->n_words};

    for (size_t i = 0; i < t->n_words; i++) {
        s.word[i] = i;
        if (!gone[i])
            s.hash[i] = hash_u64(asr_fold(a, t->words[i].text));
    }
    remaining(&s, gone);
    for (size_t period = 1; period <= LONGEST_PERIOD; period++)
        if (find(&s, t, eager, period, gone, times))
            remaining(&s, gone);
}
