/*
 * Starts asid-mock-endpoint for a unit test and reads its log.
 *
 *     mock_start(&m, scenario)   ends the test program if it does not come up
 *     m.url
 *     mock_count(&m, "answered")
 *     mock_stop(&m)
 */
#ifndef TESTS_UNIT_MOCK_ENDPOINT_H
#define TESTS_UNIT_MOCK_ENDPOINT_H

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "asid/base/arena.h"
#include "asid/base/file.h"
#include "check.h"

struct mock {
    char dir[64];
    char url[64];
    pid_t pid;
};

static inline char *mock_file(const struct mock *m, struct arena *a,
                              const char *name)
{
    return path_join(a, m->dir, name);
}

static inline void mock_give_up(const char *what)
{
    printf("Bail out! mock endpoint: %s\n", what);
    exit(1);
}

static inline void mock_exec(const struct mock *m, struct arena *a)
{
    struct asid_err err;
    char *self;

    if (path_program_dir(a, &self, &err) != ASID_OK)
        _exit(9);
    execl(path_join(a, self, "../bin/test/asid-mock-endpoint"),
          "asid-mock-endpoint", "--port-file", mock_file(m, a, "port"),
          "--scenario", mock_file(m, a, "scenario"), "--log",
          mock_file(m, a, "log"), "--seconds", "100", (char *)NULL);
    _exit(9);
}

static inline void mock_start(struct mock *m, const char *scenario)
{
    struct arena a = ARENA_INIT;
    struct asid_err err;
    struct str port = {NULL, 0};

    strcpy(m->dir, "/tmp/asid-mock-XXXXXX");
    if (!mkdtemp(m->dir) || file_replace(mock_file(m, &a, "scenario"),
                                         str_of(scenario), &err) != ASID_OK)
        mock_give_up("no scratch folder");
    m->pid = fork();
    if (m->pid == 0)
        mock_exec(m, &a);
    for (int i = 0; i < 1000 && !port.n; i++) {
        usleep(10000);
        if (file_slurp(&a, mock_file(m, &a, "port"), 32, &port, &err) !=
            ASID_OK)
            port.n = 0;
    }
    if (!port.n)
        mock_give_up("it does not come up; build it with make check");
    snprintf(m->url, sizeof m->url, "http://127.0.0.1:%.5s/v1",
             arena_strndup(&a, port.p, strcspn(port.p, "\n")));
    arena_release(&a);
}

static inline struct str mock_log(const struct mock *m, struct arena *a)
{
    struct str text = {"", 0};
    struct asid_err err;

    if (file_slurp(a, mock_file(m, a, "log"), 16 << 20, &text, &err) != ASID_OK)
        return STR("");
    return text;
}

/* Lines of the log whose column (from 0) is `what`. */
static inline unsigned mock_count_column(const struct mock *m, int column,
                                         const char *what)
{
    struct arena a = ARENA_INIT;
    char *text = arena_strdup(&a, mock_log(m, &a).p);
    unsigned n = 0;

    for (char *rest = text, *line; (line = strsep(&rest, "\n")) != NULL;) {
        char *field = NULL;

        for (int i = 0; i <= column && line; i++)
            field = strsep(&line, "\t");
        n += field && strcmp(field, what) == 0;
    }
    arena_release(&a);
    return n;
}

/* Requests that came to that: "answered", "429", "hang", ... */
static inline unsigned mock_count(const struct mock *m, const char *what)
{
    return mock_count_column(m, 4, what);
}

/* Waits (ten seconds at most) for n such requests, and counts them. What a
 * client hung up on is noted by the endpoint only once it has seen that. */
static inline unsigned mock_await(const struct mock *m, const char *what,
                                  unsigned n)
{
    unsigned seen = mock_count(m, what);

    for (int i = 0; i < 1000 && seen < n; i++) {
        usleep(10000);
        seen = mock_count(m, what);
    }
    return seen;
}

/* The largest number in a column. */
static inline unsigned mock_most(const struct mock *m, int column)
{
    char number[16];
    unsigned most = 0;

    for (unsigned i = 1; i < 200; i++) {
        snprintf(number, sizeof number, "%u", i);
        if (mock_count_column(m, column, number))
            most = i;
    }
    return most;
}

static inline void mock_stop(struct mock *m)
{
    struct arena a = ARENA_INIT;

    kill(m->pid, SIGTERM);
    waitpid(m->pid, NULL, 0);
    unlink(mock_file(m, &a, "port"));
    unlink(mock_file(m, &a, "scenario"));
    unlink(mock_file(m, &a, "log"));
    rmdir(m->dir);
    arena_release(&a);
}

#endif
