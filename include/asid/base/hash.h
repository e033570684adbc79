/*
 * SHA-256, by nettle: content hashes of media, records, options, prompts.
 */
#ifndef ASID_BASE_HASH_H
#define ASID_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "asid/base/err.h"
#include "asid/base/str.h"

enum { HASH_HEX = 65 }; /* 64 hex digits and the terminator */

struct hash {
    uint64_t space[32]; /* nettle's context, hidden from includers */
};

void hash_init(struct hash *h);
void hash_add(struct hash *h, const void *p, size_t n);
/* The digest so far as lower-case hex; h can go on being fed. */
void hash_hex(const struct hash *h, char hex[HASH_HEX]);
void hash_text(struct str text, char hex[HASH_HEX]);
/* Hash a whole file; *size (may be NULL) gets its length in bytes. */
enum asid_rc hash_file(const char *path, char hex[HASH_HEX], uint64_t *size,
                       struct asid_err *err) ASID_WARN_UNUSED;
/* The same; messages call the file by that name. */
enum asid_rc hash_file_named(const char *path, const char *name,
                             char hex[HASH_HEX], uint64_t *size,
                             struct asid_err *err) ASID_WARN_UNUSED;
/* 64-bit mix for hash tables and shards (FNV-1a with a final avalanche); the
 * same on every machine. */
uint64_t hash_u64(struct str text);
/* The same a byte at a time: begin with HASH_U64_BEGIN, end with the last. */
#define HASH_U64_BEGIN UINT64_C(0xcbf29ce484222325)
static inline uint64_t hash_u64_byte(uint64_t h, unsigned char byte)
{
    return (h ^ byte) * UINT64_C(0x100000001b3);
}
static inline uint64_t hash_u64_end(uint64_t h)
{
    h ^= h >> 32;
    h *= UINT64_C(0xd6e8feb86659fd93);
    return h ^ h >> 32;
}

#endif
