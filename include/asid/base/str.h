/*
 * Strings: struct str is a view (pointer and length, owned by somebody else),
 * struct buf a growing, bounded byte buffer.
 *
 * A buf has a cap from its creation. Appending beyond the cap makes it fail:
 * it keeps what it had, later appends do nothing, and the writer asks
 * buf_failed() once at the end.
 */
#ifndef ASID_BASE_STR_H
#define ASID_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "asid/base/err.h"

struct str {
    const char *p;
    size_t n;
};

#define STR(literal) ((struct str){(literal), sizeof(literal) - 1})
#define STR_FMT "%.*s"
#define STR_ARG(s) (int)((s).n > 4096 ? 4096 : (s).n), (s).p

static inline struct str str_of(const char *text)
{
    return (struct str){text, strlen(text)};
}
static inline bool str_eq(struct str a, struct str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}
static inline bool str_is(struct str a, const char *text)
{
    return str_eq(a, str_of(text));
}
bool str_starts(struct str a, const char *prefix);
bool str_ends(struct str a, const char *suffix);
/* Where the part first stands in a; NULL: nowhere, as when it is empty. */
const char *str_find(struct str a, struct str part);
bool str_has(struct str a, const char *part);
/* Strip ASCII blanks at both ends. */
struct str str_trim(struct str a);
/* memcmp order, shorter first on a tie. */
int str_cmp(struct str a, struct str b);
/* Case-sensitive edit distance, for "did you mean"; two neighbours that changed
 * places are one edit (optimal string alignment). Texts over 64 bytes count as
 * far. */
unsigned str_distance(struct str a, struct str b);

/* The known name that a mistyped one was meant to be: start with {.wrong = ...}
 * and feed all that are known. A name counts only when at most a third of the
 * longer of the two differs: what is farther away was not mistyped. */
struct str_nearest {
    struct str wrong;
    struct str name; /* the first of the nearest; n 0: none is near */
    unsigned distance;
};
void str_nearer(struct str_nearest *n, struct str name);
/* What a message about the wrong name ends with: "; did you mean 'NAME'?" in the
 * arena, or `otherwise` when none is near. */
struct arena;
const char *str_meant(struct arena *a, const struct str_nearest *n,
                      const char *otherwise);

struct buf {
    char *p; /* terminated by a zero byte that n does not count, or NULL */
    size_t n;
    size_t room;
    size_t cap; /* never more than this many bytes */
    bool failed;
};

/* Start an empty buffer; no memory is taken yet. */
void buf_init(struct buf *b, size_t cap);
/* Empty it, keep the memory and the cap, forget a failure. */
void buf_reset(struct buf *b);
/* Give the memory back; the buffer is as after buf_init. */
void buf_release(struct buf *b);
bool buf_failed(const struct buf *b);
void buf_add(struct buf *b, const void *bytes, size_t n);
void buf_str(struct buf *b, struct str s);
void buf_text(struct buf *b, const char *text);
void buf_char(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...) ASID_PRINTF(2, 3);
/* Room for n more bytes at b->p + b->n, or NULL and failed; the caller then
 * adds what it wrote to b->n. */
char *buf_room(struct buf *b, size_t n);
static inline struct str buf_view(const struct buf *b)
{
    return (struct str){b->p ? b->p : "", b->n};
}

#endif
