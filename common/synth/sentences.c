/*
 * What actors say: about ninety sentences of sixty words. None of them says
 * anything of the picture, so that what is heard and what is seen stay two
 * things.
 */
#include <string.h>

#include "synth_int.h"

static const char *const colours[] = {"red", "blue", "yellow"};
static const char *const things[] = {"ball", "house", "boat", "bird"};
static const char *const sizes[] = {"small", "big"};
static const char *const hours[] = {"morning", "evening"};
static const char *const feelings[] = {"happy", "sad", "hungry"};
static const char *const subjects[] = {"night", "water", "house", "wind"};
static const char *const states[] = {"cold", "dark", "good"};

/* A slot is written as the index of its list in capitals. */
static const struct {
    const char *const *words;
    int n;
} slots[] = {
    {colours, 3},  {things, 4},   {sizes, 2},  {hours, 2},
    {feelings, 3}, {subjects, 4}, {states, 3},
};
#define COLOUR "0"
#define THING "1"
#define SIZE "2"
#define HOUR "3"
#define FEELING "4"
#define SUBJECT "5"
#define STATE "6"

static const char *const sentences[][SYNTH_WORDS] = {
    {"good", HOUR, "my", "friend"},
    {"where", "is", "the", COLOUR, THING},
    {"come", "here", "and", "look"},
    {"i", "am", "very", FEELING, "today"},
    {"the", SUBJECT, "is", STATE},
    {"do", "you", "like", "the", THING},
    {"please", "give", "me", "the", COLOUR, THING},
    {"i", "can", "see", "a", SIZE, THING},
    {"what", "a", "nice", "day", "this", "is"},
    {"let", "us", "go", "home", "now"},
    {"please", "wait", "for", "me"},
    {"how", "are", "you", "today"},
    {"thank", "you", "my", "friend"},
    {"look", "at", "the", SIZE, COLOUR, THING, "over", "there"},
    {"we", "can", "go", "home", "together", "now"},
    {"do", "you", "like", "this", SIZE, THING, "my", "friend"},
    {"come", "home", "now"},
    {"this", "is", "my", COLOUR, THING},
    {"there", "is", "a", COLOUR, THING, "over", "there"},
    {"please", "come", "here", "and", "look", "at", "this"},
};

void synth_sentence(struct synth_random *r, struct synth_line *line)
{
    int n_sentences = (int)(sizeof sentences / sizeof *sentences);
    const char *const *words = sentences[synth_random_below(r, n_sentences)];

    line->n_words = 0;
    for (int i = 0; i < SYNTH_WORDS && words[i]; i++) {
        const char *word = words[i];

        if (word[0] >= '0' && word[0] <= '6') {
            int slot = word[0] - '0';

            word = slots[slot].words[synth_random_below(r, slots[slot].n)];
        }
        line->words[line->n_words++] = word;
    }
}

/* Words that are put for each other where somebody misheard. */
static const char *const alike[][4] = {
    {"come", "go", "look", "wait"},     {"here", "there", "home", NULL},
    {"morning", "evening", NULL, NULL}, {"today", "now", NULL, NULL},
    {"friend", "bird", NULL, NULL},     {"like", "see", NULL, NULL},
    {"day", "night", "boat", NULL},     {"nice", "dark", "cold", NULL},
    {"where", "what", "how", NULL},     {"my", "the", NULL, NULL},
    {"give", "show", NULL, NULL},       {"we", "i", "you", NULL},
};

static const char *one_of(struct synth_random *r, const char *const *list,
                          int n, const char *word)
{
    const char *other = list[synth_random_below(r, n)];

    for (int i = 0; i < n; i++)
        if (strcmp(list[i], word) == 0)
            return strcmp(other, word) == 0 ? list[(i + 1) % n] : other;
    return NULL;
}

const char *synth_other_word(struct synth_random *r, const char *word)
{
    const char *other;

    for (size_t i = 0; i < sizeof slots / sizeof *slots; i++) {
        other = one_of(r, slots[i].words, slots[i].n, word);
        if (other)
            return other;
    }
    for (size_t i = 0; i < sizeof alike / sizeof *alike; i++) {
        int n = 0;

        while (n < 4 && alike[i][n])
            n++;
        other = one_of(r, alike[i], n, word);
        if (other)
            return other;
    }
    return NULL;
}
