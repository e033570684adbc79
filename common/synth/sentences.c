/*
 * What actors say: about ninety sentences of sixty words. None of them says
 * anything of the picture, so that what is heard and what is seen stay two
 * things.
 */
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
