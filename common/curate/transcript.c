/* Transcripts out of records and into them. */
#include "asid/curate/transcript.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "asid/base/num.h"
#include "transcript_int.h"

const char *const word_methods[4] = {"aligned", "between", "proportional",
                                     "none"};

static double number(const struct json *object, const char *key)
{
    double value = NAN;

    (void)json_f64(json_get(object, key), &value);
    return value;
}

static struct str text_of(const struct json *object, const char *key)
{
    const struct json *v = json_get(object, key);

    if (!v || json_type(v) != JSON_STRING)
        return (struct str){"", 0};
    return json_str(v);
}

/* --- words ------------------------------------------------------------------ */

/* A list that grows; the old block stays with the arena. */
struct words {
    struct transcript_word *p;
    size_t n, room;
};

static void add_word(struct arena *a, struct words *to,
                     const struct transcript_word *w)
{
    if (to->n == TRANSCRIPT_MAX_WORDS)
        return;
    if (to->n == to->room) {
        size_t room = to->room ? to->room * 2 : 64;
        struct transcript_word *p = arena_array(a, room, sizeof *p);

        if (to->n > 0)
            memcpy(p, to->p, to->n * sizeof *p);
        to->p = p;
        to->room = room;
    }
    to->p[to->n++] = *w;
}

static enum word_method method_of(const struct json *word)
{
    struct str name = text_of(word, "method");

    for (int i = 0; i < 4; i++)
        if (str_is(name, word_methods[i]))
            return (enum word_method)i;
    return WORD_ALIGNED;
}

static struct transcript_word word_of(const struct json *v, uint32_t segment)
{
    struct transcript_word w = {
        str_trim(text_of(v, "text")), number(v, "start"), number(v, "end"),
        number(v, "score"),           method_of(v),       segment};

    if (w.method == WORD_NONE)
        w.start = w.end = NAN;
    return w;
}

static struct transcript_word untimed(struct str text, uint32_t segment)
{
    return (struct transcript_word){text, NAN, NAN, NAN, WORD_NONE, segment};
}

static void cut_words(struct arena *a, struct words *to, struct str text,
                      uint32_t segment)
{
    size_t at = 0;
    struct str word;

    while (transcript_cut(text, &at, &word)) {
        struct transcript_word w = untimed(word, segment);

        add_word(a, to, &w);
    }
}

/* The next listed word that has something to compare, or NULL. */
static const struct json *next_listed(const struct json *v, struct str *listed)
{
    for (; v; v = json_next(v)) {
        *listed = str_trim(text_of(v, "text"));
        if (transcript_core(*listed).n > 0)
            return v;
    }
    return NULL;
}

static bool same_core(struct str a, struct str b)
{
    return str_eq(a, b) || str_eq(transcript_core(a), transcript_core(b));
}

/* Whether the list is the text with words left out, and how many are. Only
 * then can words be put back; a list that cuts or spells words in its own way
 * is taken as it is. */
static size_t left_out(struct str text, const struct json *list)
{
    size_t at = 0, missing = 0;
    struct str word, listed;
    const struct json *v = next_listed(json_first(list), &listed);

    while (transcript_cut(text, &at, &word)) {
        if (v && same_core(listed, word))
            v = next_listed(json_next(v), &listed);
        else
            missing++;
    }
    return v ? 0 : missing;
}

static void list_words(struct arena *a, struct words *to, struct str text,
                       const struct json *list, uint32_t segment)
{
    bool put_back = left_out(text, list) > 0;
    size_t at = 0;
    struct str word;

    json_each(v, list) {
        struct transcript_word w = word_of(v, segment);
        bool compare = put_back && transcript_core(w.text).n > 0;

        while (compare && transcript_cut(text, &at, &word) &&
               !same_core(w.text, word)) {
            struct transcript_word other = untimed(word, segment);

            add_word(a, to, &other);
        }
        if (w.text.n > 0)
            add_word(a, to, &w);
    }
    if (put_back) {
        struct str rest = {text.p + at, text.n - at};

        cut_words(a, to, rest, segment);
    }
}

/* --- reading ---------------------------------------------------------------- */

static void read_segment(struct arena *a, const struct json *v,
                         struct transcript_segment *s, struct words *words)
{
    const struct json *list = json_get(v, "words");
    uint32_t index = (uint32_t)s->index;

    s->text = text_of(v, "text");
    s->speaker = text_of(v, "speaker");
    s->start = number(v, "start");
    s->end = number(v, "end");
    s->first_word = words->n;
    if (json_count(list) > 0)
        list_words(a, words, s->text, list, index);
    else
        cut_words(a, words, s->text, index);
    s->n_words = words->n - s->first_word;
    if (s->n_words > 0)
        transcript_place(a, s, words->p + s->first_word);
}

/* --- the order of segments -------------------------------------------------- */

struct place {
    double start;
    size_t index;
};

static int by_start(const void *a, const void *b)
{
    const struct place *x = a, *y = b;

    if (x->start < y->start || x->start > y->start)
        return x->start < y->start ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

/* Where each segment belongs; one whose start is no number stays behind the one
 * it follows. False when all are in their place. */
static bool places_of(const struct transcript *t, struct place *places)
{
    double last = -INFINITY;
    bool wrong = false;

    for (size_t i = 0; i < t->n_segments; i++) {
        double start = t->segments[i].start;

        wrong = wrong || start < last;
        last = isfinite(start) ? start : last;
        places[i] = (struct place){last, i};
    }
    return wrong;
}

/* Segments by start with their words. It is done when all are placed: a segment
 * without an interval of its own begins where its words do. */
static void sort(struct arena *a, struct transcript *t)
{
    struct place *places = arena_array(a, t->n_segments, sizeof *places);
    struct transcript_segment *segments;
    struct transcript_word *words;
    size_t n = 0;

    if (!places_of(t, places))
        return;
    qsort(places, t->n_segments, sizeof *places, by_start);
    segments = arena_array(a, t->n_segments, sizeof *segments);
    words = arena_array(a, t->n_words, sizeof *words);
    for (size_t i = 0; i < t->n_segments; i++) {
        struct transcript_segment *s = &segments[i];

        *s = t->segments[places[i].index];
        for (size_t k = 0; k < s->n_words; k++) {
            words[n + k] = t->words[s->first_word + k];
            words[n + k].segment = (uint32_t)i;
        }
        s->first_word = n;
        n += s->n_words;
    }
    t->segments = segments;
    t->words = words;
}

const struct transcript *transcript_read(const struct text_rules *rules,
                                         struct arena *a,
                                         const struct json *asr)
{
    struct transcript *t = arena_alloc(a, sizeof *t);
    const struct json *list = json_get(asr, "segments");
    struct words words = {NULL, 0, 0};

    (void)rules; /* words are cut as they are written; nothing is folded */
    t->language = text_of(asr, "language");
    t->segments = arena_array(a, json_count(list), sizeof *t->segments);
    json_each(v, list) {
        struct transcript_segment *s = &t->segments[t->n_segments];

        s->index = t->n_segments++;
        read_segment(a, v, s, &words);
    }
    t->words = words.p;
    t->n_words = words.n;
    sort(a, t);
    return t;
}

/* --- writing ---------------------------------------------------------------- */

/* Milliseconds: the finest that any transcript format has. A time that is no
 * number cannot be written as one. */
static void set_time(struct arena *a, struct json *to, const char *key,
                     double value, bool nullable)
{
    double shown = isfinite(value) || nullable ? num_round(value, 3) : 0;

    json_set(a, to, key, json_new_finite(a, shown));
}

static struct json *word_json(struct arena *a, const struct transcript_word *w)
{
    struct json *v = json_new_object(a);

    json_set(a, v, "text", json_new_str(a, w->text));
    set_time(a, v, "start", w->start, true);
    set_time(a, v, "end", w->end, true);
    if (isfinite(w->score))
        json_set_f64(a, v, "score", num_round(w->score, 4));
    json_set_text(a, v, "method", word_methods[w->method]);
    return v;
}

static struct json *segment_json(struct arena *a, const struct transcript *t,
                                 const struct transcript_segment *s)
{
    struct json *v = json_new_object(a), *words = json_new_array(a);

    set_time(a, v, "start", s->start, false);
    set_time(a, v, "end", s->end, false);
    json_set(a, v, "text", json_new_str(a, s->text));
    if (s->speaker.n > 0)
        json_set(a, v, "speaker", json_new_str(a, s->speaker));
    for (size_t i = 0; i < s->n_words; i++)
        json_append(words, word_json(a, &t->words[s->first_word + i]));
    json_set(a, v, "words", words);
    return v;
}

struct json *transcript_json(struct arena *a, const char *name,
                             const struct transcript *t)
{
    struct json *asr = json_new_object(a), *segments = json_new_array(a);

    json_set_text(a, asr, "name", name);
    json_set(a, asr, "language", json_new_nonempty(a, t->language));
    for (size_t i = 0; i < t->n_segments; i++)
        json_append(segments, segment_json(a, t, &t->segments[i]));
    json_set(a, asr, "segments", segments);
    return asr;
}
