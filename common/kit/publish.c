/*
 * The last step: PATH.part becomes PATH.
 *
 * Two files cannot be renamed at once, so the ledger first says "finishing",
 * with the sizes and hashes of both; then both are renamed; then it says
 * "complete". Whoever finds "finishing" does again what is missing: a .part
 * with the right hash is renamed, a PATH with the right hash already was. So
 * a kill at any instant leads to the same end.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "asid/base/file.h"
#include "kit_int.h"

/* Make the renames durable before the ledger says that they are done. */
static enum asid_rc sync_folder(const char *path, struct asid_err *err)
{
    const char *slash = strrchr(path, '/');
    size_t n = !slash ? 1 : slash == path ? 1 : (size_t)(slash - path);
    char *dir = mem_alloc(n + 1);
    enum asid_rc rc;

    memcpy(dir, slash ? path : ".", n);
    rc = file_sync_dir(dir, err);
    free(dir);
    return rc;
}

static enum asid_rc publish_sink(struct sink *s, struct asid_err *err)
{
    if (!s->part)
        return ASID_OK;
    TRY(sink_sync(s, err));
    TRY(sink_publish(s, err));
    return sync_folder(s->path, err);
}

static enum asid_rc set_state(struct kit *k, bool finishing, bool complete,
                              struct asid_err *err)
{
    k->writer.check.finishing = finishing;
    k->writer.check.complete = complete;
    return k->cx.ledger ? writer_commit(k, err) : ASID_OK;
}

enum asid_rc publish_all(struct kit *k, struct asid_err *err)
{
    struct writer *w = &k->writer;

    TRY(writer_commit(k, err));
    TRY(set_state(k, true, false, err));
    TRY(publish_sink(&w->rejects, err));
    TRY(publish_sink(&w->out, err));
    return set_state(k, false, true, err);
}

/* *good: PATH now is what the ledger says. */
static enum asid_rc redo(struct arena *a, const char *path, uint64_t bytes,
                         const char *sha256, bool *good, struct asid_err *err)
{
    char *part = arena_printf(a, "%s.part", path);

    TRY(sink_is(part, bytes, sha256, good, err));
    if (!*good)
        return sink_is(path, bytes, sha256, good, err);
    if (rename(part, path) < 0)
        return FAIL_ERRNO(err, "cannot rename %s to %s", part, path);
    return sync_folder(path, err);
}

enum asid_rc publish_recover(struct kit *k, struct ledger_checkpoint *c,
                             struct asid_err *err)
{
    struct writer *w = &k->writer;
    bool out = false, rejects = true;

    if (*c->rejects)
        TRY(redo(&k->arena, c->rejects, c->reject_bytes, c->reject_sha256,
                 &rejects, err));
    TRY(redo(&k->arena, w->out.path, c->output_bytes, c->output_sha256, &out,
             err));
    c->finishing = false;
    c->complete = out && rejects;
    if (!c->complete)
        return ASID_OK; /* somebody removed a file: start over */
    return ledger_commit(k->cx.ledger, NULL, 0, k->cx.stage->name, w->key, c,
                         err);
}
