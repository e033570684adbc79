/*
 * Any bytes as a sidecar: whatever comes out keeps the promises of
 * transcript.h, with and without the rules. The first byte chooses the format
 * and what is known of the clip.
 */
#include <math.h>
#include <stdlib.h>

#include "asid/base/utf8.h"
#include "asid/curate/asr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool fine)
{
    if (!fine)
        abort();
}

static void check_words(const struct transcript *t)
{
    size_t words = 0;

    for (size_t i = 0; i < t->n_segments; i++) {
        const struct transcript_segment *s = &t->segments[i];
        double at = s->start;

        check(utf8_valid(s->text) && utf8_valid(s->speaker));
        check(s->first_word == words);
        check(i == 0 || s->start >= t->segments[i - 1].start);
        for (size_t k = 0; k < s->n_words; k++) {
            const struct transcript_word *w = &t->words[words + k];

            check(w->segment == i && w->text.n > 0 && utf8_valid(w->text));
            if (w->method == WORD_NONE)
                continue;
            check(w->start >= at && w->end >= w->start && w->end <= s->end);
            at = w->end;
        }
        words += s->n_words;
    }
    check(words == t->n_words);
}

/* What is written is read back and written the same. */
static void check_writing(struct arena *a, const struct transcript *t)
{
    struct buf once, again;
    struct asid_err err;
    struct json *v;

    buf_init(&once, (size_t)1 << 28);
    buf_init(&again, (size_t)1 << 28);
    json_write(&once, transcript_json(a, "x", t));
    check(json_parse(a, buf_view(&once), 0, &v, &err) == ASID_OK);
    t = transcript_read(NULL, a, v);
    check_words(t);
    json_write(&again, transcript_json(a, "x", t));
    check(str_eq(buf_view(&once), buf_view(&again)));
    buf_release(&once);
    buf_release(&again);
}

static void check_drops(const struct asr_result *r)
{
    for (size_t i = 0; i < r->n_drops; i++) {
        const struct asr_drop *d = &r->drops[i];

        check(d->rule < ASR_RULES && d->why && d->count > 0);
        check(utf8_valid(d->text) && utf8_valid(d->now));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const float loud[40] = {-20, -20, -90, -90, -50, -120};
    const struct asr_levels levels = {loud, 40, 0.5, -20, 0.5, false};
    static struct arena kept = ARENA_INIT;
    static const struct asr_phrases *phrases;
    struct arena a = ARENA_INIT;
    struct asr_clip clip = {12, false, NULL};
    struct asr_draft draft;
    struct asr_result r;
    struct asid_err err;
    struct str text = {(const char *)data + 1, size - 1};

    if (size == 0)
        return 0;
    clip.levels = data[0] & 8 ? &levels : NULL;
    clip.duration = data[0] & 4 ? 12 : (double)NAN;
    if (!phrases)
        check(asr_phrases_load(&kept, &phrases, &err) == ASID_OK);
    if (asr_parse(&a, (enum asr_format)(data[0] % 3), text, clip.duration,
                  &draft, &err) == ASID_OK) {
        asr_clean(&a, phrases, &draft, &clip, 0, &r);
        check_words(r.transcript);
        check(r.n_drops == 0);
        check_writing(&a, r.transcript);
        asr_clean(&a, phrases, &draft, &clip, (1u << ASR_RULES) - 1, &r);
        check_words(r.transcript);
        check_writing(&a, r.transcript);
        check_drops(&r);
    }
    arena_release(&a);
    return 0;
}
