/* Prompt sets from schemas/prompts.json. */
#include "asid/ask/prompts.h"

#include "asid/base/hash.h"
#include "asid/data/json.h"
#include "asid/data/schema.h"

struct prompts {
    int64_t version;
    const struct json *sets;
    const struct json *names;
};

enum asid_rc prompts_load(struct arena *a, const struct prompts **out,
                          struct asid_err *err)
{
    struct prompts *p = arena_alloc(a, sizeof *p);
    struct json *document;

    if (json_parse(a, schema_file("prompts.json"), 0, &document, err)) {
        err->rc = ASID_FAILED;
        return asid_err_within(err, "prompts.json");
    }
    json_settle(document); /* workers share it */
    p->sets = json_get(document, "sets");
    p->names = json_get(document, "attribute-names");
    if (!p->sets || !p->names ||
        !json_i64(json_get(document, "version"), &p->version))
        return FAIL(err, "prompts.json: version, sets or names are missing");
    *out = p;
    return ASID_OK;
}

int64_t prompts_version(const struct prompts *p)
{
    return p->version;
}

/* "scene, narrative elements": names as people write them. */
static void add_names(const struct prompts *p, const struct prompt_request *r,
                      struct buf *out)
{
    for (size_t i = 0; i < r->n_attributes; i++) {
        const char *name = json_text(json_get(p->names, r->attributes[i]));

        buf_text(out, i ? ", " : "");
        buf_text(out, name ? name : r->attributes[i]);
    }
}

static void fill_slots(const struct prompts *p, const struct prompt_request *r,
                       struct str wording, struct buf *out)
{
    static const char slot[] = "{attr}";
    size_t n = sizeof slot - 1;

    for (size_t i = 0; i < wording.n;) {
        if (wording.n - i >= n && memcmp(wording.p + i, slot, n) == 0) {
            add_names(p, r, out);
            i += n;
        } else {
            buf_char(out, wording.p[i++]);
        }
    }
}

enum asid_rc prompt_text(const struct prompts *p, struct arena *a,
                         const struct prompt_request *r, struct str *text,
                         struct asid_err *err)
{
    const struct json *set = json_get(p->sets, r->set);
    struct str wording;
    struct buf out;

    if (!r->override && json_count(set) == 0)
        return USAGE(err, "unknown prompt set %s", r->set);
    if (r->override) {
        wording = str_of(r->override);
    } else {
        char *key =
            arena_printf(a, "%llu:%s", (unsigned long long)r->seed, r->id);

        wording =
            json_str(json_at(set, hash_u64(str_of(key)) % json_count(set)));
    }
    buf_init(&out, 1u << 20);
    fill_slots(p, r, wording, &out);
    if (buf_failed(&out)) {
        buf_release(&out);
        return USAGE(err, "the prompt is longer than 1 MiB");
    }
    *text = (struct str){arena_strndup(a, out.p ? out.p : "", out.n), out.n};
    buf_release(&out);
    return ASID_OK;
}
