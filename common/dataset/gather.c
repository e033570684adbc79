/* Rows by video: an index over a temporary file. */
#include "asid/dataset/gather.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "asid/base/base64.h"
#include "asid/base/file.h"
#include "asid/base/hash.h"
#include "asid/base/utf8.h"
#include "asid/dataset/annotation.h"

struct gathered_row {
    uint64_t at; /* in the spool */
    uint64_t line;
    size_t n;
    const char *name, *file;
    struct gathered_row *next;
};

void gather_init(struct gather *g)
{
    memset(g, 0, sizeof *g);
    g->spool = -1;
    g->last = &g->first;
}

void gather_release(struct gather *g)
{
    if (g->spool >= 0)
        close(g->spool);
    free(g->table);
    arena_release(&g->arena);
    gather_init(g);
}

/* --- the table ------------------------------------------------------------ */

static struct gathered **slot_of(struct gathered **table, size_t room,
                                 const char *video)
{
    size_t i = (size_t)hash_u64(str_of(video)) & (room - 1);

    while (table[i] && strcmp(table[i]->video, video) != 0)
        i = (i + 1) & (room - 1);
    return &table[i];
}

static void grow(struct gather *g)
{
    size_t room = g->room ? g->room * 2 : 256;
    struct gathered **table = mem_alloc(room * sizeof(struct gathered *));

    memset(table, 0, room * sizeof(struct gathered *));
    for (size_t i = 0; i < g->room; i++)
        if (g->table[i])
            *slot_of(table, room, g->table[i]->video) = g->table[i];
    free(g->table);
    g->table = table;
    g->room = room;
}

/* "./a/b" is "a/b", as the scan for files spells it. */
static struct str tidy(struct str video)
{
    while (video.n > 2 && video.p[0] == '.' && video.p[1] == '/') {
        do {
            video.p++;
            video.n--;
        } while (video.n > 1 && video.p[0] == '/');
    }
    return video;
}

static struct gathered *append(struct gather *g)
{
    struct gathered *v = arena_alloc(&g->arena, sizeof *v);

    *g->last = v;
    g->last = &v->next;
    return v;
}

static struct gathered *video_of(struct gather *g, struct str path)
{
    struct str name = tidy(path);
    const char *video = arena_strndup(&g->arena, name.p, name.n);
    struct gathered **slot;

    if (2 * (g->n + 1) > g->room)
        grow(g);
    slot = slot_of(g->table, g->room, video);
    if (!*slot) {
        *slot = append(g);
        (*slot)->video = video;
        g->n++;
    }
    return *slot;
}

struct gathered *gather_find(const struct gather *g, const char *video)
{
    return g->room ? *slot_of(g->table, g->room, video) : NULL;
}

/* --- reading -------------------------------------------------------------- */

struct adding {
    struct gather *g;
    const char *name, *shown;
    struct arena row;
};

static enum asid_rc add_row(struct adding *to, struct gathered *v,
                            struct str text, uint64_t line,
                            struct asid_err *err)
{
    struct gather *g = to->g;
    struct gathered_row *row = arena_alloc(&g->arena, sizeof *row);

    if (g->spool < 0)
        TRY(file_temporary(&g->spool, err));
    *row = (struct gathered_row){.at = g->bytes,
                                 .line = line,
                                 .n = text.n,
                                 .name = to->name,
                                 .file = to->shown};
    TRY(file_write(g->spool, "temporary file", text.p, text.n, err));
    g->bytes += text.n;
    if (v->last)
        v->last->next = row;
    else
        v->first = row;
    v->last = row;
    v->n_rows++;
    return ASID_OK;
}

/* What all rows of a video have to agree on to be believed. */
static const char *agree(struct gather *g, const struct gathered *v,
                         const char *before, struct str now)
{
    if (v->n_rows == 0)
        return now.n ? arena_strndup(&g->arena, now.p, now.n) : NULL;
    return before && str_is(now, before) ? before : NULL;
}

static enum asid_rc add_fault(struct adding *to, struct str text, uint64_t line,
                              const struct asid_err *why, struct asid_err *err)
{
    struct gathered *v = append(to->g);

    v->fault = arena_alloc(&to->g->arena, sizeof *v->fault);
    *v->fault = *why;
    asid_err_within(v->fault, "%s:%llu", to->shown, (unsigned long long)line);
    return add_row(to, v, text, line, err);
}

static enum asid_rc take_row(void *user, struct str text, uint64_t line,
                             const struct json *row, const struct asid_err *why,
                             struct asid_err *err)
{
    struct adding *to = user;
    struct asid_err fault;
    struct annotation read;
    struct gathered *v;

    if (!row)
        return add_fault(to, text, line, why, err);
    arena_reset(&to->row);
    if (annotation_read(&to->row, row, &read, &fault) != ASID_OK)
        return add_fault(to, text, line, &fault, err);
    v = video_of(to->g, read.video);
    v->id = agree(to->g, v, v->id, read.id);
    /* One row that knows the hash is enough. */
    if (!v->sha256 && read.sha256.n)
        v->sha256 = arena_strndup(&to->g->arena, read.sha256.p, read.sha256.n);
    return add_row(to, v, text, line, err);
}

enum asid_rc gather_add(struct gather *g, const char *path, const char *name,
                        const char *shown, struct asid_err *err)
{
    struct adding to = {.g = g,
                        .name = arena_strdup(&g->arena, name),
                        .shown = arena_strdup(&g->arena, shown)};
    enum asid_rc rc = annotation_file(path, take_row, &to, err);

    arena_release(&to.row);
    return rc;
}

/* --- handing out ---------------------------------------------------------- */

static enum asid_rc read_text(const struct gather *g,
                              const struct gathered_row *row, struct arena *a,
                              struct str *text, struct asid_err *err)
{
    char *p = arena_bytes(a, row->n + 1);
    size_t have = 0;

    while (have < row->n) {
        ssize_t n =
            pread(g->spool, p + have, row->n - have, (off_t)(row->at + have));

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return FAIL_ERRNO(err, "cannot read %s", "the temporary file");
        have += (size_t)n;
    }
    p[row->n] = '\0';
    *text = (struct str){p, row->n};
    return ASID_OK;
}

static void set_raw(struct arena *a, struct json *entry, struct str text)
{
    struct buf coded;

    if (utf8_valid(text)) {
        json_set(a, entry, "raw", json_new_str(a, text));
        return;
    }
    buf_init(&coded, SIZE_MAX / 2);
    base64_add(&coded, text);
    json_set(a, entry, "raw_base64", json_new_str(a, buf_view(&coded)));
    buf_release(&coded);
}

enum asid_rc gather_rows(const struct gather *g, const struct gathered *video,
                         struct arena *a, struct json **rows,
                         struct asid_err *err)
{
    struct json *list = json_new_array(a);

    for (const struct gathered_row *r = video->first; r; r = r->next) {
        struct json *entry = json_new_object(a), *row = NULL;
        struct asid_err none;
        struct str text;

        TRY(read_text(g, r, a, &text, err));
        if (video->fault) {
            json_set_text(a, entry, "file", r->file);
            json_set_i64(a, entry, "line", (int64_t)r->line);
        } else {
            json_set_text(a, entry, "from", r->name);
        }
        if (json_parse(a, text, 0, &row, &none) == ASID_OK)
            json_set(a, entry, "row", row);
        else
            set_raw(a, entry, text);
        json_append(list, entry);
    }
    *rows = list;
    return ASID_OK;
}
