/* Files and paths. */
#include "asid/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* O_NONBLOCK: opening a named pipe must not wait for a writer. */
enum asid_rc file_slurp(struct arena *a, const char *path, size_t max,
                        struct str *text, struct asid_err *err)
{
    enum asid_rc rc = ASID_OK;
    struct stat st;
    size_t size, n = 0;
    char *p;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0)
        return FAIL_ERRNO(err, "cannot open %s", path);
    if (fstat(fd, &st) < 0) {
        rc = FAIL_ERRNO(err, "cannot look at %s", path);
        goto out;
    }
    if (!S_ISREG(st.st_mode)) {
        rc = FAIL(err, "%s is not a regular file", path);
        goto out;
    }
    if (st.st_size < 0 || (uint64_t)st.st_size > max) {
        rc = FAIL(err, "%s has more than %zu bytes", path, max);
        goto out;
    }
    size = (size_t)st.st_size;
    p = arena_bytes(a, size + 1);
    while (n < size) {
        ssize_t got = read(fd, p + n, size - n);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            rc = FAIL_ERRNO(err, "cannot read %s", path);
            goto out;
        }
        if (got == 0)
            break; /* it shrank while we read */
        n += (size_t)got;
    }
    p[n] = '\0';
    *text = (struct str){p, n};
out:
    close(fd);
    return rc;
}

bool file_read_all(int fd, void *p, size_t n)
{
    char *at = p;

    while (n > 0) {
        ssize_t got = read(fd, at, n);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        at += got;
        n -= (size_t)got;
    }
    return true;
}

enum asid_rc file_write_part(int fd, const char *name, const void *p, size_t n,
                             size_t *done, struct asid_err *err)
{
    const char *from = p;

    *done = 0;
    while (*done < n) {
        ssize_t put = write(fd, from + *done, n - *done);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0 && errno == EAGAIN) { /* somebody made it non-blocking */
            poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, -1);
            continue;
        }
        if (put < 0 && errno == EPIPE)
            return asid_fail(err, ASID_STOPPED, NULL, "%s: closed", name);
        if (put < 0)
            return FAIL_ERRNO(err, "cannot write %s", name);
        *done += (size_t)put;
    }
    return ASID_OK;
}

enum asid_rc file_write(int fd, const char *name, const void *p, size_t n,
                        struct asid_err *err)
{
    size_t done;

    return file_write_part(fd, name, p, n, &done, err);
}

enum asid_rc file_temporary(int *fd, struct asid_err *err)
{
    const char *dir = "/tmp";
    char name[] = "/tmp/asid-XXXXXX";

    *fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (*fd >= 0)
        return ASID_OK;
    *fd = mkostemp(name, O_CLOEXEC);
    if (*fd < 0)
        return FAIL_ERRNO(err, "cannot create a temporary file in %s", dir);
    unlink(name);
    return ASID_OK;
}

enum asid_rc file_sync_dir(const char *dir, struct asid_err *err)
{
    enum asid_rc rc = ASID_OK;
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return FAIL_ERRNO(err, "cannot open %s", dir);
    /* Some file systems cannot sync folders; that is no loss of ours. */
    if (fsync(fd) < 0 && errno != EINVAL && errno != EROFS)
        rc = FAIL_ERRNO(err, "cannot sync %s", dir);
    close(fd);
    return rc;
}

static char *dir_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    size_t n = slash ? (size_t)(slash - path) : 1;
    char *dir;

    if (slash == path)
        n = 1;
    dir = mem_alloc(n + 1);
    memcpy(dir, slash ? path : ".", n);
    return dir;
}

enum asid_rc file_replace(const char *path, struct str text,
                          struct asid_err *err)
{
    enum asid_rc rc = ASID_OK;
    char *dir = dir_of(path);
    size_t room = strlen(path) + 32;
    char *temporary = mem_alloc(room);
    int fd;

    snprintf(temporary, room, "%s.tmp-%ld", path, (long)getpid());
    fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0) {
        rc = FAIL_ERRNO(err, "cannot create %s", temporary);
        goto out;
    }
    rc = file_write(fd, temporary, text.p, text.n, err);
    if (rc == ASID_OK && fsync(fd) < 0)
        rc = FAIL_ERRNO(err, "cannot sync %s", temporary);
    if (close(fd) < 0 && rc == ASID_OK)
        rc = FAIL_ERRNO(err, "cannot close %s", temporary);
    if (rc == ASID_OK && rename(temporary, path) < 0)
        rc = FAIL_ERRNO(err, "cannot rename %s to %s", temporary, path);
    if (rc != ASID_OK) {
        unlink(temporary);
        goto out;
    }
    rc = file_sync_dir(dir, err);
out:
    free(temporary);
    free(dir);
    return rc;
}

enum asid_rc file_beside_open(struct file_beside *f, const char *path,
                              struct asid_err *err)
{
    size_t room = strlen(path) + sizeof ".XXXXXX";
    char *temporary = mem_alloc(room);
    int fd;

    snprintf(temporary, room, "%s.XXXXXX", path);
    fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0) {
        free(temporary);
        return FAIL_ERRNO(err, "cannot write %s", path);
    }
    *f = (struct file_beside){
        .fd = fd, .path = mem_strdup(path), .temporary = temporary};
    return ASID_OK;
}

enum asid_rc file_beside_place(struct file_beside *f, struct asid_err *err)
{
    if (rename(f->temporary, f->path) < 0)
        return FAIL_ERRNO(err, "cannot rename %s to %s", f->temporary, f->path);
    f->placed = true;
    return ASID_OK;
}

void file_beside_close(struct file_beside *f)
{
    if (!f->placed)
        unlink(f->temporary);
    close(f->fd);
    free(f->temporary);
    free(f->path);
}

enum asid_rc file_make_dirs(const char *path, struct asid_err *err)
{
    enum asid_rc rc = ASID_OK;
    size_t n = strlen(path);
    char *copy = mem_alloc(n + 1);
    struct stat st;

    memcpy(copy, path, n);
    for (size_t i = 1; i <= n; i++) {
        if (copy[i] != '/' && copy[i] != '\0')
            continue;
        copy[i] = '\0';
        if (mkdir(copy, 0777) < 0 && errno != EEXIST) {
            rc = FAIL_ERRNO(err, "cannot make folder %s", copy);
            goto out;
        }
        copy[i] = path[i];
    }
    if (stat(path, &st) < 0)
        rc = FAIL_ERRNO(err, "cannot look at %s", path);
    else if (!S_ISDIR(st.st_mode))
        rc = FAIL(err, "%s is not a folder", path);
out:
    free(copy);
    return rc;
}

char *path_join(struct arena *a, const char *dir, const char *name)
{
    size_t n = strlen(dir);

    if (name[0] == '/' || n == 0 || strcmp(dir, ".") == 0)
        return arena_strdup(a, name);
    return arena_printf(a, "%s%s%s", dir, dir[n - 1] == '/' ? "" : "/", name);
}

const char *path_base(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

struct str path_stem(const char *path)
{
    const char *base = path_base(path);
    const char *dot = strrchr(base, '.');

    return (struct str){base, dot && dot > base ? (size_t)(dot - base)
                                                : strlen(base)};
}

enum asid_rc path_program_dir(struct arena *a, char **dir, struct asid_err *err)
{
    char space[4096];
    ssize_t n = readlink("/proc/self/exe", space, sizeof space - 1);
    char *slash;

    if (n < 0)
        return FAIL_ERRNO(err, "cannot read %s", "/proc/self/exe");
    space[n] = '\0';
    slash = strrchr(space, '/');
    if (!slash)
        return FAIL(err, "%s: no folder in the program's path", space);
    *slash = '\0';
    *dir = arena_strdup(a, slash == space ? "/" : space);
    return ASID_OK;
}
