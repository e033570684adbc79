/* Finding video files below folders. */
#include "asid/media/scan.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "asid/base/file.h"
#include "asid/base/str.h"

enum { MAX_DEPTH = 128 };

/* The folders above the one being read, to notice a link that leads back. */
struct above {
    const struct above *up;
    dev_t device;
    ino_t inode;
    unsigned depth;
};

static int64_t nanoseconds(struct timespec t)
{
    return (int64_t)t.tv_sec * 1000000000 + (int64_t)t.tv_nsec;
}

static void keep(struct scan *s, const char *path, const struct stat *st)
{
    struct scan_file *f;

    if (s->n == s->room) {
        s->room = s->room * 2 + 64;
        s->files = mem_grow(s->files, s->room * sizeof *s->files);
    }
    f = &s->files[s->n++];
    *f = (struct scan_file){.path = path};
    if (!st)
        return;
    f->size = st->st_size > 0 ? (uint64_t)st->st_size : 0;
    f->mtime = nanoseconds(st->st_mtim);
    f->ctime = nanoseconds(st->st_ctim);
    f->device = st->st_dev;
    f->inode = st->st_ino;
}

static bool has_suffix(const struct scan *s, const char *name)
{
    const char *dot = strrchr(name, '.');

    for (size_t i = 0; dot && i < s->n_suffixes; i++) {
        const char *suffix = s->suffixes[i];

        if (strcasecmp(dot + 1, suffix + (suffix[0] == '.')) == 0)
            return true;
    }
    return false;
}

static enum asid_rc walk(struct scan *s, const char *path,
                         const struct stat *folder, const struct above *up,
                         struct asid_err *err);

/* The file a path leads to, or the link that leads nowhere. */
static bool look(const char *path, struct stat *st)
{
    return stat(path, st) == 0 || lstat(path, st) == 0;
}

/* One entry of a folder. Whatever has the right name is taken, also a link
 * that leads nowhere: it ends as a reject, not as a silence. */
static enum asid_rc visit(struct scan *s, const char *folder, const char *name,
                          const struct above *up, struct asid_err *err)
{
    const char *path = path_join(s->arena, folder, name);
    struct stat st;
    bool found = look(path_join(s->arena, s->root, path), &st);

    if (found && S_ISDIR(st.st_mode))
        return walk(s, path, &st, up, err);
    if (has_suffix(s, name))
        keep(s, path, found ? &st : NULL);
    return ASID_OK;
}

static enum asid_rc walk(struct scan *s, const char *path,
                         const struct stat *folder, const struct above *up,
                         struct asid_err *err)
{
    const char *full = path_join(s->arena, s->root, path);
    struct above here = {up, folder->st_dev, folder->st_ino,
                         up ? up->depth + 1 : 0};
    enum asid_rc rc = ASID_OK;
    struct dirent *entry;
    DIR *dir;

    for (const struct above *a = up; a; a = a->up) {
        if (a->device == here.device && a->inode == here.inode)
            return ASID_OK;
    }
    if (here.depth > MAX_DEPTH)
        return FAIL(err, "%s: more than %d folders inside each other", full,
                    MAX_DEPTH);
    dir = opendir(full);
    if (!dir)
        return FAIL_ERRNO(err, "cannot read the folder %s", full);
    while (rc == ASID_OK && (errno = 0, entry = readdir(dir))) {
        if (entry->d_name[0] != '.')
            rc = visit(s, path, entry->d_name, &here, err);
    }
    if (rc == ASID_OK && errno != 0)
        rc = FAIL_ERRNO(err, "cannot read the folder %s", full);
    closedir(dir);
    return rc;
}

static int by_path(const void *a, const void *b)
{
    const struct scan_file *x = a, *y = b;

    return strcmp(x->path, y->path);
}

/* "./a/b/" is "a/b", so that one file has one path. */
static const char *tidy(struct arena *a, const char *input)
{
    size_t n;

    while (input[0] == '.' && input[1] == '/') {
        input++;
        while (*input == '/')
            input++;
    }
    n = strlen(input);
    while (n > 1 && input[n - 1] == '/')
        n--;
    return n == 0 ? "." : arena_strndup(a, input, n);
}

enum asid_rc scan_add(struct scan *s, const char *input, struct asid_err *err)
{
    const char *path = tidy(s->arena, input);
    const char *full = path_join(s->arena, s->root, path);
    size_t first = s->n;
    struct stat st;

    if (stat(full, &st) < 0)
        return FAIL_ERRNO(err, "cannot look at %s", full);
    if (!S_ISDIR(st.st_mode)) {
        keep(s, path, &st);
        return ASID_OK;
    }
    TRY(walk(s, path, &st, NULL, err));
    if (s->n > first)
        qsort(s->files + first, s->n - first, sizeof *s->files, by_path);
    return ASID_OK;
}

void scan_add_file(struct scan *s, const char *path)
{
    const char *name = tidy(s->arena, path);
    struct stat st;

    keep(s, name, look(path_join(s->arena, s->root, name), &st) ? &st : NULL);
}

/* --- finishing ------------------------------------------------------------- */

static int compare(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

static int by_path_then_order(const void *a, const void *b)
{
    const struct scan_file *x = a, *y = b;
    int c = strcmp(x->path, y->path);

    return c ? c : compare(x->order, y->order);
}

static bool same_path(const struct scan_file *x, const struct scan_file *y)
{
    return strcmp(x->path, y->path) == 0;
}

static int by_inode(const void *a, const void *b)
{
    const struct scan_file *x = a, *y = b;
    int c = compare(x->device, y->device);

    return c ? c : compare(x->inode, y->inode);
}

static bool same_inode(const struct scan_file *x, const struct scan_file *y)
{
    return x->inode != 0 && by_inode(x, y) == 0;
}

static int by_real_then_order(const void *a, const void *b)
{
    const struct scan_file *x = a, *y = b;
    int c = (x->real == NULL) - (y->real == NULL);

    if (c == 0 && x->real)
        c = strcmp(x->real, y->real);
    if (c == 0 && x->real)
        c = str_cmp(path_stem(x->path), path_stem(y->path));
    return c ? c : compare(x->order, y->order);
}

static bool same_real(const struct scan_file *x, const struct scan_file *y)
{
    return x->real && y->real && strcmp(x->real, y->real) == 0 &&
           str_eq(path_stem(x->path), path_stem(y->path));
}

/* The one path of a file, or of a link that leads nowhere; NULL when it is
 * gone meanwhile. */
static const char *real_path(const struct scan *s, const char *path)
{
    const char *full = path_join(s->arena, s->root, path);
    const char *base = path_base(full), *dir;
    char *real = realpath(full, NULL);
    const char *copy = real ? arena_strdup(s->arena, real) : NULL;

    free(real);
    if (copy)
        return copy;
    dir = arena_strndup(s->arena, full, (size_t)(base - full));
    real = realpath(*dir ? dir : ".", NULL);
    copy = real ? path_join(s->arena, real, base) : NULL;
    free(real);
    return copy;
}

/* Only files with one inode can be one file, and these are few. */
static void find_real(struct scan *s)
{
    qsort(s->files, s->n, sizeof *s->files, by_inode);
    for (size_t i = 0; i < s->n; i++) {
        struct scan_file *f = &s->files[i];

        if ((i > 0 && same_inode(f - 1, f)) ||
            (i + 1 < s->n && same_inode(f, f + 1)))
            f->real = real_path(s, f->path);
    }
}

/* Keep the first of files that are the same and next to each other. */
static void
drop_same(struct scan *s, int (*order)(const void *a, const void *b),
          bool (*same)(const struct scan_file *x, const struct scan_file *y))
{
    size_t kept = 0;

    qsort(s->files, s->n, sizeof *s->files, order);
    for (size_t i = 0; i < s->n; i++) {
        if (kept == 0 || !same(&s->files[kept - 1], &s->files[i]))
            s->files[kept++] = s->files[i];
    }
    s->n = kept;
}

static int by_order(const void *a, const void *b)
{
    const struct scan_file *x = a, *y = b;

    return compare(x->order, y->order);
}

static int by_stem(const void *a, const void *b)
{
    const struct scan_file *x = a, *y = b;

    return str_cmp(path_stem(x->path), path_stem(y->path));
}

void scan_finish(struct scan *s)
{
    if (s->n == 0)
        return;
    for (size_t i = 0; i < s->n; i++)
        s->files[i].order = i;
    drop_same(s, by_path_then_order, same_path);
    find_real(s);
    drop_same(s, by_real_then_order, same_real);
    qsort(s->files, s->n, sizeof *s->files, by_stem);
    for (size_t i = 0; i < s->n; i++)
        s->files[i].stem_unique =
            (i == 0 || by_stem(&s->files[i - 1], &s->files[i]) != 0) &&
            (i + 1 == s->n || by_stem(&s->files[i], &s->files[i + 1]) != 0);
    qsort(s->files, s->n, sizeof *s->files, by_order);
}

void scan_release(struct scan *s)
{
    free(s->files);
    s->files = NULL;
    s->n = s->room = 0;
}
