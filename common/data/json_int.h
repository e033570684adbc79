/*
 * One JSON value, shared by the files of common/data and by nobody else.
 *
 * A value is 64 bytes: a record of 9 kB has about a hundred of them, a hostile
 * line of 64 MiB has millions. Containers are doubly linked lists in which the
 * first element's prev is the last one, so that both ends are at hand with one
 * pointer. Nothing here recurses: parent leads back up.
 *
 * Invariant: when a value is JSON_CHANGED, so is every container around it.
 */
#ifndef ASID_DATA_JSON_INT_H
#define ASID_DATA_JSON_INT_H

#include <stdint.h>
#if defined(__SSE2__)
# include <emmintrin.h>
#endif

#include "asid/data/json.h"
#include "asid/data/yaml.h"

enum {
    JSON_CHANGED = 1, /* made or changed: the source does not speak for it */
    JSON_ESCAPED = 2, /* a parsed string that holds escapes */
    JSON_DECODED = 4, /* u.text is the string, decoded and terminated */
    JSON_SPELLED =
        8, /* key is a struct json_name: it was parsed with escapes */
    JSON_ODD_KEY = 16, /* key was made and needs escapes when written */
    JSON_PLACED = 32,  /* from.place is set; there is no source */
    JSON_MOVED = 64,   /* put where it is after it was parsed */
};

/* A key that was written with escapes. */
struct json_name {
    struct str spelling; /* without the quotes */
    struct str text;
};

struct json {
    struct json *parent;
    struct json *next, *prev; /* the first one's prev is the last one */
    union {
        struct json *first;  /* array, object */
        const char *text;    /* decoded string; made number's spelling */
        struct arena *arena; /* parsed string: where to decode it to */
    } u;
    union {
        const char *p;           /* the bytes parsed, from_n of them */
        struct yaml_place place; /* with JSON_PLACED */
    } from;
    const void *key; /* of an object's member: const char *, key_n bytes */
    uint32_t key_n;
    uint32_t from_n;
    uint32_t n; /* elements; bytes of u.text; a boolean's value */
    uint8_t type;
    uint8_t flags;
};

_Static_assert(sizeof(struct json) == 64, "a value is one cache line");

static inline bool json_is_box(const struct json *v)
{
    return v->type == JSON_ARRAY || v->type == JSON_OBJECT;
}

static inline struct str json_member_key(const struct json *v)
{
    if (v->flags & JSON_SPELLED)
        return ((const struct json_name *)v->key)->text;
    return (struct str){v->key, v->key_n};
}

/* Put v at the end of a container; marks nothing as changed. */
static inline void json_link(struct json *box, struct json *v)
{
    struct json *first = box->u.first;

    v->parent = box;
    if (first) {
        v->prev = first->prev;
        first->prev->next = v;
        first->prev = v;
    } else {
        v->prev = v;
        box->u.first = v;
    }
    box->n++;
}

/* Give v, which is about to be linked, a copy of the key. */
void json_put_key(struct arena *a, struct json *v, struct str key);

/* A member whose key another one had before it, the first such in order; NULL
 * when all keys differ. Takes n log n steps whatever the keys are. */
const struct json *json_duplicate(const struct json *object);

/* Resolve the escapes of a checked string of n bytes (without quotes) into
 * out, which has room for n bytes; returns the bytes written. */
size_t json_unescape(char *out, const char *p, size_t n);

/* A number by its spelling: does it denote a whole number? */
bool json_is_whole(struct str spelling);

/* How many of the n bytes come before the first quote, backslash, control
 * character or, with ascii, byte above 0x7f: what a string may hold as is. */
static inline size_t json_plain(const char *p, size_t n, bool ascii)
{
    size_t i = 0;

#if defined(__SSE2__)
    const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\');
    const __m128i blank = _mm_set1_epi8(0x20), last = _mm_set1_epi8(0x1f);

    for (; n - i >= 16; i += 16) {
        __m128i x = _mm_loadu_si128((const __m128i *)(const void *)(p + i));
        __m128i odd =
            _mm_or_si128(_mm_cmpeq_epi8(x, quote), _mm_cmpeq_epi8(x, slash));
        /* As signed bytes, those above 0x7f are below 0x20 as well. */
        __m128i low = ascii ? _mm_cmplt_epi8(x, blank)
                            : _mm_cmpeq_epi8(_mm_min_epu8(x, last), x);
        int mask = _mm_movemask_epi8(_mm_or_si128(odd, low));

        if (mask)
            return i + (size_t)__builtin_ctz((unsigned)mask);
    }
#endif
    for (; i < n; i++) {
        unsigned char c = (unsigned char)p[i];

        if (c == '"' || c == '\\' || c < 0x20 || (ascii && c > 0x7f))
            break;
    }
    return i;
}

#endif
