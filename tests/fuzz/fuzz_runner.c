/*
 * Any bytes through the runner: every line that is not blank is accepted as it
 * came or becomes one reject, and a reject is itself a line of JSON.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../common/kit/kit_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum asid_rc change(struct asid_job *job, struct asid_err *err)
{
    const char *id = json_text(json_get(job->record, "id"));

    if (id && id[0] == 'x') {
        json_set_text(job->arena, job->record, "id", "changed");
        return REJECT(err, "media.damaged", "%s", id);
    }
    json_set_text(job->arena, job->record, "seen", id ? id : "");
    return ASID_OK;
}

static const struct asid_stage stage = {.name = "cat", .record = change};

static struct kit *make_kit(void)
{
    static struct kit k;
    struct json *document;
    struct asid_err err;

    if (k.max_line)
        return &k;
    k.cx.stage = &stage;
    k.cx.kit = &k;
    k.filter = true;
    k.max_line = 2000;
    BUG_IF(json_parse(&k.arena, schema_file("record.schema.json"), 0, &document,
                      &err) != ASID_OK);
    BUG_IF(schema_load(&k.arena, document, "", &k.record_schema, &err) !=
           ASID_OK);
    return &k;
}

/* Whatever comes out is one object on one line. */
static void check_output(const struct slot *s)
{
    struct arena a = ARENA_INIT;
    struct str text = buf_view(&s->out);
    struct json *v = NULL;
    struct asid_err err;

    BUG_IF(s->rc != ASID_OK && s->rc != ASID_REJECT);
    BUG_IF(text.n == 0 || text.p[text.n - 1] != '\n');
    BUG_IF(memchr(text.p, '\n', text.n - 1) != NULL);
    text.n--;
    BUG_IF(json_parse(&a, text, 0, &v, &err) != ASID_OK);
    BUG_IF((s->rc == ASID_REJECT) != (json_get(v, "reject") != NULL) &&
           s->rc == ASID_REJECT);
    arena_release(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kit *k = make_kit();
    struct asid_err err;
    struct line line;
    struct slot s = {0};
    bool got = true;
    int fd = memfd_create("fuzz", MFD_CLOEXEC);

    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    reader_open_list(&k->reader, fd, "fuzz", (size_t)k->max_line);
    for (;;) {
        BUG_IF(reader_next(&k->reader, &line, &got, &err) != ASID_OK);
        if (!got)
            break;
        slot_reset(&s);
        s.line = line;
        slot_work(k, &s);
        check_output(&s);
    }
    BUG_IF(k->reader.pos.bytes != size);
    reader_close(&k->reader);
    slot_release(&s);
    return 0;
}
