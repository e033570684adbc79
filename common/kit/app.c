/* A program: options, help, tool or stage, exit status. */
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "asid/base/file.h"
#include "kit_int.h"

/* --- what tools and stages may call ------------------------------------------------ */

enum asid_rc asid_print_text(const struct asid_cx *cx, struct str text,
                             struct asid_err *err)
{
    (void)cx;
    return file_write(STDOUT_FILENO, "standard output", text.p, text.n, err);
}

enum asid_rc asid_print(const struct asid_cx *cx, const struct json *value,
                        struct asid_err *err)
{
    enum asid_rc rc;
    struct buf line;

    buf_init(&line, SIZE_MAX / 2);
    json_write(&line, value);
    buf_char(&line, '\n');
    rc = asid_print_text(cx, buf_view(&line), err);
    buf_release(&line);
    return rc;
}

const char *asid_api_key(const struct asid_cx *cx)
{
    const char *key = getenv("ASID_API_KEY");

    (void)cx;
    return key && *key ? key : NULL;
}

const char *asid_video_path(const struct asid_job *job, const char *video)
{
    const char *root = opt_text(job->cx, "root");

    return path_join(job->arena, root ? root : ".", video);
}

/* --- the program --------------------------------------------------------------------- */

static enum asid_rc print_buffer(struct kit *k, struct buf *b,
                                 struct asid_err *err)
{
    enum asid_rc rc = asid_print_text(&k->cx, buf_view(b), err);

    buf_release(b);
    return rc;
}

static enum asid_rc show_help(struct kit *k, struct asid_err *err)
{
    struct buf text;
    enum asid_rc rc;

    buf_init(&text, 1 << 20);
    rc = help_print(k, &text, err);
    if (rc == ASID_OK)
        return print_buffer(k, &text, err);
    buf_release(&text);
    return rc;
}

static enum asid_rc show_version(struct kit *k, struct asid_err *err)
{
    struct buf text;

    buf_init(&text, 1 << 16);
    version_text(&text, k->cx.stage);
    return print_buffer(k, &text, err);
}

static enum asid_rc run_tool(struct kit *k, struct asid_err *err)
{
    const struct asid_stage *stage = k->cx.stage;

    if (stage->state_size)
        k->cx.state = arena_alloc(&k->arena, stage->state_size);
    k->cx.arena = &k->arena;
    k->cx.inputs = k->files;
    k->cx.n_inputs = k->n_files;
    return stage->run(&k->cx, err);
}

static bool option_is_set(const struct kit *k, const char *name)
{
    return json_bool(json_get(k->options, name));
}

static enum asid_rc find_entry(struct kit *k, struct asid_err *err)
{
    const char *kind;

    TRY(entry_document(&k->arena, &k->document, err));
    k->entry = entry_find(k->document, k->cx.stage->name);
    if (!k->entry)
        return FAIL(err, "%s has no entry in pipeline.schema.json",
                    k->cx.stage->name);
    kind = entry_kind(k->entry);
    k->tool = k->cx.stage->run != NULL;
    k->filter = !k->tool && strcmp(kind, "source") != 0;
    return ASID_OK;
}

static enum asid_rc run_program(struct kit *k, int argc, char **argv,
                                struct asid_err *err)
{
    TRY(find_entry(k, err));
    TRY(opt_parse(k, argc, argv, err));
    k->cx.options = k->options;
    if (k->help)
        return show_help(k, err);
    if (option_is_set(k, "version"))
        return show_version(k, err);
    k->quiet = option_is_set(k, "quiet");
    k->verbose = option_is_set(k, "verbose");
    signals_install();
    return k->tool ? run_tool(k, err) : run_stage(k, argc, argv, err);
}

static int exit_status(enum asid_rc rc)
{
    switch (rc) {
    case ASID_OK:
        return 0;
    case ASID_USAGE:
        return 2;
    case ASID_STOPPED:
        return signals_caught() ? 128 + signals_caught() : 0;
    case ASID_REJECT:
    case ASID_FAILED:
        break;
    }
    return 1;
}

/* Blocks of this size go back to the system when they are freed. Else each of the
 * threads would keep what the largest clip it had took. */
enum { KEPT_AT_MOST = 1 << 20 };

int asid_main(const struct asid_stage *stage, int argc, char **argv)
{
    struct kit *k = mem_alloc(sizeof *k);
    struct asid_err err = {0};
    enum asid_rc rc;

    mallopt(M_MMAP_THRESHOLD, KEPT_AT_MOST);
    k->cx.stage = stage;
    k->cx.kit = k;
    k->cx.run_id = "";
    pthread_mutex_init(&k->log_lock, NULL);
    rc = run_program(k, argc, argv, &err);
    /* A reader that went away and a user who said stop know it already. */
    if (rc != ASID_OK && rc != ASID_STOPPED)
        log_error(k, &err);
    arena_release(&k->arena);
    pthread_mutex_destroy(&k->log_lock);
    free(k);
    return exit_status(rc);
}
