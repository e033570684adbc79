/* Reading the reference vectors of tests/vectors and making small folders. */
#ifndef TESTS_UNIT_VECTORS_H
#define TESTS_UNIT_VECTORS_H

#include <stdlib.h>
#include <unistd.h>

#include "asid/base/file.h"
#include "asid/data/json.h"
#include "asid/nn/npy.h"
#include "check.h"

/* A whole file, which must be there: a missing vector is a failed test. */
static inline struct str vector_text(struct arena *a, const char *path)
{
    struct asid_err err;
    struct str text;

    if (file_slurp(a, path, 64 << 20, &text, &err) != ASID_OK) {
        printf("Bail out! %s\n", err.text);
        exit(1);
    }
    return text;
}

static inline struct json *vector_parse(struct arena *a, struct str text,
                                        const char *name)
{
    struct asid_err err;
    struct json *v;

    if (json_parse(a, text, 0, &v, &err) != ASID_OK) {
        printf("Bail out! %s: %s\n", name, err.text);
        exit(1);
    }
    return v;
}

static inline struct json *vector_json(struct arena *a, const char *path)
{
    return vector_parse(a, vector_text(a, path), path);
}

/* To be freed by npy_release(). */
static inline struct npy vector_npy(const char *path)
{
    struct asid_err err;
    struct npy v = {.data = NULL};

    if (npy_read(path, &v, &err) != ASID_OK) {
        printf("Bail out! %s\n", err.text);
        exit(1);
    }
    return v;
}

/* The next line of a text; false at its end. */
static inline bool vector_line(struct str *text, struct str *line)
{
    const char *end;

    if (text->n == 0)
        return false;
    end = memchr(text->p, '\n', text->n);
    *line = (struct str){text->p, end ? (size_t)(end - text->p) : text->n};
    text->p += line->n + (end != NULL);
    text->n -= line->n + (end != NULL);
    return true;
}

static inline double vector_real(const struct json *v, double fallback)
{
    double value = fallback;

    if (!v || json_type(v) != JSON_NUMBER || !json_f64(v, &value))
        return fallback;
    return value;
}

static inline int64_t vector_int(const struct json *v)
{
    int64_t value = -1;

    if (!v || json_type(v) != JSON_NUMBER || !json_i64(v, &value))
        return -1;
    return value;
}

/* A fresh folder under /tmp, and a file in it. */
static inline char *vector_folder(struct arena *a)
{
    char *dir = arena_strdup(a, "/tmp/asid-test-XXXXXX");

    if (!mkdtemp(dir)) {
        printf("Bail out! cannot make %s\n", dir);
        exit(1);
    }
    return dir;
}

static inline void vector_file(struct arena *a, const char *dir,
                               const char *name, struct str text)
{
    struct asid_err err;

    if (file_replace(path_join(a, dir, name), text, &err) != ASID_OK) {
        printf("Bail out! %s\n", err.text);
        exit(1);
    }
}

static inline void vector_remove(struct arena *a, const char *dir,
                                 const char *name)
{
    if (!name)
        rmdir(dir);
    else
        unlink(path_join(a, dir, name));
}

#endif
