/*
 * Tables for terminals: columns aligned by what a terminal shows, control
 * characters and malformed bytes shown as \xNN.
 */
#ifndef ASID_PIPELINE_TABLE_H
#define ASID_PIPELINE_TABLE_H

#include <stddef.h>

#include "asid/base/arena.h"
#include "asid/base/str.h"

enum { TABLE_COLUMNS = 12 };

struct table {
    struct arena *a;
    size_t columns;
    unsigned right; /* bit i: column i is aligned to the right */
    const char **cells;
    size_t n, room; /* cells */
};

void table_init(struct table *t, struct arena *a, size_t columns,
                unsigned right);
/* One row of t->columns texts, copied and made safe; NULL shows as "-". */
void table_add(struct table *t, const char *const *cells);
/* Two blanks between columns, none at the end of a line. */
void table_write(const struct table *t, struct buf *out);
/* A copy that is safe on a terminal, as one line. */
char *table_safe(struct arena *a, const char *text);

#endif
