/*
 * Opening checkpoints: which shards, mapping them, looking tensors up. What a
 * header says is checked in safetensors_header.c.
 */
#include "asid/nn/safetensors.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "asid/base/file.h"
#include "asid/base/hash.h"
#include "asid/data/json.h"
#include "safetensors_int.h"

static const char SINGLE[] = "model.safetensors";
static const char INDEX[] = "model.safetensors.index.json";

enum { ENDS = 64 * 1024 }; /* bytes of each end that enter the fingerprint */

/* --- shards ------------------------------------------------------------- */

static enum asid_rc map_file(int fd, struct st_shard *shard,
                             struct asid_err *err)
{
    struct stat s;
    void *p;

    if (fstat(fd, &s) < 0)
        return FAIL_ERRNO(err, "cannot stat %s", shard->name);
    if (!S_ISREG(s.st_mode))
        return FAIL(err, "%s is not a regular file", shard->name);
    shard->size = (size_t)s.st_size;
    if (shard->size < 8)
        return FAIL(err, "%s has %zu bytes: not a safetensors file",
                    shard->name, shard->size);
    p = mmap(NULL, shard->size, PROT_READ, MAP_SHARED, fd, 0);
    if (p == MAP_FAILED)
        return FAIL_ERRNO(err, "cannot map %s", shard->name);
    shard->map = p;
    return ASID_OK;
}

static enum asid_rc open_shard(struct safetensors *st, const char *dir,
                               struct st_shard *shard, struct asid_err *err)
{
    enum asid_rc rc;
    const char *path = path_join(&st->arena, dir, shard->name);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0)
        return FAIL_ERRNO(err, "cannot open shard %s", shard->name);
    rc = map_file(fd, shard, err);
    close(fd);
    return rc;
}

/* --- index -------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
    return str_cmp(((const struct st_entry *)a)->name,
                   ((const struct st_entry *)b)->name);
}

static int by_file(const void *a, const void *b)
{
    return str_cmp(((const struct st_entry *)a)->file,
                   ((const struct st_entry *)b)->file);
}

static bool plain_name(struct str name)
{
    return name.n > 0 && name.n <= 255 && !memchr(name.p, '/', name.n) &&
           !memchr(name.p, '\0', name.n) && !str_is(name, ".") &&
           !str_is(name, "..");
}

static enum asid_rc read_entries(struct safetensors *st, const struct json *map,
                                 struct asid_err *err)
{
    size_t n = 0;

    if (!map || json_type(map) != JSON_OBJECT)
        return FAIL(err, "%s: weight_map is missing or no object", INDEX);
    if (json_count(map) > ST_TENSORS_MAX)
        return FAIL(err, "%s: %zu tensors, at most %d are possible", INDEX,
                    json_count(map), ST_TENSORS_MAX);
    st->entries = arena_array(&st->arena, json_count(map), sizeof *st->entries);
    json_each(item, map) {
        struct st_entry *e = &st->entries[n++];
        struct str key = json_key(item);
        const char *file = json_text(item);

        if (!file || !plain_name(str_of(file)))
            return FAIL(err,
                        "%s: weight_map." STR_FMT
                        ": expected the name of a file in this folder",
                        INDEX, STR_ARG(key));
        e->name.p = arena_strndup(&st->arena, key.p, key.n);
        e->name.n = key.n;
        e->file = str_of(arena_strdup(&st->arena, file));
    }
    st->n_entries = n;
    return ASID_OK;
}

/* One shard for each file named, in the order of their names. */
static enum asid_rc number_shards(struct safetensors *st, struct asid_err *err)
{
    struct st_entry *e = st->entries;

    if (st->n_entries)
        qsort(e, st->n_entries, sizeof *e, by_file);
    for (size_t i = 0; i < st->n_entries; i++) {
        st->n_shards += i == 0 || !str_eq(e[i].file, e[i - 1].file);
        e[i].shard = (unsigned)st->n_shards - 1;
    }
    if (st->n_shards > ST_SHARDS_MAX)
        return FAIL(err, "%s: %zu shards, at most %d are possible", INDEX,
                    st->n_shards, ST_SHARDS_MAX);
    st->shards = arena_array(&st->arena, st->n_shards, sizeof *st->shards);
    for (size_t i = 0; i < st->n_entries; i++)
        st->shards[e[i].shard].name = e[i].file.p;
    if (st->n_entries)
        qsort(e, st->n_entries, sizeof *e, by_name);
    return ASID_OK;
}

static enum asid_rc read_index(struct safetensors *st, const char *path,
                               struct asid_err *err)
{
    struct arena a = ARENA_INIT;
    struct str text;
    struct json *doc = NULL;
    enum asid_rc rc = file_slurp(&a, path, ST_HEADER_MAX, &text, err);

    if (rc != ASID_OK)
        goto out;
    if (json_parse(&a, text, ST_DEPTH_MAX, &doc, err) != ASID_OK) {
        struct asid_err why = *err;

        rc = FAIL(err, "%s: %s", INDEX, why.text);
        goto out;
    }
    rc = read_entries(st, json_get(doc, "weight_map"), err);
    if (rc == ASID_OK)
        rc = number_shards(st, err);
out:
    arena_release(&a);
    return rc;
}

/* Every tensor of the index has to be where the index says. */
static enum asid_rc check_entries(const struct safetensors *st,
                                  struct asid_err *err)
{
    for (size_t i = 0; i < st->n_entries; i++) {
        const struct st_entry *e = &st->entries[i];

        if (!e->seen)
            return FAIL(err,
                        "%s says that %s holds " STR_FMT ", but it does not",
                        INDEX, st->shards[e->shard].name, STR_ARG(e->name));
    }
    return ASID_OK;
}

struct st_entry *st_entry_find(const struct safetensors *st, struct str name)
{
    struct st_entry key = {.name = name};

    if (st->n_entries == 0)
        return NULL;
    return bsearch(&key, st->entries, st->n_entries, sizeof key, by_name);
}

/* --- opening ------------------------------------------------------------ */

static enum asid_rc choose_files(struct safetensors *st, const char *dir,
                                 struct asid_err *err)
{
    const char *index = path_join(&st->arena, dir, INDEX);

    if (access(path_join(&st->arena, dir, SINGLE), F_OK) == 0) {
        st->shards = arena_alloc(&st->arena, sizeof *st->shards);
        st->shards[0].name = SINGLE;
        st->n_shards = 1;
        return ASID_OK;
    }
    if (access(index, F_OK) != 0)
        return FAIL(err, "neither %s nor %s is there", SINGLE, INDEX);
    st->indexed = true;
    return read_index(st, index, err);
}

static int by_tensor_name(const void *a, const void *b)
{
    return str_cmp(((const struct st_tensor *)a)->name,
                   ((const struct st_tensor *)b)->name);
}

static enum asid_rc load(struct safetensors *st, const char *dir,
                         struct asid_err *err)
{
    TRY(choose_files(st, dir, err));
    for (size_t i = 0; i < st->n_shards; i++)
        TRY(open_shard(st, dir, &st->shards[i], err));
    for (size_t i = 0; i < st->n_shards; i++)
        TRY(st_header_read(st, (unsigned)i, err));
    if (st->indexed)
        TRY(check_entries(st, err));
    if (st->n)
        qsort(st->tensors, st->n, sizeof *st->tensors, by_tensor_name);
    return ASID_OK;
}

enum asid_rc safetensors_open(const char *dir, struct safetensors **out,
                              struct asid_err *err)
{
    struct safetensors *st = mem_alloc(sizeof *st);
    enum asid_rc rc;

    st->arena = (struct arena)ARENA_INIT;
    rc = load(st, dir, err);
    if (rc != ASID_OK) {
        safetensors_close(st);
        return asid_err_within(err, "%s", dir);
    }
    *out = st;
    return ASID_OK;
}

void safetensors_close(struct safetensors *st)
{
    if (!st)
        return;
    for (size_t i = 0; i < st->n_shards && st->shards; i++)
        if (st->shards[i].map)
            munmap(st->shards[i].map, st->shards[i].size);
    free(st->tensors);
    free(st->others);
    arena_release(&st->arena);
    free(st);
}

/* --- looking ------------------------------------------------------------ */

const struct st_tensor *safetensors_find(const struct safetensors *st,
                                         const char *name)
{
    struct st_tensor key = {.name = str_of(name)};

    if (st->n == 0)
        return NULL;
    return bsearch(&key, st->tensors, st->n, sizeof key, by_tensor_name);
}

const char *safetensors_other(const struct safetensors *st, const char *name)
{
    for (size_t i = 0; i < st->n_others; i++)
        if (str_is(st->others[i].name, name))
            return st->others[i].dtype;
    return NULL;
}

size_t safetensors_count(const struct safetensors *st)
{
    return st->n;
}

const struct st_tensor *safetensors_nth(const struct safetensors *st, size_t i)
{
    return i < st->n ? &st->tensors[i] : NULL;
}

static void hash_number(struct hash *h, uint64_t number)
{
    unsigned char bytes[8];

    for (unsigned i = 0; i < 8; i++)
        bytes[i] = (unsigned char)(number >> 8 * i);
    hash_add(h, bytes, sizeof bytes);
}

void safetensors_fingerprint(const struct safetensors *st, char hex[65])
{
    struct hash h;

    hash_init(&h);
    for (size_t i = 0; i < st->n; i++) {
        const struct st_tensor *t = &st->tensors[i];

        hash_number(&h, t->name.n);
        hash_add(&h, t->name.p, t->name.n);
        hash_number(&h, t->dtype);
        hash_number(&h, t->dims);
        for (unsigned d = 0; d < t->dims; d++)
            hash_number(&h, t->shape[d]);
        hash_number(&h, t->bytes);
    }
    for (size_t i = 0; i < st->n_shards; i++) {
        const struct st_shard *s = &st->shards[i];
        size_t n = s->size < ENDS ? s->size : ENDS;

        hash_number(&h, s->size);
        hash_add(&h, s->map, n);
        hash_add(&h, s->map + s->size - n, n);
    }
    hash_hex(&h, hex);
}

/* Whole pages: all that are touched when wanted, only those that are touched by
 * nothing else when not. */
void safetensors_advise(const struct st_tensor *t, int wanted)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t start = (uintptr_t)t->data, end = start + t->bytes;

    if (wanted) {
        start = start / page * page;
    } else {
        start = (start + page - 1) / page * page;
        end = end / page * page;
    }
    if (end > start)
        (void)madvise((char *)(uintptr_t)start, end - start,
                      wanted ? MADV_WILLNEED : MADV_DONTNEED);
}
