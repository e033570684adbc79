/* Errors planted in a record: which claim, and what changes with it. */
#include "asid/curate/record.h"
#include "asid/curate/repair.h"

#include <math.h>
#include <string.h>

#include "asid/base/hash.h"
#include "mutate_int.h"

const char *const mutate_names[MUTATE_CLASSES] = {
    [MUTATE_COLOUR] = "colour",
    [MUTATE_COUNT] = "count",
    [MUTATE_OBJECT] = "object",
    [MUTATE_ACTION] = "action",
    [MUTATE_ORDER] = "order",
    [MUTATE_SIDE] = "left_right",
    [MUTATE_NEGATION] = "negation",
    [MUTATE_SPEAKER] = "speaker",
    [MUTATE_WORDS] = "quote_words",
    [MUTATE_TIME] = "time_shift",
    [MUTATE_DELETION] = "deletion",
    [MUTATE_ADDITION] = "addition",
    [MUTATE_CONTRADICTION] = "contradiction",
};

enum { CLAIMS_MOST = 512, SHIFT_LEAST = 3, SHIFTS = 4 };

/* A claim that may be touched. */
struct target {
    enum attribute key;
    struct json *claim;
    bool touched;
};

struct planting {
    struct mutating m;
    struct target targets[CLAIMS_MOST];
    size_t n;
    struct json *planted;
};

/* --- what the record says ------------------------------------------------- */

/* In lower case, with one blank for whatever is no letter. */
static void add_words(struct buf *b, struct str text)
{
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];

        if (c >= 'A' && c <= 'Z')
            buf_char(b, (char)(c - 'A' + 'a'));
        else
            buf_char(b, (c >= 'a' && c <= 'z') || (unsigned char)c >= 0x80
                            ? c
                            : ' ');
    }
    buf_char(b, ' ');
}

static struct str words_of(const struct json *record, struct arena *a)
{
    struct str words;
    struct buf b;

    buf_init(&b, (size_t)1 << 28);
    buf_char(&b, ' ');
    for (int k = 0; k < ATTRIBUTES; k++)
        add_words(&b, record_attribute_text(record, (enum attribute)k));
    add_words(&b, record_caption(record));
    words = str_of(arena_strndup(a, b.p, b.n));
    buf_release(&b);
    return words;
}

/* A text that can be worked on: without U+0000. */
static bool is_sound(const struct json *text)
{
    return text && json_type(text) == JSON_STRING && json_str(text).n > 0 &&
           !memchr(json_str(text).p, 0, json_str(text).n);
}

static void collect(struct planting *p)
{
    for (int k = 0; k < ATTRIBUTES; k++)
        json_each(claim,
                  json_get(record_attribute(p->m.record, (enum attribute)k),
                           "claims"))
            if (p->n < CLAIMS_MOST && is_sound(json_get(claim, "text")))
                p->targets[p->n++] =
                    (struct target){(enum attribute)k, claim, false};
}

/* --- changing it ---------------------------------------------------------- */

static void set_text(struct planting *p, struct json *object, const char *key,
                     struct str text)
{
    json_set(p->m.arena, object, key, json_new_str(p->m.arena, text));
}

/* The repairs in the attribute's text and in the caption; false when the text
 * did not have what they are about, and nothing is changed. */
static bool apply(struct planting *p, enum attribute key,
                  const struct repair *repairs, size_t n)
{
    struct arena *a = p->m.arena;
    struct json *attribute = record_attribute(p->m.record, key);
    struct str was = record_attribute_text(p->m.record, key), now;
    struct str caption = record_caption(p->m.record);
    struct repair *list = arena_array(a, n, sizeof *list);

    memcpy(list, repairs, n * sizeof *list);
    now = repair_text(p->m.rules, a, was, key, list, n);
    for (size_t i = 0; i < n; i++)
        if (!list[i].done)
            return false;
    set_text(p, attribute, "text", now);
    if (caption.n > 0) {
        memcpy(list, repairs, n * sizeof *list);
        set_text(p, p->m.record, "caption",
                 repair_text(p->m.rules, a, caption, ATTRIBUTE_NONE, list, n));
    }
    return true;
}

static void note(struct planting *p, enum mutate_class class,
                 enum attribute key, struct str claim, struct str was,
                 struct str now)
{
    struct arena *a = p->m.arena;
    struct json *o = json_new_object(a);

    json_set_text(a, o, "class", mutate_names[class]);
    json_set_text(a, o, "attribute", attribute_keys[key]);
    set_text(p, o, "claim", claim);
    set_text(p, o, "was", was);
    set_text(p, o, "now", now);
    json_append(p->planted, o);
}

static struct str claim_text(const struct json *claim)
{
    return json_str(json_get(claim, "text"));
}

static struct repair repair_of(enum repair_kind kind, struct str was,
                               struct str now, double start, double end)
{
    return (struct repair){kind, was, now, start, end, false};
}

/* --- one error of a class, in one claim ----------------------------------- */

static bool plant_words(struct planting *p, enum mutate_class class,
                        struct target *t)
{
    struct str was = claim_text(t->claim);
    struct str now = mutate_sentence(&p->m, class, was);
    struct repair r = repair_of(REPAIR_REPLACE, was, now, NAN, NAN);

    if (now.n == 0 || str_eq(was, now) || !apply(p, t->key, &r, 1))
        return false;
    set_text(p, t->claim, "text", now);
    note(p, class, t->key, now, was, now);
    return true;
}

/* How far times may go: the clip's length, or where the last claim ends. */
static double last_second(const struct planting *p)
{
    double most = record_duration(p->m.record), start, end, last = 0;

    if (!isnan(most))
        return most;
    for (size_t i = 0; i < p->n; i++) {
        claim_times(p->targets[i].claim, &start, &end);
        last = fmax(last, fmax(isnan(start) ? 0 : start, isnan(end) ? 0 : end));
    }
    return last;
}

static bool plant_time(struct planting *p, struct target *t)
{
    struct str text = claim_text(t->claim);
    double start, end, most = last_second(p);
    double by = SHIFT_LEAST + synth_random_below(&p->m.random, SHIFTS);
    struct repair r[2];

    claim_times(t->claim, &start, &end);
    if (isnan(start))
        return false;
    if (isnan(end))
        end = start;
    if (start - by >= 0 &&
        (synth_random_below(&p->m.random, 2) || end + by > most))
        by = -by;
    if (by > 0 && end + by > most)
        return false;
    r[0] = repair_of(REPAIR_REMOVE, text, STR(""), NAN, NAN);
    r[1] = repair_of(REPAIR_ADD, STR(""), text, start + by, start + by);
    if (!apply(p, t->key, r, 2))
        return false;
    json_set_f64(p->m.arena, t->claim, "start", start + by);
    json_set_f64(p->m.arena, t->claim, "end", end + by);
    note(p, MUTATE_TIME, t->key, text,
         text_anchor_format(p->m.arena, start, start),
         text_anchor_format(p->m.arena, start + by, start + by));
    return true;
}

static bool plant_deletion(struct planting *p, struct target *t)
{
    struct str was = claim_text(t->claim);
    struct repair r = repair_of(REPAIR_REMOVE, was, STR(""), NAN, NAN);

    if (!apply(p, t->key, &r, 1))
        return false;
    json_unlink(t->claim);
    note(p, MUTATE_DELETION, t->key, was, was, STR(""));
    return true;
}

/* Another sentence in an attribute that has some. */
static bool add_sentence(struct planting *p, enum mutate_class class,
                         enum attribute key, struct str now, struct str was)
{
    struct repair r = repair_of(REPAIR_ADD, STR(""), now, NAN, NAN);
    struct json *claims =
        json_get(record_attribute(p->m.record, key), "claims");

    if (now.n == 0 || !claims || !apply(p, key, &r, 1))
        return false;
    json_append(claims, claim_new(p->m.arena, now, NAN, NAN));
    note(p, class, key, now, was, now);
    return true;
}

static bool plant_addition(struct planting *p, struct target *t)
{
    return add_sentence(p, MUTATE_ADDITION, t->key, mutate_addition(&p->m),
                        STR(""));
}

/* The copy of a claim, with another colour, number or side, in the narrative. */
static bool plant_contradiction(struct planting *p, struct target *t)
{
    static const enum mutate_class ways[] = {MUTATE_COLOUR, MUTATE_COUNT,
                                             MUTATE_SIDE};
    struct str was = claim_text(t->claim);

    if (t->key == ATTRIBUTE_NARRATIVE_ELEMENTS)
        return false;
    for (size_t i = 0; i < 3; i++) {
        struct str now = mutate_sentence(&p->m, ways[i], was);

        if (now.n > 0)
            return add_sentence(p, MUTATE_CONTRADICTION,
                                ATTRIBUTE_NARRATIVE_ELEMENTS, now, was);
    }
    return false;
}

static bool plant_in(struct planting *p, enum mutate_class class,
                     struct target *t)
{
    if (class == MUTATE_TIME)
        return plant_time(p, t);
    if (class == MUTATE_DELETION)
        return plant_deletion(p, t);
    if (class == MUTATE_ADDITION)
        return plant_addition(p, t);
    if (class == MUTATE_CONTRADICTION)
        return plant_contradiction(p, t);
    return plant_words(p, class, t);
}

/* --- a record ------------------------------------------------------------- */

static bool plant(struct planting *p, enum mutate_class class)
{
    size_t first =
        p->n ? (size_t)synth_random_below(&p->m.random, (int)p->n) : 0;

    for (size_t i = 0; i < p->n; i++) {
        struct target *t = &p->targets[(first + i) % p->n];

        if (t->touched || !plant_in(p, class, t))
            continue;
        p->m.words = words_of(p->m.record, p->m.arena);
        /* What was copied or stands beside an addition is true as before. */
        t->touched = class != MUTATE_ADDITION;
        return true;
    }
    return false;
}

/* The classes that are wanted, in an order by chance. */
static size_t order_of(struct planting *p, unsigned wanted,
                       enum mutate_class order[MUTATE_CLASSES])
{
    size_t n = 0;

    for (int c = 0; c < MUTATE_CLASSES; c++)
        if (wanted >> c & 1)
            order[n++] = (enum mutate_class)c;
    for (size_t i = n; i > 1; i--) {
        size_t k = (size_t)synth_random_below(&p->m.random, (int)i);
        enum mutate_class was = order[i - 1];

        order[i - 1] = order[k];
        order[k] = was;
    }
    return n;
}

size_t mutate_record(const struct text_rules *rules,
                     const struct mutate_settings *settings, struct arena *a,
                     struct json *record)
{
    struct planting *p = arena_alloc(a, sizeof *p);
    const char *id = json_text(json_get(record, "id"));
    const char *key = arena_printf(
        a, "mutate %llu %s", (unsigned long long)settings->seed, id ? id : "");
    enum mutate_class order[MUTATE_CLASSES];
    size_t n, planted = 0;

    *p = (struct planting){
        .m = {rules, a, record, words_of(record, a), {hash_u64(str_of(key))}},
        .planted = json_new_array(a)};
    collect(p);
    n = order_of(p, settings->classes, order);
    for (size_t round = 0; planted < settings->per_record; round++) {
        size_t before = planted;

        for (size_t i = 0; i < n && planted < settings->per_record; i++)
            planted += plant(p, order[i]);
        if (planted == before)
            break;
    }
    if (planted > 0)
        json_set(a, record, "planted", p->planted);
    return planted;
}
