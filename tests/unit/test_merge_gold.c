/*
 * The hand-checked gold set of the merge, tests/gold/merge.jsonl: what only one
 * source says has to be found in the merged caption and attributes, what
 * contradicts itself must not be, and neither the order of the sources nor a
 * second merge changes a byte.
 *
 * A line: record; options (weights, heard); keep: details that have to be
 * there; gone: texts that must not; never_both: pairs; has: texts of the
 * caption alone; conflicts and open: how many are expected.
 */
#include "asid/base/file.h"
#include "asid/curate/merge.h"
#include "check.h"
#include "merge_listed.h"

static struct arena arena, rules_arena;
static struct asid_err err;
static const struct text_rules *rules;
static size_t details, kept;

static struct str written(const struct json *v)
{
    struct buf b;
    struct str copy;

    buf_init(&b, 1 << 20);
    json_write(&b, v);
    copy = (struct str){arena_strndup(&arena, b.p, b.n), b.n};
    buf_release(&b);
    return copy;
}

static struct json *parse(struct str text)
{
    struct json *v = NULL;

    CHECK_OK(json_parse(&arena, text, 0, &v, &err), err);
    return v;
}

/* Whether the text has the words; letter case and kinds of blanks aside. */
static bool found(struct str text, const char *what)
{
    return what && text.n && strcasestr(text.p, what) != NULL;
}

static struct str caption_of(const struct json *r)
{
    return record_caption(r);
}

/* All attributes' texts, one a line. */
static struct str attributes_of(const struct json *r)
{
    char *all = arena_strdup(&arena, "");

    for (int k = 0; k < ATTRIBUTES; k++) {
        struct str t = record_attribute_text(r, (enum attribute)k);

        if (t.n)
            all = arena_printf(&arena, "%s%s\n", all, t.p);
    }
    return str_of(all);
}

static struct merge_policy *policy_of(const struct json *options)
{
    struct merge_policy *p = NULL;

    CHECK_OK(merge_policy_new(rules, &arena, &p, &err), err);
    json_each(w, json_get(options, "weights"))
        CHECK_OK(merge_policy_weight(p, json_text(w), &err), err);
    json_each(h, json_get(options, "heard"))
        merge_policy_heard(p, json_text(h));
    return p;
}

static struct json *merged(const struct merge_policy *p,
                           const struct json *record)
{
    struct json *copy = json_copy(&arena, record);

    CHECK_OK(merge_record(p, &arena, copy, &err), err);
    return copy;
}

/* Every order of the sources gives the same; up to three of them are swapped
 * in all ways. */
static void check_orders(const struct merge_policy *p,
                         const struct json *record, const struct json *want,
                         const char *id)
{
    size_t n = json_count(json_get(record, "sources"));

    for (size_t turn = 0; turn < 2 * n; turn++) {
        struct json *r = json_copy(&arena, record);
        struct json *list = json_get(r, "sources"), *got;
        struct json *first;

        for (size_t i = 0; i < turn % n; i++) {
            first = json_first(list);
            json_unlink(first);
            json_append(list, first);
        }
        if (turn >= n && n > 1) {
            first = json_at(list, 0);
            json_unlink(first);
            struct json *second = json_at(list, 0);
            json_unlink(second);
            json_append(list, first);
            json_append(list, second);
        }
        got = merged(p, r);
        json_unlink(json_get(got, "sources"));
        CHECK(str_eq(written(got), written(want)),
              "%s: order %zu:\n#  %s\n#  %s", id, turn, written(got).p,
              written(want).p);
    }
}

static size_t findings_of(const struct json *r, const char *code)
{
    size_t n = 0;

    json_each(f, json_get(r, "findings")) {
        const char *c = json_text(json_get(f, "code"));

        n += c && strcmp(c, code) == 0;
    }
    return n;
}

static size_t open_of(const struct json *r)
{
    size_t n = 0;

    json_each(a, json_get(r, "attributes"))
        json_each(c, json_get(a, "claims"))
            n += json_get(c, "alternatives") != NULL;
    return n;
}

static int64_t number(const struct json *v)
{
    int64_t n = 0;

    return v && json_i64(v, &n) ? n : 0;
}

static void check_texts(const struct json *c, const struct json *r,
                        const char *id)
{
    struct str caption = caption_of(r), attributes = attributes_of(r);

    json_each(k, json_get(c, "keep")) {
        bool both =
            found(caption, json_text(k)) && found(attributes, json_text(k));

        details++;
        kept += both;
        if (!both)
            printf("# %s: lost: %s\n", id, json_text(k));
    }
    json_each(g, json_get(c, "gone"))
        CHECK(!found(caption, json_text(g)) && !found(attributes, json_text(g)),
              "%s: still there: %s", id, json_text(g));
    json_each(g, json_get(c, "has"))
        CHECK(found(caption, json_text(g)), "%s: not in the caption: %s", id,
              json_text(g));
    json_each(pair, json_get(c, "never_both")) {
        const char *a = json_text(json_at(pair, 0));
        const char *b = json_text(json_at(pair, 1));

        CHECK(!(found(caption, a) && found(caption, b)) &&
                  !(found(attributes, a) && found(attributes, b)),
              "%s: both asserted: %s, %s", id, a, b);
    }
}

static void check_line(struct str line)
{
    struct json *c = parse(line);
    struct json *record = json_get(c, "record");
    const char *id = json_text(json_get(record, "id"));
    struct merge_policy *p = policy_of(json_get(c, "options"));
    struct json *r = merged(p, record), *again;
    int64_t conflicts = (int64_t)findings_of(r, "merge.conflict");

    check_texts(c, r, id);
    check_listed(rules, &arena, r);
    CHECK(conflicts == number(json_get(c, "conflicts")), "%s: %d conflicts", id,
          (int)conflicts);
    CHECK((int64_t)open_of(r) == number(json_get(c, "open")), "%s: %d open", id,
          (int)open_of(r));
    again = merged(p, r);
    CHECK(str_eq(written(again), written(r)), "%s: second merge:\n# %s\n# %s",
          id, written(again).p, written(r).p);
    json_unlink(json_get(r, "sources"));
    check_orders(p, record, r, id);
    check_case(id);
    arena_reset(&arena);
}

int main(void)
{
    struct str text, rest;

    CHECK_OK(text_rules_load(&rules, &err), err);
    CHECK_OK(file_slurp(&rules_arena, "tests/gold/merge.jsonl", 1 << 22, &text,
                        &err),
             err);
    for (rest = text; rest.n;) {
        const char *end = memchr(rest.p, '\n', rest.n);
        size_t n = end ? (size_t)(end - rest.p) : rest.n;

        check_line((struct str){rest.p, n});
        rest = (struct str){rest.p + n + (end != NULL),
                            rest.n - n - (end != NULL)};
    }
    printf("# %zu of %zu details kept\n", kept, details);
    CHECK(details >= 100 && kept * 100 >= details * 99, "%zu of %zu", kept,
          details);
    check_case("at least 99 % of the details are kept");
    text_rules_free(rules);
    arena_release(&arena);
    arena_release(&rules_arena);
    return check_done();
}
