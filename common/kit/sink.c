/*
 * Sinks: a buffered output file that becomes visible at the end.
 *
 * Lines go to PATH.part; sink_publish renames it. Devices and pipes are
 * written directly. The running hash lets a later run check that the file
 * still is what the ledger says before it goes on writing behind it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "asid/base/file.h"
#include "kit_int.h"

void sink_init(struct sink *s)
{
    *s = (struct sink){.fd = -1, .lock = -1};
    buf_init(&s->buf, SIZE_MAX / 2);
    hash_init(&s->hash);
}

static const char *name_of(const struct sink *s)
{
    return s->part ? s->part : s->path ? s->path : "standard output";
}

/* A link is followed once, here: renaming must not replace the link. */
static const char *resolve(struct arena *a, const char *path)
{
    char *real = realpath(path, NULL);
    const char *kept = real ? arena_strdup(a, real) : path;

    free(real);
    return kept;
}

enum asid_rc sink_open(struct sink *s, struct arena *a, const char *path,
                       struct asid_err *err)
{
    struct stat st;

    s->path = resolve(a, path);
    if (stat(s->path, &st) == 0 && S_ISDIR(st.st_mode))
        return FAIL(err, "%s is a folder", path);
    if (stat(s->path, &st) == 0 && !S_ISREG(st.st_mode)) {
        s->fd = open(s->path, O_WRONLY | O_CLOEXEC);
        return s->fd < 0 ? FAIL_ERRNO(err, "cannot open %s", path) : ASID_OK;
    }
    TRY(lock_take(arena_printf(a, "%s.lock", s->path), &s->lock, err));
    s->part = arena_printf(a, "%s.part", s->path);
    return ASID_OK;
}

enum asid_rc sink_start(struct sink *s, uint64_t bytes, struct asid_err *err)
{
    if (!s->part)
        return ASID_OK;
    if (s->fd < 0)
        s->fd = open(s->part, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (s->fd < 0)
        return FAIL_ERRNO(err, "cannot create %s", s->part);
    if (ftruncate(s->fd, (off_t)bytes) < 0)
        return FAIL_ERRNO(err, "cannot cut %s", s->part);
    if (lseek(s->fd, (off_t)bytes, SEEK_SET) < 0)
        return FAIL_ERRNO(err, "cannot seek in %s", s->part);
    if (bytes == 0)
        hash_init(&s->hash);
    s->bytes = bytes;
    return ASID_OK;
}

/* Hash the first `bytes` bytes; *same false also when there are fewer. */
static enum asid_rc hash_first(int fd, const char *name, uint64_t bytes,
                               struct hash *h, bool *whole,
                               struct asid_err *err)
{
    enum asid_rc rc = ASID_OK;
    char *chunk = mem_alloc(CHUNK);
    uint64_t at = 0;

    while (at < bytes) {
        size_t want = bytes - at < CHUNK ? (size_t)(bytes - at) : CHUNK;
        ssize_t got = pread(fd, chunk, want, (off_t)at);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            rc = FAIL_ERRNO(err, "cannot read %s", name);
            goto out;
        }
        if (got == 0)
            break;
        hash_add(h, chunk, (size_t)got);
        at += (uint64_t)got;
    }
    *whole = at == bytes;
out:
    free(chunk);
    return rc;
}

enum asid_rc sink_check(struct sink *s, uint64_t bytes, const char *sha256,
                        bool *same, struct asid_err *err)
{
    char hex[HASH_HEX];

    /* Nobody can look again at what went to a device. */
    *same = bytes == 0 || (s->path && !s->part);
    if (!s->part)
        return ASID_OK;
    s->fd = open(s->part, O_RDWR | O_CLOEXEC);
    if (s->fd < 0)
        return ASID_OK;
    hash_init(&s->hash);
    TRY(hash_first(s->fd, s->part, bytes, &s->hash, same, err));
    hash_hex(&s->hash, hex);
    *same = *same && strcmp(hex, sha256) == 0;
    return ASID_OK;
}

enum asid_rc sink_is(const char *path, uint64_t bytes, const char *sha256,
                     bool *same, struct asid_err *err)
{
    enum asid_rc rc = ASID_OK;
    char hex[HASH_HEX];
    struct hash h;
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    *same = false;
    if (fd < 0)
        return ASID_OK;
    if (fstat(fd, &st) < 0 || (uint64_t)st.st_size != bytes)
        goto out;
    hash_init(&h);
    rc = hash_first(fd, path, bytes, &h, same, err);
    hash_hex(&h, hex);
    *same = *same && strcmp(hex, sha256) == 0;
out:
    close(fd);
    return rc;
}

enum asid_rc sink_add(struct sink *s, struct str text, struct asid_err *err)
{
    if (s->fd < 0)
        return ASID_OK;
    if (s->hashing)
        hash_add(&s->hash, text.p, text.n);
    s->bytes += text.n;
    buf_str(&s->buf, text);
    return s->buf.n >= CHUNK ? sink_flush(s, err) : ASID_OK;
}

/* Cut off the last bytes that were written. False where that cannot be: in a
 * pipe, or in a file that goes on behind them because it is not ours alone. */
static bool take_back(int fd, size_t bytes)
{
    off_t end = lseek(fd, 0, SEEK_CUR), start = end - (off_t)bytes;
    struct stat st;

    return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && start >= 0 &&
           end == st.st_size && ftruncate(fd, start) == 0 &&
           lseek(fd, start, SEEK_SET) == start;
}

/* The disk is full behind the first bytes of the buffer: the file ends with the
 * last whole line of these, and the buffer keeps what the file does not have,
 * for whoever tries again. */
static void keep_rest(struct sink *s, size_t written)
{
    const char *end = memrchr(s->buf.p, '\n', written);
    size_t whole = end ? (size_t)(end - s->buf.p) + 1 : 0;

    if (whole < written && take_back(s->fd, written - whole))
        written = whole;
    s->dirty = s->dirty || written > 0;
    s->buf.n -= written;
    memmove(s->buf.p, s->buf.p + written, s->buf.n + 1);
}

enum asid_rc sink_flush(struct sink *s, struct asid_err *err)
{
    size_t written;
    enum asid_rc rc;

    if (s->fd < 0 || s->buf.n == 0)
        return ASID_OK;
    rc = file_write_part(s->fd, name_of(s), s->buf.p, s->buf.n, &written, err);
    if (rc != ASID_OK) {
        keep_rest(s, written);
        return rc;
    }
    buf_reset(&s->buf);
    s->dirty = true;
    return ASID_OK;
}

uint64_t sink_unwritten(const struct sink *s)
{
    uint64_t lines = 0;

    for (size_t i = 0; i < s->buf.n; i++)
        lines += s->buf.p[i] == '\n';
    return lines;
}

enum asid_rc sink_sync(struct sink *s, struct asid_err *err)
{
    if (!s->dirty || !s->part)
        return ASID_OK;
    if (fdatasync(s->fd) < 0)
        return FAIL_ERRNO(err, "cannot sync %s", s->part);
    s->dirty = false;
    return ASID_OK;
}

enum asid_rc sink_publish(struct sink *s, struct asid_err *err)
{
    if (!s->part)
        return ASID_OK;
    if (rename(s->part, s->path) < 0)
        return FAIL_ERRNO(err, "cannot rename %s to %s", s->part, s->path);
    return ASID_OK;
}

void sink_close(struct sink *s)
{
    struct buf lock;

    buf_release(&s->buf);
    if (s->lock >= 0) {
        buf_init(&lock, 65536);
        buf_printf(&lock, "%s.lock", s->path);
        lock_drop(lock.p, s->lock);
        buf_release(&lock);
    }
    if (s->fd > STDERR_FILENO)
        close(s->fd);
    s->fd = s->lock = -1;
}
