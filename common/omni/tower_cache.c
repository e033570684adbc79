/*
 * Outputs of the towers, kept for the next prefill that sees the same.
 *
 * A file holds what one picture, video or sound became: a header and its rows.
 * Its name is a hash of everything they follow from: what the tower reads
 * (resized frames or mel features, and their grids), the checkpoint, its
 * precision and the kernels, whose bits differ. So a file is never out of date,
 * and whatever chose the frames (budget, window, decoder) needs no place in it.
 *
 * Nothing is locked. Files appear whole and under their name, readers have them
 * open, and what somebody else removed is computed again. They are not synced:
 * the sum of the rows tells what a crash left of them.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "asid/base/file.h"
#include "asid/base/hash.h"
#include "run_int.h"

enum { VERSION = 1, HEX = 64 }; /* of the file */

struct header {
    char magic[8]; /* "asidtowr" */
    uint64_t version, floats;
    char key[HEX];
    char sum[HEX]; /* SHA-256 of the rows */
};

static const char suffix[] = ".asidtower";

/* --- keys ------------------------------------------------------------------ */

static void begin_key(const struct omni_session *s, struct hash *h)
{
    char text[300];
    int n =
        snprintf(text, sizeof text,
                 "asid %s towers %d arithmetic %d model %s precision %s "
                 "kernels %s ",
                 ASID_VERSION, VERSION, OMNI_ARITHMETIC, s->omni->fingerprint,
                 omni_precision(s->omni), nn_kernels_name(s->nn));

    BUG_IF(n < 0 || (size_t)n >= sizeof text);
    hash_init(h);
    hash_add(h, text, (size_t)n);
}

/* The patch rows follow from these frames and sizes (patches.c) and are four
 * times as many bytes. */
void tower_key_picture(const struct omni_session *s,
                       const struct omni_picture *p, struct tower_key *key)
{
    char text[300];
    struct hash h;
    int n =
        snprintf(text, sizeof text,
                 "picture grid %u %u %u frames %zu size %zu %zu seen %zu "
                 "%zu second %d ",
                 p->grid[0], p->grid[1], p->grid[2], p->frames, p->height,
                 p->width, p->seen_height, p->seen_width, p->second != NULL);

    BUG_IF(n < 0 || (size_t)n >= sizeof text);
    begin_key(s, &h);
    hash_add(&h, text, (size_t)n);
    hash_add(&h, p->rgb, p->frames * p->height * p->width * 3);
    hash_hex(&h, key->hex);
}

void tower_key_sound(const struct omni_session *s,
                     const struct omni_sound *sound, struct tower_key *key)
{
    size_t mels = s->omni->config.audio.mels;
    char text[100];
    struct hash h;
    int n = snprintf(text, sizeof text, "sound mels %zu frames %zu tokens %zu ",
                     mels, sound->frames, sound->tokens);

    BUG_IF(n < 0 || (size_t)n >= sizeof text);
    begin_key(s, &h);
    hash_add(&h, text, (size_t)n);
    hash_add(&h, sound->mel, mels * sound->frames * sizeof *sound->mel);
    hash_hex(&h, key->hex);
}

/* --- files ----------------------------------------------------------------- */

static char *path_of(struct arena *a, const struct omni_session *s,
                     const struct tower_key *key)
{
    return path_join(a, s->towers, arena_printf(a, "%s%s", key->hex, suffix));
}

static void make_header(const struct tower_key *key, const float *rows,
                        size_t n, struct header *h)
{
    struct hash sum;
    char hex[HASH_HEX];

    hash_init(&sum);
    hash_add(&sum, rows, n * sizeof *rows);
    hash_hex(&sum, hex);
    *h = (struct header){.version = VERSION, .floats = n};
    memcpy(h->magic, "asidtowr", sizeof h->magic);
    memcpy(h->key, key->hex, sizeof h->key);
    memcpy(h->sum, hex, sizeof h->sum);
}

/* O_NONBLOCK: opening a named pipe must not wait for a writer. The rows are
 * read, not mapped: a file that is cut short meanwhile must not kill us. */
bool tower_cache_get(const struct omni_session *s, const struct tower_key *key,
                     float *rows, size_t n)
{
    struct arena a = ARENA_INIT;
    int fd =
        open(path_of(&a, s, key), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    size_t bytes = n * sizeof *rows;
    struct header have, want;
    bool found = false;
    struct stat st;

    arena_release(&a);
    if (fd < 0)
        return false;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
        (uint64_t)st.st_size == sizeof have + bytes &&
        file_read_all(fd, &have, sizeof have) &&
        file_read_all(fd, rows, bytes)) {
        make_header(key, rows, n, &want);
        found = memcmp(&have, &want, sizeof have) == 0;
    }
    /* Used now; on a file of somebody else it may fail, and then does not
     * matter: the owner's limit decides. */
    if (found)
        (void)futimens(fd, NULL);
    close(fd);
    return found;
}

/* --- the limit ------------------------------------------------------------- */

struct kept {
    char *name;
    struct timespec used;
    uint64_t bytes;
};

struct kept_list {
    struct kept *file;
    size_t n, room;
    uint64_t bytes;
};

/* A file of this cache, or what a killed process left of one. */
static bool is_ours(const char *name)
{
    size_t n = strspn(name, "0123456789abcdef"), rest = strlen(name);

    return n == HEX && strncmp(name + n, suffix, sizeof suffix - 1) == 0 &&
           (rest == n + sizeof suffix - 1 ||
            (rest == n + sizeof suffix + 6 &&
             name[n + sizeof suffix - 1] == '.'));
}

static void add_kept(struct kept_list *l, struct arena *a, const char *name,
                     const struct stat *st)
{
    if (l->n == l->room) {
        l->room = l->room ? 2 * l->room : 64;
        l->file = mem_grow(l->file, l->room * sizeof *l->file);
    }
    l->file[l->n++] = (struct kept){.name = arena_strdup(a, name),
                                    .used = st->st_mtim,
                                    .bytes = (uint64_t)st->st_size};
    l->bytes += (uint64_t)st->st_size;
}

static int by_use(const void *a, const void *b)
{
    const struct kept *x = a, *y = b;

    if (x->used.tv_sec != y->used.tv_sec)
        return x->used.tv_sec < y->used.tv_sec ? -1 : 1;
    if (x->used.tv_nsec != y->used.tv_nsec)
        return x->used.tv_nsec < y->used.tv_nsec ? -1 : 1;
    return strcmp(x->name, y->name);
}

/* Remove the files used longest ago until so many bytes more are within the
 * limit. Another process may do the same: what is gone is gone. */
static void make_space(const struct omni_session *s, uint64_t bytes)
{
    uint64_t most = s->options.towers_bytes - bytes;
    struct kept_list l = {.n = 0};
    struct arena a = ARENA_INIT;
    DIR *d = opendir(s->towers);
    struct dirent *e;
    struct stat st;

    if (!d)
        return;
    while ((e = readdir(d)))
        if (is_ours(e->d_name) &&
            fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISREG(st.st_mode))
            add_kept(&l, &a, e->d_name, &st);
    if (l.bytes > most)
        qsort(l.file, l.n, sizeof *l.file, by_use);
    for (size_t i = 0; i < l.n && l.bytes > most; i++) {
        (void)unlinkat(dirfd(d), l.file[i].name, 0);
        l.bytes -= l.file[i].bytes;
    }
    closedir(d);
    free(l.file);
    arena_release(&a);
}

static enum asid_rc write_file(const char *path, const struct header *h,
                               const float *rows, size_t n,
                               struct asid_err *err)
{
    struct file_beside f;
    enum asid_rc rc;

    TRY(file_beside_open(&f, path, err));
    rc = file_write(f.fd, path, h, sizeof *h, err);
    if (rc == ASID_OK)
        rc = file_write(f.fd, path, rows, n * sizeof *rows, err);
    if (rc == ASID_OK)
        rc = file_beside_place(&f, err);
    file_beside_close(&f);
    return rc;
}

enum asid_rc tower_cache_put(const struct omni_session *s,
                             const struct tower_key *key, const float *rows,
                             size_t n, struct asid_err *err)
{
    uint64_t bytes = sizeof(struct header) + n * sizeof *rows;
    struct arena a = ARENA_INIT;
    struct header h;
    enum asid_rc rc;

    /* Nothing is removed for what would not fit alone. */
    if (bytes > s->options.towers_bytes)
        return ASID_OK;
    TRY(file_make_dirs(s->towers, err));
    make_space(s, bytes);
    make_header(key, rows, n, &h);
    rc = write_file(path_of(&a, s, key), &h, rows, n, err);
    arena_release(&a);
    return rc;
}
