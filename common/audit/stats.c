/*
 * stats FILE...: how good the records of a stage are, and which source did what.
 *
 * No-Error, No-Missing and Clean are the rates of the paper (arXiv 2602.13013,
 * section 3.4): shares of the judged attributes without a refuted claim,
 * without something left out, and without either.
 */
#include <stdlib.h>
#include <string.h>

#include "asid/base/file.h"
#include "asid/dataset/annotation.h"
#include "asid/text/attribute.h"
#include "audit_int.h"

struct tally {
    uint64_t texts, absent, judged, no_error, no_missing, clean, refined;
};

/* What became of the claims that a source proposed. */
struct scorecard {
    const char *name;
    uint64_t proposed, supported, refuted, unsure, lost, unique;
};

struct stats {
    struct audit *q;
    struct arena arena; /* names of one file */
    uint64_t records, broken;
    struct tally attribute[ATTRIBUTES + 1]; /* the last is all of them */
    struct scorecard *cards;
    size_t n_cards, room;
};

/* --- counting --------------------------------------------------------------*/

static struct scorecard *card_of(struct stats *s, struct str name)
{
    for (size_t i = 0; i < s->n_cards; i++)
        if (str_is(name, s->cards[i].name))
            return &s->cards[i];
    if (s->n_cards == s->room) {
        s->room = s->room ? 2 * s->room : 16;
        s->cards = mem_grow(s->cards, s->room * sizeof *s->cards);
    }
    s->cards[s->n_cards] =
        (struct scorecard){.name = arena_strndup(&s->arena, name.p, name.n)};
    return &s->cards[s->n_cards++];
}

static bool is_verdict(const struct json *v, const char *wanted)
{
    const char *verdict = json_text(json_get(v, "verdict"));

    return verdict && strcmp(verdict, wanted) == 0;
}

static void count_lost(struct stats *s, const struct json *list)
{
    json_each(lost, list) {
        json_each(name, json_get(lost, "sources")) {
            struct scorecard *c;

            if (json_type(name) != JSON_STRING)
                continue;
            c = card_of(s, json_str(name));
            c->proposed++;
            c->lost++;
        }
    }
}

static void count_claim(struct stats *s, const struct json *claim)
{
    const struct json *sources = json_get(claim, "sources");
    bool unique = json_count(sources) == 1;

    json_each(name, sources) {
        struct scorecard *c;

        if (json_type(name) != JSON_STRING)
            continue;
        c = card_of(s, json_str(name));
        c->proposed++;
        c->unique += unique;
        c->supported += is_verdict(claim, "supported");
        c->refuted += is_verdict(claim, "refuted");
        c->unsure += is_verdict(claim, "unsure");
    }
    count_lost(s, json_get(claim, "dropped"));
}

static void add_to(struct tally *t, const struct json *attribute, bool error,
                   bool missing)
{
    bool judged = json_text(json_get(attribute, "verdict")) != NULL;

    if (is_verdict(attribute, "absent")) {
        t->absent++;
        return;
    }
    t->texts++;
    if (!judged)
        return;
    t->judged++;
    t->refined += is_verdict(attribute, "refined");
    t->no_error += !error;
    t->no_missing += !missing;
    t->clean += !error && !missing;
}

static void count_attribute(struct stats *s, int key,
                            const struct json *attribute)
{
    bool error = is_verdict(attribute, "error");
    bool missing = is_verdict(attribute, "missing") ||
                   json_count(json_get(attribute, "missing")) > 0;

    json_each(claim, json_get(attribute, "claims")) {
        error |= is_verdict(claim, "refuted");
        count_claim(s, claim);
    }
    add_to(&s->attribute[key], attribute, error, missing);
    add_to(&s->attribute[ATTRIBUTES], attribute, error, missing);
}

static enum asid_rc count_record(void *user, struct str text, uint64_t line,
                                 const struct json *record,
                                 const struct asid_err *why,
                                 struct asid_err *err)
{
    struct stats *s = user;

    (void)text;
    (void)line;
    (void)why;
    (void)err;
    if (!record || json_type(record) != JSON_OBJECT) {
        s->broken++;
        return ASID_OK;
    }
    s->records++;
    for (int i = 0; i < ATTRIBUTES; i++) {
        const struct json *attribute =
            json_get(json_get(record, "attributes"), attribute_keys[i]);

        if (attribute && json_type(attribute) == JSON_OBJECT)
            count_attribute(s, i, attribute);
    }
    return ASID_OK;
}

/* --- saying ----------------------------------------------------------------*/

static const char *share(struct arena *a, uint64_t part, uint64_t whole)
{
    return whole
               ? arena_printf(a, "%.1f%%", 100.0 * (double)part / (double)whole)
               : "-";
}

static const char *number(struct arena *a, uint64_t n)
{
    return arena_printf(a, "%llu", (unsigned long long)n);
}

static const char *attribute_name(size_t i)
{
    return i == ATTRIBUTES ? "all" : attribute_keys[i];
}

static void say_attributes(struct stats *s)
{
    static const char *const head[] = {"attribute", "texts",    "absent",
                                       "judged",    "no-error", "no-missing",
                                       "clean",     "refined"};
    struct audit *q = s->q;
    struct arena *a = &s->arena;

    table_init(&q->table, a, 8, 0xfe);
    table_add(&q->table, head);
    for (size_t i = 0; i <= ATTRIBUTES; i++) {
        const struct tally *t = &s->attribute[i];
        const char *cells[] = {attribute_name(i),
                               number(a, t->texts),
                               number(a, t->absent),
                               number(a, t->judged),
                               share(a, t->no_error, t->judged),
                               share(a, t->no_missing, t->judged),
                               share(a, t->clean, t->judged),
                               number(a, t->refined)};

        table_add(&q->table, cells);
    }
    table_write(&q->table, &q->out);
}

static void say_sources(struct stats *s)
{
    static const char *const head[] = {
        "source", "claims", "supported", "refuted", "unsure", "lost", "unique"};
    struct audit *q = s->q;
    struct arena *a = &s->arena;

    if (s->n_cards == 0)
        return;
    buf_char(&q->out, '\n');
    table_init(&q->table, a, 7, 0x7e);
    table_add(&q->table, head);
    for (size_t i = 0; i < s->n_cards; i++) {
        const struct scorecard *c = &s->cards[i];
        const char *cells[] = {c->name,
                               number(a, c->proposed),
                               number(a, c->supported),
                               number(a, c->refuted),
                               number(a, c->unsure),
                               number(a, c->lost),
                               number(a, c->unique)};

        table_add(&q->table, cells);
    }
    table_write(&q->table, &q->out);
}

static void set_share(struct arena *a, struct json *object, const char *key,
                      uint64_t part, uint64_t whole)
{
    json_set(a, object, key,
             whole ? json_new_f64(a, (double)part / (double)whole)
                   : json_new_null(a));
}

static struct json *attribute_object(struct arena *a, const struct tally *t)
{
    struct json *o = json_new_object(a);

    json_set_i64(a, o, "texts", (int64_t)t->texts);
    json_set_i64(a, o, "absent", (int64_t)t->absent);
    json_set_i64(a, o, "judged", (int64_t)t->judged);
    json_set_i64(a, o, "refined", (int64_t)t->refined);
    set_share(a, o, "no_error", t->no_error, t->judged);
    set_share(a, o, "no_missing", t->no_missing, t->judged);
    set_share(a, o, "clean", t->clean, t->judged);
    return o;
}

static struct json *card_object(struct arena *a, const struct scorecard *c)
{
    struct json *o = json_new_object(a);

    json_set_text(a, o, "name", c->name);
    json_set_i64(a, o, "claims", (int64_t)c->proposed);
    json_set_i64(a, o, "supported", (int64_t)c->supported);
    json_set_i64(a, o, "refuted", (int64_t)c->refuted);
    json_set_i64(a, o, "unsure", (int64_t)c->unsure);
    json_set_i64(a, o, "lost", (int64_t)c->lost);
    json_set_i64(a, o, "unique", (int64_t)c->unique);
    return o;
}

static enum asid_rc say_object(struct stats *s, const char *path,
                               struct asid_err *err)
{
    struct arena *a = &s->arena;
    struct json *o = json_new_object(a), *per = json_new_object(a);
    struct json *sources = json_new_array(a);

    for (size_t i = 0; i < ATTRIBUTES; i++)
        json_set(a, per, attribute_keys[i],
                 attribute_object(a, &s->attribute[i]));
    for (size_t i = 0; i < s->n_cards; i++)
        json_append(sources, card_object(a, &s->cards[i]));
    json_set_text(a, o, "file", path_base(path));
    json_set_i64(a, o, "records", (int64_t)s->records);
    json_set(a, o, "all", attribute_object(a, &s->attribute[ATTRIBUTES]));
    json_set(a, o, "per_attribute", per);
    json_set(a, o, "sources", sources);
    return asid_print(s->q->cx, o, err);
}

static int by_name(const void *a, const void *b)
{
    const struct scorecard *x = a, *y = b;

    return strcmp(x->name, y->name);
}

static enum asid_rc count_file(struct stats *s, const char *path, bool first,
                               struct asid_err *err)
{
    struct audit *q = s->q;

    TRY(annotation_file(path, count_record, s, err));
    TRY(audit_broken(q, path, s->broken, s->records, err));
    if (s->n_cards)
        qsort(s->cards, s->n_cards, sizeof *s->cards, by_name);
    if (q->json)
        return say_object(s, path, err);
    buf_printf(&q->out, "%s%s: %llu records\n", first ? "" : "\n",
               table_safe(&s->arena, path_base(path)),
               (unsigned long long)s->records);
    say_attributes(s);
    say_sources(s);
    return audit_print(q, err);
}

enum asid_rc audit_stats(struct audit *q, struct asid_err *err)
{
    enum asid_rc rc = ASID_OK;

    for (size_t i = 0; rc == ASID_OK && i < q->n_arguments; i++) {
        struct stats s = {.q = q, .arena = ARENA_INIT};

        rc = count_file(&s, q->argument[i], i == 0, err);
        free(s.cards);
        arena_release(&s.arena);
    }
    return rc;
}
