/* Tables for terminals. */
#include "asid/pipeline/table.h"

#include <string.h>

#include "asid/base/utf8.h"

void table_init(struct table *t, struct arena *a, size_t columns,
                unsigned right)
{
    BUG_IF(columns == 0 || columns > TABLE_COLUMNS);
    memset(t, 0, sizeof *t);
    t->a = a;
    t->columns = columns;
    t->right = right;
}

char *table_safe(struct arena *a, const char *text)
{
    static const char hex[] = "0123456789abcdef";
    size_t n = strlen(text), at = 0;
    /* The longest a byte becomes is \xNN. */
    char *out = arena_array(a, n + 1, 4);

    for (size_t i = 0; i < n;) {
        uint32_t cp = 0;
        unsigned used = utf8_decode(text + i, n - i, &cp);

        /* Controls, and the marks that change the direction of a line. */
        if (used == 0 || cp < 0x20 || (cp >= 0x7f && cp < 0xa0) ||
            (cp >= 0x202a && cp <= 0x202e) || (cp >= 0x2066 && cp <= 0x2069)) {
            for (unsigned k = 0; k < (used ? used : 1); k++, i++) {
                unsigned char c = (unsigned char)text[i];

                memcpy(out + at, "\\x", 2);
                out[at + 2] = hex[c >> 4];
                out[at + 3] = hex[c & 15];
                at += 4;
            }
            continue;
        }
        memcpy(out + at, text + i, used);
        at += used;
        i += used;
    }
    out[at] = '\0';
    return out;
}

void table_add(struct table *t, const char *const *cells)
{
    if (t->n + t->columns > t->room) {
        size_t room = t->room ? 2 * t->room : 16 * t->columns;
        const char **grown = arena_array(t->a, room, sizeof *grown);

        if (t->n)
            memcpy(grown, t->cells, t->n * sizeof *grown);
        t->cells = grown;
        t->room = room;
    }
    for (size_t i = 0; i < t->columns; i++)
        t->cells[t->n++] = table_safe(t->a, cells[i] ? cells[i] : "-");
}

/* Code points; good enough for names, codes and figures. */
static size_t width(const char *text)
{
    size_t n = 0;

    for (; *text; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

static void pad(struct buf *out, size_t n)
{
    while (n-- > 0)
        buf_char(out, ' ');
}

void table_write(const struct table *t, struct buf *out)
{
    size_t widest[TABLE_COLUMNS] = {0};

    for (size_t i = 0; i < t->n; i++) {
        size_t w = width(t->cells[i]);

        if (w > widest[i % t->columns])
            widest[i % t->columns] = w;
    }
    for (size_t i = 0; i < t->n; i++) {
        size_t column = i % t->columns, gap;
        bool last = column + 1 == t->columns;

        gap = widest[column] - width(t->cells[i]);
        if (t->right >> column & 1)
            pad(out, gap);
        buf_text(out, t->cells[i]);
        if (!last) {
            pad(out, 2 + (t->right >> column & 1 ? 0 : gap));
            continue;
        }
        while (out->n > 0 && out->p[out->n - 1] == ' ')
            out->n--;
        buf_char(out, '\n');
    }
}
