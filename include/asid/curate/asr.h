/*
 * Transcripts of other programs: subtitle files and the JSON of speech
 * recognisers, read and freed from what nobody said.
 *
 *     asr_parse      a file's text to segments as they stand there
 *     asr_clean      segments to a transcript: every word gets an interval,
 *                    hallucinations are taken out and listed
 *
 * Recognisers are trained on subtitles, and where there is nothing to hear they
 * write what subtitles say there: thanks for watching, the name of a subtitler,
 * the last sentence over and over (Koenecke et al., "Careless Whisper",
 * arXiv 2402.08021). Each rule against that has a reason and an evidence, and
 * what it takes out comes back as a struct asr_drop: nothing is lost in
 * silence. See docs/curation/asr.md.
 */
#ifndef ASID_CURATE_ASR_H
#define ASID_CURATE_ASR_H

#include "asid/curate/transcript.h"

enum asr_format {
    ASR_SRT,  /* SubRip */
    ASR_VTT,  /* WebVTT, also as YouTube rolls it */
    ASR_JSON, /* Whisper, WhisperX, whisper.cpp, OpenAI's verbose_json */
};
enum { ASR_FORMATS = 3 };
/* "srt", "vtt", "json": also the suffix of the files. */
extern const char *const asr_format_names[ASR_FORMATS];

/* Bytes of the longest file read: hours of Whisper's JSON. */
enum { ASR_MAX_FILE = 16 << 20 };

struct asr_word {
    struct str text;
    double start, end, score; /* NAN: not known */
    enum word_method method;  /* of the times, when there are any */
};

/* One segment as it stands in the file: times may be anything but infinite. */
struct asr_segment {
    struct str text, speaker;
    double start, end;
    /* Whisper's own doubts, NAN where not given. */
    double no_speech_prob, avg_logprob, compression_ratio;
    const struct asr_word *words; /* none: they are cut from the text */
    size_t n_words;
};

struct asr_draft {
    const char *kind;    /* "srt", "vtt", "whisper", "whisperx", "whisper.cpp",
                            "openai" */
    struct str language; /* as normalised by asr_language; n 0: not told */
    struct asr_segment *segments; /* in the order of the file */
    size_t n;
    size_t skipped;          /* cues and segments that could not be read */
    const char *skipped_why; /* of the first of them, with its place */
    bool foreign; /* on REJECT: JSON of something that is no transcript */
};

/* Read a file's text. duration (seconds, NAN: not known) is used for replies
 * that have one text and no times. Everything lives in the arena or points into
 * text. REJECT with code "asr.sidecar" and the reason: no UTF-8, U+0000, no
 * subtitles, no transcript, JSON that is none. An empty file is a transcript in
 * which nobody says anything. */
enum asid_rc asr_parse(struct arena *a, enum asr_format format, struct str text,
                       double duration, struct asr_draft *draft,
                       struct asid_err *err) ASID_WARN_UNUSED;

/* The code of a language as recognisers and file names give it: "english",
 * "en", "en-US", "EN" to "en", "en", "en-US", "en"; n 0 for what is none.
 * Terminated; lives in the arena or is a constant. */
struct str asr_language(struct arena *a, struct str name);
/* The same for a part of a file name, where two or three letters often mean
 * something else (clip.sdh.srt, clip.mov.srt): only well-known languages. */
struct str asr_language_label(struct arena *a, struct str label);

/* --- hallucinations -------------------------------------------------------- */

enum asr_rule {
    ASR_NO_AUDIO,  /* the clip has no sound */
    ASR_INTERVAL,  /* the segment takes no time */
    ASR_OUTSIDE,   /* it lies before or after the clip */
    ASR_NO_SPEECH, /* the recogniser itself took it for silence */
    ASR_SILENCE,   /* there is nothing to hear */
    ASR_CREDIT,    /* it names the makers of subtitles */
    ASR_STOCK,     /* a stock phrase where (nearly) nothing is to be heard */
    ASR_RATE,      /* nobody speaks so fast */
    ASR_LOOP,      /* the same words over and over */
    ASR_RULES,     /* how many there are; also: none of them */
};
/* "no-audio", "interval", ... */
extern const char *const asr_rule_names[ASR_RULES];

/* How loud a clip is, window by window. */
struct asr_levels {
    const float *db; /* dB relative to full scale, at least -120 */
    size_t n;
    double window;  /* seconds */
    double loudest; /* of all windows */
    double offset;  /* seconds from the start of the video to the first sample;
                       transcripts may count from either */
    bool cut;       /* the clip has more sound than was looked at */
};
/* Root mean square of each 50 ms of mono samples in [-1, 1]. */
void asr_levels_make(struct arena *a, const float *samples, size_t n,
                     uint32_t rate, double offset, struct asr_levels *levels);

struct asr_clip {
    double duration;                 /* seconds; NAN: not known */
    bool silent;                     /* known to have no sound */
    const struct asr_levels *levels; /* NULL: not known */
};

struct asr_phrases; /* schemas/asr-phrases.json, ready for comparing */
/* FAILED when the file is malformed (a build fault, caught by its test). */
enum asid_rc asr_phrases_load(struct arena *a, const struct asr_phrases **out,
                              struct asid_err *err) ASID_WARN_UNUSED;
/* Changes whenever the same file could give another transcript. */
const char *asr_version(const struct asr_phrases *phrases);

/* Something that was taken out. Neighbours with the same text and rule are one
 * entry. */
struct asr_drop {
    enum asr_rule rule;
    struct str text;   /* of the segment */
    struct str now;    /* what is left of it; n 0: nothing */
    double start, end; /* of the segments as the file has them */
    size_t count;      /* segments */
    const char *why;   /* the evidence, with figures */
};

struct asr_result {
    const struct transcript *transcript;
    const struct asr_drop *drops;
    size_t n_drops;
};

/* The transcript of a draft. rules: a bit (1 << rule) for each to apply. Times
 * are cut to the clip. Lives in the arena, texts point into the draft. */
void asr_clean(struct arena *a, const struct asr_phrases *phrases,
               const struct asr_draft *draft, const struct asr_clip *clip,
               unsigned rules, struct asr_result *out);

#endif
