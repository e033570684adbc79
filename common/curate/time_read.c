/* The texts of a record and the times in them. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "asid/curate/record.h"
#include "time_int.h"

/* --- which texts ------------------------------------------------------------ */

static bool starts_with(const char *p, const char *end, const char *word)
{
    size_t n = strlen(word);

    return (size_t)(end - p) >= n && memcmp(p, word, n) == 0;
}

bool time_may_have(struct str text)
{
    const char *end = text.p + text.n;

    for (const char *p = text.p; p < end; p++) {
        switch (*p) {
        case 's':
            if (starts_with(p, end, "second"))
                return true;
            break;
        case 'm':
            if (starts_with(p, end, "minute") || starts_with(p, end, "mm:"))
                return true;
            break;
        case 'N':
        case 'X':
        case 'M':
        case '?':
        case '_':
        case 'x':
        case 'h':
            /* "At Ns", "At XX:XX": what a template had there. */
            if (p - text.p >= 3 && (starts_with(p - 3, end, "At ") ||
                                    starts_with(p - 3, end, "at ") ||
                                    starts_with(p - 3, end, "om ")))
                return true;
            break;
        default:
            if (*p >= '0' && *p <= '9')
                return true;
            break;
        }
    }
    return false;
}

const char *time_text_name(const struct time_text *t)
{
    return t->key == ATTRIBUTE_NONE ? "caption" : attribute_keys[t->key];
}

/* --- marks ------------------------------------------------------------------- */

/* The word in front of a byte, or what an anchor begins with. */
static struct str word_before(struct str text, size_t at)
{
    size_t end = at, from;

    while (end > 0 && (text.p[end - 1] == ' ' || text.p[end - 1] == ','))
        end--;
    from = end;
    while (from > 0 && text.p[from - 1] >= 'a' && text.p[from - 1] <= 'z')
        from--;
    return (struct str){text.p + from, end - from};
}

static bool is_one_of(struct str word, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (str_is(word, list[i]))
            return true;
    }
    return false;
}

#define ONE_OF(word, list)                                                     \
 is_one_of((word), (list), sizeof(list) / sizeof *(list))

/* "until 12s" and "the cup seen at 3s" say nothing about when what is told
 * here happens. */
static bool is_aside(const struct text *t, const struct text_anchor *a)
{
    static const char *const until[] = {"until", "till",  "by",   "before",
                                        "since", "after", "past", "through"};
    static const char *const back[] = {
        "seen",      "earlier", "previously", "as",    "introduced", "shown",
        "mentioned", "heard",   "was",        "were",  "that",       "appeared",
        "used",      "same",    "one",        "since",
    };
    struct str word = {t->text.p + a->at.at, 0};

    if (a->whole)
        return true;
    while (word.n < a->at.n && word.p[word.n] >= 'a' && word.p[word.n] <= 'z')
        word.n++;
    if (ONE_OF(word, until))
        return true;
    return !a->leads && ONE_OF(word_before(t->text, a->at.at), back);
}

static struct time_mark mark_of_anchor(const struct text *t,
                                       const struct text_anchor *a)
{
    return (struct time_mark){.at = a->at,
                              .anchor = a,
                              .start = a->start,
                              .end = a->end,
                              .guess = NAN,
                              .now = a->start,
                              .until = a->end,
                              .aside = is_aside(t, a),
                              .claim = -1};
}

static struct time_mark mark_of_odd(const struct time_odd *o)
{
    return (struct time_mark){.at = o->at,
                              .start = NAN,
                              .end = NAN,
                              .guess = o->guess,
                              .now = NAN,
                              .until = NAN,
                              .aside = true,
                              .claim = -1,
                              .faults = FAULT_MALFORMED};
}

/* Anchors and what cannot be read, in the order of the text. */
static void merge_marks(struct arena *a, struct time_text *t)
{
    struct time_odd *odd = NULL;
    size_t n_odd = time_find_odd(a, t->text, &odd);
    size_t i = 0, k = 0;

    t->marks = arena_array(a, t->text->n_anchors + n_odd, sizeof *t->marks);
    while (i < t->text->n_anchors || k < n_odd) {
        const struct text_anchor *next = &t->text->anchors[i];

        if (k == n_odd ||
            (i < t->text->n_anchors && next->at.at <= odd[k].at.at)) {
            t->marks[t->n_marks++] = mark_of_anchor(t->text, next);
            i++;
        } else {
            t->marks[t->n_marks++] = mark_of_odd(&odd[k++]);
        }
    }
}

/* Which mark gives the time of each claim: its own, or the last one before it
 * that has a place in the order of events. */
static void assign_claims(struct arena *a, struct time_text *t)
{
    const struct text *text = t->text;
    size_t *own = arena_array(a, text->n_anchors, sizeof *own);
    size_t next = 0, last = SIZE_MAX;

    for (size_t i = 0; i < t->n_marks; i++) {
        if (t->marks[i].anchor)
            own[t->marks[i].anchor - text->anchors] = i;
    }
    t->mark_of = arena_array(a, text->n_claims, sizeof *t->mark_of);
    for (size_t j = 0; j < text->n_claims; j++) {
        const struct text_claim *c = &text->claims[j];

        for (; next < t->n_marks && t->marks[next].at.at < c->at.at; next++) {
            if (!t->marks[next].aside)
                last = next;
        }
        t->mark_of[j] = isnan(c->start) ? SIZE_MAX : last;
        if (c->anchor < 0)
            continue;
        t->mark_of[j] = own[c->anchor];
        if (t->marks[t->mark_of[j]].claim < 0)
            t->marks[t->mark_of[j]].claim = (ptrdiff_t)j;
    }
}

static double step_of(const struct time_text *t)
{
    double step = 1;

    for (size_t i = 0; i < t->n_marks && step > 0.011; i++) {
        double times[2] = {t->marks[i].start, t->marks[i].end};

        for (int k = 0; k < 2; k++) {
            while (step > 0.011 && !isnan(times[k]) &&
                   fabs(times[k] / step - round(times[k] / step)) > 1e-6)
                step /= 10;
        }
    }
    return step > 0.5 ? 1 : step > 0.05 ? 0.1 : 0.01;
}

static void add_text(struct time_check *c, enum attribute key,
                     struct json *holder, struct str text)
{
    struct time_text *t = &c->texts[c->n_texts];

    if (text.n == 0 || !time_may_have(text))
        return;
    *t = (struct time_text){.key = key, .holder = holder};
    t->text =
        text_known_analyse(c->known, text, key, TEXT_FACTS | TEXT_CONTENT);
    merge_marks(c->work, t);
    if (t->n_marks == 0)
        return;
    assign_claims(c->work, t);
    t->step = step_of(t);
    t->clock = (struct time_fit){.cause = TIME_UNKNOWN, .rate = 1};
    t->leader = c->n_texts++;
    c->anchors += t->n_marks;
}

void time_read_texts(struct time_check *c)
{
    struct str caption = record_caption(c->record), texts[ATTRIBUTES];
    size_t bytes = caption.n;

    for (int k = 0; k < ATTRIBUTES; k++) {
        texts[k] = record_attribute_text(c->record, (enum attribute)k);
        bytes += texts[k].n;
    }
    c->n_texts = 0;
    c->anchors = 0;
    c->known = text_known_new(c->rules, c->work, bytes);
    for (int k = 0; k < ATTRIBUTES; k++)
        add_text(c, (enum attribute)k,
                 record_attribute(c->record, (enum attribute)k), texts[k]);
    add_text(c, ATTRIBUTE_NONE, c->record, caption);
}

/* --- small things ------------------------------------------------------------ */

double time_gap(double a, double a_end, double b, double b_end)
{
    return a > b_end ? a - b_end : b > a_end ? b - a_end : 0;
}

double time_round(const struct time_check *c, const struct time_text *t,
                  double seconds)
{
    double rounded = round(fmax(seconds, 0) / t->step) * t->step;

    /* Hundredths, cut: what is written must not lie behind the end. */
    if (rounded > c->duration)
        rounded = floor(c->duration * 100 + 1e-6) / 100;
    return round(rounded * 100) / 100;
}
