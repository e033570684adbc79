/* Files for the media tests, in a scratch folder. */
#ifndef TESTS_UNIT_MEDIA_FILES_H
#define TESTS_UNIT_MEDIA_FILES_H

#include <stdlib.h>
#include <unistd.h>

#include "asid/base/arena.h"
#include "asid/base/file.h"
#include "check.h"

#define MEDIA "tests/media/"

struct scratch {
    struct arena arena;
    char dir[64];
};

static inline void bail(const char *what)
{
    printf("Bail out! %s\n", what);
    exit(1);
}

static inline void scratch_make(struct scratch *s)
{
    *s = (struct scratch){ARENA_INIT, "/tmp/asid-media-XXXXXX"};
    if (!mkdtemp(s->dir))
        bail("no scratch folder");
}

static inline const char *scratch_path(struct scratch *s, const char *name)
{
    return arena_printf(&s->arena, "%s/%s", s->dir, name);
}

static inline const char *scratch_write(struct scratch *s, const char *name,
                                        const void *p, size_t n)
{
    const char *path = scratch_path(s, name);
    FILE *f = fopen(path, "wb");

    if (!f || fwrite(p, 1, n, f) != n || fclose(f) != 0)
        bail(path);
    return path;
}

/* The bytes of a file, to be changed at will. */
static inline struct str scratch_read(struct scratch *s, const char *path)
{
    struct asid_err err;
    struct str text;

    if (file_slurp(&s->arena, path, 1 << 24, &text, &err) != ASID_OK)
        bail(err.text);
    return text;
}

static inline void scratch_remove(struct scratch *s)
{
    char *command[] = {(char[]){"rm"}, (char[]){"-rf"}, s->dir, NULL};
    pid_t pid;

    fflush(NULL);
    pid = fork();
    if (pid == 0)
        execvp(command[0], command);
    arena_release(&s->arena);
}

#endif
