/* SHA-256 by nettle, and a fixed 64-bit hash for tables and shards. */
#include "asid/base/hash.h"

#include <errno.h>
#include <fcntl.h>
#include <nettle/sha2.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "asid/base/arena.h"

_Static_assert(sizeof(struct sha256_ctx) <= sizeof(struct hash),
               "struct hash has room for nettle's context");

static struct sha256_ctx *context(struct hash *h)
{
    return (struct sha256_ctx *)(void *)h->space;
}

void hash_init(struct hash *h)
{
    sha256_init(context(h));
}

void hash_add(struct hash *h, const void *p, size_t n)
{
    sha256_update(context(h), n, p);
}

void hash_hex(const struct hash *h, char hex[HASH_HEX])
{
    static const char digits[] = "0123456789abcdef";
    struct hash copy = *h;
    unsigned char d[SHA256_DIGEST_SIZE];

    sha256_digest(context(&copy), sizeof d, d);
    for (size_t i = 0; i < sizeof d; i++) {
        hex[2 * i] = digits[d[i] >> 4];
        hex[2 * i + 1] = digits[d[i] & 15];
    }
    hex[64] = '\0';
}

void hash_text(struct str text, char hex[HASH_HEX])
{
    struct hash h;

    hash_init(&h);
    hash_add(&h, text.p, text.n);
    hash_hex(&h, hex);
}

enum asid_rc hash_file_named(const char *path, const char *name,
                             char hex[HASH_HEX], uint64_t *size,
                             struct asid_err *err)
{
    enum { CHUNK = 1 << 18 };
    enum asid_rc rc = ASID_OK;
    struct hash h;
    uint64_t total = 0;
    unsigned char *chunk;
    struct stat st;
    ssize_t n;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0)
        return FAIL_ERRNO(err, "cannot open %s", name);
    chunk = mem_alloc(CHUNK);
    /* A device or a pipe may never end. */
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
        rc = FAIL(err, "%s is not a regular file", name);
        goto out;
    }
    hash_init(&h);
    while ((n = read(fd, chunk, CHUNK)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            rc = FAIL_ERRNO(err, "cannot read %s", name);
            goto out;
        }
        hash_add(&h, chunk, (size_t)n);
        total += (uint64_t)n;
    }
    hash_hex(&h, hex);
    if (size)
        *size = total;
out:
    free(chunk);
    close(fd);
    return rc;
}

enum asid_rc hash_file(const char *path, char hex[HASH_HEX], uint64_t *size,
                       struct asid_err *err)
{
    return hash_file_named(path, path, hex, size, err);
}

uint64_t hash_u64(struct str text)
{
    uint64_t h = HASH_U64_BEGIN;

    for (size_t i = 0; i < text.n; i++)
        h = hash_u64_byte(h, (unsigned char)text.p[i]);
    return hash_u64_end(h);
}
