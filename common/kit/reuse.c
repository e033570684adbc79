/*
 * Reuse: when input or options changed only for some records, the lines of the
 * others are taken from the finished output of an earlier execution.
 *
 * The ledger says which line (by its hash) a record with the same input line
 * and the same options became; the file is indexed by line hash when the first
 * such question comes. A hit is hashed again, so a file that somebody edited
 * gives no wrong line, only more work.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kit_int.h"

struct reuse_line {
    uint64_t key, offset, length;
};

static uint64_t key_of(const char *sha256)
{
    return hash_u64((struct str){sha256, 64});
}

static int by_key(const void *a, const void *b)
{
    const struct reuse_line *x = a, *y = b;

    return x->key < y->key ? -1 : x->key > y->key;
}

enum asid_rc reuse_open(struct kit *k, struct asid_err *err)
{
    struct reuse *r = &k->reuse;
    struct ledger_outcome like = {
        .execution = k->writer.check.execution,
        .stage = k->cx.stage->name,
        .options_sha256 = k->options_sha256,
    };

    if (k->cx.stage->flags & ASID_ATOMIC)
        return ASID_OK;
    TRY(ledger_prior_any(k->cx.ledger, &like, &r->on, err));
    if (r->on)
        r->fd = open(k->writer.out.path, O_RDONLY | O_CLOEXEC);
    return ASID_OK;
}

void reuse_close(struct reuse *r)
{
    if (r->fd >= 0)
        close(r->fd);
    free(r->lines);
    pthread_mutex_destroy(&r->lock);
}

static void add_line(struct reuse *r, const struct line *line, uint64_t end)
{
    char sha256[HASH_HEX];

    if ((r->n & (r->n - 1)) == 0)
        r->lines = mem_grow(r->lines, (r->n ? 2 * r->n : 1) * sizeof *r->lines);
    hash_text(line->text, sha256);
    r->lines[r->n++] = (struct reuse_line){
        key_of(sha256), end - line->length - !line->unended, line->text.n};
}

/* Hold the lock. */
static enum asid_rc make_index(struct kit *k, struct asid_err *err)
{
    struct reuse *r = &k->reuse;
    struct reader file;
    struct line line;
    enum asid_rc rc;
    bool got = true;

    r->indexed = true;
    if (r->fd < 0)
        return ASID_OK;
    rc = reader_open(&file, &k->writer.out.path, 1, SIZE_MAX / 8, err);
    while (rc == ASID_OK) {
        rc = reader_next(&file, &line, &got, err);
        if (rc != ASID_OK || !got)
            break;
        add_line(r, &line, file.pos.bytes);
    }
    reader_close(&file);
    if (r->n > 1)
        qsort(r->lines, r->n, sizeof *r->lines, by_key);
    return rc;
}

static bool read_line(struct kit *k, struct slot *s,
                      const struct reuse_line *line, const char *sha256)
{
    char hex[HASH_HEX];
    char *p = arena_bytes(&s->arena, line->length + 1);
    ssize_t got = pread(k->reuse.fd, p, line->length, (off_t)line->offset);

    if (got < 0 || (uint64_t)got != line->length)
        return false;
    s->finished = (struct str){p, line->length};
    hash_text(s->finished, hex);
    return strcmp(hex, sha256) == 0;
}

static const struct reuse_line *look_up(const struct reuse *r,
                                        const char *sha256)
{
    struct reuse_line wanted = {key_of(sha256), 0, 0};

    return r->n ? bsearch(&wanted, r->lines, r->n, sizeof wanted, by_key)
                : NULL;
}

enum asid_rc reuse_line(struct kit *k, struct slot *s, bool *found,
                        struct asid_err *err)
{
    struct ledger_outcome like = {
        .execution = k->writer.check.execution,
        .stage = k->cx.stage->name,
        .input_sha256 = s->input_sha256,
        .options_sha256 = k->options_sha256,
        .beside = s->beside,
    };
    const struct reuse_line *line;
    struct ledger_prior prior;
    enum asid_rc rc = ASID_OK;

    TRY(ledger_prior_find(k->cx.ledger, &like, &prior, err));
    if (!prior.found)
        return ASID_OK;
    s->attempts = prior.attempts + (strcmp(prior.status, "failed") == 0);
    if (strcmp(prior.status, "accepted") != 0)
        return ASID_OK;
    pthread_mutex_lock(&k->reuse.lock);
    if (!k->reuse.indexed)
        rc = make_index(k, err);
    pthread_mutex_unlock(&k->reuse.lock);
    if (rc != ASID_OK)
        return rc;
    line = look_up(&k->reuse, prior.output_sha256);
    *found = line && read_line(k, s, line, prior.output_sha256);
    if (*found) {
        s->job.tokens_in = prior.tokens_in;
        s->job.tokens_out = prior.tokens_out;
        memcpy(s->reused_from, prior.execution, sizeof s->reused_from);
    }
    return ASID_OK;
}
