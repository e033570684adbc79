/*
 * --version: asid's own number and the libraries the program runs with.
 *
 * The shared objects that the loader really mapped are asked, so the answer is
 * what runs, not what was there at compile time, and light programs need no
 * link to heavy libraries just to name them. What a stage has done by another
 * process it has to name itself.
 */
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "asid/base/file.h"
#include "kit_int.h"

enum { MOST = 24 }; /* one line in the ledger stays readable */

struct found {
    struct buf *out;
    unsigned n;
};

static int add_object(struct dl_phdr_info *info, size_t size, void *user)
{
    struct found *f = user;
    char *real;

    (void)size;
    if (!strstr(info->dlpi_name, "/lib") || f->n >= MOST)
        return 0;
    /* libx.so.1 is a link to the file that bears the whole version. */
    real = realpath(info->dlpi_name, NULL);
    if (real && str_starts(str_of(path_base(real)), "lib")) {
        buf_printf(f->out, "%s%s", f->n ? " " : "", path_base(real));
        f->n++;
    }
    free(real);
    return 0;
}

void version_libraries(struct buf *out, const struct asid_stage *stage)
{
    struct found f = {out, 0};
    char text[1000] = "";
    struct asid_err err;

    buf_printf(out, "SQLite %s; ", ledger_sqlite_version());
    dl_iterate_phdr(add_object, &f);
    if (!stage->libraries)
        return;
    buf_text(out, "; ");
    buf_text(out, stage->libraries(text, sizeof text, &err) == ASID_OK
                      ? text
                      : err.text);
}

void version_text(struct buf *out, const struct asid_stage *stage)
{
    buf_printf(out, "asid-%s (asid) %s\n", stage->name, ASID_VERSION);
    version_libraries(out, stage);
    buf_char(out, '\n');
}
