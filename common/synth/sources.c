/*
 * Imperfect observers: what several people who were not quite attentive would
 * write of a clip. What one gets wrong has nothing to do with what another gets
 * wrong, so that a vote among them can help.
 */
#include "asid/base/hash.h"
#include "say_int.h"

enum {
    LEFT_OUT = 25, /* percent of the facts */
    WRONG = 10,
    LATE = 25, /* of those with a time */
    LATE_MOST = 3,
    LATE_ERROR = 3, /* seconds that are more than a little late */
    MADE_UP = 40,   /* percent of the observers that make something up */
    TRIES = 12,
};

/* What observers get wrong, and what asid-synth --mutate calls it: it has one
 * class for what something is, and one for what somebody does. */
static const struct {
    enum synth_fault fault;
    const char *class;
} mistakes[] = {
    {SYNTH_FAULT_COLOUR, "colour"},   {SYNTH_FAULT_COUNT, "count"},
    {SYNTH_FAULT_OBJECT, "object"},   {SYNTH_FAULT_PLACE, "object"},
    {SYNTH_FAULT_LIGHT, "object"},    {SYNTH_FAULT_WEATHER, "object"},
    {SYNTH_FAULT_MUSIC, "object"},    {SYNTH_FAULT_ACTION, "action"},
    {SYNTH_FAULT_MOOD, "action"},     {SYNTH_FAULT_CAMERA, "action"},
    {SYNTH_FAULT_ORDER, "order"},     {SYNTH_FAULT_SIDE, "left_right"},
    {SYNTH_FAULT_TIME, "time_shift"}, {SYNTH_FAULT_WORDS, "quote_words"},
    {SYNTH_FAULT_SPEAKER, "speaker"}, {SYNTH_FAULT_NEGATION, "negation"},
};

struct observer {
    const struct synth_world *w;
    struct synth_random r;
    struct arena *a;
    const char *name;
    struct synth_fact facts[SYNTH_FACTS_MAX];
    size_t n;
    struct json *planted;
};

static bool chance(struct observer *o, int percent)
{
    return synth_random_below(&o->r, 100) < percent;
}

/* As the source has it, with the time only where that is what is wrong. */
static struct json *sentence(struct observer *o, const struct synth_fact *f,
                             bool timed)
{
    return json_new_str(
        o->a, synth_fact_sentence(o->a, f, synth_fact_wording(f, 0), !timed));
}

/* claim: its place among the true claims of its attribute, or -1. */
static void note(struct observer *o, const char *class,
                 const struct synth_fact *was, const struct synth_fact *now,
                 int claim)
{
    struct arena *a = o->a;
    struct json *entry = json_new_object(a);
    bool timed = strcmp(class, "time_shift") == 0;
    enum attribute key = synth_fact_attribute(was ? was : now);

    json_set_text(a, entry, "class", class);
    json_set_text(a, entry, "attribute", attribute_keys[key]);
    json_set(a, entry, "claim",
             claim < 0 ? json_new_null(a) : json_new_i64(a, claim));
    json_set(a, entry, "was",
             was ? sentence(o, was, timed) : json_new_text(a, ""));
    json_set(a, entry, "now", sentence(o, now, timed));
    json_set_text(a, entry, "source", o->name);
    json_append(o->planted, entry);
}

static bool mistake(struct observer *o, const struct synth_fact *fact,
                    struct synth_fact *f, int claim)
{
    for (int i = 0; i < TRIES; i++) {
        int k = synth_random_below(&o->r,
                                   (int)(sizeof mistakes / sizeof *mistakes));

        /* Everything can be denied; other mistakes are rarer. */
        if (mistakes[k].fault == SYNTH_FAULT_NEGATION && !chance(o, 30))
            continue;
        if (!synth_fact_spoil(o->w, mistakes[k].fault, synth_random_next(&o->r),
                              f))
            continue;
        note(o, mistakes[k].class, fact, f, claim);
        return true;
    }
    return false;
}

static void be_late(struct observer *o, const struct synth_fact *fact,
                    struct synth_fact *f, int claim)
{
    int by = 1 + synth_random_below(&o->r, LATE_MOST);

    /* What was there from the beginning is not noticed late. */
    if (isnan(f->start) || f->about == SYNTH_SAY_MOOD ||
        f->start + by > o->w->seconds - 1)
        return;
    f->start += by;
    f->end += by;
    if (by >= LATE_ERROR)
        note(o, "time_shift", fact, f, claim);
}

/* By attribute, in it what has no time first, then in the order of time. */
static bool comes_before(const struct synth_fact *a, const struct synth_fact *b)
{
    enum attribute x = synth_fact_attribute(a), y = synth_fact_attribute(b);

    if (x != y)
        return x < y;
    if (isnan(a->start) || isnan(b->start))
        return isnan(a->start) && !isnan(b->start);
    return a->start < b->start;
}

static void sort(struct observer *o)
{
    for (size_t i = 1; i < o->n; i++) {
        struct synth_fact f = o->facts[i];
        size_t k = i;

        for (; k > 0 && comes_before(&f, &o->facts[k - 1]); k--)
            o->facts[k] = o->facts[k - 1];
        o->facts[k] = f;
    }
}

static void observe(struct observer *o, const struct synth_fact *facts,
                    size_t n)
{
    int place[ATTRIBUTES] = {0};
    struct synth_fact f;

    for (size_t i = 0; i < n; i++) {
        int claim = place[synth_fact_attribute(&facts[i])]++;

        f = facts[i];
        if (chance(o, LEFT_OUT))
            continue;
        if (!(chance(o, WRONG) && mistake(o, &facts[i], &f, claim)) &&
            chance(o, LATE))
            be_late(o, &facts[i], &f, claim);
        o->facts[o->n++] = f;
    }
    f = facts[0];
    if (chance(o, MADE_UP) && o->n < SYNTH_FACTS_MAX &&
        synth_fact_spoil(o->w, SYNTH_FAULT_ADDITION, synth_random_next(&o->r),
                         &f)) {
        note(o, "addition", NULL, &f, -1);
        o->facts[o->n++] = f;
    }
    sort(o);
}

static struct json *texts_of(const struct synth_telling *t)
{
    struct json *texts = json_new_object(t->arena);

    for (int k = 0; k < ATTRIBUTES; k++) {
        size_t used[SYNTH_FACTS_MAX], n;
        struct str paragraph = synth_paragraph(t, (enum attribute)k, used, &n);

        if (n)
            json_set(t->arena, texts, attribute_keys[k],
                     json_new_str(t->arena, paragraph));
    }
    return texts;
}

/* The first writes a caption as an audiovisual captioner does, the second the
 * attributes one by one, and so on in turn. */
static enum asid_rc write_source(const struct observer *o, bool caption,
                                 const struct text_rules *rules,
                                 struct json *sources, struct asid_err *err)
{
    const struct synth_telling t = {rules, o->a, 0, o->facts, o->n};
    struct json *source = json_new_object(o->a), *texts = texts_of(&t);
    struct str text;

    json_set_text(o->a, source, "name", o->name);
    if (caption && json_count(texts)) {
        TRY(synth_caption(&t, texts, &text, err));
        json_set(o->a, source, "caption", json_new_str(o->a, text));
    } else if (!caption) {
        json_set(o->a, source, "attributes", texts);
    }
    json_append(sources, source);
    return ASID_OK;
}

/* "a" to "z", then "a1", ... */
static const char *name_of(struct arena *a, size_t i)
{
    if (i < 26)
        return arena_printf(a, "%c", (char)('a' + i));
    return arena_printf(a, "%c%zu", (char)('a' + i % 26), i / 26);
}

enum asid_rc synth_sources(const struct synth_world *world,
                           const struct synth_sound *sound, size_t n,
                           const struct text_rules *rules, struct arena *a,
                           struct json *record, struct asid_err *err)
{
    struct synth_fact facts[SYNTH_FACTS_MAX];
    size_t n_facts = synth_facts(world, sound, facts);
    struct json *sources = json_new_array(a), *planted = json_new_array(a);

    for (size_t i = 0; i < n; i++) {
        struct observer *o = arena_alloc(a, sizeof *o);
        const char *key = arena_printf(a, "observer %zu of %llu", i,
                                       (unsigned long long)world->seed);

        o->w = world;
        o->r.counter = hash_u64(str_of(key));
        o->a = a;
        o->name = name_of(a, i);
        o->planted = planted;
        observe(o, facts, n_facts);
        TRY(write_source(o, i % 2 == 0, rules, sources, err));
    }
    json_set(a, record, "sources", sources);
    json_set(a, record, "planted", planted);
    return ASID_OK;
}
