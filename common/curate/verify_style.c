/* How a text is written: repetition and references. */
#include "verify_int.h"

enum {
    RUN = 8,          /* words that do not come twice by chance */
    SENTENCE_MIN = 3, /* words of a sentence that counts when it comes again */
};

static const double GOOD = 0.9;

/* Hashes seen so far: open addressing over a power of two, never full. */
struct seen {
    uint64_t *slots;
    size_t mask;
};

static struct seen seen_new(struct arena *a, size_t n)
{
    size_t room = 16;

    while (room < 2 * n)
        room *= 2;
    return (struct seen){arena_array(a, room, sizeof(uint64_t)), room - 1};
}

/* Whether it was there; it is now. */
static bool seen_add(struct seen *s, uint64_t hash)
{
    size_t at;

    hash = hash ? hash : 1;
    for (at = hash & s->mask; s->slots[at]; at = (at + 1) & s->mask)
        if (s->slots[at] == hash)
            return true;
    s->slots[at] = hash;
    return false;
}

static uint64_t mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * 0x9E3779B97F4A7C15U;
    return hash ^ (hash >> 32);
}

static uint64_t hash_words(const struct text_word *w, size_t n)
{
    uint64_t hash = n;

    for (size_t i = 0; i < n; i++)
        hash = mix(hash, w[i].folded);
    return hash;
}

/* Words in a row from `at` that nobody says, at most `most`: what is said may
 * be said again. */
static size_t plain_run(const struct text *t, size_t at, size_t most)
{
    size_t n = 0;

    while (n < most && at + n < t->n_words && !t->words[at + n].quoted)
        n++;
    return n;
}

static void mark(bool *repeated, size_t at, size_t n)
{
    for (size_t i = 0; i < n; i++)
        repeated[at + i] = true;
}

static void mark_runs(const struct text *t, struct seen *seen, bool *repeated)
{
    for (size_t i = 0; i + RUN <= t->n_words; i++)
        if (plain_run(t, i, RUN) == RUN &&
            seen_add(seen, hash_words(t->words + i, RUN)))
            mark(repeated, i, RUN);
}

static void mark_sentences(const struct text *t, struct seen *seen,
                           bool *repeated)
{
    for (size_t i = 0, n; i < t->n_words; i += n) {
        for (n = 1; i + n < t->n_words &&
                    t->words[i + n].sentence == t->words[i].sentence;)
            n++;
        if (n >= SENTENCE_MIN && plain_run(t, i, n) == n &&
            seen_add(seen, ~hash_words(t->words + i, n)))
            mark(repeated, i, n);
    }
}

static double repetition(struct arena *a, const struct text *t)
{
    bool *repeated = arena_array(a, t->n_words, sizeof *repeated);
    struct seen seen = seen_new(a, 2 * t->n_words);
    size_t plain = 0, again = 0;

    mark_runs(t, &seen, repeated);
    mark_sentences(t, &seen, repeated);
    for (size_t i = 0; i < t->n_words; i++) {
        plain += !t->words[i].quoted;
        again += repeated[i];
    }
    return plain ? 1 - (double)again / (double)plain : 1;
}

struct verify_style verify_style(const struct verify_words *w,
                                 const struct text_rules *rules,
                                 struct arena *a, const struct text *text)
{
    struct verify_style style = {1, 1};

    style.repetition = repetition(a, text);
    if (text->n_sentences)
        style.references -= (double)verify_dangling(w, rules, a, text) /
                            (double)text->n_sentences;
    return style;
}

bool verify_style_good(const struct verify_style *style)
{
    return style->repetition >= GOOD && style->references >= GOOD;
}
