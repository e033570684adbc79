/* --help=completion: a bash completion made from the program's entry. */
#include <string.h>

#include "kit_int.h"

/* "--progress) values" for options that take one of a few words. */
static void choices(struct buf *out, const struct help_option *o)
{
    const struct json *list = json_get(o->option, "enum");
    const char *letter = json_text(json_get(o->option, "x-short"));

    if (!list)
        list = json_path(o->option, "items.enum");
    if (!list)
        return;
    buf_printf(out, "    --%s", o->name);
    if (letter)
        buf_printf(out, " | -%s", letter);
    buf_text(out, ")\n        mapfile -t COMPREPLY < <(compgen -W '");
    json_each(item, list)
        buf_printf(out, STR_FMT " ", STR_ARG(json_str(item)));
    buf_text(out, "' -- \"$cur\")\n        return ;;\n");
}

static void positional_choices(struct buf *out, const struct help_option *o)
{
    const struct json *list = json_get(o->option, "enum");

    if (!list || !json_bool(json_get(o->option, "x-positional")))
        return;
    buf_text(out, "    if ((COMP_CWORD == 1)); then\n"
                  "        mapfile -t COMPREPLY < <(compgen -W '");
    json_each(item, list)
        buf_printf(out, STR_FMT " ", STR_ARG(json_str(item)));
    buf_text(out, "' -- \"$cur\")\n        return\n    fi\n");
}

void help_completion(struct kit *k, struct buf *out)
{
    const char *name = k->cx.stage->name;
    struct help_option *list;
    size_t n = help_options(k, &list);

    buf_printf(out,
               "_asid_%s() {\n"
               "    local cur=${COMP_WORDS[COMP_CWORD]}\n"
               "    local prev=${COMP_WORDS[COMP_CWORD-1]}\n"
               "    case $prev in\n",
               name);
    for (size_t i = 0; i < n; i++)
        choices(out, &list[i]);
    buf_text(out, "    esac\n    if [[ $cur == -* ]]; then\n"
                  "        mapfile -t COMPREPLY < <(compgen -W '");
    for (size_t i = 0; i < n; i++)
        buf_printf(out, "--%s ", list[i].name);
    buf_text(out, "' -- \"$cur\")\n        return\n    fi\n");
    for (size_t i = 0; i < n; i++)
        positional_choices(out, &list[i]);
    buf_printf(out,
               "    mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n}\n"
               "complete -o filenames -F _asid_%s asid-%s\n",
               name, name);
}
