/*
 * The answer with sound: 16-bit samples at the native rate, channels averaged,
 * resampled to 16 kHz; step by step as the reference reads sound, so that the
 * features made from it agree.
 */
#include "worker.h"

#include <errno.h>
#include <libavutil/channel_layout.h>
#include <libswresample/swresample.h>
#include <math.h>
#include <soxr.h>
#include <stdlib.h>

enum {
    RATE = 16000,
    CHUNK = 1 << 14, /* samples between steps */
    MAX_CHANNELS = 64,
    MAX_RATE = 768000,
};

/* --- resampling ----------------------------------------------------------- */

struct resampler {
    soxr_t soxr; /* NULL when the rate is right already */
};

struct resampler *resampler_new(uint32_t rate)
{
    soxr_io_spec_t io = soxr_io_spec(SOXR_FLOAT32_I, SOXR_FLOAT32_I);
    soxr_quality_spec_t quality = soxr_quality_spec(SOXR_HQ, 0);
    soxr_runtime_spec_t runtime = soxr_runtime_spec(1);
    struct resampler *r = av_mallocz(sizeof *r);
    soxr_error_t bad = NULL;

    if (!r || rate == RATE)
        return r;
    r->soxr = soxr_create(rate, RATE, 1, &bad, &io, &quality, &runtime);
    if (bad || !r->soxr) {
        resampler_free(r);
        return NULL;
    }
    return r;
}

void resampler_free(struct resampler *r)
{
    if (r && r->soxr)
        soxr_delete(r->soxr);
    av_free(r);
}

int64_t resampler_run(struct resampler *r, const float *in, size_t n,
                      float *out, size_t room, size_t *made)
{
    size_t took = 0;

    if (!r->soxr) {
        took = n < room ? n : room;
        for (size_t i = 0; i < took; i++)
            out[i] = in[i];
        *made = took;
        return (int64_t)took;
    }
    if (soxr_process(r->soxr, n ? in : NULL, n, &took, out, room, made))
        return -1;
    return (int64_t)took;
}

uint64_t resampler_length(uint64_t n, uint32_t rate)
{
    uint64_t whole = n / rate, rest = n % rate;

    return whole * RATE + (rest * RATE + rate - 1) / rate;
}

/* --- from frames to samples at 16 kHz ------------------------------------- */

struct listener {
    struct SwrContext *swr;
    AVChannelLayout layout; /* what swr is set up for */
    int rate, format;
    uint32_t first_rate; /* of the first frame: what everything counts in */
    uint64_t heard;      /* samples at first_rate */
    uint64_t sent;       /* samples at 16 kHz */
    struct resampler *resampler;
    int16_t *pcm;
    int pcm_room; /* samples in all channels together */
    float mono[CHUNK], out[CHUNK];
};

static int no_memory(struct worker *w)
{
    return worker_av_fault(w, WIRE_LIMIT, AVERROR(ENOMEM), "sound");
}

/* Up to the answer's limit; 1 when that is reached. */
static int send_samples(struct worker *w, struct listener *a, const float *p,
                        size_t n)
{
    uint64_t most = w->request.max_samples;

    if (most > 0 && n > most - a->sent)
        n = (size_t)(most - a->sent);
    if (n > 0 && worker_send(w, WIRE_SAMPLES, p, n * sizeof *p, NULL, 0) < 0)
        return -1;
    a->sent += n;
    return most > 0 && a->sent >= most;
}

static int resample(struct worker *w, struct listener *a, const float *p,
                    size_t n)
{
    while (n > 0) {
        size_t made = 0;
        int64_t took = resampler_run(a->resampler, p, n, a->out, CHUNK, &made);
        int more;

        if (took < 0 || (took == 0 && made == 0))
            return worker_fault(w, WIRE_DAMAGED,
                                "sound at %u Hz cannot be "
                                "resampled",
                                (unsigned)a->first_rate);
        more = send_samples(w, a, a->out, made);
        if (more != 0)
            return more;
        p += took;
        n -= (size_t)took;
    }
    return 0;
}

/* 16-bit samples of all channels to one channel of floats. The sum is exact in
 * float32; only the division rounds. */
static int mix(struct worker *w, struct listener *a, int samples, int channels)
{
    const int16_t *in = a->pcm;

    a->heard += (uint64_t)samples;
    while (samples > 0) {
        int n = samples < CHUNK ? samples : CHUNK;
        int more;

        for (int i = 0; i < n; i++) {
            float sum = 0;

            for (int c = 0; c < channels; c++)
                sum += (float)*in++ / 32768.0f;
            a->mono[i] = channels > 1 ? sum / (float)channels : sum;
        }
        more = resample(w, a, a->mono, (size_t)n);
        if (more != 0)
            return more;
        samples -= n;
    }
    return 0;
}

static int start_hearing(struct worker *w, struct listener *a,
                         const AVFrame *frame)
{
    if (frame->sample_rate > MAX_RATE)
        return worker_fault(w, WIRE_DAMAGED, "sound at %d Hz",
                            frame->sample_rate);
    a->first_rate = (uint32_t)frame->sample_rate;
    a->resampler = resampler_new(a->first_rate);
    return a->resampler ? 0 : no_memory(w);
}

/* What is still inside when the input changes or ends. */
static int flush_converter(struct worker *w, struct listener *a)
{
    uint8_t *out = (uint8_t *)a->pcm;
    int channels = a->layout.nb_channels, n;

    if (!a->swr || !a->pcm)
        return 0;
    n = swr_convert(a->swr, &out, a->pcm_room / channels, NULL, 0);
    return n > 0 ? mix(w, a, n, channels) : 0;
}

static int set_converter(struct worker *w, struct listener *a,
                         const AVFrame *frame)
{
    int channels = frame->ch_layout.nb_channels;
    int e, more;

    if (frame->sample_rate <= 0 || channels <= 0 || channels > MAX_CHANNELS)
        return worker_fault(w, WIRE_DAMAGED, "sound with %d channels at %d Hz",
                            channels, frame->sample_rate);
    if (!a->first_rate && start_hearing(w, a, frame) < 0)
        return -1;
    more = flush_converter(w, a);
    if (more != 0)
        return more;
    swr_free(&a->swr);
    av_channel_layout_uninit(&a->layout);
    /* Which channel is which does not matter here: they are averaged. */
    av_channel_layout_default(&a->layout, channels);
    a->rate = frame->sample_rate;
    a->format = frame->format;
    e = swr_alloc_set_opts2(
        &a->swr, &a->layout, AV_SAMPLE_FMT_S16, (int)a->first_rate, &a->layout,
        (enum AVSampleFormat)frame->format, frame->sample_rate, 0, NULL);
    if (e >= 0)
        e = swr_init(a->swr);
    return e < 0 ? worker_av_fault(w, WIRE_DAMAGED, e, "sound") : 0;
}

static int make_room(struct worker *w, struct listener *a, int samples)
{
    int64_t need = (int64_t)samples * a->layout.nb_channels;
    int16_t *p;

    if (need <= a->pcm_room)
        return 0;
    if (need > INT32_MAX)
        return no_memory(w);
    p = av_realloc_array(a->pcm, (size_t)need, sizeof *p);
    if (!p)
        return no_memory(w);
    a->pcm = p;
    a->pcm_room = (int)need;
    return 0;
}

static int on_sound(struct worker *w, void *user, AVFrame *frame)
{
    struct listener *a = user;
    uint8_t *out;
    int n, more;

    if (!a->swr || frame->sample_rate != a->rate ||
        frame->format != a->format ||
        frame->ch_layout.nb_channels != a->layout.nb_channels) {
        more = set_converter(w, a, frame);
        if (more != 0)
            return more;
    }
    n = swr_get_out_samples(a->swr, frame->nb_samples);
    if (n < 0 || make_room(w, a, n) < 0)
        return no_memory(w);
    out = (uint8_t *)a->pcm;
    n = swr_convert(a->swr, &out, n,
                    (const uint8_t **)(uintptr_t)frame->extended_data,
                    frame->nb_samples);
    if (n < 0)
        return worker_av_fault(w, WIRE_DAMAGED, n, "sound");
    /* Before anything is sent: the other side counts, too. */
    if (w->request.max_samples == 0 &&
        (double)a->heard + n > w->request.max_duration * (double)a->first_rate)
        return worker_fault(w, WIRE_LIMIT, "more than %.0f s of sound",
                            w->request.max_duration);
    return mix(w, a, n, a->layout.nb_channels);
}

/* The resampler's tail, then zeros or a cut to the length the rule gives. */
static int finish(struct worker *w, struct listener *a)
{
    uint64_t length = resampler_length(a->heard, a->first_rate);
    size_t made = 1;

    while (made > 0 && a->sent < length && a->resampler->soxr) {
        int more;

        made = 0;
        if (resampler_run(a->resampler, NULL, 0, a->out, CHUNK, &made) < 0)
            return worker_fault(w, WIRE_DAMAGED, "sound cannot be resampled");
        if (made > length - a->sent)
            made = (size_t)(length - a->sent);
        more = send_samples(w, a, a->out, made);
        if (more != 0)
            return more;
    }
    for (size_t i = 0; i < CHUNK; i++)
        a->out[i] = 0;
    while (a->sent < length) {
        size_t n = length - a->sent < CHUNK ? (size_t)(length - a->sent)
                                            : (size_t)CHUNK;
        int more = send_samples(w, a, a->out, n);

        if (more != 0)
            return more;
    }
    return 0;
}

static int listen_to(struct worker *w, struct worker_decode *d,
                     struct listener *a)
{
    uint64_t most = w->request.max_samples;
    int more = 0;

    if (worker_track_open(w, &d->audio, d->audio.stream) < 0 ||
        worker_decode(w, d) < 0)
        return -1;
    if (a->swr && (most == 0 || a->sent < most)) {
        more = flush_converter(w, a);
        if (more == 0)
            more = finish(w, a);
        if (more < 0)
            return -1;
    }
    if (a->sent == 0)
        return worker_fault(w, d->audio.errors ? WIRE_DAMAGED : WIRE_NO_AUDIO,
                            "not one sample of sound in the audio stream");
    return worker_send(w, WIRE_END, &a->sent, sizeof a->sent, NULL, 0);
}

int worker_sound(struct worker *w)
{
    struct listener *a;
    struct worker_decode d = {.on_audio = on_sound};
    int rc;

    d.audio.stream = worker_stream(w, AVMEDIA_TYPE_AUDIO);
    if (!d.audio.stream)
        return worker_fault(w, WIRE_NO_AUDIO, "no audio stream");
    a = av_mallocz(sizeof *a);
    if (!a)
        return no_memory(w);
    d.user = a;
    rc = listen_to(w, &d, a);
    worker_track_close(&d.audio);
    swr_free(&a->swr);
    av_channel_layout_uninit(&a->layout);
    resampler_free(a->resampler);
    av_free(a->pcm);
    av_free(a);
    return rc;
}
