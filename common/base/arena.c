/* Arenas and the allocations that end the process when memory is out. */
#include "asid/base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    BLOCK_MIN = 32 * 1024,
    BLOCK_MAX = 1024 * 1024,
    SPARE_MAX = 4 * 1024 * 1024, /* what arena_reset keeps at most */
    ALIGN = 16,
};

struct arena_block {
    struct arena_block *next;
    size_t size; /* of data */
    char data[] __attribute__((aligned(ALIGN)));
};

/* The one way out below main: there is no memory to say more with, and what
 * was committed stays whole (docs/decisions/0003-out-of-memory.md). */
static _Noreturn void out_of_memory(void)
{
    static const char line[] = "asid: out of memory\n";

    if (write(STDERR_FILENO, line, sizeof line - 1) < 0)
        _exit(1);
    _exit(1);
}

void *mem_alloc(size_t size)
{
    void *p = calloc(1, size ? size : 1);

    if (!p)
        out_of_memory();
    return p;
}

char *mem_strdup(const char *text)
{
    size_t n = text ? strlen(text) + 1 : 0;

    return text ? memcpy(mem_alloc(n), text, n) : NULL;
}

void *mem_grow(void *old, size_t size)
{
    void *p = realloc(old, size ? size : 1);

    if (!p)
        out_of_memory();
    return p;
}

enum asid_rc mem_big(void **out, size_t count, size_t size,
                     struct asid_err *err)
{
    size_t bytes;
    void *p;

    if (!size_mul(count, size, &bytes))
        return FAIL(err, "out of memory: %zu times %zu bytes asked", count,
                    size);
    p = calloc(1, bytes ? bytes : 1);
    if (!p)
        return FAIL(err, "out of memory: %zu bytes asked", bytes);
    *out = p;
    return ASID_OK;
}

static void add_block(struct arena *a, size_t need)
{
    struct arena_block *b = a->spare;
    size_t size = a->blocks ? a->blocks->size * 2 : BLOCK_MIN;

    if (size > BLOCK_MAX)
        size = BLOCK_MAX;
    if (size < need)
        size = need;
#ifdef ASID_SANITIZE
    size = need; /* a block an object, so that overflows are seen */
#endif
    if (b && b->size >= need) {
        a->spare = b->next;
    } else {
        if (!size_add(size, sizeof *b, &size))
            out_of_memory();
        b = malloc(size);
        if (!b)
            out_of_memory();
        b->size = size - sizeof *b;
    }
    b->next = a->blocks;
    a->blocks = b;
    a->at = b->data;
    a->end = b->data + b->size;
}

static void *take(struct arena *a, size_t size, size_t align)
{
    uintptr_t at = ((uintptr_t)a->at + align - 1) & ~(uintptr_t)(align - 1);
    char *p;

#ifdef ASID_SANITIZE
    at = (uintptr_t)a->end + 1; /* never share a block */
#endif
    if (!a->at || at > (uintptr_t)a->end || (uintptr_t)a->end - at < size) {
        size_t need;

        if (!size_add(size, 1, &need))
            out_of_memory();
        add_block(a, need);
        at = (uintptr_t)a->at;
    }
    p = a->at + (at - (uintptr_t)a->at);
    a->at = p + size;
    a->used += size;
    return p;
}

void *arena_alloc(struct arena *a, size_t size)
{
    void *p = take(a, size, ALIGN);

    memset(p, 0, size);
    return p;
}

void *arena_array(struct arena *a, size_t count, size_t size)
{
    size_t bytes;

    if (!size_mul(count, size, &bytes))
        out_of_memory();
    return arena_alloc(a, bytes);
}

void *arena_list(struct arena *a, size_t count, size_t size)
{
    size_t bytes;

    if (!size_mul(count, size, &bytes))
        out_of_memory();
    return take(a, bytes, ALIGN);
}

char *arena_bytes(struct arena *a, size_t size)
{
    return take(a, size, 1);
}

char *arena_strndup(struct arena *a, const char *text, size_t n)
{
    char *p = arena_bytes(a, n + 1);

    if (n)
        memcpy(p, text, n);
    p[n] = '\0';
    return p;
}

char *arena_strdup(struct arena *a, const char *text)
{
    return arena_strndup(a, text, strlen(text));
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
    va_list ap, again;
    int n;
    char *p;

    va_start(ap, fmt);
    va_copy(again, ap);
    n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    BUG_IF(n < 0);
    p = arena_bytes(a, (size_t)n + 1);
    vsnprintf(p, (size_t)n + 1, fmt, again);
    va_end(again);
    return p;
}

static void free_blocks(struct arena_block *b)
{
    while (b) {
        struct arena_block *next = b->next;

        free(b);
        b = next;
    }
}

void arena_reset(struct arena *a)
{
    struct arena_block *b = a->blocks;
    size_t kept = 0;

#ifdef ASID_SANITIZE
    arena_release(a);
    return;
#endif
    for (struct arena_block *s = a->spare; s; s = s->next)
        kept += s->size;
    while (b) {
        struct arena_block *next = b->next;

        if (kept + b->size <= SPARE_MAX) {
            kept += b->size;
            b->next = a->spare;
            a->spare = b;
        } else {
            free(b);
        }
        b = next;
    }
    a->blocks = NULL;
    a->at = a->end = NULL;
    a->used = 0;
}

void arena_release(struct arena *a)
{
    free_blocks(a->blocks);
    free_blocks(a->spare);
    *a = (struct arena)ARENA_INIT;
}
