/*
 * Rules against what a recogniser only imagines, one segment at a time. The
 * order is that of the evidence, the strongest first: a segment is reported
 * under the first rule that holds. Reasons: docs/curation/asr.md.
 */
#include <math.h>

#include "asid/base/utf8.h"
#include "asr_rules.h"
#include "transcript_int.h"

const char *const asr_rule_names[ASR_RULES] = {
    "no-audio", "interval", "outside", "no-speech", "silence",
    "credit",   "stock",    "rate",    "loop"};

/* --- evidence -------------------------------------------------------------- */

/* Levels in dB of full scale. Speech recorded at any usual gain is above -45,
 * whispering and room noise between -60 and -45, and below -80 there is only
 * the rounding of 16 bits. A clip that is quiet as a whole is measured by its
 * own loudest moment. */
static bool is_silent(const struct asr_levels *levels, double level)
{
    return level <= -80 || (level <= -60 && level <= levels->loudest - 20);
}

static bool is_hushed(const struct asr_levels *levels, double level)
{
    return level <= -60 || (level <= -45 && level <= levels->loudest - 25);
}

/* Whisper's own thresholds (transcribe() of openai-whisper). */
static const double no_speech_threshold = 0.6, logprob_threshold = -1.0;

/* --- rate ------------------------------------------------------------------ */

/* Letters that a text takes to say: a character of Han or kana is a syllable
 * and counts as three. */
static double letters_of(struct str core)
{
    double sum = 0;

    for (size_t i = 0; i < core.n;) {
        uint32_t cp = 0;
        unsigned n = utf8_decode(core.p + i, core.n - i, &cp);

        sum += transcript_unspaced(cp) ? 3 : 1;
        i += n ? n : 1;
    }
    return sum;
}

/* The fastest speakers say 11 words a second for a few seconds; conversation
 * has three. Borders of segments are off by a quarter of a second each. */
static bool too_fast(const struct judging *j, size_t i, const char **why)
{
    enum { LETTERS = 40, WORDS = 11 }; /* a second */
    const struct transcript_segment *s = &j->t->segments[i];
    double letters = 0, words = 0, seconds = s->end - s->start + 0.5;

    for (size_t k = 0; k < s->n_words; k++) {
        struct str core = transcript_core(j->t->words[s->first_word + k].text);
        double n = letters_of(core);

        letters += n;
        /* Half a dozen letters make a word where there are no blanks. */
        words += n / 6 < 1 ? n / 6 : 1;
    }
    if (letters <= LETTERS * seconds && words <= WORDS * seconds)
        return false;
    *why = arena_printf(j->a, "nobody says %.0f characters in %.2fs", letters,
                        s->end - s->start);
    return true;
}

/* --- one segment ----------------------------------------------------------- */

static bool on(const struct judging *j, enum asr_rule rule)
{
    return (j->rules >> rule & 1) != 0;
}

static bool outside(const struct judging *j, const struct asr_segment *s,
                    const char **why)
{
    if (s->end <= 0 && s->start < 0) {
        *why = "it lies before the clip";
        return true;
    }
    if (!(s->start >= j->clip->duration))
        return false;
    *why = arena_printf(j->a, "it lies after the end of the clip at %.2fs",
                        j->clip->duration);
    return true;
}

static bool unheard(const struct judging *j, const struct asr_segment *s,
                    const char **why)
{
    if (!(s->no_speech_prob > no_speech_threshold &&
          s->avg_logprob < logprob_threshold))
        return false;
    *why = arena_printf(j->a,
                        "the recogniser took it for silence (no_speech_prob "
                        "%.2f, avg_logprob %.2f)",
                        s->no_speech_prob, s->avg_logprob);
    return true;
}

static bool stock(const struct judging *j, const struct asr_segment *s,
                  double level, const char **why)
{
    bool hushed = j->clip->levels && is_hushed(j->clip->levels, level);

    if (!hushed && !(s->no_speech_prob > no_speech_threshold))
        return false;
    if (!phrases_stock(j->phrases, asr_fold(j->a, s->text)))
        return false;
    *why = hushed
               ? arena_printf(j->a,
                              "a stock phrase where %.0f dB is all "
                              "there is to hear",
                              level)
               : arena_printf(j->a, "a stock phrase with no_speech_prob %.2f",
                              s->no_speech_prob);
    return true;
}

enum asr_rule judge_segment(const struct judging *j, size_t i, double after,
                            const char **why)
{
    const struct asr_segment *s = &j->segments[i];
    const struct transcript_segment *placed = &j->t->segments[i];
    double before =
        i + 1 < j->t->n_segments ? placed[1].start : placed->end + 1;
    double level =
        levels_in(j->clip->levels, placed->start, placed->end, after, before);

    if (j->clip->silent && on(j, ASR_NO_AUDIO)) {
        *why = "the clip has no sound";
        return ASR_NO_AUDIO;
    }
    if (on(j, ASR_OUTSIDE) && outside(j, s, why))
        return ASR_OUTSIDE;
    if (on(j, ASR_INTERVAL) && !(placed->end > placed->start)) {
        *why = "it takes no time";
        return ASR_INTERVAL;
    }
    if (on(j, ASR_NO_SPEECH) && unheard(j, s, why))
        return ASR_NO_SPEECH;
    if (on(j, ASR_SILENCE) && j->clip->levels &&
        is_silent(j->clip->levels, level)) {
        *why = arena_printf(j->a, "there is nothing to hear (%.0f dB)", level);
        return ASR_SILENCE;
    }
    if (on(j, ASR_CREDIT) &&
        phrases_credit(j->phrases, asr_fold(j->a, s->text))) {
        *why = "it names the makers of subtitles, which nobody says";
        return ASR_CREDIT;
    }
    if (on(j, ASR_STOCK) && stock(j, s, level, why))
        return ASR_STOCK;
    if (on(j, ASR_RATE) && too_fast(j, i, why))
        return ASR_RATE;
    return ASR_RULES;
}
