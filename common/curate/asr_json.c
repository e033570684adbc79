/*
 * The JSON of speech recognisers.
 *
 *   Whisper       {"text", "segments": [{"start", "end", "text", "words":
 *                 [{"word", "start", "end", "probability"}], "avg_logprob",
 *                 "no_speech_prob", "compression_ratio"}], "language"}
 *   WhisperX      the same with "score" for "probability", "speaker" in
 *                 segments and words, "word_segments" and words without times
 *   OpenAI        verbose_json: "task", "duration", the words beside the
 *                 segments; diarized_json: "speaker"; json: "text" alone
 *   whisper.cpp   "transcription": [{"offsets": {"from", "to"}, "text"}], in
 *                 milliseconds
 *
 * and record.asr itself, and a bare list of segments.
 */
#include <math.h>
#include <string.h>

#include "asid/data/json.h"
#include "asr_int.h"
#include "transcript_int.h"

static double number(const struct json *object, const char *key)
{
    double value = NAN;

    (void)json_f64(json_get(object, key), &value);
    return value;
}

/* A time that can be one. */
static double seconds(const struct json *object, const char *key, double unit)
{
    double value = number(object, key) * unit;

    return fabs(value) <= ASR_MAX_SECONDS ? value : (double)NAN;
}

static struct str string(const struct json *object, const char *key)
{
    const struct json *v = json_get(object, key);

    return v && json_type(v) == JSON_STRING ? json_str(v) : STR("");
}

/* --- words ----------------------------------------------------------------- */

static struct str word_text(const struct json *v)
{
    struct str text = string(v, "word");

    return text.n > 0 ? text : string(v, "text");
}

static bool word_of(struct arena *a, const struct json *v, struct asr_word *w)
{
    struct str method = string(v, "method");

    *w = (struct asr_word){draft_text(a, word_text(v)), seconds(v, "start", 1),
                           seconds(v, "end", 1), number(v, "score"),
                           WORD_ALIGNED};
    if (!isfinite(w->score))
        w->score = number(v, "probability");
    for (int i = 0; i < 4; i++)
        if (str_is(method, word_methods[i]))
            w->method = (enum word_method)i;
    return w->text.n > 0;
}

static void read_words(struct drafting *d, const struct json *list,
                       struct asr_segment *s)
{
    struct asr_word *words;

    if (json_type(list) != JSON_ARRAY || json_count(list) == 0)
        return;
    words = arena_array(d->a, json_count(list), sizeof *words);
    json_each(v, list) {
        if (word_of(d->a, v, &words[s->n_words]))
            s->n_words++;
        if (s->speaker.n == 0)
            s->speaker = draft_text(d->a, string(v, "speaker"));
    }
    s->words = words;
}

/* The text that a segment without one must have had. Whisper's words begin
 * with their blank, WhisperX's have none: as they are if any does. */
static struct str join_words(struct arena *a, const struct json *list)
{
    struct buf b;
    struct str text;
    bool spaced = false;

    buf_init(&b, ASR_MAX_FILE * 2u);
    json_each(v, list) {
        spaced = spaced || str_starts(word_text(v), " ");
    }
    json_each(v, list) {
        buf_str(&b, word_text(v));
        if (!spaced)
            buf_char(&b, ' ');
    }
    text = draft_text(a, buf_view(&b));
    buf_release(&b);
    return text;
}

/* --- segments -------------------------------------------------------------- */

/* The interval that the words have, for a segment without one. */
static void span_words(struct asr_segment *s)
{
    for (size_t i = 0; i < s->n_words; i++) {
        if (isfinite(s->words[i].start))
            s->start = fmin(s->start, s->words[i].start);
        if (isfinite(s->words[i].end))
            s->end = fmax(s->end, s->words[i].end);
    }
}

static void read_times(const struct json *v, struct asr_segment *s)
{
    const struct json *offsets = json_get(v, "offsets");

    if (offsets) {
        s->start = seconds(offsets, "from", 1e-3);
        s->end = seconds(offsets, "to", 1e-3);
    } else {
        s->start = seconds(v, "start", 1);
        s->end = seconds(v, "end", 1);
    }
}

static void read_segment(struct drafting *d, const struct json *v, size_t index)
{
    const struct json *words = json_get(v, "words");
    struct asr_segment *s = draft_add(d);

    s->speaker = draft_text(d->a, string(v, "speaker"));
    s->text = draft_text(d->a, string(v, "text"));
    if (words)
        read_words(d, words, s);
    if (s->text.n == 0 && s->n_words > 0)
        s->text = join_words(d->a, words);
    read_times(v, s);
    s->no_speech_prob = number(v, "no_speech_prob");
    s->avg_logprob = number(v, "avg_logprob");
    s->compression_ratio = number(v, "compression_ratio");
    if (!isfinite(s->start) || !isfinite(s->end))
        span_words(s);
    if (s->text.n == 0 || !isfinite(s->start) || !isfinite(s->end)) {
        if (s->text.n > 0 || json_type(v) != JSON_OBJECT)
            draft_skip(d, "segment %zu has no start and end", index);
        d->draft->n--;
        return;
    }
    draft_speaker(s);
}

/* --- words beside the segments --------------------------------------------- */

/* OpenAI lists the words of all segments in one list: a segment's are those
 * whose middle lies before the start of the next. */
static void deal_words(struct drafting *d, const struct json *list)
{
    struct asr_draft *draft = d->draft;
    struct asr_word *words = arena_array(d->a, json_count(list), sizeof *words);
    size_t n = 0, at = 0;

    json_each(v, list) {
        if (word_of(d->a, v, &words[n]))
            n++;
    }
    for (size_t i = 0; i < draft->n; i++) {
        struct asr_segment *s = &draft->segments[i];
        double end = (double)INFINITY;
        size_t from = at;

        if (i + 1 < draft->n)
            end = draft->segments[i + 1].start;
        while (at < n && !((words[at].start + words[at].end) / 2 >= end))
            at++;
        if (s->n_words == 0 && at > from) {
            s->words = words + from;
            s->n_words = at - from;
        }
    }
}

/* No segments at all: the text, or the words, over the whole clip. */
static void whole_text(struct drafting *d, const struct json *root,
                       double duration)
{
    const struct json *words = json_get(root, "words");
    struct str text = draft_text(d->a, string(root, "text"));
    struct asr_segment *s;

    if (!isfinite(duration))
        duration = seconds(root, "duration", 1);
    if (text.n == 0 && json_count(words) > 0)
        text = join_words(d->a, words);
    if (text.n == 0)
        return;
    s = draft_add(d);
    s->text = text;
    if (words)
        read_words(d, words, s);
    span_words(s);
    if (!isfinite(s->start) || !isfinite(s->end)) {
        s->start = 0;
        s->end = duration;
    }
    if (!isfinite(s->end)) {
        draft_skip(d, "there is a text without times, and the clip's duration "
                      "is not known");
        d->draft->n--;
    }
}

/* --- the document ---------------------------------------------------------- */

static const char *kind_of(const struct json *root, const struct json *list)
{
    const struct json *first = json_first(list);

    if (json_get(root, "transcription"))
        return "whisper.cpp";
    if (json_get(root, "task") || json_get(root, "usage") ||
        (!list && json_get(root, "text")))
        return "openai";
    if (json_get(root, "word_segments") || json_get(first, "speaker") ||
        json_get(json_first(json_get(first, "words")), "score"))
        return "whisperx";
    return "whisper";
}

static const struct json *list_of(const struct json *root)
{
    const struct json *list = json_get(root, "segments");

    if (json_type(root) == JSON_ARRAY)
        return root;
    return list ? list : json_get(root, "transcription");
}

/* A reply that is nothing but a text. */
static bool is_reply(const struct json *root)
{
    static const char *const keys[] = {"text",  "task",  "language", "duration",
                                       "words", "usage", "logprobs"};
    const struct json *text = json_get(root, "text");
    size_t known = 0;

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        known += json_get(root, keys[i]) != NULL;
    return text && json_type(text) == JSON_STRING && known == json_count(root);
}

/* Something in it looks like a segment. Other programs put their own JSON
 * beside videos. */
static bool is_transcript(const struct json *root, const struct json *list)
{
    const struct json *first = json_first(list);

    if (!list)
        return is_reply(root);
    if (json_type(list) != JSON_ARRAY)
        return false;
    if (!first)
        return json_type(root) == JSON_OBJECT;
    return json_get(first, "words") ||
           (json_get(first, "text") &&
            (json_get(first, "start") || json_get(first, "offsets")));
}

static void read_list(struct drafting *d, const struct json *list)
{
    size_t index = 0;

    json_each(v, list) {
        read_segment(d, v, index++);
    }
}

enum asid_rc asr_json_parse(struct drafting *d, struct str text,
                            double duration, struct asid_err *err)
{
    enum { DEPTH = 32 };
    struct json *root = NULL;
    const struct json *list, *words;

    if (json_parse(d->a, text, DEPTH, &root, err) != ASID_OK)
        return REJECT(err, "asr.sidecar", "%s", arena_strdup(d->a, err->text));
    if (json_get(root, "asr")) /* a record of asid's */
        root = json_get(root, "asr");
    list = list_of(root);
    d->draft->foreign = !is_transcript(root, list);
    if (d->draft->foreign)
        return REJECT(err, "asr.sidecar",
                      "is JSON of something that is no transcript");
    d->draft->kind = kind_of(root, list);
    d->draft->language = asr_language(d->a, string(root, "language"));
    if (d->draft->language.n == 0)
        d->draft->language =
            asr_language(d->a, string(json_get(root, "result"), "language"));
    read_list(d, list);
    words = json_get(root, "words");
    if (d->draft->n == 0 && d->draft->skipped == 0)
        whole_text(d, root, duration);
    else if (words && json_type(words) == JSON_ARRAY && d->draft->n > 0)
        deal_words(d, words);
    if (d->draft->n == 0 && d->draft->skipped > 0)
        return REJECT(err, "asr.sidecar", "%s", d->draft->skipped_why);
    return ASID_OK;
}
