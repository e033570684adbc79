/* String views and bounded buffers. */
#include "asid/base/str.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "asid/base/arena.h"

bool str_starts(struct str a, const char *prefix)
{
    size_t n = strlen(prefix);

    return a.n >= n && memcmp(a.p, prefix, n) == 0;
}

bool str_ends(struct str a, const char *suffix)
{
    size_t n = strlen(suffix);

    return a.n >= n && memcmp(a.p + a.n - n, suffix, n) == 0;
}

const char *str_find(struct str a, struct str part)
{
    return part.n > 0 && a.n >= part.n ? memmem(a.p, a.n, part.p, part.n)
                                       : NULL;
}

bool str_has(struct str a, const char *part)
{
    return str_find(a, str_of(part)) != NULL;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f' ||
           c == '\v';
}

struct str str_trim(struct str a)
{
    while (a.n && is_blank(a.p[0])) {
        a.p++;
        a.n--;
    }
    while (a.n && is_blank(a.p[a.n - 1]))
        a.n--;
    return a;
}

int str_cmp(struct str a, struct str b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int order = n ? memcmp(a.p, b.p, n) : 0;

    if (order)
        return order;
    return a.n < b.n ? -1 : a.n > b.n;
}

enum { FAR = 64 }; /* bytes of a text that is still compared */

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

unsigned str_distance(struct str a, struct str b)
{
    unsigned rows[3][FAR + 1], *before = rows[0], *last = rows[1];
    unsigned *row = rows[2];

    if (a.n > FAR || b.n > FAR)
        return FAR;
    for (size_t j = 0; j <= b.n; j++)
        row[j] = (unsigned)j;
    for (size_t i = 1; i <= a.n; i++) {
        unsigned *oldest = before;

        before = last;
        last = row;
        row = oldest;
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= b.n; j++) {
            row[j] = least(last[j - 1] + (a.p[i - 1] != b.p[j - 1]),
                           least(last[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a.p[i - 1] == b.p[j - 2] &&
                a.p[i - 2] == b.p[j - 1])
                row[j] = least(row[j], before[j - 2] + 1);
        }
    }
    return row[b.n];
}

void str_nearer(struct str_nearest *n, struct str name)
{
    size_t longer = name.n > n->wrong.n ? name.n : n->wrong.n;
    unsigned distance = str_distance(n->wrong, name);

    if (longer > FAR || distance > longer / 3 ||
        (n->name.n && distance >= n->distance))
        return;
    n->name = name;
    n->distance = distance;
}

const char *str_meant(struct arena *a, const struct str_nearest *n,
                      const char *otherwise)
{
    if (n->name.n == 0)
        return otherwise;
    return arena_printf(a, "; did you mean '" STR_FMT "'?", STR_ARG(n->name));
}

void buf_init(struct buf *b, size_t cap)
{
    *b = (struct buf){.cap = cap};
}

void buf_reset(struct buf *b)
{
    b->n = 0;
    b->failed = false;
    if (b->p)
        b->p[0] = '\0';
}

void buf_release(struct buf *b)
{
    free(b->p);
    buf_init(b, b->cap);
}

bool buf_failed(const struct buf *b)
{
    return b->failed;
}

/* Room for need bytes and the zero behind them. */
static void grow(struct buf *b, size_t need)
{
    size_t room = b->room < 256 ? 256 : b->room;

    while (room < need + 1)
        room = room > SIZE_MAX / 2 ? need + 1 : room * 2;
    b->p = mem_grow(b->p, room);
    b->room = room;
}

char *buf_room(struct buf *b, size_t n)
{
    size_t need;

    if (b->failed || !size_add(b->n, n, &need) || need > b->cap) {
        b->failed = true;
        return NULL;
    }
    if (need >= b->room)
        grow(b, need);
    return b->p + b->n;
}

void buf_add(struct buf *b, const void *bytes, size_t n)
{
    char *p = buf_room(b, n);

    if (!p)
        return;
    if (n)
        memcpy(p, bytes, n);
    b->n += n;
    b->p[b->n] = '\0';
}

void buf_str(struct buf *b, struct str s)
{
    buf_add(b, s.p, s.n);
}

void buf_text(struct buf *b, const char *text)
{
    buf_add(b, text, strlen(text));
}

void buf_char(struct buf *b, char c)
{
    char *p = buf_room(b, 1);

    if (!p)
        return;
    p[0] = c;
    p[1] = '\0';
    b->n++;
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
    va_list ap, again;
    int n;
    char *p;

    va_start(ap, fmt);
    va_copy(again, ap);
    n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    p = n < 0 ? NULL : buf_room(b, (size_t)n);
    if (p) {
        vsnprintf(p, (size_t)n + 1, fmt, again);
        b->n += (size_t)n;
    }
    va_end(again);
}
