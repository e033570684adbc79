/* What all rows are made of. */
#include "rows_int.h"

#include <math.h>
#include <string.h>

#include "asid/base/num.h"

struct str row_text_of(const struct json *v)
{
    return v && json_type(v) == JSON_STRING ? json_str(v) : STR("");
}

struct str row_text_at(const struct json *object, const char *key)
{
    return row_text_of(json_get(object, key));
}

void row_key(struct buf *row, const char *key)
{
    buf_printf(row, "%s\"%s\":", row->n && row->p[row->n - 1] == '{' ? "" : ",",
               key);
}

void row_text(struct arena *a, struct buf *row, const char *key,
              struct str text)
{
    row_key(row, key);
    json_write(row, json_new_str(a, text));
}

void row_real(struct buf *row, const char *key, double value)
{
    char space[32];

    num_format(isfinite(value) ? value : 0, space);
    row_key(row, key);
    buf_text(row, space);
    if (!strpbrk(space, ".eE"))
        buf_text(row, ".0");
}

void row_whole(struct buf *row, const char *key, int64_t value)
{
    row_key(row, key);
    buf_printf(row, "%lld", (long long)value);
}

struct json *feature_value(struct arena *a, const char *dtype)
{
    struct json *value = json_new_object(a);

    json_set_text(a, value, "dtype", dtype);
    json_set_text(a, value, "_type", "Value");
    return value;
}

struct json *feature_list(struct arena *a, struct json *of)
{
    struct json *list = json_new_array(a);

    json_append(list, of);
    return list;
}

const char *duration_group(double seconds)
{
    static const struct {
        double most;
        const char *name;
    } groups[] = {{30, "0_30_s"},
                  {60, "30_60_s"},
                  {120, "1_2_m"},
                  {180, "2_3_m"},
                  {INFINITY, "over_3_m"}};

    if (!(seconds > 0))
        return "unknown";
    for (size_t i = 0;; i++)
        if (seconds <= groups[i].most)
            return groups[i].name;
}
