/*
 * Items: files by rows and folders, in the order in which they become records.
 */
#include "asid/pipeline/items.h"

#include <string.h>

#include "asid/base/file.h"
#include "asid/base/hash.h"
#include "asid/base/utf8.h"
#include "asid/dataset/gather.h"
#include "asid/media/scan.h"

/* Where items come from and where they go. */
struct listing {
    const struct items_wish *wish;
    items_sink sink;
    void *user;
    struct scan scan;
    struct gather gather; /* rows of existing datasets */
    bool annotated;       /* some input is such a dataset */
    struct arena arena;   /* of one item */
    struct buf line;
};

/* --- one item -------------------------------------------------------------- */

/* A name that is not UTF-8 cannot be written in JSON; it is shown with its odd
 * bytes as \xNN. */
static const char *shown(struct arena *a, const char *name)
{
    struct asid_err text;

    (void)FAIL(&text, "%s", name);
    return arena_strdup(a, text.text);
}

static struct json *item_of(struct arena *a, const struct scan_file *f)
{
    struct json *item = json_new_object(a);
    struct str stem = path_stem(f->path);
    bool sound = utf8_valid(str_of(f->path));
    const char *id = arena_strndup(a, stem.p, stem.n);

    json_set_text(a, item, "id", sound ? id : shown(a, id));
    json_set_text(a, item, "video", sound ? f->path : shown(a, f->path));
    if (!sound)
        json_set_bool(a, item, "unnameable", true);
    json_set_bool(a, item, "stem_unique", f->stem_unique);
    json_set_i64(a, item, "bytes", (int64_t)f->size);
    json_set_i64(a, item, "mtime", f->mtime);
    json_set_i64(a, item, "ctime", f->ctime);
    json_set_i64(a, item, "inode", (int64_t)f->inode);
    return item;
}

const char *items_id(struct arena *a, struct str stem, const char *sha256)
{
    return arena_printf(a, "%.*s-%.8s", (int)stem.n, stem.p, sha256);
}

/* Whether the file's record belongs to this shard. Where the id needs the
 * content, it is hashed here; a file that cannot be read goes by its stem. */
static bool in_shard(struct listing *l, const struct scan_file *f,
                     const struct gathered *rows)
{
    struct str stem = path_stem(f->path);
    char sha256[HASH_HEX];
    struct asid_err err;

    if (rows && rows->id)
        stem = str_of(rows->id);
    else if (l->wish->shard.count > 1 && !f->stem_unique &&
             hash_file(path_join(&l->arena, l->wish->root, f->path), sha256,
                       NULL, &err) == ASID_OK)
        stem = str_of(items_id(&l->arena, stem, sha256));
    return shard_has(&l->wish->shard, stem);
}

static enum asid_rc give(struct listing *l, const struct json *item,
                         const char *what, struct asid_err *err)
{
    buf_reset(&l->line);
    json_write(&l->line, item);
    if (buf_failed(&l->line))
        return FAIL(err, "%s: the rows about it are too long together", what);
    return l->sink(l->user, item, buf_view(&l->line), err);
}

static enum asid_rc give_file(struct listing *l, const struct scan_file *f,
                              struct asid_err *err)
{
    struct gathered *about = gather_find(&l->gather, f->path);
    struct json *item, *rows;

    arena_reset(&l->arena);
    if (about)
        about->taken = true;
    if (!in_shard(l, f, about))
        return ASID_OK;
    item = item_of(&l->arena, f);
    if (about) {
        TRY(gather_rows(&l->gather, about, &l->arena, &rows, err));
        if (about->id)
            json_set_text(&l->arena, item, "row_id", about->id);
        if (about->sha256)
            json_set_text(&l->arena, item, "row_sha256", about->sha256);
        json_set(&l->arena, item, "rows", rows);
    } else if (l->annotated && !l->wish->orphans) {
        json_set_bool(&l->arena, item, "orphan", true);
    }
    return give(l, item, f->path, err);
}

/* A row that is none becomes an item that is refused. */
static enum asid_rc give_fault(struct listing *l, const struct gathered *fault,
                               struct asid_err *err)
{
    struct json *item, *rows, *reason;
    struct arena *a = &l->arena;

    arena_reset(a);
    if (!shard_has(&l->wish->shard, str_of(fault->fault->text)))
        return ASID_OK;
    item = json_new_object(a);
    reason = json_new_object(a);
    TRY(gather_rows(&l->gather, fault, a, &rows, err));
    json_set(a, item, "rows", rows);
    json_set_text(a, reason, "code", fault->fault->code);
    json_set_text(a, reason, "message", fault->fault->text);
    json_set(a, item, "fault", reason);
    return give(l, item, fault->fault->text, err);
}

static enum asid_rc give_items(struct listing *l, struct asid_err *err)
{
    for (size_t i = 0; i < l->scan.n; i++)
        TRY(give_file(l, &l->scan.files[i], err));
    for (const struct gathered *g = l->gather.first; g; g = g->next) {
        /* Another spelling of a path that came already. */
        struct scan_file again = {.path = g->video};

        if (g->fault)
            TRY(give_fault(l, g, err));
        else if (!g->taken)
            TRY(give_file(l, &again, err));
    }
    return ASID_OK;
}

/* --- inputs ---------------------------------------------------------------- */

static bool is_dataset(const char *input)
{
    return str_ends(str_of(input), ".jsonl") ||
           str_ends(str_of(input), ".json");
}

/* Rows first: their videos come in the order of the rows, and folders add what
 * no row is about. */
static enum asid_rc read_datasets(struct arena *a, struct listing *l,
                                  struct asid_err *err)
{
    const struct items_wish *w = l->wish;

    for (size_t i = 0; i < w->n_inputs; i++) {
        const char *input = w->inputs[i];
        struct str stem = path_stem(input);

        if (!is_dataset(input))
            continue;
        l->annotated = true;
        TRY(gather_add(&l->gather, path_join(a, w->root, input),
                       w->name ? w->name : arena_strndup(a, stem.p, stem.n),
                       input, err));
    }
    for (const struct gathered *g = l->gather.first; g; g = g->next) {
        if (!g->fault)
            scan_add_file(&l->scan, g->video);
    }
    return ASID_OK;
}

/* Without videos and rows, somebody mistyped a folder or --suffixes: going on
 * would empty what an earlier run published. A dataset without rows is one. */
static enum asid_rc nothing_found(struct arena *a, const struct items_wish *w,
                                  struct asid_err *err)
{
    for (size_t i = 0; i < w->n_inputs; i++) {
        if (!is_dataset(w->inputs[i]))
            return FAIL(err,
                        "no video file found below %s: no name there ends in "
                        "one of --suffixes",
                        strcmp(w->inputs[i], ".") == 0
                            ? w->root
                            : path_join(a, w->root, w->inputs[i]));
    }
    return ASID_OK;
}

static enum asid_rc find_files(struct arena *a, struct listing *l, bool *none,
                               struct asid_err *err)
{
    const struct items_wish *w = l->wish;

    TRY(read_datasets(a, l, err));
    for (size_t i = 0; i < w->n_inputs; i++) {
        if (!is_dataset(w->inputs[i]))
            TRY(scan_add(&l->scan, w->inputs[i], err));
    }
    scan_finish(&l->scan);
    *none = l->scan.n == 0 && !l->gather.first;
    return *none ? nothing_found(a, w, err) : ASID_OK;
}

enum asid_rc items_list(struct arena *a, const struct items_wish *wish,
                        items_sink sink, void *user, bool *none,
                        struct asid_err *err)
{
    struct listing l = {.wish = wish,
                        .sink = sink,
                        .user = user,
                        .scan = {.arena = a,
                                 .root = wish->root,
                                 .suffixes = wish->suffixes,
                                 .n_suffixes = wish->n_suffixes}};
    enum asid_rc rc;

    gather_init(&l.gather);
    buf_init(&l.line, wish->max_line);
    rc = find_files(a, &l, none, err);
    if (rc == ASID_OK)
        rc = give_items(&l, err);
    buf_release(&l.line);
    arena_release(&l.arena);
    gather_release(&l.gather);
    scan_release(&l.scan);
    return rc;
}
