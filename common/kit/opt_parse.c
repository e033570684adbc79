/* Options: reading the command line by the program's entry. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "asid/base/utf8.h"
#include "kit_int.h"

struct parser {
    struct kit *k;
    char **argv;
    int argc, at;
};

static const char *type_of(const struct json *option)
{
    const char *type = json_text(json_get(option, "type"));

    return type ? type : "";
}

static bool is_type(const struct json *option, const char *type)
{
    return strcmp(type_of(option), type) == 0;
}

/* --- finding options -------------------------------------------------------- */

static struct json *find_short(const struct kit *k, char letter)
{
    struct json *own = json_get(k->entry, "properties");
    struct json *common = entry_common(k->document);
    bool all = json_bool(json_get(k->entry, "x-common"));
    char wanted[2] = {letter, '\0'};

    json_each(o, own) {
        const char *s = json_text(json_get(o, "x-short"));

        if (s && strcmp(s, wanted) == 0)
            return o;
    }
    json_each(o, common) {
        const char *s = json_text(json_get(o, "x-short"));
        bool every = str_is(json_key(o), "help");

        if ((all || every) && s && strcmp(s, wanted) == 0)
            return o;
    }
    return NULL;
}

/* A glob, too, gives names that look like options. */
static const char *dash_hint(const char *arg)
{
    return access(arg, F_OK) == 0
               ? " (a name that begins with a dash goes after --)"
               : "";
}

static enum asid_rc unknown(struct kit *k, const char *arg, const char *name,
                            struct asid_err *err)
{
    struct help_option *list;
    size_t n = help_options(k, &list);
    struct str_nearest near = {.wrong = str_of(name)};

    for (size_t i = 0; i < n; i++)
        str_nearer(&near, str_of(list[i].name));
    if (near.name.n)
        return USAGE(err, "--%s: no such option; did you mean --" STR_FMT "?%s",
                     name, STR_ARG(near.name), dash_hint(arg));
    return USAGE(err, "--%s: no such option; --help lists them%s", name,
                 dash_hint(arg));
}

/* --- storing values ----------------------------------------------------------- */

static enum asid_rc add_item(struct kit *k, const struct json *option,
                             const char *shown, struct json *list,
                             const char *text, struct asid_err *err)
{
    struct json *checked;

    TRY(opt_value(&k->arena, json_get(option, "items"), shown, text, &checked,
                  err));
    /* Items are kept as text: opt_nth hands them out as they were written. */
    json_append(list, json_new_text(&k->arena, text));
    return ASID_OK;
}

/* Lists take several values by repetition and by commas; positional ones,
 * which hold file names, by repetition only. */
static enum asid_rc store_list(struct kit *k, const struct json *option,
                               const char *shown, struct json *list,
                               const char *text, struct asid_err *err)
{
    bool whole = json_bool(json_get(option, "x-positional"));

    while (!whole && strchr(text, ',')) {
        size_t n = (size_t)(strchr(text, ',') - text);

        TRY(add_item(k, option, shown, list, arena_strndup(&k->arena, text, n),
                     err));
        text += n + 1;
    }
    if (!whole && *text == '\0')
        return ASID_OK;
    return add_item(k, option, shown, list, text, err);
}

static enum asid_rc store(struct kit *k, const struct json *option,
                          const char *shown, const char *text,
                          struct asid_err *err)
{
    struct arena *a = &k->arena;
    struct str name = json_key(option);
    struct json *value;

    if (strlen(text) >= 65536)
        return USAGE(err, "%s: the value is too long", shown);
    /* Options are JSON. Arguments are also kept as they were typed. */
    if (!json_bool(json_get(option, "x-positional")) &&
        !utf8_valid(str_of(text)))
        return USAGE(err, "%s: the value is not UTF-8", shown);
    if (is_type(option, "array")) {
        value = json_get_str(k->options, name);
        if (!value) {
            value = json_new_array(a);
            json_set_str(a, k->options, name, value);
        }
        TRY(store_list(k, option, shown, value, text, err));
    } else {
        TRY(opt_value(a, option, shown, text, &value, err));
        json_set_str(a, k->options, name, value);
    }
    json_set_str(a, k->given, name, json_new_bool(a, true));
    return ASID_OK;
}

/* --- reading arguments --------------------------------------------------------- */

static enum asid_rc next_value(struct parser *p, const char *shown,
                               const char **value, struct asid_err *err)
{
    if (p->at >= p->argc)
        return USAGE(err, "%s: expected a value", shown);
    *value = p->argv[p->at++];
    return ASID_OK;
}

static enum asid_rc long_option(struct parser *p, const char *whole,
                                struct asid_err *err)
{
    struct kit *k = p->k;
    const char *arg = whole + 2;
    const char *equals = strchr(arg, '=');
    size_t n = equals ? (size_t)(equals - arg) : strlen(arg);
    const char *name = arena_strndup(&k->arena, arg, n);
    const char *shown = arena_printf(&k->arena, "--%s", name);
    struct json *option =
        entry_option(k->document, k->entry, (struct str){name, n});
    const char *value = equals ? equals + 1 : NULL;

    if (!option)
        return unknown(k, whole, name, err);
    if (strcmp(name, "help") == 0) {
        k->help = value ? value : "";
        return ASID_OK;
    }
    if (!value && is_type(option, "boolean"))
        value = "true";
    if (!value)
        TRY(next_value(p, shown, &value, err));
    return store(k, option, shown, value, err);
}

/* "-qj4": letters that take no value, and at the end one that does. */
static enum asid_rc short_options(struct parser *p, const char *whole,
                                  struct asid_err *err)
{
    struct kit *k = p->k;

    for (const char *arg = whole + 1; *arg; arg++) {
        const char *shown = arena_printf(&k->arena, "-%c", *arg);
        struct json *option = find_short(k, *arg);
        const char *value = arg + 1;

        if (!option)
            return USAGE(err, "%s: no such option; --help lists them%s", shown,
                         dash_hint(whole));
        if (str_is(json_key(option), "help")) {
            k->help = "";
            continue;
        }
        if (is_type(option, "boolean")) {
            TRY(store(k, option, shown, "true", err));
            continue;
        }
        if (*value == '\0')
            TRY(next_value(p, shown, &value, err));
        return store(k, option, shown, value, err);
    }
    return ASID_OK;
}

/* --- arguments without a name ---------------------------------------------------- */

static enum asid_rc positionals(struct kit *k, struct asid_err *err)
{
    size_t at = 0;

    json_each(option, json_get(k->entry, "properties")) {
        struct str name = json_key(option);
        const char *shown;

        if (!json_bool(json_get(option, "x-positional")))
            continue;
        shown = arena_strndup(&k->arena, name.p, name.n);
        if (is_type(option, "array")) {
            while (at < k->n_files)
                TRY(store(k, option, shown, k->files[at++], err));
        } else if (at < k->n_files) {
            TRY(store(k, option, shown, k->files[at++], err));
        }
    }
    if (at < k->n_files && !k->filter)
        return USAGE(err, "unexpected argument \"%s\"", k->files[at]);
    return ASID_OK;
}

static void set_defaults(struct kit *k, const struct json *properties)
{
    json_each(option, properties) {
        struct json *value = json_get(option, "default");

        if (value && !json_get_str(k->options, json_key(option)))
            json_set_str(&k->arena, k->options, json_key(option),
                         json_copy(&k->arena, value));
    }
}

/* Options that mean nothing beside a value of another one. */
static enum asid_rc check_together(const struct kit *k, struct asid_err *err)
{
    json_each(given, k->given) {
        const struct json *value = json_get_str(k->options, json_key(given));
        const struct json *other =
            entry_clash(entry_option(k->document, k->entry, json_key(given)),
                        value, k->options);

        if (other)
            return USAGE(err,
                         "--" STR_FMT ": has no meaning with --" STR_FMT
                         " " STR_FMT,
                         STR_ARG(json_key(given)), STR_ARG(json_key(other)),
                         STR_ARG(json_str(other)));
    }
    return ASID_OK;
}

enum asid_rc opt_parse(struct kit *k, int argc, char **argv,
                       struct asid_err *err)
{
    struct parser p = {k, argv, argc, 1};
    const char **files =
        arena_array(&k->arena, (size_t)argc + 1, sizeof *files);
    bool only_files = false;

    k->options = json_new_object(&k->arena);
    k->given = json_new_object(&k->arena);
    k->files = files;
    while (p.at < p.argc) {
        const char *arg = p.argv[p.at++];

        if (only_files || arg[0] != '-' || arg[1] == '\0')
            files[k->n_files++] = arg;
        else if (strcmp(arg, "--") == 0)
            only_files = true;
        else if (arg[1] == '-')
            TRY(long_option(&p, arg, err));
        else
            TRY(short_options(&p, arg, err));
    }
    TRY(positionals(k, err));
    set_defaults(k, json_get(k->entry, "properties"));
    if (json_bool(json_get(k->entry, "x-common")))
        set_defaults(k, entry_common(k->document));
    TRY(check_together(k, err));
    /* Several threads will look at them. */
    json_settle(k->options);
    json_settle(k->given);
    json_settle(k->document);
    return ASID_OK;
}
