/* Files of records that others are compared with. */
#include "asid/base/num.h"
#include "score_int.h"

static enum asid_rc keep_line(void *user, struct str text, uint64_t line,
                              const struct json *record,
                              const struct asid_err *why, struct asid_err *err)
{
    struct score_lines *lines = user;
    const char *id = record ? json_text(json_get(record, "id")) : NULL;
    char *copy;

    (void)why;
    if (!id)
        return FAIL(err, "%s: line %llu is no record", lines->path,
                    (unsigned long long)line);
    if (map_find(&lines->map, id))
        return FAIL(err, "%s: line %llu: the id %s comes twice", lines->path,
                    (unsigned long long)line, id);
    copy = arena_strndup(&lines->arena, text.p, text.n);
    map_put(&lines->map, &lines->arena, id, copy);
    return ASID_OK;
}

enum asid_rc score_read(struct score_lines *lines, const char *path,
                        struct asid_err *err)
{
    lines->path = path;
    return annotation_file(path, keep_line, lines, err);
}

void score_release(struct score_lines *lines)
{
    map_release(&lines->map);
    arena_release(&lines->arena);
}

enum asid_rc score_match(struct score_lines *lines, const struct json *record,
                         struct arena *a, struct json **other,
                         struct asid_err *err)
{
    const char *id = record ? json_text(json_get(record, "id")) : NULL;
    const char *known = id ? map_find(&lines->map, id) : NULL;

    *other = NULL;
    lines->records += id != NULL;
    lines->broken += !id;
    lines->unknown += id && !known;
    return known ? json_parse(a, str_of(known), 0, other, err) : ASID_OK;
}

enum asid_rc score_files(struct audit *q, struct score_lines *lines,
                         annotation_sink sink, void *user, struct asid_err *err)
{
    for (size_t i = 0; i < q->n_arguments; i++) {
        lines->records = lines->broken = 0;
        TRY(annotation_file(q->argument[i], sink, user, err));
        TRY(audit_broken(q, q->argument[i], lines->broken, lines->records,
                         err));
    }
    return ASID_OK;
}

void score_count(struct arena *a, struct json *o, const char *key, uint64_t n)
{
    json_set_i64(a, o, key, (int64_t)n);
}

void score_rate(struct arena *a, struct json *o, const char *key, uint64_t part,
                uint64_t of)
{
    json_set(a, o, key,
             of ? json_new_f64(a, num_round((double)part / (double)of, 4))
                : json_new_null(a));
}
