/* The folder of a run: noting what it holds, and removing that again. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "asid/base/file.h"
#include "asid/dataset/folder.h"
#include "asid/pipeline/folder.h"

enum { STATE_BYTES = 1 << 20 };

/* --- run.json ------------------------------------------------------------ */

/* *state is NULL when there is no run.json. */
static enum asid_rc read_state(struct arena *a, const char *dir,
                               struct json **state, struct asid_err *err)
{
    const char *path = path_join(a, dir, "run.json");
    struct str text;

    *state = NULL;
    if (access(path, F_OK) < 0 && errno == ENOENT)
        return ASID_OK;
    TRY(file_slurp(a, path, STATE_BYTES, &text, err));
    if (json_parse(a, text, 0, state, err) != ASID_OK ||
        json_type(*state) != JSON_OBJECT) {
        *state = NULL;
        return FAIL(err, "%s is no state of a run; --fresh starts over", path);
    }
    return ASID_OK;
}

static void shard_spell(const struct shard *s, char out[48])
{
    if (s->count == 0)
        snprintf(out, 48, "no shard");
    else
        snprintf(out, 48, "shard %llu/%llu", (unsigned long long)s->index,
                 (unsigned long long)s->count);
}

static enum asid_rc compare_shard(const char *dir, const struct json *state,
                                  const struct shard *wanted,
                                  struct asid_err *err)
{
    int64_t index = 0, count = 0;
    struct shard held;
    char has[48], asks[48];

    json_i64(json_path(state, "shard.index"), &index);
    json_i64(json_path(state, "shard.count"), &count);
    held = (struct shard){(uint64_t)index, (uint64_t)count};
    if (held.index == wanted->index && held.count == wanted->count)
        return ASID_OK;
    shard_spell(&held, has);
    shard_spell(wanted, asks);
    return USAGE(err,
                 "%s holds a run with %s, not %s: give it a folder of its own, "
                 "or start over with --fresh",
                 dir, has, asks);
}

static enum asid_rc compare_name(const char *dir, const struct json *state,
                                 const char *wanted, struct asid_err *err)
{
    const char *held = json_text(json_get(state, "pipeline"));

    if (!held || strcmp(held, wanted) == 0)
        return ASID_OK;
    return USAGE(err,
                 "%s holds a run of pipeline %s, not %s: give it another "
                 "--output, or start over with --fresh",
                 dir, held, wanted);
}

enum asid_rc folder_check(const char *dir, const struct pipeline *p,
                          const struct shard *shard, struct asid_err *err)
{
    struct arena a = ARENA_INIT;
    struct json *state;
    enum asid_rc rc = read_state(&a, dir, &state, err);

    if (rc == ASID_OK && state)
        rc = compare_name(dir, state, p->name, err);
    if (rc == ASID_OK && state)
        rc = compare_shard(dir, state, shard, err);
    arena_release(&a);
    return rc;
}

static void add_dataset(struct arena *a, struct json *list, struct str name)
{
    json_each(item, list) {
        if (str_eq(json_str(item), name))
            return;
    }
    json_append(list, json_new_str(a, name));
}

static struct json *list_datasets(struct arena *a, const struct json *state,
                                  const struct plan *plan)
{
    struct json *list = json_new_array(a);

    json_each(item, json_get(state, "datasets")) {
        if (json_type(item) == JSON_STRING)
            add_dataset(a, list, json_str(item));
    }
    for (size_t i = 0; i < plan->n_stages; i++) {
        if (plan->stages[i].dataset)
            add_dataset(a, list, str_of(plan->stages[i].dataset_name));
    }
    return list;
}

static struct json *list_files(struct arena *a, const struct plan *plan)
{
    struct json *list = json_new_array(a);

    for (size_t i = 0; i < plan->n_stages; i++)
        json_append(list, json_new_text(a, path_base(plan->stages[i].output)));
    return list;
}

static struct json *make_state(struct arena *a, const struct pipeline *p,
                               const struct shard *shard)
{
    struct json *state = json_new_object(a), *cut = json_new_null(a);

    if (shard->count) {
        cut = json_new_object(a);
        json_set_i64(a, cut, "index", (int64_t)shard->index);
        json_set_i64(a, cut, "count", (int64_t)shard->count);
    }
    json_set_i64(a, state, "version", 1);
    json_set_text(a, state, "pipeline", p->name);
    json_set_text(a, state, "pipeline_sha256", p->sha256);
    json_set(a, state, "shard", cut);
    return state;
}

/* --- removing ------------------------------------------------------------ */

static enum asid_rc remove_file(const char *path, struct asid_err *err)
{
    if (unlink(path) < 0 && errno != ENOENT && errno != ENOTDIR)
        return FAIL_ERRNO(err, "cannot remove %s", path);
    return ASID_OK;
}

/* "01-ingest.jsonl", also with what the runner appends while it works. */
static bool is_stage_file(const char *name)
{
    size_t digits = strspn(name, "0123456789");
    const char *at = name + digits;
    size_t letters;

    if (digits < 2 || *at != '-')
        return false;
    letters = strspn(++at, "abcdefghijklmnopqrstuvwxyz-");
    at += letters;
    return letters > 0 && strncmp(at, ".jsonl", 6) == 0 &&
           (at[6] == '\0' || at[6] == '.') && !strchr(at, '/');
}

/* Remove a stage's file from a folder, with what the runner appends to its name
 * while it works; what others appended is theirs. */
static enum asid_rc remove_named(struct arena *a, const char *dir,
                                 const char *file, struct asid_err *err)
{
    static const char *const ends[] = {"", ".part", ".lock"};

    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        TRY(remove_file(
            path_join(a, dir, arena_printf(a, "%s%s", file, ends[i])), err));
    return ASID_OK;
}

static bool in_plan(const struct plan *plan, const char *file)
{
    for (size_t i = 0; i < plan->n_stages; i++) {
        if (strcmp(path_base(plan->stages[i].output), file) == 0)
            return true;
    }
    return false;
}

/* What the state names was planned by an asid-run, and nobody else's. */
static enum asid_rc remove_stale(struct arena *a, const struct json *state,
                                 const struct plan *plan, struct asid_err *err)
{
    json_each(item, json_get(state, "stages")) {
        const char *file = json_text(item);

        if (!file || !is_stage_file(file) || in_plan(plan, file))
            continue;
        TRY(remove_named(a, plan->stages_dir, file, err));
        TRY(remove_named(a, plan->rejects_dir, file, err));
    }
    return ASID_OK;
}

/* --- noting -------------------------------------------------------------- */

/* A killed asid-run may leave the temporary file of file_replace behind. */
static void remove_leftovers(struct arena *a, const char *dir)
{
    DIR *d = opendir(dir);

    if (!d)
        return;
    for (struct dirent *e; (e = readdir(d));) {
        if (str_starts(str_of(e->d_name), "run.json.tmp-"))
            unlink(path_join(a, dir, e->d_name));
    }
    closedir(d);
}

enum asid_rc folder_note(const struct folder *f, const struct pipeline *p,
                         const struct plan *plan, const struct shard *shard,
                         struct asid_err *err)
{
    struct arena a = ARENA_INIT;
    struct json *old, *state;
    struct buf text;
    enum asid_rc rc;

    buf_init(&text, STATE_BYTES);
    rc = read_state(&a, f->dir, &old, err);
    /* Before they are forgotten: a kill in between is made good by the next. */
    if (rc == ASID_OK)
        rc = remove_stale(&a, old, plan, err);
    if (rc != ASID_OK)
        goto out;
    state = make_state(&a, p, shard);
    json_set(&a, state, "datasets", list_datasets(&a, old, plan));
    json_set(&a, state, "stages", list_files(&a, plan));
    json_write_pretty(&text, state);
    buf_char(&text, '\n');
    if (buf_failed(&text)) {
        rc = FAIL(err, "%s: run.json would be too long", f->dir);
        goto out;
    }
    remove_leftovers(&a, f->dir);
    rc = file_replace(path_join(&a, f->dir, "run.json"), buf_view(&text), err);
out:
    buf_release(&text);
    arena_release(&a);
    return rc;
}

/* --- starting over ------------------------------------------------------- */

static enum asid_rc clear_files(struct arena *a, const char *dir,
                                struct asid_err *err)
{
    enum asid_rc rc = ASID_OK;
    DIR *d = opendir(dir);

    if (!d && (errno == ENOENT || errno == ENOTDIR))
        return ASID_OK;
    if (!d)
        return FAIL_ERRNO(err, "cannot read folder %s", dir);
    for (struct dirent *e; rc == ASID_OK && (e = readdir(d));) {
        if (is_stage_file(e->d_name))
            rc = remove_file(path_join(a, dir, e->d_name), err);
    }
    closedir(d);
    rmdir(dir); /* stays when somebody else's files are in it */
    return rc;
}

static enum asid_rc clear_datasets(struct arena *a, const char *dir,
                                   struct asid_err *err)
{
    struct json *state;
    struct asid_err ignored;

    /* A run.json that cannot be read names no folders; the run that follows
     * writes its own anew. */
    if (read_state(a, dir, &state, &ignored) != ASID_OK)
        return ASID_OK;
    json_each(item, json_get(state, "datasets")) {
        const char *name = json_text(item);

        if (name && plan_is_below(name))
            TRY(dataset_remove(path_join(a, dir, name), err));
    }
    return ASID_OK;
}

/* The ledger's log goes before the ledger and the ledger before the files it
 * vouches for, so that a kill in between leaves work to do but no lie. */
static enum asid_rc clear(struct arena *a, const char *dir,
                          struct asid_err *err)
{
    static const char *const ledger[] = {"ledger.db-wal", "ledger.db-shm",
                                         "ledger.db-journal", "ledger.db"};

    for (size_t i = 0; i < sizeof ledger / sizeof *ledger; i++)
        TRY(remove_file(path_join(a, dir, ledger[i]), err));
    TRY(file_sync_dir(dir, err));
    TRY(clear_files(a, path_join(a, dir, "stages"), err));
    TRY(clear_files(a, path_join(a, dir, "rejects"), err));
    TRY(clear_datasets(a, dir, err));
    remove_leftovers(a, dir);
    return remove_file(path_join(a, dir, "run.json"), err);
}

enum asid_rc folder_clear(const struct folder *f, struct asid_err *err)
{
    struct arena a = ARENA_INIT;
    enum asid_rc rc = clear(&a, f->dir, err);

    arena_release(&a);
    return rc;
}
