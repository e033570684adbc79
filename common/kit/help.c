/* --help: one screen made from the program's entry. */
#include "kit_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 79, COLUMN = 27 };

/* --- the list of options ------------------------------------------------------ */

static const char *group_of(const struct json *option, bool common)
{
    const char *group = json_text(json_get(option, "x-group"));

    if (common)
        return "common options";
    return group ? group : "options";
}

static size_t collect(struct arena *a, const struct json *properties,
                      bool common, bool all, struct help_option *list)
{
    size_t n = 0;

    json_each(o, properties) {
        struct str key = json_key(o);
        bool every = str_is(key, "help") || str_is(key, "version");

        if (json_bool(json_get(o, "x-hidden")) || (common && !all && !every))
            continue;
        list[n++] = (struct help_option){o, arena_strndup(a, key.p, key.n),
                                         group_of(o, common)};
    }
    return n;
}

size_t help_options(struct kit *k, struct help_option **list)
{
    struct json *own = json_get(k->entry, "properties");
    struct json *common = entry_common(k->document);
    size_t most = json_count(own) + json_count(common);
    bool all = json_bool(json_get(k->entry, "x-common"));
    size_t n;

    *list = arena_array(&k->arena, most, sizeof **list);
    n = collect(&k->arena, own, false, true, *list);
    return n + collect(&k->arena, common, true, all, *list + n);
}

void help_spelling(struct buf *out, const struct help_option *o)
{
    const char *letter = json_text(json_get(o->option, "x-short"));
    const char *arg = json_text(json_get(o->option, "x-arg"));
    const char *type = json_text(json_get(o->option, "type"));
    bool list = type && strcmp(type, "array") == 0;

    if (letter)
        buf_printf(out, "-%s, ", letter);
    else
        buf_text(out, "    ");
    buf_printf(out, "--%s", o->name);
    if (arg || list)
        buf_printf(out, " %s", arg ? arg : "LIST");
}

void help_default(struct buf *out, const struct help_option *o)
{
    const struct json *value = json_get(o->option, "default");
    bool first = true;

    if (!value || json_type(value) == JSON_BOOL)
        return;
    if (json_type(value) == JSON_ARRAY && json_count(value) == 0)
        return;
    buf_text(out, " (default: ");
    if (json_type(value) == JSON_ARRAY) {
        json_each(item, value) {
            buf_text(out, first ? "" : ",");
            buf_str(out, json_str(item));
            first = false;
        }
    } else if (json_type(value) == JSON_STRING) {
        buf_str(out, json_str(value));
    } else {
        buf_str(out, json_spelling(value));
    }
    buf_char(out, ')');
}

/* The values an option takes, when there are few of them. */
static void add_choices(struct buf *out, const struct json *option)
{
    const struct json *list = json_get(option, "enum");
    bool first = true;

    if (!list)
        list = json_path(option, "items.enum");
    if (!list)
        return;
    buf_text(out, ": ");
    json_each(item, list) {
        buf_text(out, first ? "" : ", ");
        buf_str(out, json_str(item));
        first = false;
    }
}

/* --- layout ----------------------------------------------------------------------- */

/* Words from column `left` on; the first line starts at column `at`. */
static void wrap(struct buf *out, struct str text, unsigned at, unsigned left)
{
    while (text.n > 0) {
        const char *blank = memchr(text.p, ' ', text.n);
        size_t n = blank ? (size_t)(blank - text.p) : text.n;

        if (at > left && at + 1 + n > WIDTH) {
            buf_printf(out, "\n%*s", (int)left, "");
            at = left;
        } else if (at > left) {
            buf_char(out, ' ');
            at++;
        }
        buf_add(out, text.p, n);
        at += (unsigned)n;
        text.p += blank ? n + 1 : n;
        text.n -= blank ? n + 1 : n;
    }
    buf_char(out, '\n');
}

static void option_row(struct buf *out, const struct help_option *o)
{
    struct buf left, right;

    buf_init(&left, 200);
    buf_init(&right, 4000);
    buf_text(&left, "  ");
    help_spelling(&left, o);
    buf_str(&right, json_str(json_get(o->option, "description")));
    add_choices(&right, o->option);
    help_default(&right, o);
    buf_str(out, buf_view(&left));
    if (left.n + 1 > COLUMN)
        buf_printf(out, "\n%*s", COLUMN, "");
    else
        buf_printf(out, "%*s", (int)(COLUMN - left.n), "");
    wrap(out, buf_view(&right), COLUMN, COLUMN);
    buf_release(&left);
    buf_release(&right);
}

static void option_rows(struct buf *out, const struct help_option *list,
                        size_t n)
{
    const char *group = "";

    for (size_t i = 0; i < n; i++) {
        if (json_bool(json_get(list[i].option, "x-positional")))
            continue;
        if (strcmp(group, list[i].group) != 0)
            buf_printf(out, "\n%s:\n", list[i].group);
        group = list[i].group;
        option_row(out, &list[i]);
    }
}

static void arguments(struct buf *out, const struct json *entry)
{
    bool headed = false;

    json_each(o, json_get(entry, "properties")) {
        struct buf right;

        if (!json_bool(json_get(o, "x-positional")))
            continue;
        buf_text(out, headed ? "" : "\narguments:\n");
        headed = true;
        buf_printf(out, "  %-*.*s", COLUMN - 2, STR_ARG(json_key(o)));
        buf_init(&right, 4000);
        buf_str(&right, json_str(json_get(o, "description")));
        wrap(out, buf_view(&right), COLUMN, COLUMN);
        buf_release(&right);
    }
}

void help_text(struct kit *k, struct buf *out)
{
    const char *name = k->cx.stage->name;
    const char *title = json_text(json_get(k->entry, "title"));
    const char *usage = json_text(json_get(k->entry, "x-usage"));
    struct help_option *list;
    size_t n = help_options(k, &list);

    buf_printf(out, "asid-%s: %s\n\n", name, title ? title : "");
    buf_printf(out, "usage: asid-%s %s\n", name, usage ? usage : "[OPTION]...");
    if (json_get(k->entry, "description")) {
        buf_char(out, '\n');
        wrap(out, json_str(json_get(k->entry, "description")), 0, 0);
    }
    arguments(out, k->entry);
    option_rows(out, list, n);
    json_each(example, json_get(k->entry, "x-examples"))
        buf_printf(out, "\nexample:\n  " STR_FMT "\n",
                   STR_ARG(json_str(json_get(example, "command"))));
}

enum asid_rc help_print(struct kit *k, struct buf *out, struct asid_err *err)
{
    if (*k->help == '\0') {
        help_text(k, out);
    } else if (strcmp(k->help, "man") == 0) {
        help_man(k, out);
    } else if (strcmp(k->help, "json") == 0) {
        json_write_pretty(out, k->entry);
        buf_char(out, '\n');
    } else if (strcmp(k->help, "completion") == 0) {
        help_completion(k, out);
    } else {
        return USAGE(err,
                     "--help: expected one of man, json, completion, got "
                     "\"%s\"",
                     k->help);
    }
    return ASID_OK;
}
