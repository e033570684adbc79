/*
 * UTF-8: strict (no surrogates, no overlong forms, nothing past U+10FFFF).
 */
#ifndef ASID_BASE_UTF8_H
#define ASID_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "asid/base/str.h"

/* Offset of the first byte that is not part of valid UTF-8, or n. */
size_t utf8_span(const char *p, size_t n);
static inline bool utf8_valid(struct str s)
{
    return utf8_span(s.p, s.n) == s.n;
}
/* The text behind its byte-order mark, if it has one. */
struct str utf8_unmarked(struct str s);
/* Whether it begins with the byte-order mark of UTF-16, either order. */
bool utf16_is_marked(struct str s);
/* Decode one code point from valid or invalid text: returns bytes used (1..4)
 * and *cp, or 0 when the bytes at p are malformed or truncated. n > 0. */
unsigned utf8_decode(const char *p, size_t n, uint32_t *cp);
/* Encode; returns bytes written (1..4); cp must be a scalar value. */
unsigned utf8_encode(uint32_t cp, char out[4]);

#endif
