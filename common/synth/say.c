/*
 * The truth as a record: paragraphs of plain sentences, their claims, the
 * caption that asid-merge makes of them, and the transcript.
 */
#include "asid/curate/merge.h"
#include "asid/curate/record.h"
#include "say_int.h"

enum { PARAGRAPH_MAX = 1 << 16 };

struct str synth_paragraph(const struct synth_telling *t, enum attribute key,
                           size_t used[SYNTH_FACTS_MAX], size_t *n_used)
{
    struct buf b;
    struct str text;

    buf_init(&b, PARAGRAPH_MAX);
    *n_used = 0;
    for (size_t i = 0; i < t->n; i++) {
        const struct synth_fact *f = &t->facts[i];
        unsigned wording = synth_fact_wording(f, t->wording);

        if (synth_fact_attribute(f) != key)
            continue;
        if (b.n)
            buf_char(&b, ' ');
        buf_str(&b, synth_fact_sentence(t->arena, f, wording, false));
        used[(*n_used)++] = i;
    }
    text = (struct str){arena_strndup(t->arena, buf_view(&b).p, b.n), b.n};
    buf_release(&b);
    return text;
}

enum asid_rc synth_caption(const struct synth_telling *t,
                           const struct json *attributes, struct str *caption,
                           struct asid_err *err)
{
    struct json *record = json_new_object(t->arena);
    struct json *sources = json_new_array(t->arena);
    struct json *source = json_new_object(t->arena);
    struct merge_policy *policy;

    json_set_text(t->arena, source, "name", "synth");
    json_set(t->arena, source, "attributes", json_copy(t->arena, attributes));
    json_append(sources, source);
    json_set(t->arena, record, "sources", sources);
    TRY(merge_policy_new(t->rules, t->arena, &policy, err));
    TRY(merge_record(policy, t->arena, record, err));
    *caption = record_caption(record);
    return ASID_OK;
}

/* --- attributes ----------------------------------------------------------- */

/* One claim for each sentence: the sentences are made to be read so. */
static void write_claims(const struct synth_telling *t, enum attribute key,
                         struct json *attribute, struct str paragraph,
                         const size_t *used, size_t n)
{
    const struct text *text = text_analyse(t->rules, t->arena, paragraph, key);
    struct json *claims = json_new_array(t->arena);

    BUG_IF(text->n_claims != n);
    for (size_t i = 0; i < n; i++) {
        const struct synth_fact *f = &t->facts[used[i]];

        json_append(claims, claim_new(t->arena,
                                      text_claim_sentence(t->arena, text,
                                                          &text->claims[i]),
                                      f->start, f->end));
    }
    json_set(t->arena, attribute, "claims", claims);
}

static void write_attributes(const struct synth_telling *t, bool sound,
                             struct json *record, struct json *texts)
{
    for (int k = 0; k < ATTRIBUTES; k++) {
        enum attribute key = (enum attribute)k;
        size_t used[SYNTH_FACTS_MAX], n;
        struct str paragraph = synth_paragraph(t, key, used, &n);
        struct json *attribute;

        if (n == 0 && (sound || key != ATTRIBUTE_SPEECH))
            continue;
        attribute = record_attribute_make(t->arena, record, key);
        if (n == 0) {
            json_set_text(t->arena, attribute, "verdict", "absent");
            continue;
        }
        json_set(t->arena, attribute, "text",
                 json_new_str(t->arena, paragraph));
        write_claims(t, key, attribute, paragraph, used, n);
        json_set(t->arena, texts, attribute_keys[k],
                 json_new_str(t->arena, paragraph));
    }
}

enum asid_rc synth_facts_caption(const struct synth_fact *facts, size_t n,
                                 uint64_t wording,
                                 const struct text_rules *rules,
                                 struct arena *a, struct str *caption,
                                 struct asid_err *err)
{
    const struct synth_telling t = {rules, a, wording, facts, n};
    struct json *texts = json_new_object(a);

    for (int k = 0; k < ATTRIBUTES; k++) {
        size_t used[SYNTH_FACTS_MAX], n_used;
        struct str paragraph =
            synth_paragraph(&t, (enum attribute)k, used, &n_used);

        if (n_used)
            json_set(a, texts, attribute_keys[k], json_new_str(a, paragraph));
    }
    return synth_caption(&t, texts, caption, err);
}

/* --- transcript ----------------------------------------------------------- */

static double rounded(double seconds)
{
    return floor(seconds * 1000 + 0.5) / 1000;
}

/* When a word is spoken: as the sound has it, or as the bubble's pace has it. */
static struct synth_word word_time(const struct synth_world *w,
                                   const struct synth_sound *sound, int line,
                                   size_t word)
{
    const struct synth_line *l = &w->lines[line];
    double each = synth_line_lasts(l) / (double)(l->n_words ? l->n_words : 1);

    if (sound)
        return sound->words[line][word];
    return (struct synth_word){l->start + each * (double)word,
                               l->start + each * (double)(word + 1)};
}

static struct json *segment_of(const struct synth_world *w,
                               const struct synth_sound *sound, int line,
                               struct arena *a)
{
    const struct synth_line *l = &w->lines[line];
    struct json *segment = json_new_object(a), *words = json_new_array(a);
    struct str text = synth_line_text(a, l->words, l->n_words);
    struct str rest = text;
    const char *speaker = arena_printf(a, "S%d", l->actor + 1);

    json_set_f64(a, segment, "start",
                 rounded(word_time(w, sound, line, 0).start));
    json_set_f64(a, segment, "end",
                 rounded(word_time(w, sound, line, l->n_words - 1).end));
    json_set(a, segment, "text", json_new_str(a, text));
    json_set_text(a, segment, "speaker", speaker);
    for (size_t i = 0; i < l->n_words; i++) {
        struct json *word = json_new_object(a);
        struct synth_word at = word_time(w, sound, line, i);
        size_t n = 0;

        while (n < rest.n && rest.p[n] != ' ')
            n++;
        json_set(a, word, "text", json_new_str(a, (struct str){rest.p, n}));
        json_set_f64(a, word, "start", rounded(at.start));
        json_set_f64(a, word, "end", rounded(at.end));
        json_append(words, word);
        rest.p += n < rest.n ? n + 1 : n;
        rest.n -= n < rest.n ? n + 1 : n;
    }
    json_set(a, segment, "words", words);
    return segment;
}

static void write_transcript(const struct synth_world *w,
                             const struct synth_sound *sound, struct arena *a,
                             struct json *record)
{
    struct json *asr = json_new_object(a), *segments = json_new_array(a);

    json_set_text(a, asr, "name", "synth");
    json_set_text(a, asr, "language", "en");
    for (int i = 0; i < w->n_lines; i++)
        json_append(segments, segment_of(w, sound, i, a));
    json_set(a, asr, "segments", segments);
    json_set(a, record, "asr", asr);
}

enum asid_rc synth_say(const struct synth_world *world,
                       const struct synth_sound *sound, uint64_t wording,
                       const struct text_rules *rules, struct arena *a,
                       struct json *record, struct asid_err *err)
{
    struct synth_fact facts[SYNTH_FACTS_MAX];
    struct synth_telling t = {
        .rules = rules, .arena = a, .wording = wording, .facts = facts};
    struct json *texts = json_new_object(a);
    struct str caption;

    t.n = synth_facts(world, sound, facts);
    write_attributes(&t, world->sound, record, texts);
    TRY(synth_caption(&t, texts, &caption, err));
    json_set(a, record, "caption", json_new_str(a, caption));
    if (world->sound)
        write_transcript(world, sound, a, record);
    return ASID_OK;
}
