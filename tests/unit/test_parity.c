/*
 * The whole model against the reference implementation: every case of
 * tests/vectors from media file to generated tokens, with every kernel set the
 * processor has and with one and two threads.
 *
 * Limits: ids, positions and grids equal; log-mel features within 2e-4; tower
 * outputs within 1e-3 (relative L2 norm); log probabilities of a given answer
 * within 5e-3; 24 greedy tokens equal. Threads may not change a bit.
 */
#include <dirent.h>
#include <math.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "asid/ask/ask.h"
#include "asid/nn/kernels.h"
#include "asid/nn/npy.h"
#include "vectors.h"

#define VECTORS "tests/vectors"

enum { MOST_CASES = 256, STEPS = 24 };

/* One case and what it needs. */
struct trial {
    struct arena arena;
    const char *name;
    struct json *want;
    struct omni *omni;
    struct omni_inputs *in;
    char *dump;
};

/* What a run computed, for comparing runs bit by bit. */
struct outcome {
    float *logprobs;
    size_t n_logprobs;
    struct bpe_ids ids;
    struct npy hidden;
};

static const char *option(const struct json *args, const char *name)
{
    for (const struct json *v = json_first(args); v; v = json_next(v))
        if (strcmp(json_text(v), name) == 0)
            return json_next(v) ? json_text(json_next(v)) : "";
    return NULL;
}

static const char *media_path(struct trial *t, const char *name)
{
    const char *file = option(json_get(t->want, "args"), name);

    return file ? arena_printf(&t->arena, VECTORS "/%s", file) : NULL;
}

static double number_option(const struct json *args, const char *name,
                            double fallback)
{
    const char *text = option(args, name);

    return text ? strtod(text, NULL) : fallback;
}

/* Media and prompt of a case, as asid-model would make them. */
static enum asid_rc make_inputs(struct trial *t, struct asid_err *err)
{
    const struct json *args = json_get(t->want, "args");
    const char *prompt = json_text(json_get(t->want, "prompt"));
    struct ask_media media = {
        .video = media_path(t, "--video"),
        .audio = media_path(t, "--audio"),
        .image = media_path(t, "--image"),
        .no_audio = option(args, "--no-audio") != NULL,
        .budget = OMNI_BUDGET_DEFAULT,
    };
    struct omni_budget *b = &media.budget;

    b->fps = number_option(args, "--fps", b->fps);
    b->max_pixels = number_option(args, "--max-pixels", b->max_pixels);
    b->total_pixels = number_option(args, "--total-pixels", b->total_pixels);
    b->min_frames =
        (uint32_t)number_option(args, "--min-frames", b->min_frames);
    b->max_frames =
        (uint32_t)number_option(args, "--max-frames", b->max_frames);
    TRY(ask_open_inputs(t->omni, option(args, "--system"), &media, &t->in, NULL,
                        err));
    TRY(omni_add_text(t->in, str_of(prompt), err));
    return omni_inputs_finish(t->in, err);
}

/* --- comparing ------------------------------------------------------------ */

static void compare_ints(const struct trial *t, const char *what,
                         const struct json *want, const int32_t *got, size_t n)
{
    size_t i = 0;

    CHECK(json_count(want) == n, "%s: %zu %s, wanted %zu", t->name, n, what,
          json_count(want));
    json_each(v, want) {
        if (i == n || vector_int(v) != got[i])
            break;
        i++;
    }
    CHECK(i == n, "%s: %s differ at %zu", t->name, what, i);
}

static void compare_layout(struct trial *t)
{
    const struct omni_layout *l = omni_layout(t->in);
    const struct json *grid = json_get(t->want, "grid_thw");
    static const char *const counts[] = {"video_tokens", "image_tokens",
                                         "audio_tokens", "frames",
                                         "height",       "width"};
    size_t got[] = {l->video_tokens, l->image_tokens, l->audio_tokens,
                    l->frames,       l->height,       l->width};

    compare_ints(t, "ids", json_get(t->want, "ids"), l->ids, l->n);
    for (size_t axis = 0; axis < 3; axis++)
        compare_ints(t, "positions",
                     json_at(json_get(t->want, "positions"), axis),
                     l->positions + axis * l->n, l->n);
    CHECK(vector_int(json_get(t->want, "rope_delta")) == l->rope_delta,
          "%s: rope_delta %lld", t->name, (long long)l->rope_delta);
    for (size_t i = 0; i < sizeof got / sizeof got[0]; i++)
        CHECK(vector_int(json_get(t->want, counts[i])) == (int64_t)got[i],
              "%s: %s is %zu", t->name, counts[i], got[i]);
    if (json_type(grid) != JSON_ARRAY) {
        CHECK(l->n_grids == 0, "%s: %zu grids", t->name, l->n_grids);
        return;
    }
    for (size_t i = 0; i < 3; i++)
        CHECK(l->n_grids == 1 && vector_int(json_at(grid, i)) == l->grids[0][i],
              "%s: grid_thw", t->name);
}

static bool exists(const char *path)
{
    return access(path, F_OK) == 0;
}

/* Both arrays of that name, when the case has one. */
static bool read_pair(struct trial *t, const char *name, struct npy *want,
                      struct npy *got)
{
    const char *path =
        arena_printf(&t->arena, VECTORS "/cases/%s/%s", t->name, name);
    struct asid_err err;

    if (!exists(path))
        return false;
    CHECK_OK(npy_read(path, want, &err), err);
    path = arena_printf(&t->arena, "%s/%s", t->dump, name);
    if (npy_read(path, got, &err) != ASID_OK) {
        CHECK(false, "%s: %s", t->name, err.text);
        npy_release(want);
        return false;
    }
    return true;
}

static double largest_gap(const float *a, const float *b, size_t n)
{
    double most = 0;

    for (size_t i = 0; i < n; i++) {
        double gap = fabs((double)a[i] - (double)b[i]);

        if (!(gap <= most)) /* also when it is no number */
            most = isnan(gap) ? HUGE_VAL : gap;
    }
    return most;
}

static double relative_gap(const float *got, const float *want, size_t n)
{
    double gap = 0, norm = 0;

    for (size_t i = 0; i < n; i++) {
        double d = (double)got[i] - (double)want[i];

        gap += d * d;
        norm += (double)want[i] * (double)want[i];
    }
    return isnan(gap) ? HUGE_VAL : sqrt(gap / (norm > 0 ? norm : 1));
}

/* The features; and chosen patch rows. */
static void compare_inputs(struct trial *t, struct asid_err *err)
{
    struct npy want, got;

    CHECK_OK(omni_dump_inputs(t->in, t->dump, err), *err);
    if (read_pair(t, "mel.npy", &want, &got)) {
        double gap = got.count == want.count
                         ? largest_gap(got.data, want.data, want.count)
                         : HUGE_VAL;

        printf("# %s: mel differs by %.2g\n", t->name, gap);
        CHECK(gap <= 2e-4, "mel of %s", t->name);
        npy_release(&want);
        npy_release(&got);
    }
    if (read_pair(t, "pixels.npy", &want, &got)) {
        const char *path = arena_printf(
            &t->arena, VECTORS "/cases/%s/pixels_rows.json", t->name);
        struct json *list = vector_json(&t->arena, path);
        size_t i = 0, columns = want.shape[1];
        double gap = 0;

        CHECK(vector_int(json_get(list, "total")) == (int64_t)got.shape[0],
              "%s: %zu patch rows", t->name, got.shape[0]);
        json_each(row, json_get(list, "rows")) {
            size_t at = (size_t)vector_int(row);

            if (at >= got.shape[0] || i >= want.shape[0])
                break;
            gap = fmax(gap, largest_gap(got.data + at * columns,
                                        want.data + i++ * columns, columns));
        }
        /* One step of 8-bit rounding is 1/66. */
        CHECK(gap <= 0.0161, "%s: patch rows differ by %g", t->name, gap);
        npy_release(&want);
        npy_release(&got);
    }
}

static void compare_tensor(struct trial *t, const char *kernels,
                           const char *name, double limit)
{
    struct npy want, got;
    const float *tail;
    double gap = HUGE_VAL;

    if (!read_pair(t, name, &want, &got))
        return;
    /* Of hidden the vectors keep the last row only. */
    tail = got.data + (got.count - want.count) * (got.count >= want.count);
    if (got.count >= want.count && got.shape[1] == want.shape[1])
        gap = relative_gap(tail, want.data, want.count);
    printf("# %s, %s: %s differs by %.2g of its norm\n", t->name, kernels, name,
           gap);
    CHECK(gap <= limit, "%s of %s with %s", name, t->name, kernels);
    npy_release(&want);
    npy_release(&got);
}

/* --- running -------------------------------------------------------------- */

static void release_outcome(struct outcome *o)
{
    free(o->logprobs);
    bpe_ids_release(&o->ids);
    npy_release(&o->hidden);
    *o = (struct outcome){.logprobs = NULL};
}

static size_t read_ids(const struct json *list, int32_t *ids)
{
    size_t n = 0;

    json_each(v, list)
        ids[n++] = (int32_t)vector_int(v);
    return n;
}

/* Prefill, score the given answer, go back, generate. */
static enum asid_rc run_model(struct trial *t, struct omni_session *s,
                              struct outcome *out, struct asid_err *err)
{
    const struct json *answer = json_get(t->want, "answer_ids");
    struct omni_sampling greedy = {
        .max_tokens = STEPS, .repetition_penalty = 1.1F, .top_p = 1};
    int32_t *ids = arena_array(&t->arena, json_count(answer), sizeof *ids);
    const char *hidden = arena_printf(&t->arena, "%s/hidden.npy", t->dump);
    size_t prompt;

    out->n_logprobs = read_ids(answer, ids);
    out->logprobs = mem_alloc(out->n_logprobs * sizeof *out->logprobs);
    TRY(omni_prefill(s, t->in, err));
    TRY(omni_dump_logits(s, err));
    prompt = omni_length(s);
    TRY(npy_read(hidden, &out->hidden, err));
    compare_tensor(t, "logits before the answer", "logits.npy", 1e-3);
    TRY(omni_score(s, ids, out->n_logprobs, out->logprobs, NULL, err));
    TRY(omni_rewind(s, prompt, err));
    return omni_generate(s, &greedy, &out->ids, NULL, NULL, err);
}

static enum asid_rc run_once(struct trial *t, const char *kernels,
                             unsigned threads, struct outcome *out,
                             struct asid_err *err)
{
    const struct omni_run_options options = {
        .kernels = kernels,
        .threads = threads,
        .capacity = omni_layout(t->in)->n + 256,
        .dump = t->dump,
    };
    struct omni_session *s = NULL;
    enum asid_rc rc = omni_session_open(t->omni, &options, &s, err);

    if (rc == ASID_OK)
        rc = run_model(t, s, out, err);
    omni_session_close(s);
    return rc;
}

static void compare_answers(struct trial *t, const char *kernels,
                            const struct outcome *o)
{
    const struct json *want = json_get(t->want, "logprobs");
    double gap = 0;
    size_t i = 0;

    json_each(v, want) {
        double d = i < o->n_logprobs
                       ? fabs(vector_real(v, HUGE_VAL) - (double)o->logprobs[i])
                       : HUGE_VAL;

        gap = d <= gap ? gap : isnan(d) ? HUGE_VAL : d;
        i++;
    }
    CHECK(i == o->n_logprobs && i > 0, "%s: %zu log probabilities", t->name, i);
    printf("# %s, %s: log probabilities differ by %.2g\n", t->name, kernels,
           gap);
    CHECK(gap <= 5e-3, "log probabilities of %s with %s", t->name, kernels);
    compare_ints(t, "generated ids", json_get(t->want, "generated"), o->ids.id,
                 o->ids.n);
}

/* Two runs that may not differ in a bit. */
static void compare_runs(const struct trial *t, const char *kernels,
                         const struct outcome *a, const struct outcome *b)
{
    bool same = a->n_logprobs == b->n_logprobs && a->ids.n == b->ids.n &&
                a->hidden.count == b->hidden.count;

    same = same &&
           memcmp(a->logprobs, b->logprobs,
                  a->n_logprobs * sizeof *a->logprobs) == 0 &&
           memcmp(a->ids.id, b->ids.id, a->ids.n * sizeof *a->ids.id) == 0 &&
           memcmp(a->hidden.data, b->hidden.data,
                  a->hidden.count * sizeof *a->hidden.data) == 0;
    CHECK(same, "%s, %s: one and two threads differ", t->name, kernels);
}

/* Sanitizers make a run ten times as long: one set per case, in turn. */
static bool is_left_out(size_t set, size_t number)
{
#ifdef ASID_SANITIZE
    return set != number % 3;
#else
    (void)set;
    (void)number;
    return false;
#endif
}

static void run_case(struct trial *t, size_t number)
{
    const char *const *sets = nn_kernel_sets;
    struct asid_err err = {.rc = ASID_OK};
    const char *why;

    CHECK_OK(make_inputs(t, &err), err);
    if (err.rc != ASID_OK)
        return;
    compare_layout(t);
    compare_inputs(t, &err);
    for (size_t i = 0; i < NN_KERNEL_SETS; i++) {
        struct outcome one = {.logprobs = NULL}, two = {.logprobs = NULL};

        if (!nn_kernels_pick(sets[i], &why) || is_left_out(i, number))
            continue;
        CHECK_OK(run_once(t, sets[i], 1, &one, &err), err);
        compare_tensor(t, sets[i], "vision.npy", 1e-3);
        compare_tensor(t, sets[i], "audio.npy", 1e-3);
        compare_tensor(t, sets[i], "hidden.npy", 1e-3);
        compare_answers(t, sets[i], &one);
        CHECK_OK(run_once(t, sets[i], 2, &two, &err), err);
        compare_runs(t, sets[i], &one, &two);
        release_outcome(&one);
        release_outcome(&two);
    }
}

/* --- cases ---------------------------------------------------------------- */

static void remove_dump(struct trial *t)
{
    static const char *const names[] = {"pixels.npy", "mel.npy",
                                        "vision.npy", "audio.npy",
                                        "hidden.npy", "logits.npy"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        (void)!unlink(arena_printf(&t->arena, "%s/%s", t->dump, names[i]));
    rmdir(t->dump);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Names of all cases, sorted; without cases there is nothing to prove. */
static size_t list_cases(struct arena *a, const char *names[MOST_CASES])
{
    DIR *dir = opendir(VECTORS "/cases");
    const struct dirent *e;
    size_t n = 0;

    while (dir && n < MOST_CASES && (e = readdir(dir)))
        if (e->d_name[0] != '.')
            names[n++] = arena_strdup(a, e->d_name);
    if (dir)
        closedir(dir);
    CHECK(n > 0, "no cases in " VECTORS);
    qsort(names, n, sizeof *names, by_name);
    return n;
}

static void try_case(const char *name, size_t number, const char *checkpoint,
                     struct omni *omni)
{
    struct trial t = {.arena = ARENA_INIT, .name = name, .omni = omni};

    t.want = vector_json(
        &t.arena, arena_printf(&t.arena, VECTORS "/cases/%s/case.json", name));
    CHECK_TEXT(json_text(json_get(t.want, "checkpoint")), checkpoint);
    t.dump = vector_folder(&t.arena);
    run_case(&t, number);
    remove_dump(&t);
    omni_inputs_free(t.in);
    arena_release(&t.arena);
    check_case(name);
}

int main(void)
{
    struct arena a = ARENA_INIT;
    const char *names[MOST_CASES];
    size_t n = list_cases(&a, names);
    struct omni *omni = NULL;
    char open[16] = "";
    struct asid_err err;

    for (size_t i = 0; i < n; i++) {
        char checkpoint[16];

        /* "tiny-a-video-sound" belongs to tiny-a. */
        snprintf(checkpoint, sizeof checkpoint, "%.6s", names[i]);
        if (strcmp(open, checkpoint) != 0) {
            omni_close(omni);
            omni = NULL;
            CHECK_OK(omni_open(arena_printf(&a, VECTORS "/checkpoints/%s",
                                            checkpoint),
                               &omni, &err),
                     err);
            memcpy(open, checkpoint, sizeof open);
        }
        if (omni)
            try_case(names[i], i, checkpoint, omni);
    }
    omni_close(omni);
    arena_release(&a);
    return check_done();
}
