/* Attributes, claims and findings of a record. */
#include "asid/curate/record.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "asid/data/schema.h"

struct json *record_attribute(const struct json *record, enum attribute key)
{
    struct json *v =
        json_get(json_get(record, "attributes"), attribute_keys[key]);

    return v && json_type(v) == JSON_OBJECT ? v : NULL;
}

/* The member as a container of that type, made or put in the place of
 * something else (null). */
static struct json *member(struct arena *a, struct json *object,
                           const char *key, enum json_type type)
{
    struct json *v = json_get(object, key);

    if (v && json_type(v) == type)
        return v;
    v = type == JSON_ARRAY ? json_new_array(a) : json_new_object(a);
    json_set(a, object, key, v);
    return v;
}

struct json *record_attribute_make(struct arena *a, struct json *record,
                                   enum attribute key)
{
    struct json *all = member(a, record, "attributes", JSON_OBJECT);
    bool there = json_get(all, attribute_keys[key]) != NULL;
    struct json *made = member(a, all, attribute_keys[key], JSON_OBJECT);

    /* A new member stands last: move those behind it that come later. */
    for (int i = key + 1; i < ATTRIBUTES && !there; i++) {
        struct json *later = json_get(all, attribute_keys[i]);

        if (!later)
            continue;
        json_unlink(later);
        json_set(a, all, attribute_keys[i], later);
    }
    return made;
}

/* A text that C can hold, or nothing. */
static struct str plain(const struct json *v)
{
    const char *text = json_text(v);

    return text ? str_of(text) : (struct str){"", 0};
}

struct str record_attribute_text(const struct json *record, enum attribute key)
{
    return plain(json_get(record_attribute(record, key), "text"));
}

struct str record_caption(const struct json *record)
{
    return plain(json_get(record, "caption"));
}

double record_duration(const struct json *record)
{
    double seconds = NAN;

    if (!json_f64(json_path(record, "media.duration"), &seconds))
        seconds = NAN;
    return seconds;
}

struct json *finding_add(struct arena *a, struct json *record,
                         const char *stage, const char *code,
                         enum attribute attribute, ptrdiff_t claim,
                         const char *fmt, ...)
{
    struct json *list = member(a, record, "findings", JSON_ARRAY);
    struct json *f = json_new_object(a);
    struct str kind, meaning;
    va_list ap;
    char *room;
    int n;

    BUG_IF(!schema_code(code, &kind, &meaning));
    va_start(ap, fmt);
    n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    BUG_IF(n < 0);
    room = arena_bytes(a, (size_t)n + 1);
    va_start(ap, fmt);
    n = vsnprintf(room, (size_t)n + 1, fmt, ap);
    va_end(ap);

    json_set_text(a, f, "stage", stage);
    json_set_text(a, f, "code", code);
    if (attribute != ATTRIBUTE_NONE)
        json_set_text(a, f, "attribute", attribute_keys[attribute]);
    if (claim >= 0)
        json_set_i64(a, f, "claim", claim);
    json_set(a, f, "message", json_new_str(a, (struct str){room, (size_t)n}));
    json_append(list, f);
    return f;
}

void findings_drop(struct json *record, const char *stage)
{
    struct json *list = json_get(record, "findings");

    if (!list || json_type(list) != JSON_ARRAY)
        return;
    json_each(f, list) {
        const char *by = json_text(json_get(f, "stage"));

        if (by && strcmp(by, stage) == 0)
            json_unlink(f);
    }
    if (json_count(list) == 0)
        json_unlink(list);
}

struct json *claim_new(struct arena *a, struct str text, double start,
                       double end)
{
    struct json *claim = json_new_object(a);

    json_set(a, claim, "text", json_new_str(a, text));
    claim_set_times(a, claim, start, end);
    return claim;
}

void claim_set_times(struct arena *a, struct json *claim, double start,
                     double end)
{
    json_set(a, claim, "start", json_new_finite(a, start));
    json_set(a, claim, "end", json_new_finite(a, end));
}

void claim_times(const struct json *claim, double *start, double *end)
{
    if (!json_f64(json_get(claim, "start"), start))
        *start = NAN;
    if (!json_f64(json_get(claim, "end"), end))
        *end = NAN;
}
