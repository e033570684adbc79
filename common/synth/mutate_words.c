/*
 * Sentences with one word exchanged: lists of words that can stand for each
 * other without a fault of grammar.
 */
#include <string.h>

#include "mutate_int.h"

enum { IN_LIST = 14 };

/* Lists of one class; every word of a list can stand where another does. */
static const struct {
    enum mutate_class class;
    const char *words[IN_LIST];
    bool takes; /* only with something behind: "opens the box" */
} lists[] = {
    {.class = MUTATE_COLOUR,
     .words = {"red", "green", "blue", "yellow", "purple", "orange", "black",
               "white", "brown", "grey", "pink"}},
    {.class = MUTATE_COUNT,
     .words = {"two", "three", "four", "five", "six", "seven"}},
    {.class = MUTATE_OBJECT,
     .words = {"ball", "box", "flower", "tree", "balloon", "lamp", "cup",
               "book", "chair", "bicycle", "bag", "bottle", "guitar"}},
    {.class = MUTATE_OBJECT,
     .words = {"balls", "boxes", "flowers", "trees", "balloons", "lamps",
               "cups", "books", "chairs", "bicycles", "bags", "bottles",
               "guitars"}},
    {.class = MUTATE_OBJECT,
     .words = {"meadow", "beach", "forest", "desert", "street", "room",
               "kitchen", "garden", "park"}},
    {.class = MUTATE_ACTION,
     .words = {"jumps", "spins", "waves", "grows", "runs", "sits", "sleeps",
               "dances", "walks"}},
    {.class = MUTATE_ACTION,
     .words = {"jumping", "spinning", "waving", "running", "sitting",
               "sleeping", "dancing", "walking"}},
    {.class = MUTATE_ACTION,
     .words = {"opens", "closes", "paints", "washes", "drops", "throws"},
     .takes = true},
    {.class = MUTATE_ORDER, .words = {"before", "after"}},
    {.class = MUTATE_SIDE, .words = {"left", "right"}},
};
enum { LISTS = sizeof lists / sizeof *lists };

/* "does not jump" for "jumps". */
static const char *const plain[][2] = {
    {"jumps", "jump"},   {"spins", "spin"},   {"waves", "wave"},
    {"grows", "grow"},   {"runs", "run"},     {"sits", "sit"},
    {"sleeps", "sleep"}, {"dances", "dance"}, {"walks", "walk"},
    {"falls", "fall"},   {"comes", "come"},   {"goes", "go"},
    {"leaves", "leave"}, {"looks", "look"},   {"opens", "open"},
    {"closes", "close"}, {"throws", "throw"}, {"drops", "drop"},
    {"zooms", "zoom"},   {"pans", "pan"},     {"plays", "play"},
    {"rings", "ring"},   {"feels", "feel"},   {"becomes", "become"},
};
static const char *const auxiliaries[] = {"is", "are", "was", "were", "can"};

static const char *const spoken[] = {"never", "money",  "river", "doctor",
                                     "seven", "window", "winter"};

/* Each with the word that tells whether the record has it. */
static const struct {
    const char *sign, *sentence;
} additions[] = {
    {"dog", "A small dog sleeps in the corner."},
    {"bird", "A bird flies across the picture."},
    {"umbrella", "Somebody holds a green umbrella."},
    {"clock", "A round clock hangs in the background."},
    {"bicycle", "A bicycle leans against a wall."},
    {"phone", "A phone rings far away."},
    {"ladder", "A ladder stands at the side."},
    {"laughter", "Laughter is heard from far away."},
};

/* --- words ---------------------------------------------------------------- */

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '\'' ||
           (unsigned char)c >= 0x80;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* The next word from *at on; n 0: there is none. */
static struct str next_word(struct str text, size_t *at)
{
    size_t start;

    while (*at < text.n && !is_letter(text.p[*at]))
        ++*at;
    start = *at;
    while (*at < text.n && is_letter(text.p[*at]))
        ++*at;
    return (struct str){text.p + start, *at - start};
}

static bool reads(struct str word, const char *as)
{
    size_t n = strlen(as);

    if (word.n != n)
        return false;
    for (size_t i = 0; i < n; i++)
        if (lower(word.p[i]) != as[i])
            return false;
    return true;
}

static bool is_new(const struct mutating *m, const char *word)
{
    return !strstr(m->words.p, arena_printf(m->arena, " %s ", word));
}

static int draw(struct mutating *m, size_t n)
{
    return synth_random_below(&m->random, (int)n);
}

static bool starts_large(struct str word)
{
    return word.p[0] >= 'A' && word.p[0] <= 'Z';
}

/* The text with a word of it exchanged, and the article before it fitted. */
static struct str put(struct mutating *m, struct str text, struct str word,
                      const char *by)
{
    size_t before = (size_t)(word.p - text.p), end = before + word.n;
    const char *vowel = strchr("aeiou", by[0]) ? "n" : "";
    char *out;

    if (before >= 2 && text.p[before - 1] == ' ' &&
        lower(text.p[before - 2]) == 'a' &&
        (before == 2 || !is_letter(text.p[before - 3])))
        out = arena_printf(m->arena, "%.*s%s %s%.*s", (int)before - 1, text.p,
                           vowel, by, (int)(text.n - end), text.p + end);
    else if (before >= 3 && text.p[before - 1] == ' ' &&
             text.p[before - 2] == 'n' && lower(text.p[before - 3]) == 'a' &&
             (before == 3 || !is_letter(text.p[before - 4])))
        out = arena_printf(m->arena, "%.*s%s %s%.*s", (int)before - 2, text.p,
                           vowel, by, (int)(text.n - end), text.p + end);
    else
        out = arena_printf(m->arena, "%.*s%s%.*s", (int)before, text.p, by,
                           (int)(text.n - end), text.p + end);
    if (starts_large(word) && out[before] >= 'a' && out[before] <= 'z')
        out[before] = (char)(out[before] - 'a' + 'A');
    return str_of(out);
}

/* --- classes -------------------------------------------------------------- */

/* Words of speech are no claims about the picture. */
static bool in_quote(struct str text, struct str word)
{
    bool inside = false;

    for (const char *p = text.p; p < word.p; p++)
        inside ^= *p == '"';
    return inside;
}

/* Another word of the list, new to the record; those of two words only have one
 * another. */
static const char *other_of(struct mutating *m, int list, int not_this)
{
    const char *fit[IN_LIST];
    size_t n = 0, all = 0;

    while (all < IN_LIST && lists[list].words[all])
        all++;
    for (int i = 0; i < (int)all; i++)
        if (i != not_this && (all == 2 || is_new(m, lists[list].words[i])))
            fit[n++] = lists[list].words[i];
    return n ? fit[draw(m, n)] : NULL;
}

/* Stands an article behind the word? */
static bool has_object(struct str text, size_t at)
{
    struct str next = next_word(text, &at);

    return reads(next, "a") || reads(next, "an") || reads(next, "the");
}

static struct str swap(struct mutating *m, enum mutate_class class,
                       struct str text)
{
    size_t at = 0;
    struct str word;

    while ((word = next_word(text, &at)).n > 0)
        for (int k = 0; k < LISTS; k++)
            for (int i = 0; lists[k].class == class && i < IN_LIST; i++) {
                const char *other;

                if (!lists[k].words[i] || !reads(word, lists[k].words[i]) ||
                    in_quote(text, word) ||
                    (lists[k].takes && !has_object(text, at)))
                    continue;
                other = other_of(m, k, i);
                if (other)
                    return put(m, text, word, other);
            }
    return STR("");
}

static struct str deny(struct mutating *m, struct str text)
{
    size_t at = 0;
    struct str word;

    while ((word = next_word(text, &at)).n > 0) {
        if (in_quote(text, word))
            continue;
        for (size_t i = 0; i < sizeof auxiliaries / sizeof *auxiliaries; i++)
            if (reads(word, auxiliaries[i])) {
                size_t after = at;
                struct str next = next_word(text, &after);

                if (reads(next, "not"))
                    return str_of(arena_printf(m->arena, "%.*s%.*s", (int)at,
                                               text.p, (int)(text.n - after),
                                               text.p + after));
                return put(m, text, word,
                           arena_printf(m->arena, "%s not", auxiliaries[i]));
            }
        for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
            if (reads(word, plain[i][0]))
                return put(m, text, word,
                           arena_printf(m->arena, "does not %s", plain[i][1]));
    }
    return STR("");
}

/* A word of three letters and more of what is said. */
static struct str misquote(struct mutating *m, struct str text)
{
    struct str fit[64], word;
    size_t n = 0, at = 0;
    const char *other;

    while (n < 64 && (word = next_word(text, &at)).n > 0)
        if (word.n >= 3 && in_quote(text, word))
            fit[n++] = word;
    other = spoken[draw(m, sizeof spoken / sizeof *spoken)];
    if (n == 0 || !is_new(m, other))
        return STR("");
    return put(m, text, fit[draw(m, n)], other);
}

static bool same_words(struct str a, struct str b)
{
    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++)
        if (lower(a.p[i]) != lower(b.p[i]))
            return false;
    return true;
}

/* What a claim is said of, if that is named with an article: "The red cat". */
static struct str actor_of(const struct text *t, const struct text_claim *c)
{
    struct str claim = span_of(t->text, c->at), actor = STR("");

    if (c->actor >= 0 &&
        (str_starts(claim, "The ") || str_starts(claim, "the ")))
        actor = span_of(t->text, t->words[c->actor].at);
    if (actor.n == 0 || actor.p < claim.p || actor.p - claim.p > 40)
        return STR("");
    return (struct str){claim.p, (size_t)(actor.p - claim.p) + actor.n};
}

/* Somebody else who does something. */
static struct str somebody_else(struct mutating *m, struct str speaker)
{
    struct json *actions = json_get(json_get(m->record, "attributes"),
                                    attribute_keys[ATTRIBUTE_ACTIONS]);
    const char *text = json_text(json_get(actions, "text"));
    const struct text *t;
    struct str fit[64];
    size_t n = 0;

    if (!text)
        return STR("");
    t = text_analyse(m->rules, m->arena, str_of(text), ATTRIBUTE_ACTIONS);
    for (size_t i = 0; n < 64 && i < t->n_claims; i++) {
        struct str who = actor_of(t, &t->claims[i]);

        if (who.n > 0 && !same_words(who, speaker))
            fit[n++] = who;
    }
    return n ? fit[draw(m, n)] : STR("");
}

static struct str blame(struct mutating *m, struct str text)
{
    const struct text *t =
        text_analyse(m->rules, m->arena, text, ATTRIBUTE_SPEECH);
    struct str speaker, other;
    char *by;

    if (t->n_quotes == 0)
        return STR("");
    speaker = span_of(text, t->quotes[0].speaker);
    other = speaker.n ? somebody_else(m, speaker) : STR("");
    if (other.n == 0)
        return STR("");
    by = arena_strndup(m->arena, other.p, other.n);
    by[0] = lower(by[0]);
    return put(m, text, speaker, by);
}

struct str mutate_sentence(struct mutating *m, enum mutate_class class,
                           struct str sentence)
{
    switch (class) {
    case MUTATE_COLOUR:
    case MUTATE_COUNT:
    case MUTATE_OBJECT:
    case MUTATE_ACTION:
    case MUTATE_ORDER:
    case MUTATE_SIDE:
        return swap(m, class, sentence);
    case MUTATE_NEGATION:
        return deny(m, sentence);
    case MUTATE_SPEAKER:
        return blame(m, sentence);
    case MUTATE_WORDS:
        return misquote(m, sentence);
    case MUTATE_TIME:
    case MUTATE_DELETION:
    case MUTATE_ADDITION:
    case MUTATE_CONTRADICTION:
    case MUTATE_CLASSES:
        break;
    }
    return STR("");
}

struct str mutate_addition(struct mutating *m)
{
    enum { ALL = sizeof additions / sizeof *additions };
    int first = draw(m, ALL);

    for (int i = 0; i < ALL; i++) {
        int k = (first + i) % ALL;

        if (is_new(m, additions[k].sign))
            return str_of(additions[k].sentence);
    }
    return STR("");
}
