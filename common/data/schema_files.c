/* The embedded files of schemas/, and the table of codes among them. */
#include "asid/data/schema_files.h"

#include "asid/data/schema.h"

struct str schema_file(const char *name)
{
    for (const struct schema_embedded *f = schema_embedded; f->name; f++) {
        if (strcmp(f->name, name) == 0)
            return (struct str){f->begin, (size_t)(f->end - f->begin)};
    }
    return (struct str){"", 0};
}

/* Cut the text at the first stop; rest becomes what follows it. */
static struct str cut(struct str *rest, char stop)
{
    const char *at = rest->n ? memchr(rest->p, stop, rest->n) : NULL;
    struct str head = *rest;

    if (at)
        head.n = (size_t)(at - rest->p);
    rest->p += head.n + (at != NULL);
    rest->n -= head.n + (at != NULL);
    return head;
}

/* The next code with what is in its row behind it; false at the end. */
static bool next_code(struct str *rest, struct str *code, struct str *row)
{
    while (rest->n) {
        *row = cut(rest, '\n');
        *code = cut(row, '\t');
        if (code->n && !str_starts(*code, "#"))
            return true;
    }
    return false;
}

bool schema_code(const char *code, struct str *kind, struct str *meaning)
{
    struct str rest = schema_file("codes.tsv"), known, row;

    while (next_code(&rest, &known, &row)) {
        if (!str_is(known, code))
            continue;
        *kind = cut(&row, '\t');
        *meaning = row;
        return true;
    }
    return false;
}

void schema_code_nearer(struct str_nearest *near)
{
    struct str rest = schema_file("codes.tsv"), code, row;

    while (next_code(&rest, &code, &row))
        str_nearer(near, code);
}
