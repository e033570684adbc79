/* Measuring a checkpoint. */
#include "asid/ask/bench.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "asid/base/arena.h"
#include "asid/base/clock.h"

enum {
    FRAME_HEIGHT = 364, /* a 640 x 360 video as the model sees it */
    FRAME_WIDTH = 644,
    SOUND_SECONDS = 30,
    SOUND_RATE = 16000,
    BATCH_CONTEXT = 64, /* tokens on a timeline before its answer */
};

/* Numbers without a pattern, the same in every run. */
static uint32_t scramble(uint32_t i)
{
    i = (i ^ (i >> 16)) * 0x45d9f3bU;
    i = (i ^ (i >> 16)) * 0x45d9f3bU;
    return i ^ (i >> 16);
}

static int32_t made_up_id(const struct omni *omni, size_t i)
{
    return (int32_t)(scramble((uint32_t)i) % omni_config(omni)->text.vocab);
}

static enum asid_rc made_up_ids(const struct omni *omni, size_t n,
                                int32_t **out, struct asid_err *err)
{
    int32_t *ids;
    void *p;

    TRY(mem_big(&p, n, sizeof *ids, err));
    ids = p;
    for (size_t i = 0; i < n; i++)
        ids[i] = made_up_id(omni, i);
    *out = ids;
    return ASID_OK;
}

/* --- towers --------------------------------------------------------------- */

static enum asid_rc add_frames(struct omni_inputs *in, struct asid_err *err)
{
    size_t bytes = (size_t)3 * FRAME_HEIGHT * FRAME_WIDTH;
    struct omni_budget budget = OMNI_BUDGET_DEFAULT;
    enum asid_rc rc;
    uint8_t *rgb;
    void *p;

    TRY(mem_big(&p, bytes, 1, err));
    rgb = p;
    for (size_t i = 0; i < bytes; i++)
        rgb[i] = (uint8_t)scramble((uint32_t)i);
    rc =
        omni_add_video(in, 2, FRAME_HEIGHT, FRAME_WIDTH, &budget, NULL, 0, err);
    for (int i = 0; rc == ASID_OK && i < 2; i++)
        rc = omni_video_frame(in, rgb, FRAME_HEIGHT, FRAME_WIDTH, err);
    free(rgb);
    return rc;
}

static enum asid_rc add_noise(struct omni_inputs *in, struct asid_err *err)
{
    size_t n = (size_t)SOUND_SECONDS * SOUND_RATE;
    enum asid_rc rc;
    float *samples;
    void *p;

    TRY(mem_big(&p, n, sizeof *samples, err));
    samples = p;
    for (size_t i = 0; i < n; i++)
        samples[i] = (float)(scramble((uint32_t)i) % 2001) / 1000 - 1;
    rc = omni_add_sound(in, samples, n, err);
    free(samples);
    return rc;
}

static enum asid_rc measure_towers(const struct omni *omni,
                                   struct omni_session *s,
                                   struct bench_figures *out,
                                   struct asid_err *err)
{
    const struct omni_work *work = omni_work(s);
    struct omni_inputs *in = NULL;
    const struct omni_layout *l;
    enum asid_rc rc = omni_inputs_new(omni, "", &in, err);

    if (rc == ASID_OK)
        rc = add_frames(in, err);
    if (rc == ASID_OK)
        rc = add_noise(in, err);
    if (rc == ASID_OK)
        rc = omni_inputs_finish(in, err);
    if (rc == ASID_OK)
        rc = omni_run_towers(s, in, err);
    if (rc == ASID_OK) {
        l = omni_layout(in);
        out->vision.seconds = work->vision_seconds;
        out->vision.flops = work->vision_flops;
        out->vision.patches =
            (size_t)l->grids[0][0] * l->grids[0][1] * l->grids[0][2];
        out->audio.seconds = work->audio_seconds;
        out->audio.flops = work->audio_flops;
        out->audio.sound_seconds = SOUND_SECONDS;
    }
    omni_inputs_free(in);
    return rc;
}

/* --- decoder -------------------------------------------------------------- */

static enum asid_rc measure_prefill(const struct omni *omni,
                                    struct omni_session *s,
                                    const struct bench_wish *wish,
                                    struct bench_figures *out,
                                    struct asid_err *err)
{
    int32_t one = made_up_id(omni, 0);

    /* All weights are read once before the clock starts. */
    omni_session_reset(s);
    TRY(omni_extend(s, &one, 1, err));
    for (size_t i = 0; i < wish->n_prefill; i++) {
        size_t n = wish->prefill[i];
        int32_t *ids;
        enum asid_rc rc;
        double start;

        TRY(made_up_ids(omni, n, &ids, err));
        omni_session_reset(s);
        start = clock_monotonic();
        rc = omni_extend(s, ids, n, err);
        out->prefill[i] = (double)n / (clock_monotonic() - start);
        free(ids);
        TRY(rc);
    }
    return ASID_OK;
}

static enum asid_rc measure_decode(const struct omni *omni,
                                   struct omni_session *s, size_t n,
                                   struct bench_figures *out,
                                   struct asid_err *err)
{
    double start = clock_monotonic();

    for (size_t i = 0; i < n; i++) {
        int32_t id = made_up_id(omni, omni_length(s));

        TRY(omni_extend(s, &id, 1, err));
    }
    out->decode = (double)n / (clock_monotonic() - start);
    return ASID_OK;
}

/* One token at a time on each of several timelines. */
static enum asid_rc decode_together(const struct omni *omni,
                                    struct omni_session *const *list,
                                    const struct bench_wish *wish,
                                    struct bench_figures *out,
                                    struct asid_err *err)
{
    double start = clock_monotonic();

    for (size_t i = 0; i < wish->decode; i++) {
        int32_t ids[BENCH_BATCH_MAX];

        for (size_t k = 0; k < wish->batch; k++)
            ids[k] = made_up_id(omni, i * wish->batch + k);
        TRY(omni_extend_each(list, ids, wish->batch, err));
    }
    out->batch_decode =
        (double)(wish->decode * wish->batch) / (clock_monotonic() - start);
    return ASID_OK;
}

static enum asid_rc measure_batch(const struct omni *omni,
                                  const struct omni_run_options *like,
                                  const struct bench_wish *wish,
                                  struct bench_figures *out,
                                  struct asid_err *err)
{
    struct omni_session *list[BENCH_BATCH_MAX] = {NULL};
    struct omni_run_options options = *like;
    enum asid_rc rc = ASID_OK;
    int32_t *ids;

    options.capacity = BATCH_CONTEXT + wish->decode;
    TRY(made_up_ids(omni, BATCH_CONTEXT, &ids, err));
    for (size_t i = 0; rc == ASID_OK && i < wish->batch; i++) {
        rc = omni_session_open(omni, &options, &list[i], err);
        if (rc == ASID_OK)
            rc = omni_extend(list[i], ids, BATCH_CONTEXT, err);
    }
    if (rc == ASID_OK)
        rc = decode_together(omni, list, wish, out, err);
    for (size_t i = 0; i < wish->batch; i++)
        omni_session_close(list[i]);
    free(ids);
    return rc;
}

/* --- all ------------------------------------------------------------------ */

static size_t longest(const struct bench_wish *wish)
{
    size_t most = 1;

    for (size_t i = 0; i < wish->n_prefill; i++)
        most = wish->prefill[i] > most ? wish->prefill[i] : most;
    return most;
}

static enum asid_rc measure_all(const struct omni *omni, struct omni_session *s,
                                const struct omni_run_options *options,
                                const struct bench_wish *wish,
                                struct bench_figures *out, struct asid_err *err)
{
    struct nn *nn = omni_nn(s);

    out->threads = nn_threads(nn);
    strncpy(out->kernels, nn_kernels_name(nn), sizeof out->kernels - 1);
    TRY(nn_measure(nn, &out->limits, err));
    TRY(measure_prefill(omni, s, wish, out, err));
    TRY(measure_decode(omni, s, wish->decode, out, err));
    if (wish->batch >= 2)
        TRY(measure_batch(omni, options, wish, out, err));
    return measure_towers(omni, s, out, err);
}

enum asid_rc ask_bench(const struct omni *omni, const struct bench_wish *wish,
                       struct bench_figures *out, struct asid_err *err)
{
    struct omni_run_options options = {
        .kernels = wish->kernels,
        .threads = wish->threads,
        .capacity = longest(wish) + wish->decode,
        .progress = wish->progress,
        .user = wish->user,
    };
    struct bench_figures figures = {.threads = 0};
    struct omni_session *s;
    struct rusage usage;
    enum asid_rc rc;

    if (wish->batch > BENCH_BATCH_MAX)
        return USAGE(err, "at most %d timelines can be decoded together",
                     BENCH_BATCH_MAX);
    TRY(omni_session_open(omni, &options, &s, err));
    rc = measure_all(omni, s, &options, wish, &figures, err);
    omni_session_close(s);
    if (rc != ASID_OK)
        return rc;
    if (getrusage(RUSAGE_SELF, &usage) == 0)
        figures.peak_bytes = (size_t)usage.ru_maxrss * 1024;
    *out = figures;
    return ASID_OK;
}
