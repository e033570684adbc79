/* --help=man: the manual page, in man(7), made from the program's entry. */
#include <ctype.h>
#include <string.h>

#include "asid/data/schema.h"
#include "kit_int.h"

/* Text as roff shows it: no request, no escape, hyphens that can be copied. */
static void roff(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];

        if (c == '\\')
            buf_text(out, "\\e");
        else if (c == '-')
            buf_text(out, "\\-");
        else if ((c == '.' || c == '\'') && (i == 0 || text.p[i - 1] == '\n'))
            buf_printf(out, "\\&%c", c);
        else
            buf_char(out, c);
    }
}

static void roff_text(struct buf *out, const char *text)
{
    roff(out, str_of(text));
}

static void upper(struct buf *out, const char *text)
{
    for (; *text; text++)
        buf_char(out, (char)toupper((unsigned char)*text));
}

static void head(struct kit *k, struct buf *out)
{
    const char *name = k->cx.stage->name;
    const struct json *usage = json_get(k->entry, "x-usage");

    buf_text(out, ".TH ASID\\-");
    upper(out, name);
    buf_printf(out, " 1 \"\" \"asid %s\" \"User Commands\"\n", ASID_VERSION);
    buf_printf(out, ".SH NAME\nasid\\-%s \\- ", name);
    roff(out, json_str(json_get(k->entry, "title")));
    buf_printf(out, "\n.SH SYNOPSIS\n.B asid\\-%s\n", name);
    if (usage)
        roff(out, json_str(usage));
    else
        buf_text(out, "[OPTION]...");
    buf_text(out, "\n.SH DESCRIPTION\n");
    if (json_get(k->entry, "description"))
        roff(out, json_str(json_get(k->entry, "description")));
    buf_char(out, '\n');
    if (!k->tool)
        buf_text(out,
                 ".PP\nRecords are lines of JSON. Accepted records go to the "
                 "output in the order of the input, at any number of jobs; "
                 "every other record goes to the rejects with the reason. "
                 "With\n.B \\-\\-out\\-file\nand\n.B \\-\\-ledger\na call "
                 "that was interrupted goes on where it stopped.\n");
}

static void option(struct buf *out, const struct help_option *o)
{
    struct buf text;
    const struct json *choices = json_get(o->option, "enum");
    bool first = true;

    buf_init(&text, 8000);
    help_spelling(&text, o);
    buf_text(out, ".TP\n.B ");
    roff(out, str_trim(buf_view(&text)));
    buf_char(out, '\n');
    buf_reset(&text);
    buf_str(&text, json_str(json_get(o->option, "description")));
    if (!choices)
        choices = json_path(o->option, "items.enum");
    json_each(item, choices) {
        buf_printf(&text, "%s" STR_FMT, first ? ": " : ", ",
                   STR_ARG(json_str(item)));
        first = false;
    }
    help_default(&text, o);
    roff(out, buf_view(&text));
    buf_char(out, '\n');
    buf_release(&text);
}

static void options(struct kit *k, struct buf *out)
{
    struct help_option *list;
    size_t n = help_options(k, &list);

    buf_text(out, ".SH OPTIONS\n");
    for (size_t i = 0; i < n; i++) {
        const char *group = list[i].group;

        if (i > 0 && strcmp(group, list[i - 1].group) != 0)
            buf_printf(out, ".SS %c%s\n", toupper((unsigned char)*group),
                       group + 1);
        option(out, &list[i]);
    }
}

static void exit_status(struct kit *k, struct buf *out)
{
    buf_text(out, ".SH EXIT STATUS\n.TP\n.B 0\n");
    buf_text(out, k->tool ? "The answer was printed.\n"
                          : "Every record read was accepted or rejected with "
                            "a reason.\n");
    buf_text(out, ".TP\n.B 1\nThe work could not be done; the message says "
                  "why.");
    if (!k->tool)
        buf_text(out, " What was written is whole lines, and the same call "
                      "goes on from there.");
    buf_text(out, "\n.TP\n.B 2\nWrong usage.\n.TP\n.B 128 + N\n"
                  "Ended by signal N after the records in flight; what a "
                  "model is in the middle of is left for the next call.\n");
}

static void code(struct buf *out, const char *name)
{
    struct str kind, meaning;

    if (!schema_code(name, &kind, &meaning))
        return;
    buf_text(out, ".TP\n.B ");
    roff_text(out, name);
    buf_char(out, '\n');
    roff(out, meaning);
    buf_char(out, '\n');
}

static void codes(struct kit *k, struct buf *out)
{
    if (k->tool)
        return;
    buf_text(out, ".SH REJECT CODES\n");
    if (k->filter) {
        code(out, "input.syntax");
        code(out, "input.schema");
    }
    json_each(item, json_get(k->entry, "x-codes"))
        code(out, json_text(item));
}

static void examples(struct kit *k, struct buf *out)
{
    if (json_count(json_get(k->entry, "x-examples")) == 0)
        return;
    buf_text(out, ".SH EXAMPLES\n");
    json_each(example, json_get(k->entry, "x-examples")) {
        buf_text(out, ".PP\n");
        roff(out, json_str(json_get(example, "text")));
        buf_text(out, ":\n.PP\n.nf\n.RS\n");
        roff(out, json_str(json_get(example, "command")));
        buf_text(out, "\n.RE\n.fi\n");
    }
}

static void see_also(struct kit *k, struct buf *out)
{
    bool first = true;

    buf_text(out, ".SH SEE ALSO\n");
    json_each(entry, json_get(k->document, "$defs")) {
        struct str name = json_key(entry);

        if (!entry_is_program(entry) || str_is(name, k->cx.stage->name) ||
            json_bool(json_get(entry, "x-hidden")))
            continue;
        buf_printf(out, "%s.BR asid\\-" STR_FMT " (1)", first ? "" : ",\n",
                   STR_ARG(name));
        first = false;
    }
    buf_char(out, '\n');
}

void help_man(struct kit *k, struct buf *out)
{
    head(k, out);
    options(k, out);
    exit_status(k, out);
    codes(k, out);
    examples(k, out);
    see_also(k, out);
}
