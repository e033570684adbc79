/* Models by the options of a stage, and what decides an answer. */
#include "answer_int.h"

static void read_budget(const struct asid_cx *cx, struct omni_budget *b)
{
    *b = OMNI_BUDGET_DEFAULT;
    b->fps = opt_real(cx, "fps");
    b->min_frames = (uint32_t)opt_int(cx, "min-frames");
    b->max_frames = (uint32_t)opt_int(cx, "max-frames");
    b->min_pixels = opt_real(cx, "min-pixels");
    b->max_pixels = opt_real(cx, "max-pixels");
    b->total_pixels = opt_real(cx, "total-pixels");
}

static void read_sampling(const struct asid_cx *cx, struct omni_sampling *s)
{
    s->max_tokens = (size_t)opt_int(cx, "max-tokens");
    s->repetition_penalty = (float)opt_real(cx, "repetition-penalty");
    s->temperature = (float)opt_real(cx, "temperature");
    s->top_p = (float)opt_real(cx, "top-p");
    s->seed = (uint64_t)opt_int(cx, "seed");
}

enum asid_rc answerer_open(struct asid_cx *cx, struct answerer **out,
                           struct asid_err *err)
{
    struct answerer *m = arena_alloc(cx->arena, sizeof *m);
    const char *system = opt_text(cx, "system");
    enum asid_rc rc;

    m->cx = cx;
    m->backend = opt_text(cx, "endpoint") ? &answer_endpoint : &answer_local;
    m->system = system ? system : OMNI_SYSTEM_DEFAULT;
    m->no_audio = opt_bool(cx, "no-audio");
    m->threads = (unsigned)opt_int(cx, "threads");
    m->memory_limit = (size_t)(opt_real(cx, "memory") * 1073741824.0);
    read_budget(cx, &m->budget);
    read_sampling(cx, &m->sampling);
    rc = m->backend->open(m, err);
    if (rc != ASID_OK) {
        m->backend->close(m);
        return rc;
    }
    *out = m;
    return ASID_OK;
}

void answerer_close(struct answerer *m)
{
    if (m)
        m->backend->close(m);
}

const char *answerer_identity(const struct answerer *m)
{
    return m->identity;
}

const char *answerer_model(const struct answerer *m)
{
    return m->model;
}

int answer_progress(void *cx, double done)
{
    (void)done;
    return asid_stopping(cx);
}

/* --- hashes ---------------------------------------------------------------- */

static void describe_view(const struct clip *c, struct json *r)
{
    const struct omni_budget *b = &c->m->budget;
    struct arena *a = c->job->arena;

    if (c->sha256)
        json_set_text(a, r, "media", c->sha256);
    json_set_bool(a, r, "audio", !c->view.no_audio);
    json_set_f64(a, r, "fps", b->fps);
    json_set_i64(a, r, "min_frames", b->min_frames);
    json_set_i64(a, r, "max_frames", b->max_frames);
    json_set_f64(a, r, "min_pixels", b->min_pixels);
    json_set_f64(a, r, "max_pixels", b->max_pixels);
    json_set_f64(a, r, "total_pixels", b->total_pixels);
    if (!clip_is_window(&c->view))
        return;
    json_set_f64(a, r, "start", c->view.start);
    json_set_f64(a, r, "end", c->view.end);
}

static void describe_sampling(struct arena *a, struct json *r,
                              const struct omni_sampling *s)
{
    json_set_i64(a, r, "max_tokens", (int64_t)s->max_tokens);
    json_set_f64(a, r, "repetition_penalty", (double)s->repetition_penalty);
    json_set_f64(a, r, "temperature", (double)s->temperature);
    json_set_f64(a, r, "top_p", (double)s->top_p);
    json_set_i64(a, r, "seed", (int64_t)s->seed);
}

/* Canonical JSON. Keys and their order never change: replies that ledgers hold
 * are filed under them. */
void answer_request(const struct clip *c, struct str prompt,
                    const struct omni_sampling *sampling, char hex[HASH_HEX])
{
    struct arena *a = c->job->arena;
    struct json *r = json_new_object(a);
    struct buf text;

    json_set_text(a, r, "identity", c->m->identity);
    json_set_text(a, r, "system", c->m->system);
    json_set(a, r, "prompt", json_new_str(a, prompt));
    describe_view(c, r);
    if (sampling)
        describe_sampling(a, r, sampling);
    else
        json_set_text(a, r, "answer", "yes or no");
    buf_init(&text, SIZE_MAX / 2);
    json_write(&text, r);
    hash_text(buf_view(&text), hex);
    buf_release(&text);
}
