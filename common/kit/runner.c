/* A stage's whole life, from opening files to the last rename. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "asid/base/clock.h"
#include "asid/base/cpus.h"
#include "asid/base/file.h"
#include "kit_int.h"

/* --- files ---------------------------------------------------------------------- */

static bool same_file(const char *a, const char *b)
{
    struct stat x, y;

    return stat(a, &x) == 0 && stat(b, &y) == 0 && S_ISREG(x.st_mode) &&
           x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* Writing onto an input destroys it; so does writing onto its .part. */
static enum asid_rc check_target(struct kit *k, const char *option,
                                 const char *path, struct asid_err *err)
{
    const char *part = arena_printf(&k->arena, "%s.part", path);
    struct stat in, out;

    for (size_t i = 0; i < k->cx.n_inputs; i++) {
        const char *input = k->cx.inputs[i];

        if (same_file(input, path) || same_file(input, part))
            return USAGE(err, "%s: %s is an input file", option, path);
    }
    if (fstat(STDIN_FILENO, &in) == 0 && stat(path, &out) == 0 &&
        S_ISREG(in.st_mode) && k->cx.n_inputs == 0 && in.st_dev == out.st_dev &&
        in.st_ino == out.st_ino)
        return USAGE(err, "%s: %s is standard input", option, path);
    return ASID_OK;
}

/* The absolute path that names an output in the ledger; the file itself may
 * not be there yet. */
static const char *absolute(struct arena *a, const char *path)
{
    const char *base = path_base(path);
    char *dir = arena_strndup(a, path, (size_t)(base - path));
    char *real = realpath(*dir ? dir : ".", NULL);
    const char *full = real ? path_join(a, real, base) : path;

    free(real);
    return full;
}

/* What writing to a file or keeping a ledger makes: the name and what is put
 * behind it. */
static const char *const file_names[] = {"", ".part", ".lock", NULL};
static const char *const ledger_names[] = {"", "-wal", "-shm", "-journal",
                                           NULL};

struct target {
    const char *option, *path; /* path NULL: not wanted */
    const char *const *names;
};

/* Whether two targets would write the same file, there already or not. */
static bool targets_meet(struct arena *a, const struct target *x,
                         const struct target *y)
{
    const char *one = absolute(a, x->path), *two = absolute(a, y->path);

    if (same_file(one, two))
        return true;
    for (const char *const *p = x->names; *p; p++)
        for (const char *const *q = y->names; *q; q++)
            if (strcmp(arena_printf(a, "%s%s", one, *p),
                       arena_printf(a, "%s%s", two, *q)) == 0)
                return true;
    return false;
}

static enum asid_rc check_targets(struct kit *k, const char *out,
                                  const char *rejects, const char *ledger,
                                  struct asid_err *err)
{
    const struct target t[] = {{"--out-file", out, file_names},
                               {"--rejects", rejects, file_names},
                               {"--ledger", ledger, ledger_names}};

    for (size_t i = 0; i < 3; i++) {
        if (!t[i].path)
            continue;
        if (strcmp(t[i].path, "-") == 0)
            return USAGE(err, "%s: expected a file, not a standard stream",
                         t[i].option);
        TRY(check_target(k, t[i].option, t[i].path, err));
        for (size_t j = 0; j < i; j++)
            if (t[j].path && targets_meet(&k->arena, &t[i], &t[j]))
                return USAGE(err, "%s: %s collides with %s %s", t[i].option,
                             t[i].path, t[j].option, t[j].path);
    }
    return ASID_OK;
}

static enum asid_rc open_outputs(struct kit *k, struct asid_err *err)
{
    struct writer *w = &k->writer;
    const char *out = opt_text(&k->cx, "out-file");
    const char *rejects = opt_text(&k->cx, "rejects");
    const char *ledger = opt_text(&k->cx, "ledger");

    if (out && strcmp(out, "-") == 0)
        out = NULL;
    TRY(check_targets(k, out, rejects, ledger, err));
    if (out)
        TRY(sink_open(&w->out, &k->arena, absolute(&k->arena, out), err));
    else
        w->out.fd = STDOUT_FILENO;
    if (rejects)
        TRY(sink_open(&w->rejects, &k->arena, absolute(&k->arena, rejects),
                      err));
    w->key = w->out.part ? w->out.path : "-";
    w->resumable = ledger && w->out.part;
    w->out.hashing = w->rejects.hashing = k->reader.hashing = w->resumable;
    return ASID_OK;
}

static enum asid_rc open_inputs(struct kit *k, struct asid_err *err)
{
    if (!k->filter)
        return ASID_OK;
    TRY(reader_open(&k->reader, k->cx.inputs, k->cx.n_inputs,
                    (size_t)k->max_line, err));
    k->reader.hashing = k->writer.resumable;
    return ASID_OK;
}

/* --- ledger ---------------------------------------------------------------------- */

static const char *argv_text(struct kit *k, int argc, char **argv)
{
    struct json *list = json_new_array(&k->arena);
    const char *text;
    struct buf b;

    for (int i = 0; i < argc; i++)
        json_append(list, json_new_text(&k->arena, argv[i]));
    buf_init(&b, SIZE_MAX / 2);
    json_write(&b, list);
    text = arena_strdup(&k->arena, b.p);
    buf_release(&b);
    return text;
}

static enum asid_rc open_ledger(struct kit *k, int argc, char **argv,
                                struct asid_err *err)
{
    const char *path = opt_text(&k->cx, "ledger");
    struct buf libraries;

    if (!path)
        return ASID_OK;
    TRY(ledger_open(path, &k->cx.ledger, err));
    buf_init(&libraries, 10000);
    version_libraries(&libraries, k->cx.stage);
    k->run.program = arena_printf(&k->arena, "asid-%s", k->cx.stage->name);
    k->run.argv = argv_text(k, argc, argv);
    k->run.version = ASID_VERSION;
    k->run.libraries = arena_strdup(&k->arena, libraries.p);
    k->run.parent = opt_text(&k->cx, "parent-run");
    buf_release(&libraries);
    TRY(ledger_run_begin(k->cx.ledger, &k->run, err));
    k->run_begun = true;
    k->cx.run_id = k->run.run_id;
    return ASID_OK;
}

static void close_ledger(struct kit *k, enum asid_rc rc,
                         const struct asid_err *err)
{
    const char *status = rc == ASID_OK        ? "done"
                         : rc == ASID_STOPPED ? "stopped"
                                              : "failed";
    struct asid_err again;

    if (k->run_begun &&
        ledger_run_end(k->cx.ledger, k->run.run_id, status,
                       rc == ASID_OK ? NULL : err->text, &again) != ASID_OK)
        log_error(k, &again);
    ledger_close(k->cx.ledger);
    k->cx.ledger = NULL;
}

/* --- source stages ------------------------------------------------------------------ */

struct list {
    int fd;
    struct buf buf;
};

static enum asid_rc flush_list(struct list *list, struct asid_err *err)
{
    TRY(file_write(list->fd, "list of items", list->buf.p, list->buf.n, err));
    buf_reset(&list->buf);
    return ASID_OK;
}

static enum asid_rc add_item(void *user, struct str json, struct asid_err *err)
{
    struct list *list = user;

    if (memchr(json.p, '\n', json.n))
        return FAIL(err, "an item of the list has a newline: " STR_FMT,
                    STR_ARG(json));
    buf_str(&list->buf, json);
    buf_char(&list->buf, '\n');
    return list->buf.n >= CHUNK ? flush_list(list, err) : ASID_OK;
}

/* The list becomes the input: a file of lines that only memory holds. */
static enum asid_rc list_source(struct kit *k, struct asid_err *err)
{
    struct list list = {.fd = memfd_create("asid-items", MFD_CLOEXEC)};
    enum asid_rc rc;

    if (!k->cx.stage->source)
        return ASID_OK;
    if (list.fd < 0)
        return FAIL_ERRNO(err, "cannot make a list in %s", "memory");
    buf_init(&list.buf, SIZE_MAX / 2);
    rc = k->cx.stage->source(&k->cx, add_item, &list, err);
    if (rc == ASID_OK && list.buf.n)
        rc = flush_list(&list, err);
    buf_release(&list.buf);
    if (rc != ASID_OK) {
        close(list.fd);
        return rc;
    }
    reader_open_list(&k->reader, list.fd, "item", (size_t)k->max_line);
    k->reader.hashing = k->writer.resumable;
    return ASID_OK;
}

/* --- the stage ---------------------------------------------------------------------- */

static enum asid_rc load_record_schema(struct kit *k, struct asid_err *err)
{
    struct json *document;
    enum asid_rc rc = json_parse(&k->arena, schema_file("record.schema.json"),
                                 0, &document, err);

    if (rc == ASID_OK) {
        json_settle(document);
        rc = schema_load(&k->arena, document, "", &k->record_schema, err);
    }
    if (rc != ASID_OK)
        return FAIL(err, "record.schema.json: %s", err->text);
    return ASID_OK;
}

static enum asid_rc work(struct kit *k, struct asid_err *err)
{
    int64_t jobs = opt_int(&k->cx, "jobs");
    enum asid_rc rc;

    if (jobs == 0)
        jobs = cpu_count();
    k->writer.last = clock_monotonic();
    rc = jobs > 1 ? run_parallel(k, (unsigned)jobs, err) : run_inline(k, err);
    if (rc == ASID_OK)
        k->writer.pos = k->reader.pos; /* blank lines at the end included */
    return rc;
}

/* What was done before an early end is kept: the next run goes on behind it.
 * Without a ledger nobody can go on, but rejects may still be wanted. */
static void keep_what_is_done(struct kit *k)
{
    struct writer *w = &k->writer;
    struct asid_err again;

    /* When the output's pipe is closed, the rejects still are written. */
    if (writer_commit(k, &again) == ASID_FAILED)
        return;
    if (!w->out.part && w->rejects.part &&
        sink_publish(&w->rejects, &again) != ASID_OK)
        log_error(k, &again);
}

static enum asid_rc work_and_publish(struct kit *k, struct asid_err *err)
{
    struct str settings;
    bool done = false;
    enum asid_rc rc;

    TRY(list_source(k, err));
    opt_hash(k, k->options_sha256, &settings);
    if (k->cx.ledger)
        TRY(ledger_settings_put(k->cx.ledger, k->options_sha256, settings,
                                err));
    progress_start(k);
    TRY(resume_begin(k, &done, err));
    if (done)
        return ASID_OK;
    rc = work(k, err);
    if (rc == ASID_OK && k->cx.stage->finish)
        rc = k->cx.stage->finish(&k->cx, err);
    if (rc != ASID_OK) {
        keep_what_is_done(k);
        return rc;
    }
    return publish_all(k, err);
}

static enum asid_rc run_opened(struct kit *k, struct asid_err *err)
{
    const struct asid_stage *stage = k->cx.stage;
    enum asid_rc rc = ASID_OK;

    if (stage->state_size)
        k->cx.state = arena_alloc(&k->arena, stage->state_size);
    k->cx.arena = &k->arena;
    if (stage->open)
        rc = stage->open(&k->cx, err);
    if (rc == ASID_OK)
        rc = work_and_publish(k, err);
    if (stage->close)
        stage->close(&k->cx);
    return rc;
}

static void prepare(struct kit *k)
{
    struct writer *w = &k->writer;

    sink_init(&w->out);
    sink_init(&w->rejects);
    k->reader.spool = -1;
    k->reuse.fd = -1;
    pthread_mutex_init(&k->reuse.lock, NULL);
    k->max_line = (uint64_t)opt_int(&k->cx, "max-line");
    k->strict = opt_bool(&k->cx, "strict");
    k->max_reject = opt_real(&k->cx, "max-reject");
    k->cx.inputs = k->files;
    k->cx.n_inputs = k->n_files;
}

enum asid_rc run_stage(struct kit *k, int argc, char **argv,
                       struct asid_err *err)
{
    enum asid_rc rc;

    prepare(k);
    rc = load_record_schema(k, err);
    if (rc == ASID_OK)
        rc = open_outputs(k, err);
    if (rc == ASID_OK)
        rc = open_inputs(k, err);
    if (rc == ASID_OK)
        rc = open_ledger(k, argc, argv, err);
    if (rc == ASID_OK)
        rc = run_opened(k, err);
    /* Whoever closed the pipe downstream wants to hear nothing. */
    if (rc == ASID_OK ||
        (k->writer.check.seq > 0 && (rc != ASID_STOPPED || signals_caught())))
        progress_summary(k);
    close_ledger(k, rc, err);
    reuse_close(&k->reuse);
    writer_release(&k->writer);
    reader_close(&k->reader);
    return rc;
}
