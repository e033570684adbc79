/*
 * asid: one name for all programs. `asid NAME ...` runs asid-NAME, which lies
 * in the same folder.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "asid/base/file.h"
#include "asid/kit/entry.h"

struct launcher {
    struct arena arena;
    struct json *document;
    char *dir;
};

static int complain(const struct asid_err *err)
{
    fprintf(stderr, "asid: %s\n", err->text);
    return err->rc == ASID_USAGE ? 2 : 1;
}

static bool is_listed(const struct json *entry)
{
    return entry_is_program(entry) && !json_bool(json_get(entry, "x-hidden"));
}

static int list_programs(const struct launcher *l, FILE *out)
{
    fprintf(out,
            "asid: curate and caption audiovisual data sets\n\n"
            "usage: asid PROGRAM [OPTION]... [ARGUMENT]...\n\nprograms:\n");
    json_each(entry, json_get(l->document, "$defs")) {
        if (is_listed(entry))
            fprintf(out, "  %-12.*s " STR_FMT "\n", STR_ARG(json_key(entry)),
                    STR_ARG(json_str(json_get(entry, "title"))));
    }
    fprintf(out, "\nasid PROGRAM --help says more.\n");
    return fflush(out) == 0 ? 0 : 1;
}

static enum asid_rc unknown(struct launcher *l, const char *name,
                            struct asid_err *err)
{
    struct str_nearest near = {.wrong = str_of(name)};

    json_each(entry, json_get(l->document, "$defs")) {
        if (is_listed(entry))
            str_nearer(&near, json_key(entry));
    }
    if (near.name.n)
        return USAGE(err, "%s: no such program; did you mean " STR_FMT "?",
                     name, STR_ARG(near.name));
    return USAGE(err, "%s: no such program; asid --help lists them", name);
}

/* Does not come back when all is well. */
static enum asid_rc launch(struct launcher *l, const char *name, char **argv,
                           struct asid_err *err)
{
    char *program, *path;

    if (!entry_find(l->document, name))
        return unknown(l, name, err);
    program = arena_printf(&l->arena, "asid-%s", name);
    path = path_join(&l->arena, l->dir, program);
    argv[0] = path;
    execv(path, argv);
    return FAIL_ERRNO(err, "cannot run %s", path);
}

int main(int argc, char **argv)
{
    struct launcher l = {.arena = ARENA_INIT};
    struct asid_err err;
    const char *name = argc > 1 ? argv[1] : NULL;
    int status = 0;

    if (entry_document(&l.arena, &l.document, &err) != ASID_OK ||
        path_program_dir(&l.arena, &l.dir, &err) != ASID_OK)
        status = complain(&err);
    else if (!name)
        status = list_programs(&l, stderr) ? 1 : 2;
    else if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 ||
             (strcmp(name, "help") == 0 && argc == 2))
        status = list_programs(&l, stdout);
    else if (strcmp(name, "--version") == 0)
        printf("asid %s\n", ASID_VERSION);
    else if (strncmp(name, "asid-", 5) == 0)
        status = launch(&l, name + 5, argv + 1, &err) ? complain(&err) : 0;
    else
        status = launch(&l, name, argv + 1, &err) ? complain(&err) : 0;
    arena_release(&l.arena);
    return status;
}
