/* Drafts to transcripts: placed, judged, and what is left put together. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "asr_rules.h"
#include "transcript_int.h"

/* --- in order -------------------------------------------------------------- */

struct sorting {
    struct asr_segment segment;
    size_t index;
};

static int by_start(const void *a, const void *b)
{
    const struct sorting *x = a, *y = b;
    double s = x->segment.start, t = y->segment.start;

    if (s < t || s > t)
        return s < t ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

static bool is_same(const struct asr_segment *a, const struct asr_segment *b)
{
    return a->start >= b->start && a->start <= b->start && a->end >= b->end &&
           a->end <= b->end && str_eq(a->text, b->text) &&
           str_eq(a->speaker, b->speaker);
}

/* What a file has twice once. */
static size_t in_order(struct arena *a, const struct asr_draft *draft,
                       struct asr_segment **out)
{
    struct sorting *all = arena_array(a, draft->n, sizeof *all);
    size_t n = 0;

    *out = arena_array(a, draft->n, sizeof **out);
    for (size_t i = 0; i < draft->n; i++)
        all[i] = (struct sorting){draft->segments[i], i};
    if (draft->n > 1)
        qsort(all, draft->n, sizeof *all, by_start);
    for (size_t i = 0; i < draft->n; i++)
        if (n == 0 || !is_same(&(*out)[n - 1], &all[i].segment))
            (*out)[n++] = all[i].segment;
    return n;
}

/* --- placed ---------------------------------------------------------------- */

static void set_time(struct arena *a, struct json *to, const char *key,
                     double value)
{
    if (isfinite(value))
        json_set_f64(a, to, key, value);
}

static struct json *words_json(struct arena *a, const struct asr_segment *s)
{
    struct json *list = json_new_array(a);

    for (size_t i = 0; i < s->n_words; i++) {
        const struct asr_word *w = &s->words[i];
        struct json *v = json_new_object(a);

        json_set(a, v, "text", json_new_str(a, w->text));
        set_time(a, v, "start", w->start);
        set_time(a, v, "end", w->end);
        set_time(a, v, "score", w->score);
        if (w->method != WORD_ALIGNED)
            json_set_text(a, v, "method", word_methods[w->method]);
        json_append(list, v);
    }
    return list;
}

static bool has_times(const struct asr_segment *s)
{
    for (size_t i = 0; i < s->n_words; i++)
        if (isfinite(s->words[i].start) || isfinite(s->words[i].end))
            return true;
    return false;
}

/* The interval that words are placed in. A segment that reaches past the clip
 * is cut there, unless its words can tell which of them are past it. */
static struct json *segment_json(struct arena *a, const struct asr_segment *s,
                                 double duration)
{
    struct json *v = json_new_object(a);
    double start = s->start < 0 && s->end > 0 ? 0 : s->start, end = s->end;

    if (start < duration && end > duration && !has_times(s))
        end = duration;
    json_set_f64(a, v, "start", start);
    json_set_f64(a, v, "end", end);
    json_set(a, v, "text", json_new_str(a, s->text));
    json_set(a, v, "speaker", json_new_str(a, s->speaker));
    if (s->n_words > 0)
        json_set(a, v, "words", words_json(a, s));
    return v;
}

static const struct transcript *place(struct arena *a,
                                      const struct asr_draft *draft,
                                      const struct asr_segment *s, size_t n,
                                      double duration)
{
    struct json *asr = json_new_object(a), *list = json_new_array(a);

    for (size_t i = 0; i < n; i++)
        json_append(list, segment_json(a, &s[i], duration));
    json_set(a, asr, "language", json_new_str(a, draft->language));
    json_set(a, asr, "segments", list);
    return transcript_read(NULL, a, asr);
}

/* --- judged ---------------------------------------------------------------- */

/* What is known of each segment and word. */
struct verdicts {
    enum asr_rule *rule; /* ASR_RULES: it may stay */
    const char **why;
    bool *gone;        /* word */
    uint32_t *repeats; /* word: by loops */
};

static void judge_all(const struct judging *j, struct verdicts *v)
{
    const struct transcript *t = j->t;
    bool *eager = arena_array(j->a, t->n_segments, sizeof *eager);
    double after = -1;

    for (size_t i = 0; i < t->n_segments; i++) {
        const struct transcript_segment *s = &t->segments[i];

        v->rule[i] = judge_segment(j, i, after, &v->why[i]);
        after = fmax(after, s->end);
        /* Whisper's own limit for text that compresses too well. */
        eager[i] = j->segments[i].compression_ratio > 2.4;
        for (size_t k = 0; k < s->n_words; k++)
            v->gone[s->first_word + k] = v->rule[i] != ASR_RULES;
    }
    if (j->rules >> ASR_LOOP & 1)
        asr_loops(j->a, t, eager, v->gone, v->repeats);
}

/* Words said after the clip has ended, by times that were measured. */
static void judge_ends(const struct judging *j, const struct verdicts *v)
{
    for (size_t i = 0; i < j->t->n_words; i++) {
        const struct transcript_word *w = &j->t->words[i];

        if (w->method == WORD_ALIGNED && w->start >= j->clip->duration)
            v->gone[i] = true;
    }
}

/* --- put together ---------------------------------------------------------- */

struct assembling {
    struct arena *a;
    const struct judging *j;
    const struct verdicts *v;
    struct transcript *out;
    struct asr_drop *drops;
    size_t n_drops;
    size_t last_dropped; /* segment */
};

/* The words that stay, as a text. */
static struct str join(struct arena *a, const struct transcript_word *w,
                       size_t n)
{
    struct buf b;
    struct str text;

    buf_init(&b, ASR_MAX_FILE * 2u);
    for (size_t i = 0; i < n; i++) {
        buf_str(&b, w[i].text);
        buf_char(&b, ' ');
    }
    text = draft_text(a, buf_view(&b));
    buf_release(&b);
    return text;
}

static void add_drop(struct assembling *to, size_t i, enum asr_rule rule,
                     const char *why, struct str now)
{
    const struct asr_segment *s = &to->j->segments[i];
    struct asr_drop *last =
        to->n_drops > 0 ? &to->drops[to->n_drops - 1] : NULL;
    bool follows = to->last_dropped + 1 == i;

    if (now.n == 0)
        to->last_dropped = i;
    if (last && follows && now.n == 0 && last->now.n == 0 &&
        last->rule == rule && str_eq(last->text, s->text)) {
        last->end = fmax(last->end, s->end);
        last->count++;
        return;
    }
    to->drops[to->n_drops++] =
        (struct asr_drop){rule, s->text, now, s->start, s->end, 1, why};
}

/* A segment of which words are gone: the rule, and why. */
static enum asr_rule why_trimmed(const struct assembling *to,
                                 const struct transcript_segment *s,
                                 const char **why)
{
    uint32_t repeats = 0;

    for (size_t k = 0; k < s->n_words; k++) {
        uint32_t n = to->v->repeats[s->first_word + k];

        repeats = n > repeats ? n : repeats;
    }
    if (repeats > 0) {
        *why = arena_printf(to->a, "the same words %u times in a row",
                            (unsigned)repeats);
        return ASR_LOOP;
    }
    *why = arena_printf(to->a, "words after the end of the clip at %.2fs",
                        to->j->clip->duration);
    return ASR_OUTSIDE;
}

/* Copy the words of segment i that stay; returns how many. */
static size_t keep_words(struct assembling *to,
                         const struct transcript_segment *s)
{
    struct transcript *out = to->out;
    const double duration = to->j->clip->duration;
    size_t n = 0;

    for (size_t k = 0; k < s->n_words; k++) {
        struct transcript_word w = to->j->t->words[s->first_word + k];

        if (to->v->gone[s->first_word + k])
            continue;
        w.segment = (uint32_t)out->n_segments;
        if (w.start > duration)
            w.start = duration;
        if (w.end > duration)
            w.end = duration;
        out->words[out->n_words + n++] = w;
    }
    return n;
}

static void keep_segment(struct assembling *to, size_t i)
{
    const struct transcript_segment *s = &to->j->t->segments[i];
    struct transcript_segment kept = *s;
    struct transcript *out = to->out;
    const struct transcript_word *w = &out->words[out->n_words];
    size_t n = keep_words(to, s);
    bool trimmed = n < s->n_words;

    if (kept.end > to->j->clip->duration)
        kept.end = to->j->clip->duration;
    if (trimmed) {
        const char *why = NULL;
        enum asr_rule rule = why_trimmed(to, s, &why);

        kept.text = join(to->a, w, n);
        add_drop(to, i, rule, why, kept.text);
        if (n == 0)
            return;
        /* What is gone took its time with it; the start stays, for order. */
        if (to->v->gone[s->first_word + s->n_words - 1] &&
            isfinite(w[n - 1].end))
            kept.end = w[n - 1].end;
    }
    kept.first_word = out->n_words;
    kept.n_words = n;
    kept.index = out->n_segments;
    out->segments[out->n_segments++] = kept;
    out->n_words += n;
}

void asr_clean(struct arena *a, const struct asr_phrases *phrases,
               const struct asr_draft *draft, const struct asr_clip *clip,
               unsigned rules, struct asr_result *out)
{
    /* Without that rule the clip has no end. */
    const struct asr_clip view = {rules >> ASR_OUTSIDE & 1 ? clip->duration
                                                           : (double)NAN,
                                  clip->silent, clip->levels};
    struct asr_segment *once;
    size_t n = in_order(a, draft, &once);
    struct asr_segment *segments = arena_array(a, n, sizeof *segments);
    const struct transcript *t = place(a, draft, once, n, view.duration);
    struct judging j = {a, phrases, &view, rules, segments, t};
    struct verdicts v = {arena_array(a, n, sizeof *v.rule),
                         arena_array(a, n, sizeof *v.why),
                         arena_array(a, t->n_words, sizeof *v.gone),
                         arena_array(a, t->n_words, sizeof *v.repeats)};
    struct transcript *kept = arena_alloc(a, sizeof *kept);
    struct assembling to = {
        a, &j, &v, kept, arena_array(a, n, sizeof *to.drops), 0, SIZE_MAX - 1};

    BUG_IF(t->n_segments != n);
    for (size_t i = 0; i < n; i++)
        segments[i] = once[t->segments[i].index];
    kept->language = t->language;
    kept->segments = arena_array(a, n, sizeof *kept->segments);
    kept->words = arena_array(a, t->n_words, sizeof *kept->words);
    judge_all(&j, &v);
    judge_ends(&j, &v);
    for (size_t i = 0; i < n; i++) {
        if (v.rule[i] != ASR_RULES)
            add_drop(&to, i, v.rule[i], v.why[i], STR(""));
        else
            keep_segment(&to, i);
    }
    *out = (struct asr_result){kept, to.drops, to.n_drops};
}
