/*
 * make_training_set: synthetic clips with questions and their true answers, for
 * training a small model (docs/DEMO_MODEL.md).
 *
 *   make_training_set --seed S --first I --count N --output FILE [--no-sound]
 *   make_training_set --texts N --seed S [--first I] [--no-sound]
 *   make_training_set --pictures ...   as the first, without samples and rows
 *
 * FILE is a stream of clips, numbers little-endian: "ASTR", then as u32 seconds,
 * frames, height, width, samples (0: no sound), bytes of JSON; then the frames
 * as the reader of asid would take them at 2 frames a second from a clip of
 * SYNTH_FPS (RGB, 8 bits), the samples (int16), and the JSON: {"id", "seed",
 * "world": [place, light, weather], "looks": [what is where in a pair of frames],
 * "hears": what is heard when (of clips with sound), "rows": [{"kind",
 * "attribute", "prompt", "answer", "class"}]}. Clip i is that of asid-synth
 * --seed S; seed 0, its default, is refused. The same call gives the same bytes;
 * parts of a set can be made by several processes.
 *
 * --texts prints prompts and answers of N clips instead, one text a line, line
 * breaks as blanks: for training a tokenizer.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "asid/ask/prompts.h"
#include "asid/base/hash.h"
#include "asid/base/num.h"
#include "asid/curate/record.h"
#include "asid/curate/verify.h"
#include "asid/data/schema.h"
#include "asid/omni/omni.h"
#include "asid/synth/mutate.h"
#include "asid/synth/say.h"

enum {
    CLAIMS = 16,    /* questions of each answer */
    DENIALS = 1,    /* of the true ones, that something is not so */
    TRIES = 64,     /* to find a false one */
    SHIFT_MOST = 1, /* seconds that a true time is off */
    PLANTED = 7,    /* errors of asid-synth --mutate */
};

/* What a question says of the time of a claim. */
enum timing { TIMELESS, BEGINNING, RANGE };

struct options {
    uint64_t seed, first, count;
    const char *output;
    bool no_sound, texts, pictures;
};

struct maker {
    const struct options *o;
    const struct text_rules *rules;
    const struct prompts *prompts;
    const struct json *sets;
    FILE *out;
    struct arena arena; /* of one clip */
    struct asid_err *err;
};

/* One clip under way. */
struct clip {
    struct maker *m;
    struct synth_world world;
    struct synth_sound sound;
    struct synth_fact facts[SYNTH_FACTS_MAX];
    size_t n_facts;
    struct json *record; /* the truth */
    struct json *rows;
    uint64_t *frames; /* which of the film are taken */
    size_t n_frames;
    char key[HASH_HEX]; /* in the place of the hash of its file */
    uint64_t counter;
};

/* A number from 0 to n - 1, another one each time. */
static uint64_t draw(struct clip *c, uint64_t n)
{
    const char *key = arena_printf(&c->m->arena, "%llu %llu",
                                   (unsigned long long)c->world.seed,
                                   (unsigned long long)c->counter++);

    return hash_u64(str_of(key)) % n;
}

/* --- rows ----------------------------------------------------------------- */

static void add_row(struct clip *c, const char *kind, const char *attribute,
                    struct str prompt, struct str answer, const char *class)
{
    struct arena *a = &c->m->arena;
    struct json *row = json_new_object(a);

    json_set_text(a, row, "kind", kind);
    json_set_text(a, row, "attribute", attribute ? attribute : "");
    json_set(a, row, "prompt", json_new_str(a, prompt));
    json_set(a, row, "answer", json_new_str(a, answer));
    if (class)
        json_set_text(a, row, "class", class);
    json_append(c->rows, row);
}

/* One row for each wording of a prompt set. */
static enum asid_rc add_rows(struct clip *c, const char *kind, const char *set,
                             const char *attribute, struct str answer)
{
    json_each(wording, json_get(c->m->sets, set)) {
        const struct prompt_request request = {
            .set = set,
            .override = json_text(wording),
            .attributes = &attribute,
            .n_attributes = attribute != NULL,
            .id = "",
        };
        struct str prompt;

        TRY(prompt_text(c->m->prompts, &c->m->arena, &request, &prompt,
                        c->m->err));
        add_row(c, kind, attribute, prompt, answer, NULL);
    }
    return ASID_OK;
}

/* A question about a claim, put as asid-verify and asid-refine put it. */
static void ask(struct clip *c, const char *kind, const char *set,
                struct str key, const char *attribute, struct str claim,
                struct str answer, const char *class)
{
    struct arena *a = &c->m->arena;
    struct verify_question q = {{"", 0}, {"", 0}};
    struct str wording = json_str(json_at(json_get(c->m->sets, set), 0));
    const char *prompt;

    BUG_IF(
        !verify_question(a, wording, key, claim, (double)NAN, (double)NAN, &q));
    prompt = arena_printf(a, "%.*s%.*s", (int)q.stem.n, q.stem.p,
                          (int)q.prompt.n, q.prompt.p);
    add_row(c, kind, attribute, str_of(prompt), answer, class);
}

static enum asid_rc add_attributes(struct clip *c)
{
    for (int k = 0; k < ATTRIBUTES; k++) {
        const char *key = attribute_keys[k];
        struct str text = record_attribute_text(c->record, (enum attribute)k);

        if (text.n == 0)
            text = STR("none");
        TRY(add_rows(c, "single", "single-attribute", key, text));
        TRY(add_rows(c, "account", "verify-account", key, text));
    }
    return ASID_OK;
}

/* --- captions ------------------------------------------------------------- */

/* What a short caption tells. */
static bool is_main(const struct synth_fact *f)
{
    static const bool main_ones[SYNTH_SAYS] = {
        [SYNTH_SAY_PLACE] = true,     [SYNTH_SAY_LIGHT] = true,
        [SYNTH_SAY_CHARACTER] = true, [SYNTH_SAY_OBJECTS] = true,
        [SYNTH_SAY_ACT] = true,       [SYNTH_SAY_LINE] = true,
        [SYNTH_SAY_CAMERA] = true,    [SYNTH_SAY_CHANGE] = true,
    };

    return main_ones[f->about];
}

static enum asid_rc add_captions(struct clip *c)
{
    struct synth_fact main_ones[SYNTH_FACTS_MAX];
    struct str text;
    size_t n = 0;

    for (size_t i = 0; i < c->n_facts; i++)
        if (is_main(&c->facts[i]))
            main_ones[n++] = c->facts[i];
    TRY(synth_facts_caption(main_ones, n, 0, c->m->rules, &c->m->arena, &text,
                            c->m->err));
    TRY(add_rows(c, "all-short", "all-attributes", NULL, text));
    return add_rows(c, "all", "all-attributes", NULL,
                    record_caption(c->record));
}

/* --- claims --------------------------------------------------------------- */

static const char *key_of(const struct synth_fact *f)
{
    return attribute_keys[synth_fact_attribute(f)];
}

/* As asid-verify puts it: the claims of captions tell when something begins,
 * those of true records when it ends, too. */
static struct str timed_claim(struct clip *c, struct str claim, double start,
                              double end, enum timing timing)
{
    if (timing == TIMELESS)
        start = end = (double)NAN;
    return verify_statement(c->m->rules, &c->m->arena, claim, start,
                            timing == RANGE ? end : start);
}

static enum timing any_timing(struct clip *c)
{
    static const enum timing ways[] = {BEGINNING, BEGINNING, RANGE, RANGE,
                                       TIMELESS};

    return ways[draw(c, sizeof ways / sizeof ways[0])];
}

/* The sentence as a claim, in any wording. */
static struct str claim_of(struct clip *c, const struct synth_fact *f,
                           enum timing timing)
{
    struct str claim = synth_fact_sentence(
        &c->m->arena, f, (unsigned)draw(c, SYNTH_WORDINGS), true);

    return timed_claim(c, claim, f->start, f->end, timing);
}

static bool is_asked(const struct clip *c, struct str claim)
{
    json_each(row, c->rows) {
        const struct json *seen = json_get(row, "claim");

        if (seen && str_eq(json_str(seen), claim))
            return true;
    }
    return false;
}

static bool add_claim(struct clip *c, const struct synth_fact *f,
                      struct str claim, const char *answer, const char *class)
{
    if (is_asked(c, claim))
        return false;
    ask(c, "claim", "verify-claim", str_of(c->key), key_of(f), claim,
        str_of(answer), class);
    json_set(&c->m->arena, json_at(c->rows, json_count(c->rows) - 1), "claim",
             json_new_str(&c->m->arena, claim));
    return true;
}

/* A true fact: as it is, or with a time that is nearly right. */
static bool add_true(struct clip *c, const struct synth_fact *fact)
{
    struct synth_fact f = *fact;
    enum timing timing = any_timing(c);

    if (timing == BEGINNING && !isnan(f.start) && f.about != SYNTH_SAY_MOOD) {
        f.start += (double)draw(c, 2 * SHIFT_MOST + 1) - SHIFT_MOST;
        if (f.start < 0 || !synth_fact_holds(&c->world, &f, SHIFT_MOST))
            f.start = fact->start;
    }
    return add_claim(c, &f, claim_of(c, &f, timing), "yes", "");
}

static enum synth_fault any_fault(struct clip *c)
{
    return (enum synth_fault)draw(c, SYNTH_FAULTS);
}

/* "The red cat does not spin." */
static bool add_denial(struct clip *c)
{
    struct synth_fact f = c->facts[draw(c, c->n_facts)];

    if (f.denied ||
        !synth_fact_spoil(&c->world, any_fault(c), draw(c, UINT64_MAX), &f) ||
        f.denied || !synth_fact_deniable(&f))
        return false;
    f.denied = true;
    f.start = f.end = (double)NAN;
    return synth_fact_holds(&c->world, &f, 0) &&
           add_claim(c, &f, claim_of(c, &f, TIMELESS), "yes", "");
}

/* What is true in the place of a false statement. */
static void add_repair(struct clip *c, const struct synth_fact *fact,
                       enum synth_fault fault, struct str claim)
{
    struct str answer = STR("none");

    if (fault != SYNTH_FAULT_ADDITION)
        answer = synth_fact_sentence(&c->m->arena, fact, 0, true);
    ask(c, "refine", "refine-claim", claim, key_of(fact), claim, answer,
        synth_fault_names[fault]);
}

/* The fact with that fault. */
static bool add_spoilt(struct clip *c, const struct synth_fact *fact,
                       enum synth_fault fault)
{
    struct synth_fact f = *fact;
    enum timing timing = any_timing(c);
    struct str claim;

    if (!synth_fact_spoil(&c->world, fault, draw(c, UINT64_MAX), &f))
        return false;
    if (fault == SYNTH_FAULT_TIME && timing == TIMELESS)
        timing = BEGINNING;
    /* A false act in the time of a true one. */
    if (fault != SYNTH_FAULT_TIME)
        f.start = fact->start, f.end = fact->end;
    claim = claim_of(c, &f, timing);
    if (!add_claim(c, &f, claim, "no", synth_fault_names[fault]))
        return false;
    if (fault != SYNTH_FAULT_TIME)
        add_repair(c, fact, fault, claim);
    return true;
}

/* A false one: of any fault that can be made of any fact. */
static bool add_false(struct clip *c)
{
    enum synth_fault fault = any_fault(c);
    size_t start = draw(c, c->n_facts);

    for (size_t i = 0; i < c->n_facts; i++)
        if (add_spoilt(c, &c->facts[(start + i) % c->n_facts], fault))
            return true;
    return false;
}

/* The claim of the record that was planted, or NULL. */
static const struct json *planted_claim(const struct json *record,
                                        const struct json *plant)
{
    const struct json *attribute =
        json_get(json_get(record, "attributes"),
                 json_text(json_get(plant, "attribute")));

    json_each(claim, json_get(attribute, "claims"))
        if (str_eq(json_str(json_get(claim, "text")),
                   json_str(json_get(plant, "claim"))))
            return claim;
    return NULL;
}

/* Errors as asid-synth --mutate plants them, words of no synthetic world among
 * them. */
static size_t add_planted(struct clip *c)
{
    struct arena *a = &c->m->arena;
    struct json *record = json_copy(a, c->record);
    const struct mutate_settings settings = {
        .seed = c->world.seed,
        .classes = ((1u << MUTATE_CLASSES) - 1) & ~(1u << MUTATE_DELETION),
        .per_record = PLANTED,
    };
    size_t n = 0;

    json_set_text(a, record, "id", c->key);
    mutate_record(c->m->rules, &settings, a, record);
    json_each(plant, json_get(record, "planted")) {
        const char *class = json_text(json_get(plant, "class"));
        const struct json *claim = planted_claim(record, plant);
        struct synth_fact f = {.about = SYNTH_SAY_PLACE};
        enum timing timing = any_timing(c);
        double start, end;

        if (!claim)
            continue;
        if (timing == TIMELESS && strcmp(class, "time_shift") == 0)
            timing = BEGINNING;
        claim_times(claim, &start, &end);
        n += add_claim(c, &f,
                       timed_claim(c, json_str(json_get(claim, "text")), start,
                                   end, timing),
                       "no", arena_printf(a, "planted %s", class));
    }
    return n;
}

/* Most clips have no bell: without more that say so where there is one, "No
 * bell rings" would nearly always be true. */
static size_t add_bell(struct clip *c)
{
    for (size_t i = 0; i < c->n_facts; i++)
        if (c->facts[i].about == SYNTH_SAY_BELL && !c->facts[i].denied)
            return add_spoilt(c, &c->facts[i], SYNTH_FAULT_NEGATION);
    return 0;
}

static void shuffle(struct clip *c, size_t *order, size_t n)
{
    for (size_t i = 0; i < n; i++)
        order[i] = i;
    for (size_t i = n; i > 1; i--) {
        size_t k = draw(c, i), was = order[i - 1];

        order[i - 1] = order[k];
        order[k] = was;
    }
}

static void add_claims(struct clip *c)
{
    size_t order[SYNTH_FACTS_MAX], n = 0;

    for (int i = 0; n < DENIALS && i < TRIES; i++)
        n += add_denial(c);
    shuffle(c, order, c->n_facts);
    for (size_t i = 0; n < CLAIMS && i < c->n_facts; i++)
        n += add_true(c, &c->facts[order[i]]);
    for (size_t i = 0, wrong = add_bell(c) + add_planted(c);
         wrong < n && i < TRIES; i++)
        wrong += add_false(c);
    json_each(row, c->rows) {
        struct json *claim = json_get(row, "claim");

        if (claim)
            json_unlink(claim);
    }
}

/* --- a clip --------------------------------------------------------------- */

/* A world as it would be without a sound track. */
static void silence(struct synth_world *w)
{
    w->sound = false;
    w->n_lines = 0;
    w->music = SYNTH_NO_MUSIC;
    w->noise = SYNTH_NO_NOISE;
    w->bell_at = -1;
}

static enum asid_rc make_sound(struct clip *c)
{
    if (c->m->o->no_sound || c->m->o->texts || c->m->o->pictures)
        return ASID_OK;
    return synth_sound(&c->world, &c->m->arena, &c->sound, c->m->err);
}

static enum asid_rc make_rows(struct clip *c)
{
    struct arena *a = &c->m->arena;
    const struct synth_sound *sound = c->sound.samples ? &c->sound : NULL;

    c->record = json_new_object(a);
    TRY(synth_say(&c->world, sound, 0, c->m->rules, a, c->record, c->m->err));
    c->n_facts = synth_facts(&c->world, sound, c->facts);
    TRY(add_attributes(c));
    TRY(add_captions(c));
    add_claims(c);
    return ASID_OK;
}

static void put_u32(struct buf *b, uint64_t value)
{
    for (int i = 0; i < 4; i++)
        buf_char(b, (char)(value >> (8 * i)));
}

static enum asid_rc pick_frames(struct clip *c)
{
    uint64_t total = (uint64_t)c->world.seconds * SYNTH_FPS;

    TRY(omni_frame_count(total, SYNTH_FPS, &OMNI_BUDGET_DEFAULT, &c->n_frames,
                         c->m->err));
    c->frames = arena_array(&c->m->arena, c->n_frames, sizeof *c->frames);
    omni_frame_indexes(total, c->n_frames, c->frames);
    return ASID_OK;
}

static enum asid_rc put_frames(struct clip *c, struct buf *b)
{
    enum { BYTES = SYNTH_WIDTH * SYNTH_HEIGHT * 3 };

    for (size_t i = 0; i < c->n_frames; i++) {
        char *rgb = buf_room(b, BYTES);

        if (!rgb)
            return FAIL(c->m->err, "a clip is too large");
        synth_frame(&c->world, (double)c->frames[i] / SYNTH_FPS,
                    (uint8_t *)rgb);
        b->n += BYTES;
    }
    return ASID_OK;
}

static void put_number(struct arena *a, struct json *list, double value)
{
    json_append(list, json_new_f64(a, value));
}

static void put_spot(struct arena *a, struct json *list,
                     const struct synth_spot *spot)
{
    put_number(a, list, spot->x);
    put_number(a, list, spot->y);
}

/* What is seen in one pair of frames: [[x, y, kind, colour, size, mood, doing] of
 * actors], [[x, y, thing, colour, count] of things], and how the view moves. */
static struct json *look_of(struct clip *c, double first, double second)
{
    struct arena *a = &c->m->arena;
    const struct synth_world *w = &c->world;
    struct json *look = json_new_object(a), *actors = json_new_array(a);
    struct json *props = json_new_array(a), *view = json_new_array(a);
    struct synth_look before, after;

    synth_look(w, first, &before);
    synth_look(w, second, &after);
    for (int i = 0; i < w->n_actors; i++) {
        const struct synth_actor *is = &w->actors[i];
        struct json *one = json_new_array(a);

        if (!after.actors[i].spot.seen && !before.actors[i].spot.seen)
            continue;
        put_spot(a, one,
                 after.actors[i].spot.seen ? &after.actors[i].spot
                                           : &before.actors[i].spot);
        put_number(a, one, is->kind);
        put_number(a, one, is->colour);
        put_number(a, one, is->size);
        put_number(a, one, after.actors[i].mood);
        put_number(a, one, before.actors[i].doing | after.actors[i].doing);
        json_append(actors, one);
    }
    for (int i = 0; i < w->n_props; i++) {
        struct json *one = json_new_array(a);

        if (!after.props[i].seen)
            continue;
        put_spot(a, one, &after.props[i]);
        put_number(a, one, w->props[i].thing);
        put_number(a, one, w->props[i].colour);
        put_number(a, one, w->props[i].count);
        json_append(props, one);
    }
    put_number(a, view, after.x - before.x);
    put_number(a, view, after.scale - before.scale);
    put_number(a, view, after.scale);
    json_set(a, look, "actors", actors);
    json_set(a, look, "props", props);
    json_set(a, look, "view", view);
    return look;
}

static struct json *looks_of(struct clip *c)
{
    struct arena *a = &c->m->arena;
    struct json *looks = json_new_array(a);

    for (size_t i = 0; i + 1 < c->n_frames; i += 2)
        json_append(looks, look_of(c, (double)c->frames[i] / SYNTH_FPS,
                                   (double)c->frames[i + 1] / SYNTH_FPS));
    return looks;
}

/* [[word, start, end, voice]], and what else sounds; the second of the bell is -1
 * when none rings. */
static struct json *hears_of(struct clip *c)
{
    struct arena *a = &c->m->arena;
    const struct synth_world *w = &c->world;
    struct json *hears = json_new_object(a), *words = json_new_array(a);

    for (int i = 0; i < w->n_lines; i++) {
        const struct synth_line *l = &w->lines[i];

        for (size_t k = 0; k < l->n_words; k++) {
            struct json *one = json_new_array(a);

            json_append(one, json_new_str(a, str_of(l->words[k])));
            put_number(a, one, c->sound.words[i][k].start);
            put_number(a, one, c->sound.words[i][k].end);
            put_number(a, one, w->actors[l->actor].voice);
            json_append(words, one);
        }
    }
    json_set(a, hears, "words", words);
    json_set_f64(a, hears, "music", w->music);
    json_set_f64(a, hears, "noise", w->noise);
    json_set_f64(a, hears, "bell", w->bell_at);
    return hears;
}

static struct str json_of(struct clip *c)
{
    struct arena *a = &c->m->arena;
    struct json *clip = json_new_object(a), *world = json_new_array(a);
    unsigned long long seed = c->world.seed;
    struct str text;
    struct buf b;

    json_set_text(a, clip, "id", arena_printf(a, "synth-%llu", seed));
    json_set_text(a, clip, "seed", arena_printf(a, "%llu", seed));
    json_set(a, clip, "rows", c->rows);
    put_number(a, world, c->world.place);
    put_number(a, world, c->world.light);
    put_number(a, world, c->world.weather);
    json_set(a, clip, "world", world);
    json_set(a, clip, "looks", looks_of(c));
    if (c->sound.samples)
        json_set(a, clip, "hears", hears_of(c));
    buf_init(&b, (size_t)1 << 30);
    json_write(&b, clip);
    text = (struct str){arena_strndup(a, b.p, b.n), b.n};
    buf_release(&b);
    return text;
}

static enum asid_rc write_clip(struct clip *c)
{
    struct maker *m = c->m;
    enum asid_rc rc = ASID_OK;
    struct str json;
    struct buf b;

    TRY(pick_frames(c));
    json = json_of(c);
    buf_init(&b, (size_t)1 << 30);
    buf_text(&b, "ASTR");
    put_u32(&b, (uint64_t)c->world.seconds);
    put_u32(&b, c->n_frames);
    put_u32(&b, SYNTH_HEIGHT);
    put_u32(&b, SYNTH_WIDTH);
    put_u32(&b, c->sound.n);
    put_u32(&b, json.n);
    rc = put_frames(c, &b);
    for (size_t i = 0; i < c->sound.n; i++) {
        buf_char(&b, (char)(c->sound.samples[i] & 0xff));
        buf_char(&b, (char)((c->sound.samples[i] >> 8) & 0xff));
    }
    buf_str(&b, json);
    if (rc == ASID_OK && (buf_failed(&b) || fwrite(b.p, 1, b.n, m->out) != b.n))
        rc = FAIL_ERRNO(m->err, "%s", m->o->output);
    buf_release(&b);
    return rc;
}

static void print_line(FILE *out, struct str text)
{
    for (size_t i = 0; i < text.n; i++)
        putc(text.p[i] == '\n' ? ' ' : text.p[i], out);
    putc('\n', out);
}

static void print_texts(const struct clip *c)
{
    json_each(row, c->rows) {
        print_line(c->m->out, json_str(json_get(row, "prompt")));
        print_line(c->m->out, json_str(json_get(row, "answer")));
    }
}

static enum asid_rc make_clip(struct maker *m, uint64_t number)
{
    struct clip *c = arena_alloc(&m->arena, sizeof *c);

    c->m = m;
    synth_world_make((m->o->seed << 32) + number, &c->world);
    if (m->o->no_sound)
        silence(&c->world);
    hash_text(str_of(arena_printf(&m->arena, "clip %llu",
                                  (unsigned long long)c->world.seed)),
              c->key);
    if (c->world.sound)
        TRY(make_sound(c));
    c->rows = json_new_array(&m->arena);
    if (!m->o->pictures)
        TRY(make_rows(c));
    if (!m->o->texts)
        return write_clip(c);
    print_texts(c);
    return ASID_OK;
}

/* --- the program ---------------------------------------------------------- */

static enum asid_rc make_all(struct maker *m)
{
    struct arena rules_arena = ARENA_INIT;
    struct json *document;
    enum asid_rc rc;

    TRY(json_parse(&rules_arena, schema_file("prompts.json"), 0, &document,
                   m->err));
    m->sets = json_get(document, "sets");
    TRY(prompts_load(&rules_arena, &m->prompts, m->err));
    TRY(text_rules_load(&m->rules, m->err));
    rc = ASID_OK;
    for (uint64_t i = 0; rc == ASID_OK && i < m->o->count; i++) {
        rc = make_clip(m, m->o->first + i);
        arena_reset(&m->arena);
    }
    if (rc == ASID_OK && (fflush(m->out) || ferror(m->out)))
        rc = FAIL_ERRNO(m->err, "%s", m->o->output);
    text_rules_free(m->rules);
    arena_release(&m->arena);
    arena_release(&rules_arena);
    return rc;
}

static enum asid_rc read_options(int argc, char **argv, struct options *o,
                                 struct asid_err *err)
{
    for (int i = 1; i < argc; i++) {
        const char *name = argv[i];
        uint64_t *number = strcmp(name, "--seed") == 0    ? &o->seed
                           : strcmp(name, "--first") == 0 ? &o->first
                           : strcmp(name, "--count") == 0 ? &o->count
                           : strcmp(name, "--texts") == 0 ? &o->count
                                                          : NULL;
        bool *flag = strcmp(name, "--no-sound") == 0   ? &o->no_sound
                     : strcmp(name, "--pictures") == 0 ? &o->pictures
                                                       : NULL;

        if (flag) {
            *flag = true;
            continue;
        }
        o->texts = o->texts || strcmp(name, "--texts") == 0;
        if (!number && strcmp(name, "--output") != 0) {
            return USAGE(err, "unknown option %s", name);
        } else if (++i == argc) {
            return USAGE(err, "%s: a value is missing", name);
        } else if (!number) {
            o->output = argv[i];
        } else if (!num_u64(str_of(argv[i]), number) || *number > UINT32_MAX) {
            return USAGE(err, "%s: not a number below 2^32: %s", name, argv[i]);
        }
    }
    if (!o->output && !o->texts)
        return USAGE(err, "--output FILE is needed");
    if (o->seed == 0)
        return USAGE(err, "--seed: 0 is asid-synth's");
    return ASID_OK;
}

int main(int argc, char **argv)
{
    struct options o = {.seed = 1, .count = 1};
    struct asid_err err;
    struct maker m = {.o = &o, .out = stdout, .err = &err};
    enum asid_rc rc = read_options(argc, argv, &o, &err);

    if (rc == ASID_OK && o.output && strcmp(o.output, "-") != 0) {
        m.out = fopen(o.output, "wb");
        if (!m.out)
            rc = FAIL_ERRNO(&err, "%s", o.output);
    }
    if (rc == ASID_OK)
        rc = make_all(&m);
    if (m.out && m.out != stdout && fclose(m.out) && rc == ASID_OK)
        rc = FAIL_ERRNO(&err, "%s", o.output);
    if (rc != ASID_OK)
        fprintf(stderr, "make_training_set: %s\n", err.text);
    return rc == ASID_OK ? 0 : rc == ASID_USAGE ? 2 : 1;
}
