/* Parts of reading transcripts that its files share. */
#ifndef COMMON_CURATE_ASR_INT_H
#define COMMON_CURATE_ASR_INT_H

#include "asid/curate/asr.h"

/* Times beyond this (over a hundred days) are none. */
#define ASR_MAX_SECONDS 1e7

/* --- drafts that grow ------------------------------------------------------ */

struct drafting {
    struct arena *a;
    struct asr_draft *draft;
    size_t room;
};

/* A segment with nothing known. */
struct asr_segment *draft_add(struct drafting *d);
/* Count a cue or segment that cannot be read; the first one's reason is kept. */
void draft_skip(struct drafting *d, const char *fmt, ...) ASID_PRINTF(2, 3);
/* Blanks and control characters at both ends gone, each run of them inside one
 * blank (none between characters of scripts without blanks). */
struct str draft_text(struct arena *a, struct str text);
/* "[SPEAKER_01]: So ..." as WhisperX writes it: takes the speaker off. */
void draft_speaker(struct asr_segment *s);

enum asid_rc subtitles_parse(struct drafting *d, struct str text,
                             struct asid_err *err) ASID_WARN_UNUSED;
enum asid_rc asr_json_parse(struct drafting *d, struct str text,
                            double duration,
                            struct asid_err *err) ASID_WARN_UNUSED;

/* --- subtitles ------------------------------------------------------------- */

/* A place in a cue's text from which (or over which) a time is known. */
struct cue_stamp {
    size_t at; /* byte of the plain text */
    double start;
    double end; /* NAN: until the next stamp */
};
struct cue_voice {
    size_t at; /* from this byte on */
    struct str name;
};

struct cue {
    double start, end;
    struct str text; /* plain; lines trimmed, one '\n' between them */
    struct cue_stamp *stamps;
    size_t n_stamps;
    struct cue_voice *voices;
    size_t n_voices;
    size_t marked; /* byte at which the only <u> begins, SIZE_MAX: none */
    bool gone;     /* its text is in the cue before */
};

/* "00:01:02,500", "1:02.5", "-00:00:01.000"; *at goes behind it. */
bool cue_time(struct str text, size_t *at, double *seconds);
/* The plain text of a cue's lines: tags, entities, positions. */
void cue_plain(struct arena *a, struct str raw, struct cue *cue);
/* Captions that roll, grow or light up word by word say everything several
 * times: say it once, with the times that can be learned from it. */
void cues_unroll(struct arena *a, struct cue *cues, size_t n);

/* --- comparing ------------------------------------------------------------- */

/* Words in lower case without punctuation, a blank between them. */
struct str asr_fold(struct arena *a, struct str text);
/* Whether there is nothing in a folded text but what recognisers invent. */
bool phrases_credit(const struct asr_phrases *p, struct str folded);
bool phrases_stock(const struct asr_phrases *p, struct str folded);

/* The level that an interval reaches for as long as the shortest word takes to
 * say; a click is no word. The interval is widened by what segment borders are off,
 * but not into what others say: from not before `after`, to not behind
 * `before`. NAN where nothing is known. */
double levels_in(const struct asr_levels *levels, double start, double end,
                 double after, double before);

/* Words of the transcript that only repeat what stands before them: sets
 * gone[i], and says in repeats[i] how often it was said. eager[segment]: there
 * is other evidence of a loop. Words with gone set already do not count. */
void asr_loops(struct arena *a, const struct transcript *t, const bool *eager,
               bool *gone, uint32_t *repeats);

#endif
