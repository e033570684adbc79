/*
 * Packed weights: made from the published ones, kept in a cache folder.
 *
 * The file is a header of one page and the packed matrices one after another,
 * in the order of the table of weights.c, each at a multiple of 64. Where they
 * lie follows from the configuration, so the header only has to say what the
 * file was made from.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "asid/base/file.h"
#include "asid/nn/quant.h"
#include "run_int.h"

enum { HEADER = 4096, ALIGN = 64, VERSION = 1 };

struct header {
    char magic[8]; /* "asidpack" */
    uint32_t version, precision;
    uint64_t bytes, matrices;
    char fingerprint[64];
    char end[8]; /* "complete" */
};

struct pack {
    struct omni *o;
    struct nn *nn; /* NULL while sizes are only added up */
    size_t at, n;
    bool too_large;
};

static enum nn_quant kind_of(const struct pack *p, enum weight_part part)
{
    return p->o->precision == OMNI_INT8 || part == PART_HEAD ? NN_Q8 : NN_Q4;
}

/* The bytes a matrix takes, alignment included. */
static size_t place(struct pack *p, const struct nn_matrix *m,
                    enum weight_part part)
{
    size_t at = p->at,
           bytes = nn_pack_bytes(kind_of(p, part), m->rows, m->cols);

    if (bytes == 0 || bytes > SIZE_MAX / 2 - at)
        p->too_large = true;
    else
        p->at += (bytes + ALIGN - 1) / ALIGN * ALIGN;
    p->n++;
    return at;
}

static void add_size(void *user, struct nn_matrix *m, enum weight_part part)
{
    (void)place(user, m, part);
}

static void fill(void *user, struct nn_matrix *m, enum weight_part part)
{
    struct pack *p = user;
    size_t at = place(p, m, part);

    nn_pack_matrix(p->nn, kind_of(p, part), m, (char *)p->o->packed + at);
}

/* From here on the matrix is computed with as packed. */
static void use(void *user, struct nn_matrix *m, enum weight_part part)
{
    struct pack *p = user;
    size_t at = place(p, m, part), *bytes = &p->o->weights->bytes[part];

    if (!(part == PART_HEAD && p->o->weights->tied))
        *bytes -= m->rows * m->cols * nn_dtype_size(m->dtype);
    *bytes += p->at - at;
    m->packed = (char *)p->o->packed + at;
    m->packed_as = kind_of(p, part);
}

static void each(struct pack *p, void (*visit)(void *user, struct nn_matrix *m,
                                               enum weight_part part))
{
    p->at = HEADER;
    p->n = 0;
    weights_each_linear(p->o->weights, &p->o->config, visit, p);
}

static void make_header(const struct pack *p, struct header *h)
{
    *h = (struct header){.version = VERSION,
                         .precision = (uint32_t)p->o->precision,
                         .bytes = p->at,
                         .matrices = p->n};
    memcpy(h->magic, "asidpack", sizeof h->magic);
    memcpy(h->fingerprint, p->o->fingerprint, sizeof h->fingerprint);
    memcpy(h->end, "complete", sizeof h->end);
}

/* --- the cache -------------------------------------------------------------- */

/* True when the file is there and is what this pack would be. */
static bool map_cached(struct pack *p, const char *path)
{
    struct header want, have;
    struct stat s;
    void *map = MAP_FAILED;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return false;
    make_header(p, &want);
    if (fstat(fd, &s) == 0 && S_ISREG(s.st_mode) &&
        (uint64_t)s.st_size == want.bytes &&
        pread(fd, &have, sizeof have, 0) == (ssize_t)sizeof have &&
        memcmp(&have, &want, sizeof want) == 0)
        map = mmap(NULL, want.bytes, PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    if (map == MAP_FAILED)
        return false;
    p->o->packed = map;
    p->o->packed_bytes = want.bytes;
    return true;
}

static enum asid_rc take_memory(struct pack *p, int fd, const char *name,
                                struct asid_err *err)
{
    void *map = mmap(NULL, p->at, PROT_READ | PROT_WRITE,
                     fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED, fd, 0);

    if (map == MAP_FAILED)
        return FAIL_ERRNO(err, "cannot take %zu bytes for packed weights%s%s",
                          p->at, name[0] ? " in " : "", name);
    p->o->packed = map;
    p->o->packed_bytes = p->at;
    return ASID_OK;
}

static enum asid_rc fill_all(struct pack *p, unsigned threads,
                             struct asid_err *err)
{
    enum asid_rc rc = nn_open("auto", threads, &p->nn, err);

    if (rc == ASID_OK)
        each(p, fill);
    nn_close(p->nn);
    p->nn = NULL;
    return rc;
}

/* Pages of a mapped file that cannot be stored kill the process: the room is
 * taken before anything is written to them. */
static enum asid_rc take_room(int fd, size_t bytes, const char *path,
                              struct asid_err *err)
{
    errno = posix_fallocate(fd, 0, (off_t)bytes);
    if (errno != 0)
        return FAIL_ERRNO(err, "%s: no room for %zu bytes of packed weights",
                          path, bytes);
    return ASID_OK;
}

static enum asid_rc write_cached(struct pack *p, const struct omni_load *how,
                                 const char *path, struct asid_err *err)
{
    struct file_beside f;
    struct header h;
    enum asid_rc rc;

    TRY(file_beside_open(&f, path, err));
    rc = take_room(f.fd, p->at, f.temporary, err);
    if (rc == ASID_OK)
        rc = take_memory(p, f.fd, f.temporary, err);
    if (rc == ASID_OK)
        rc = fill_all(p, how->threads, err);
    if (rc == ASID_OK) {
        make_header(p, &h);
        memcpy(p->o->packed, &h, sizeof h);
        if (fchmod(f.fd, 0644) < 0 || fsync(f.fd) < 0)
            rc = FAIL_ERRNO(err, "cannot write %s", path);
    }
    if (rc == ASID_OK)
        rc = file_beside_place(&f, err);
    file_beside_close(&f);
    return rc;
}

static enum asid_rc open_cached(struct pack *p, const struct omni_load *how,
                                struct asid_err *err)
{
    struct arena a = ARENA_INIT;
    char *path =
        path_join(&a, how->cache,
                  arena_printf(&a, "%.32s.%s.asidpack", p->o->fingerprint,
                               p->o->precision == OMNI_INT8 ? "int8" : "int4"));
    enum asid_rc rc = file_make_dirs(how->cache, err);

    if (rc == ASID_OK && !map_cached(p, path))
        rc = write_cached(p, how, path, err);
    arena_release(&a);
    return rc;
}

/* What goes into the last matrix of a layer has few values that are large, and
 * half of what int8 loses was lost there. The matrices around attention are
 * small, and cost little; gate and up are more than half of a layer. */
static void refine_inputs(struct omni *o)
{
    for (size_t i = 0; i < o->config.text.layers; i++) {
        struct text_layer *w = &o->weights->text[i];
        bool fine = o->precision == OMNI_INT8;

        w->q.fine = w->k.fine = w->v.fine = w->o.fine = fine;
        w->down.fine = fine;
    }
}

enum asid_rc pack_weights(struct omni *o, const struct omni_load *how,
                          struct asid_err *err)
{
    struct pack p = {.o = o};

    o->precision = how->precision;
    each(&p, add_size);
    if (p.too_large)
        return FAIL(err, "the packed weights are too large for an address");
    if (how->cache) {
        TRY(open_cached(&p, how, err));
    } else {
        TRY(take_memory(&p, -1, "", err));
        TRY(fill_all(&p, how->threads, err));
    }
    each(&p, use);
    refine_inputs(o);
    return ASID_OK;
}

void pack_release(struct omni *o)
{
    if (o->packed)
        munmap(o->packed, o->packed_bytes);
}
