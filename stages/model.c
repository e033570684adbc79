/*
 * asid-model: look into a checkpoint and prompt a model by hand. Every call
 * prints one JSON object, so that the engine can be compared from outside with
 * the reference implementation.
 */
#include "asid/answer/answer.h"
#include "asid/ask/ask.h"
#include "asid/ask/bench.h"
#include "asid/ask/describe.h"
#include "asid/base/clock.h"
#include "asid/base/num.h"
#include "asid/data/json.h"
#include "asid/kit/stage.h"
#include "asid/nn/bpe.h"
#include "asid/omni/omni.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LINE_MAX_ = 64 << 20, /* bytes of a line of tokenize and detokenize */
    IGNORED_MAX = 64,     /* names of ignored tensors that info prints */
};

/* One call: what is opened on the way, closed by close_call. */
struct call {
    struct asid_cx *cx;
    struct arena *arena;
    struct omni *omni;
    struct omni_inputs *in;
    struct omni_session *session;
};

static void close_call(struct call *c)
{
    omni_session_close(c->session);
    omni_inputs_free(c->in);
    omni_close(c->omni);
}

/* --- small helpers -------------------------------------------------------- */

static struct json *ids_json(struct arena *a, const int32_t *ids, size_t n)
{
    struct json *list = json_new_array(a);

    for (size_t i = 0; i < n; i++)
        json_append(list, json_new_i64(a, ids[i]));
    return list;
}

static void set_size(struct arena *a, struct json *object, const char *key,
                     size_t value)
{
    json_set_i64(a, object, key, (int64_t)value);
}

static int on_progress(void *user, double done)
{
    const struct asid_cx *cx = user;

    (void)done;
    return asid_stopping(cx);
}

static int on_token(void *user, int32_t id)
{
    (void)id;
    return on_progress(user, 0);
}

/* --- info ----------------------------------------------------------------- */

struct names {
    struct arena *arena;
    struct json *object; /* gets one list per kind */
    size_t misshapen, missing;
};

/* What keeps a checkpoint from loading is named in full; what is ignored (the
 * talker, mostly) by its first names. */
static void add_name(void *user, const char *kind, struct str tensor)
{
    struct names *n = user;
    struct json *list = json_get(n->object, kind);

    if (strcmp(kind, "missing") == 0)
        n->missing++;
    else if (strcmp(kind, "misshapen") == 0)
        n->misshapen++;
    else if (json_count(list) >= IGNORED_MAX)
        return;
    json_append(list, json_new_str(n->arena, tensor));
}

static enum asid_rc call_info(struct call *c, const char *dir,
                              struct asid_err *err)
{
    struct arena *a = c->arena;
    struct json *o = json_new_object(a), *tensors = json_new_object(a);
    struct names names = {a, json_new_object(a), 0, 0};
    struct omni_tensors count;
    struct omni_config config;

    json_set(a, names.object, "missing", json_new_array(a));
    json_set(a, names.object, "misshapen", json_new_array(a));
    json_set(a, names.object, "ignored", json_new_array(a));
    TRY(omni_inspect(dir, &config, &count, add_name, &names, err));
    describe_config(a, &config, o);
    set_size(a, o, "parameters", count.parameters);
    set_size(a, o, "bytes", count.bytes);
    set_size(a, tensors, "wanted", count.wanted);
    set_size(a, tensors, "found", count.found);
    set_size(a, tensors, "missing", names.missing);
    set_size(a, tensors, "misshapen", names.misshapen);
    set_size(a, tensors, "ignored", count.ignored);
    json_set(a, o, "tensors", tensors);
    json_set(a, o, "names", names.object);
    return asid_print(c->cx, o, err);
}

/* --- tokenize, detokenize ------------------------------------------------- */

typedef enum asid_rc (*line_call)(struct call *c, const struct bpe *bpe,
                                  struct arena *a, struct str line,
                                  struct asid_err *err);

static enum asid_rc tokenize_line(struct call *c, const struct bpe *bpe,
                                  struct arena *a, struct str line,
                                  struct asid_err *err)
{
    struct bpe_ids ids = {NULL, 0, 0};
    enum asid_rc rc = bpe_encode(bpe, line, true, &ids, err);

    if (rc == ASID_OK)
        rc = asid_print(c->cx, ids_json(a, ids.id, ids.n), err);
    bpe_ids_release(&ids);
    return rc;
}

static enum asid_rc read_ids(struct arena *a, struct str line,
                             struct bpe_ids *ids, struct asid_err *err)
{
    struct json *list;

    TRY(json_parse(a, line, 2, &list, err));
    if (json_type(list) != JSON_ARRAY)
        return FAIL(err, "expected an array of ids, got %s",
                    json_type_name(json_type(list)));
    json_each(v, list) {
        int64_t id;

        if (json_type(v) != JSON_NUMBER || !json_i64(v, &id) || id < 0 ||
            id > INT32_MAX)
            return FAIL(err, "an id is a whole number from 0 on");
        bpe_ids_add(ids, (int32_t)id);
    }
    return ASID_OK;
}

/* Nothing printed for an id would look like no id at all. */
static enum asid_rc check_ids(const struct bpe *bpe, const struct bpe_ids *ids,
                              struct asid_err *err)
{
    for (size_t i = 0; i < ids->n; i++) {
        if (!bpe_has_text(bpe, ids->id[i]))
            return FAIL(err, "%d: the tokenizer has no text for this id",
                        (int)ids->id[i]);
    }
    return ASID_OK;
}

static enum asid_rc detokenize_line(struct call *c, const struct bpe *bpe,
                                    struct arena *a, struct str line,
                                    struct asid_err *err)
{
    struct bpe_ids ids = {NULL, 0, 0};
    enum asid_rc rc = read_ids(a, line, &ids, err);
    struct buf text;

    buf_init(&text, SIZE_MAX / 2);
    if (rc == ASID_OK)
        rc = check_ids(bpe, &ids, err);
    if (rc == ASID_OK) {
        bpe_decode(bpe, ids.id, ids.n, false, &text);
        buf_char(&text, '\n');
        rc = asid_print_text(c->cx, buf_view(&text), err);
    }
    buf_release(&text);
    bpe_ids_release(&ids);
    return rc;
}

static enum asid_rc each_line(struct call *c, const struct bpe *bpe, FILE *f,
                              const char *name, line_call call,
                              struct asid_err *err)
{
    enum asid_rc rc = ASID_OK;
    struct arena a = ARENA_INIT;
    char *line = NULL;
    size_t room = 0, number = 0;
    ssize_t n;

    while (rc == ASID_OK && (n = getline(&line, &room, f)) > 0) {
        number++;
        n -= line[n - 1] == '\n';
        if (asid_stopping(c->cx))
            rc = asid_fail(err, ASID_STOPPED, NULL, "stopped");
        else if (n > LINE_MAX_)
            rc = FAIL(err, "line over %d bytes", LINE_MAX_);
        else
            rc = call(c, bpe, &a, (struct str){line, (size_t)n}, err);
        if (rc != ASID_OK && rc != ASID_STOPPED)
            rc = asid_err_within(err, "%s:%zu", name, number);
        arena_reset(&a);
    }
    if (rc == ASID_OK && ferror(f))
        rc = FAIL_ERRNO(err, "cannot read %s", name);
    free(line);
    arena_release(&a);
    return rc;
}

static enum asid_rc each_file(struct call *c, const struct bpe *bpe,
                              line_call call, struct asid_err *err)
{
    size_t n = opt_count(c->cx, "files");
    enum asid_rc rc = ASID_OK;

    if (n == 0)
        return each_line(c, bpe, stdin, "standard input", call, err);
    for (size_t i = 0; rc == ASID_OK && i < n; i++) {
        const char *name = opt_nth(c->cx, "files", i);
        bool dash = strcmp(name, "-") == 0;
        FILE *f = dash ? stdin : fopen(name, "re");

        if (!f)
            return FAIL_ERRNO(err, "cannot open %s", name);
        rc = each_line(c, bpe, f, dash ? "standard input" : name, call, err);
        if (!dash)
            fclose(f);
    }
    return rc;
}

static enum asid_rc call_lines(struct call *c, const char *dir, line_call call,
                               struct asid_err *err)
{
    struct bpe *bpe;
    enum asid_rc rc;

    TRY(bpe_open(dir, &bpe, err));
    rc = each_file(c, bpe, call, err);
    bpe_close(bpe);
    return rc;
}

/* --- prompts -------------------------------------------------------------- */

static void read_media(const struct asid_cx *cx, struct ask_media *m)
{
    struct omni_budget *b = &m->budget;

    *m = (struct ask_media){
        .video = opt_text(cx, "video"),
        .audio = opt_text(cx, "audio"),
        .image = opt_text(cx, "image"),
        .no_audio = opt_bool(cx, "no-audio"),
        .budget = OMNI_BUDGET_DEFAULT,
    };
    b->fps = opt_real(cx, "fps");
    b->min_frames = (uint32_t)opt_int(cx, "min-frames");
    b->max_frames = (uint32_t)opt_int(cx, "max-frames");
    b->min_pixels = opt_real(cx, "min-pixels");
    b->max_pixels = opt_real(cx, "max-pixels");
    b->total_pixels = opt_real(cx, "total-pixels");
}

/* Checkpoint, media and prompt text. */
static enum asid_rc open_prompt(struct call *c, const char *dir,
                                struct asid_err *err)
{
    const char *prompt = opt_text(c->cx, "prompt");
    const char *dump = opt_text(c->cx, "dump");
    struct ask_notes notes;
    struct ask_media media;

    read_media(c->cx, &media);
    TRY(answer_load(c->cx, dir, &c->omni, err));
    TRY(ask_open_inputs(c->omni, opt_text(c->cx, "system"), &media, &c->in,
                        &notes, err));
    if (notes.sound_too_short)
        asid_warn(c->cx, "%s: its sound is too short and left out",
                  media.video);
    if (notes.sound_truncated)
        asid_warn(c->cx, "the model hears the first %.0f s only",
                  omni_config(c->omni)->audio.max_seconds);
    TRY(omni_add_text(c->in, str_of(prompt ? prompt : ""), err));
    TRY(omni_inputs_finish(c->in, err));
    if (dump)
        TRY(omni_dump_inputs(c->in, dump, err));
    return ASID_OK;
}

/* A session with room for max_new tokens after the prompt, which goes through
 * it; memory is counted before. */
static enum asid_rc open_session(struct call *c, size_t max_new,
                                 struct asid_err *err)
{
    struct asid_cx *cx = c->cx;
    struct omni_run_options options = {
        .kernels = opt_text(cx, "kernels"),
        .threads = (unsigned)opt_int(cx, "threads"),
        .capacity = omni_layout(c->in)->n + max_new,
        .dump = opt_text(cx, "dump"),
        .progress = on_progress,
        .user = cx,
    };
    double limit = opt_real(cx, "memory") * 1024 * 1024 * 1024;
    struct omni_plan plan;

    options.towers = answer_towers(cx, &options.towers_bytes);
    omni_plan(c->omni, c->in, max_new, 1, options.threads, &plan);
    TRY(omni_plan_check(&plan, 0, (size_t)limit, err));
    return omni_session_open(c->omni, &options, &c->session, err);
}

static enum asid_rc prefill(struct call *c, struct asid_err *err)
{
    bool warned = false;

    TRY(omni_prefill(c->session, c->in, err));
    answer_towers_told(c->cx, "", omni_work(c->session), &warned);
    return ASID_OK;
}

static struct json *grids_json(struct arena *a, const struct omni_layout *l)
{
    struct json *list = json_new_array(a);

    for (size_t i = 0; i < l->n_grids; i++) {
        struct json *grid = json_new_array(a);

        for (size_t k = 0; k < 3; k++)
            json_append(grid, json_new_i64(a, l->grids[i][k]));
        /* One picture: its grid; several: a list of grids. */
        if (l->n_grids == 1)
            return grid;
        json_append(list, grid);
    }
    return list;
}

static struct json *bytes_json(struct call *c)
{
    struct arena *a = c->arena;
    struct json *o = json_new_object(a);
    struct omni_plan plan;

    omni_plan(c->omni, c->in, (size_t)opt_int(c->cx, "max-tokens"), 1,
              (unsigned)opt_int(c->cx, "threads"), &plan);
    set_size(a, o, "weights", plan.weights);
    set_size(a, o, "kv_cache", plan.kv_cache);
    set_size(a, o, "activations", plan.activations + plan.kernels);
    set_size(a, o, "inputs", plan.inputs);
    return o;
}

static enum asid_rc call_inputs(struct call *c, const char *dir,
                                struct asid_err *err)
{
    struct arena *a = c->arena;
    struct json *o = json_new_object(a), *rows = json_new_array(a);
    const struct omni_layout *l;

    TRY(open_prompt(c, dir, err));
    l = omni_layout(c->in);
    set_size(a, o, "frames", l->frames);
    set_size(a, o, "height", l->height);
    set_size(a, o, "width", l->width);
    json_set(a, o, "grid_thw", grids_json(a, l));
    set_size(a, o, "video_tokens", l->video_tokens);
    set_size(a, o, "image_tokens", l->image_tokens);
    set_size(a, o, "audio_tokens", l->audio_tokens);
    json_set(a, o, "ids", ids_json(a, l->ids, l->n));
    for (size_t axis = 0; axis < 3; axis++)
        json_append(rows, ids_json(a, l->positions + axis * l->n, l->n));
    json_set(a, o, "positions", rows);
    json_set_i64(a, o, "rope_delta", l->rope_delta);
    json_set(a, o, "bytes", bytes_json(c));
    return asid_print(c->cx, o, err);
}

/* --- score ---------------------------------------------------------------- */

static struct json *top_json(struct arena *a, const struct omni_top top[5])
{
    struct json *list = json_new_array(a);

    for (size_t i = 0; i < 5 && top[i].id >= 0; i++) {
        struct json *o = json_new_object(a);

        json_set_i64(a, o, "id", top[i].id);
        json_set_f64(a, o, "logprob", (double)top[i].logprob);
        json_append(list, o);
    }
    return list;
}

static enum asid_rc print_scores(struct call *c, const struct bpe_ids *ids,
                                 const float *logprobs,
                                 struct omni_top (*top)[5],
                                 struct asid_err *err)
{
    struct arena *a = c->arena;
    struct json *o = json_new_object(a), *list = json_new_array(a);
    struct json *best = json_new_array(a);

    for (size_t i = 0; i < ids->n; i++) {
        json_append(list, json_new_f64(a, (double)logprobs[i]));
        json_append(best, top_json(a, top[i]));
    }
    set_size(a, o, "prompt_tokens", omni_layout(c->in)->n);
    json_set(a, o, "answer_ids", ids_json(a, ids->id, ids->n));
    json_set(a, o, "logprobs", list);
    json_set(a, o, "top", best);
    return asid_print(c->cx, o, err);
}

static enum asid_rc score_ids(struct call *c, const struct bpe_ids *ids,
                              struct asid_err *err)
{
    float *logprobs = arena_array(c->arena, ids->n, sizeof *logprobs);
    struct omni_top(*top)[5] = arena_array(c->arena, ids->n, sizeof *top);

    TRY(open_session(c, ids->n, err));
    TRY(prefill(c, err));
    TRY(omni_score(c->session, ids->id, ids->n, logprobs, top, err));
    return print_scores(c, ids, logprobs, top, err);
}

static enum asid_rc call_score(struct call *c, const char *dir,
                               struct asid_err *err)
{
    const char *answer = opt_text(c->cx, "answer");
    struct bpe_ids ids = {NULL, 0, 0};
    enum asid_rc rc;

    if (!answer || !*answer)
        return USAGE(err, "score needs --answer TEXT");
    TRY(open_prompt(c, dir, err));
    rc = bpe_encode(omni_tokenizer(c->omni), str_of(answer), true, &ids, err);
    if (rc == ASID_OK)
        rc = score_ids(c, &ids, err);
    bpe_ids_release(&ids);
    return rc;
}

/* --- generate ------------------------------------------------------------- */

static enum asid_rc print_answer(struct call *c, const struct bpe_ids *ids,
                                 double seconds, struct asid_err *err)
{
    struct arena *a = c->arena;
    struct json *o = json_new_object(a);
    int32_t stop = omni_config(c->omni)->stop_id;
    bool stopped = ids->n && ids->id[ids->n - 1] == stop;
    struct buf text;

    buf_init(&text, SIZE_MAX / 2);
    bpe_decode(omni_tokenizer(c->omni), ids->id, ids->n, true, &text);
    set_size(a, o, "prompt_tokens", omni_layout(c->in)->n);
    json_set(a, o, "ids", ids_json(a, ids->id, ids->n));
    json_set(a, o, "text", json_new_str(a, buf_view(&text)));
    json_set_text(a, o, "stopped", stopped ? "stop" : "length");
    describe_figure(a, o, "prefill_seconds",
                    omni_work(c->session)->prefill_seconds +
                        omni_work(c->session)->vision_seconds +
                        omni_work(c->session)->audio_seconds);
    describe_figure(a, o, "tokens_per_second",
                    seconds > 0 ? (double)ids->n / seconds : 0);
    buf_release(&text);
    return asid_print(c->cx, o, err);
}

static enum asid_rc call_generate(struct call *c, const char *dir,
                                  struct asid_err *err)
{
    const struct omni_sampling sampling = {
        .max_tokens = (size_t)opt_int(c->cx, "max-tokens"),
        .repetition_penalty = (float)opt_real(c->cx, "repetition-penalty"),
        .temperature = (float)opt_real(c->cx, "temperature"),
        .top_p = (float)opt_real(c->cx, "top-p"),
        .seed = (uint64_t)opt_int(c->cx, "seed"),
    };
    struct bpe_ids ids = {NULL, 0, 0};
    enum asid_rc rc;
    double start;

    TRY(open_prompt(c, dir, err));
    TRY(open_session(c, sampling.max_tokens, err));
    TRY(prefill(c, err));
    if (opt_text(c->cx, "dump"))
        TRY(omni_dump_logits(c->session, err));
    start = clock_monotonic();
    rc = omni_generate(c->session, &sampling, &ids, on_token, c->cx, err);
    if (rc == ASID_OK)
        rc = print_answer(c, &ids, clock_monotonic() - start, err);
    bpe_ids_release(&ids);
    return rc;
}

/* --- bench ---------------------------------------------------------------- */

static enum asid_rc read_wish(const struct asid_cx *cx, struct bench_wish *w,
                              struct asid_err *err)
{
    size_t n = opt_count(cx, "prefill");

    *w = (struct bench_wish){
        .kernels = opt_text(cx, "kernels"),
        .threads = (unsigned)opt_int(cx, "threads"),
        .n_prefill = n,
        .decode = (size_t)opt_int(cx, "decode"),
        .batch = (size_t)opt_int(cx, "batch"),
        .progress = on_progress,
        .user = (void *)(uintptr_t)cx,
    };
    if (n > BENCH_PREFILLS)
        return USAGE(err, "--prefill takes at most %d lengths", BENCH_PREFILLS);
    for (size_t i = 0; i < n; i++) {
        const char *text = opt_nth(cx, "prefill", i);
        uint64_t value;

        if (!num_u64(str_of(text), &value) || value == 0 || value > 1000000)
            return USAGE(err, "--prefill %s: a length is a number of tokens",
                         text);
        w->prefill[i] = (size_t)value;
    }
    return ASID_OK;
}

static enum asid_rc call_bench(struct call *c, const char *dir,
                               struct asid_err *err)
{
    struct bench_figures figures;
    struct bench_wish wish;

    TRY(read_wish(c->cx, &wish, err));
    TRY(answer_load(c->cx, dir, &c->omni, err));
    TRY(ask_bench(c->omni, &wish, &figures, err));
    return asid_print(
        c->cx,
        describe_bench(c->arena, omni_precision(c->omni), &wish, &figures),
        err);
}

/* --- the program ---------------------------------------------------------- */

static enum asid_rc run_call(struct call *c, struct asid_err *err)
{
    const char *call = opt_text(c->cx, "call");
    const char *dir = opt_text(c->cx, "model");

    if (!call)
        return USAGE(err, "a call is needed: info, tokenize, detokenize, "
                          "inputs, score, generate or bench");
    if (opt_text(c->cx, "endpoint"))
        return USAGE(err, "--endpoint: only a checkpoint can be looked into");
    if (!dir)
        return USAGE(err, "--model DIR is needed: a checkpoint folder");
    if (strcmp(call, "tokenize") == 0)
        return call_lines(c, dir, tokenize_line, err);
    if (strcmp(call, "detokenize") == 0)
        return call_lines(c, dir, detokenize_line, err);
    if (opt_count(c->cx, "files"))
        return USAGE(err, "%s reads no files: \"%s\"", call,
                     opt_nth(c->cx, "files", 0));
    if (strcmp(call, "info") == 0)
        return call_info(c, dir, err);
    if (strcmp(call, "inputs") == 0)
        return call_inputs(c, dir, err);
    if (strcmp(call, "score") == 0)
        return call_score(c, dir, err);
    if (strcmp(call, "generate") == 0)
        return call_generate(c, dir, err);
    return call_bench(c, dir, err);
}

static enum asid_rc model_run(struct asid_cx *cx, struct asid_err *err)
{
    struct call c = {.cx = cx, .arena = cx->arena};
    enum asid_rc rc = run_call(&c, err);

    close_call(&c);
    return rc;
}

const struct asid_stage asid_stage = {
    .name = "model",
    .run = model_run,
    .libraries = media_versions,
};
