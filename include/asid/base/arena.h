/*
 * Arenas: memory that dies together.
 *
 * A record's tree, strings and scratch lists live in one arena that is reset
 * when the record is done; the blocks are kept for the next record. Options,
 * schemas and vocabularies live in an arena of the process.
 *
 * Small allocations cannot fail visibly: when the system has no memory left
 * the process ends with status 1 and one line (the ledger makes that safe).
 * Anything large or sized by input goes through mem_big(), which can fail.
 *
 * Not safe for two threads at once. In sanitizer builds every object is a
 * block of its own, so that an overflow into a neighbour is seen.
 */
#ifndef ASID_BASE_ARENA_H
#define ASID_BASE_ARENA_H

#include <stddef.h>
#include <stdint.h>

#include "asid/base/err.h"

struct arena_block;

struct arena {
    struct arena_block *blocks; /* newest first */
    struct arena_block *spare;  /* kept by arena_reset for reuse */
    char *at;                   /* next free byte in the newest block */
    char *end;
    size_t used; /* bytes handed out since the last reset */
};

#define ARENA_INIT                                                             \
 {                                                                             \
  NULL, NULL, NULL, NULL, 0                                                    \
 }

/* size zeroed bytes aligned for any type; size 0 gives a valid pointer. */
void *arena_alloc(struct arena *a, size_t size);
/* count * size zeroed bytes, checked for overflow. */
void *arena_array(struct arena *a, size_t count, size_t size);
/* The same without zeroing: for lists whose elements are written whole. */
void *arena_list(struct arena *a, size_t count, size_t size);
/* Without zeroing and without alignment: for text. */
char *arena_bytes(struct arena *a, size_t size);
/* A terminated copy. */
char *arena_strdup(struct arena *a, const char *text);
char *arena_strndup(struct arena *a, const char *text, size_t n);
char *arena_printf(struct arena *a, const char *fmt, ...) ASID_PRINTF(2, 3);
/* Forget everything, keep the blocks (up to a few MiB of them). */
void arena_reset(struct arena *a);
/* Give everything back; the arena may be used again. */
void arena_release(struct arena *a);

/* malloc/realloc for things sized by input or configuration: FAILED with the
 * size asked when there is none. *out is zeroed memory, freed with free(). */
enum asid_rc mem_big(void **out, size_t count, size_t size,
                     struct asid_err *err) ASID_WARN_UNUSED;
/* malloc/realloc that end the process when memory is out. */
void *mem_alloc(size_t size);
char *mem_strdup(const char *text); /* NULL for NULL */
void *mem_grow(void *old, size_t size);

/* Checked size arithmetic: true and *out written if it fits. */
static inline int size_mul(size_t a, size_t b, size_t *out)
{
    return !__builtin_mul_overflow(a, b, out);
}
static inline int size_add(size_t a, size_t b, size_t *out)
{
    return !__builtin_add_overflow(a, b, out);
}

#endif
