/*
 * asid-run: one call runs a pipeline file, again and again if need be.
 *
 * The stages are processes, one after the other; each resumes by itself from
 * the ledger (see asid/kit/stage.h), so after a kill nothing has to be undone
 * here: the same stages are started again and skip what is done.
 */
#include <stdlib.h>
#include <string.h>

#include "asid/base/file.h"
#include "asid/kit/stage.h"
#include "asid/ledger/ledger.h"
#include "asid/pipeline/folder.h"
#include "asid/pipeline/items.h"
#include "asid/pipeline/pipeline.h"
#include "asid/pipeline/plan.h"
#include "asid/pipeline/preview.h"
#include "asid/pipeline/shard.h"
#include "asid/pipeline/spawn.h"

struct run {
    struct asid_cx *cx;
    struct pipeline pipeline;
    struct plan_settings settings;
    struct plan plan;
    struct shard shard;
    struct folder folder;
    struct ledger_run row;
};

/* --- before anything starts ---------------------------------------------- */

static enum asid_rc read_settings(struct run *r, struct asid_err *err)
{
    struct asid_cx *cx = r->cx;
    struct plan_settings *s = &r->settings;
    char *programs;

    TRY(path_program_dir(cx->arena, &programs, err));
    s->programs = programs;
    s->dir = opt_text(cx, "output");
    if (!opt_text(cx, "pipeline"))
        return USAGE(err, "no pipeline file named");
    if (!s->dir || !s->dir[0])
        return USAGE(err, "--output DIR is missing");
    s->shard = opt_text(cx, "shard");
    TRY(shard_parse(s->shard, &r->shard, err));
    if (opt_given(cx, "jobs"))
        s->jobs =
            arena_printf(cx->arena, "%lld", (long long)opt_int(cx, "jobs"));
    if (opt_given(cx, "progress"))
        s->progress = opt_text(cx, "progress");
    s->quiet = opt_bool(cx, "quiet");
    s->verbose = opt_bool(cx, "verbose");
    return ASID_OK;
}

static enum asid_rc prepare(struct run *r, struct asid_err *err)
{
    struct asid_cx *cx = r->cx;

    TRY(read_settings(r, err));
    TRY(pipeline_load(cx->arena, opt_text(cx, "pipeline"), &r->pipeline, err));
    TRY(plan_make(cx->arena, &r->pipeline, &r->settings, &r->plan, err));
    TRY(plan_check_programs(&r->plan, err));
    if (opt_bool(cx, "fresh"))
        return ASID_OK;
    return folder_check(r->settings.dir, &r->pipeline, &r->shard, err);
}

/* --- the plan -------------------------------------------------------------- */

/* An option of the source, as the file or the schema gives it. */
static const struct json *source_option(const struct run *r, const char *name)
{
    return pipeline_value(&r->pipeline, &r->pipeline.stages[0], name);
}

static const char **list_option(struct run *r, const char *name, size_t *n)
{
    const struct json *list = source_option(r, name);
    const char **out =
        arena_array(r->cx->arena, json_count(list) + 1, sizeof *out);

    *n = 0;
    json_each(item, list) {
        if (json_text(item))
            out[(*n)++] = json_text(item);
    }
    return out;
}

struct found {
    struct arena *a;
    struct preview_item *items;
    size_t n, room;
};

/* Named, but sure to end as rejects: rows that are none, videos without rows,
 * names that JSON cannot hold. */
static bool is_refused(const struct json *item)
{
    return json_get(item, "fault") || json_bool(json_get(item, "orphan")) ||
           json_bool(json_get(item, "unnameable"));
}

static enum asid_rc take_item(void *user, const struct json *item,
                              struct str line, struct asid_err *err)
{
    struct found *f = user;
    const char *row_id = json_text(json_get(item, "row_id"));
    const char *name = json_text(json_get(item, "id"));
    const char *id = row_id ? row_id : name;
    char hex[HASH_HEX];

    (void)err;
    if (f->n == f->room) {
        f->room = 2 * f->room + 64;
        f->items = mem_grow(f->items, f->room * sizeof *f->items);
    }
    hash_text(line, hex);
    f->items[f->n++] = (struct preview_item){
        .id = id ? arena_strdup(f->a, id) : NULL,
        .name = name ? arena_strdup(f->a, name) : NULL,
        .sha256 = arena_strdup(f->a, hex),
        .unique = row_id || json_bool(json_get(item, "stem_unique")),
        .refused = is_refused(item)};
    return ASID_OK;
}

/* What the source will take, as asid-ingest lists it itself. */
static enum asid_rc find_items(struct run *r, struct found *found,
                               struct asid_err *err)
{
    const char *orphans = json_text(source_option(r, "orphans"));
    int64_t max_line = 0;
    bool none;
    struct items_wish wish = {
        .root = r->pipeline.root,
        .name = json_text(source_option(r, "name")),
        .orphans = orphans && strcmp(orphans, "keep") == 0,
        .shard = r->shard,
    };

    json_i64(source_option(r, "max-line"), &max_line);
    wish.max_line = (size_t)max_line;
    wish.inputs = list_option(r, "inputs", &wish.n_inputs);
    wish.suffixes = list_option(r, "suffixes", &wish.n_suffixes);
    return items_list(found->a, &wish, take_item, found, &none, err);
}

static enum asid_rc show_plan(struct run *r, struct asid_err *err)
{
    struct arena *a = r->cx->arena;
    struct preview_stage *stages =
        arena_array(a, r->plan.n_stages, sizeof *stages);
    struct found found = {.a = a};
    enum asid_rc rc = find_items(r, &found, err);
    struct buf text;

    buf_init(&text, 64 << 20);
    if (rc == ASID_OK)
        rc = preview_make(a, &r->pipeline, &r->plan, found.items, found.n,
                          opt_bool(r->cx, "fresh"), stages, err);
    if (rc == ASID_OK) {
        preview_write(a, &r->plan, stages, &text);
        rc = asid_print_text(r->cx, buf_view(&text), err);
    }
    buf_release(&text);
    free(found.items);
    return rc;
}

/* --- the run's row in the ledger ------------------------------------------*/

static char *command_line(struct run *r)
{
    struct arena *a = r->cx->arena;
    struct json *list = json_new_array(a);
    struct buf text;
    char *line;

    json_append(list, json_new_text(a, "asid-run"));
    json_append(list, json_new_text(a, r->pipeline.path));
    json_append(list, json_new_text(
                          a, arena_printf(a, "--output=%s", r->settings.dir)));
    if (r->settings.shard)
        json_append(list, json_new_text(a, arena_printf(a, "--shard=%s",
                                                        r->settings.shard)));
    if (opt_bool(r->cx, "fresh"))
        json_append(list, json_new_text(a, "--fresh"));
    buf_init(&text, 1 << 20);
    json_write(&text, list);
    line = arena_strndup(a, buf_view(&text).p, text.n);
    buf_release(&text);
    return line;
}

/* The ledger is not kept open while stages run: each has its own. */
static enum asid_rc begin_row(struct run *r, struct asid_err *err)
{
    struct ledger *ledger;
    enum asid_rc rc;

    r->row.program = "asid-run";
    r->row.argv = command_line(r);
    r->row.version = ASID_VERSION;
    r->row.libraries =
        arena_printf(r->cx->arena, "sqlite %s", ledger_sqlite_version());
    r->row.pipeline_sha256 = r->pipeline.sha256;
    TRY(ledger_open(r->plan.ledger, &ledger, err));
    rc = ledger_run_begin(ledger, &r->row, err);
    ledger_close(ledger);
    return rc;
}

static enum asid_rc end_row(struct run *r, enum asid_rc result,
                            const char *message, struct asid_err *err)
{
    const char *status = result == ASID_OK        ? "done"
                         : result == ASID_STOPPED ? "stopped"
                                                  : "failed";
    struct ledger *ledger;
    enum asid_rc rc;

    TRY(ledger_open(r->plan.ledger, &ledger, err));
    rc = ledger_run_end(ledger, r->row.run_id, status, message, err);
    ledger_close(ledger);
    return rc;
}

/* --- running ------------------------------------------------------------- */

static bool is_stopping(const void *user)
{
    return asid_stopping(user);
}

static enum asid_rc run_stages(struct run *r, struct asid_err *err)
{
    for (size_t i = 0; i < r->plan.n_stages; i++) {
        const struct plan_stage *s = &r->plan.stages[i];

        asid_info(r->cx, "stage %zu/%zu: %s", s->number, r->plan.n_stages,
                  plan_command(r->cx->arena, s));
        TRY(spawn_stage(&r->folder, s, is_stopping, r->cx, err));
    }
    return ASID_OK;
}

/* Whoever stopped a run wants to know whether anything is lost. */
static void tell_stopped(const struct run *r)
{
    asid_note(r->cx, "stopped; the same command%s goes on from there",
              opt_bool(r->cx, "fresh") ? " without --fresh" : "");
}

/* The folder is ours from here on. */
static enum asid_rc work(struct run *r, struct asid_err *err)
{
    struct arena *a = r->cx->arena;
    struct asid_err late;
    enum asid_rc rc;

    if (opt_bool(r->cx, "fresh"))
        TRY(folder_clear(&r->folder, err));
    /* Once more: another asid-run may have ended between check and lock. */
    TRY(folder_check(r->settings.dir, &r->pipeline, &r->shard, err));
    TRY(file_make_dirs(r->plan.stages_dir, err));
    TRY(file_make_dirs(r->plan.rejects_dir, err));
    TRY(folder_note(&r->folder, &r->pipeline, &r->plan, &r->shard, err));
    TRY(begin_row(r, err));
    r->settings.run_id = r->row.run_id;
    rc = plan_make(a, &r->pipeline, &r->settings, &r->plan, err);
    if (rc == ASID_OK)
        rc = run_stages(r, err);
    if (end_row(r, rc, rc == ASID_OK ? NULL : err->text, &late) != ASID_OK &&
        rc == ASID_OK) {
        *err = late;
        rc = late.rc;
    }
    return rc;
}

static enum asid_rc run(struct asid_cx *cx, struct asid_err *err)
{
    struct run r = {.cx = cx, .folder = {.lock_fd = -1}};
    enum asid_rc rc;

    TRY(prepare(&r, err));
    if (opt_bool(cx, "dry-run"))
        return show_plan(&r, err);
    TRY(folder_take(cx->arena, r.settings.dir, &r.folder, err));
    rc = work(&r, err);
    folder_release(&r.folder);
    if (rc == ASID_STOPPED)
        tell_stopped(&r);
    return rc;
}

const struct asid_stage asid_stage = {.name = "run", .run = run};
