/*
 * SubRip and WebVTT files.
 *
 * One reader for both, because files are often one under the name of the other.
 * What counts is the line with "-->": the text of a cue is what follows, up to
 * the next such line. In WebVTT a blank line ends a cue; in SubRip, which many
 * programs write with blank lines inside cues and none between them, it does
 * not.
 */
#include <math.h>
#include <string.h>

#include "asr_int.h"
#include "transcript_int.h"

/* --- lines ----------------------------------------------------------------- */

/* The next line without its end ("\n", "\r\n", "\r"); false at the end. */
static bool next_line(struct str text, size_t *at, struct str *line)
{
    size_t i = *at;

    if (i >= text.n)
        return false;
    while (i < text.n && text.p[i] != '\n' && text.p[i] != '\r')
        i++;
    *line = (struct str){text.p + *at, i - *at};
    if (i + 1 < text.n && text.p[i] == '\r' && text.p[i + 1] == '\n')
        i++;
    *at = i + 1;
    return true;
}

enum timing { TIMING_NONE, TIMING_BAD, TIMING_GOOD };

static void skip_blanks(struct str line, size_t *at)
{
    while (*at < line.n && (line.p[*at] == ' ' || line.p[*at] == '\t'))
        ++*at;
}

/* "00:00:01,000 --> 00:00:02,000 and settings". An arrow in what somebody says
 * is no timing line: that begins with a time. */
static enum timing timing_of(struct str line, double *start, double *end)
{
    const char *arrow = str_find(line, str_of("-->"));
    size_t at = 0;

    if (!arrow)
        return TIMING_NONE;
    skip_blanks(line, &at);
    if (!(line.p[at] >= '0' && line.p[at] <= '9') &&
        !(line.p[at] == '-' && at + 1 < line.n && line.p[at + 1] >= '0' &&
          line.p[at + 1] <= '9'))
        return TIMING_NONE;
    if (!cue_time(line, &at, start))
        return TIMING_BAD;
    skip_blanks(line, &at);
    if (line.p + at != arrow)
        return TIMING_BAD;
    at += 3;
    skip_blanks(line, &at);
    if (!cue_time(line, &at, end))
        return TIMING_BAD;
    if (at < line.n && line.p[at] != ' ' && line.p[at] != '\t')
        return TIMING_BAD;
    return TIMING_GOOD;
}

/* A cue's number: digits and nothing else. */
static bool is_counter(struct str line, uint64_t *value)
{
    line = str_trim(line);
    *value = 0;
    if (line.n == 0 || line.n > 9)
        return false;
    for (size_t i = 0; i < line.n; i++) {
        if (line.p[i] < '0' || line.p[i] > '9')
            return false;
        *value = *value * 10 + (uint64_t)(line.p[i] - '0');
    }
    return true;
}

/* --- cues ------------------------------------------------------------------ */

/* A cue while its lines are read. */
struct raw {
    double start, end;
    size_t from, to; /* bytes of the file that are its text */
    size_t before;   /* where `to` was before the last line */
};

struct reading {
    struct drafting *d;
    struct str text;
    bool vtt;
    struct raw *raw;
    size_t n, room;
    size_t number; /* of the line */
    bool open;     /* lines belong to the last cue */
    bool skipping; /* a block that is no cue */
    bool after_blank;
    struct str last; /* line */
    bool last_blank; /* a blank line (or nothing) stood before it */
    uint64_t counter;
};

static struct raw *add_raw(struct reading *r)
{
    if (r->n == r->room) {
        size_t room = r->room ? 2 * r->room : 64;
        struct raw *p = arena_array(r->d->a, room, sizeof *p);

        if (r->n > 0)
            memcpy(p, r->raw, r->n * sizeof *p);
        r->raw = p;
        r->room = room;
    }
    return &r->raw[r->n++];
}

/* The line before a timing line is the cue's number and not the end of the
 * cue before: where a blank line stood before it, and where it counts on. */
static void take_counter(struct reading *r)
{
    uint64_t value;
    bool counts;

    if (!is_counter(r->last, &value))
        return;
    counts = value == r->counter + 1 || value == 1;
    if (!counts && !r->last_blank)
        return;
    r->counter = value;
    if (r->open && r->n > 0)
        r->raw[r->n - 1].to = r->raw[r->n - 1].before;
}

static void begin_cue(struct reading *r, enum timing timing, double start,
                      double end, struct str line, size_t next)
{
    take_counter(r);
    r->skipping = false;
    r->open = timing == TIMING_GOOD;
    if (r->open)
        *add_raw(r) = (struct raw){start, end, next, next, next};
    else
        draft_skip(r->d, "line %zu: \"%.*s\" is no pair of times", r->number,
                   (int)(line.n < 60 ? line.n : 60), line.p);
}

/* WebVTT's blocks that are no cues begin after a blank line. */
static bool is_block(const struct reading *r, struct str line)
{
    static const char *const names[] = {"NOTE", "STYLE", "REGION"};

    if (!r->vtt || !r->after_blank)
        return false;
    for (size_t i = 0; i < 3; i++) {
        size_t n = strlen(names[i]);

        if (str_starts(line, names[i]) &&
            (line.n == n || line.p[n] == ' ' || line.p[n] == '\t'))
            return true;
    }
    return false;
}

static void take_line(struct reading *r, struct str line, size_t next)
{
    double start = 0, end = 0;
    enum timing timing = timing_of(line, &start, &end);
    /* In WebVTT a line of blanks is part of a cue; YouTube's begin with one. */
    bool blank = r->vtt ? line.n == 0 : str_trim(line).n == 0;

    if (timing != TIMING_NONE &&
        !(r->skipping && !blank && r->vtt && timing == TIMING_BAD)) {
        begin_cue(r, timing, start, end, line, next);
    } else if (blank) {
        r->skipping = false;
        if (r->vtt)
            r->open = false;
    } else if (is_block(r, line)) {
        r->skipping = true;
        r->open = false;
    } else if (r->open) {
        struct raw *cue = &r->raw[r->n - 1];

        cue->before = cue->to;
        cue->to = (size_t)(line.p - r->text.p) + line.n;
    }
    r->last_blank = r->after_blank;
    r->last = line;
    r->after_blank = blank;
}

/* "WEBVTT", then lines "Name: value" to the first blank one. */
static void read_header(struct reading *r, size_t *at)
{
    struct str line;
    double start, end;
    size_t before = *at;

    if (!str_starts(r->text, "WEBVTT") ||
        (r->text.n > 6 && !strchr(" \t\r\n", r->text.p[6])))
        return;
    r->vtt = true;
    while (next_line(r->text, at, &line)) {
        if (timing_of(line, &start, &end) != TIMING_NONE) {
            *at = before; /* no blank line after the header */
            return;
        }
        r->number++;
        before = *at;
        if (str_trim(line).n == 0)
            return;
        if (str_starts(line, "Language:"))
            r->d->draft->language =
                asr_language(r->d->a, (struct str){line.p + 9, line.n - 9});
    }
}

/* --- cues to segments ------------------------------------------------------ */

/* n words share the time from start to end; one has it all, as told. */
static void share_words(struct asr_word *w, size_t n, double start, double end)
{
    double total = 0, sofar = 0;

    for (size_t i = 0; i < n; i++)
        total += (double)transcript_weight(w[i].text);
    for (size_t i = 0; i < n; i++) {
        w[i].start = start + (end - start) * (sofar / total);
        sofar += (double)transcript_weight(w[i].text);
        w[i].end = start + (end - start) * (sofar / total);
        w[i].method = n == 1 ? WORD_ALIGNED : WORD_PROPORTIONAL;
    }
}

static size_t count_words(struct str text)
{
    size_t n = 0, at = 0;
    struct str word;

    while (transcript_cut(text, &at, &word))
        n++;
    return n;
}

/* The time at which what stands before byte `at` ends: that of the next stamp,
 * else of the cue. */
static double until(const struct cue *c, size_t stamp)
{
    return stamp < c->n_stamps ? c->stamps[stamp].start : c->end;
}

/* Words of the part of the cue's text that begins at byte `from`, in groups
 * between stamps. Words before the first stamp begin with the cue. */
static void stamp_words(struct drafting *d, const struct cue *c, size_t from,
                        struct str part, struct asr_segment *s)
{
    size_t n = count_words(part), at = 0, i = 0, stamp = 0, group = 0;
    struct asr_word *w;
    struct str word;
    double start = c->start, end = NAN;

    if (c->n_stamps == 0 || n == 0)
        return;
    w = arena_array(d->a, n, sizeof *w);
    s->words = w;
    s->n_words = n;
    for (; transcript_cut(part, &at, &word) && i < n; i++) {
        size_t where = from + (size_t)(word.p + word.n - part.p);
        size_t was = stamp;

        /* A stamp belongs to the word that begins at or after it. */
        while (stamp < c->n_stamps && c->stamps[stamp].at < where)
            stamp++;
        w[i] = (struct asr_word){word, NAN, NAN, NAN, WORD_NONE};
        if (stamp > was) {
            if (isnan(end))
                end = c->stamps[was].start;
            share_words(w + group, i - group, start, end);
            group = i;
            start = c->stamps[was].start;
            end = c->stamps[stamp - 1].end;
        }
    }
    share_words(w + group, n - group, start,
                isnan(end) ? until(c, stamp) : end);
}

static void add_segment(struct drafting *d, const struct cue *c, size_t from,
                        size_t to, struct str speaker)
{
    struct str part = {c->text.p + from, to - from};
    struct str text = draft_text(d->a, part);
    struct asr_segment *s;

    if (text.n == 0)
        return;
    s = draft_add(d);
    s->text = text;
    s->speaker = speaker;
    s->start = c->start;
    s->end = c->end;
    draft_speaker(s);
    stamp_words(d, c, from, part, s);
}

/* One segment for each voice of a cue. */
static void add_cue(struct drafting *d, const struct cue *c)
{
    size_t from = 0;
    struct str speaker = STR("");

    for (size_t i = 0; i < c->n_voices; i++) {
        if (c->voices[i].at > from)
            add_segment(d, c, from, c->voices[i].at, speaker);
        from = c->voices[i].at;
        speaker = c->voices[i].name;
    }
    add_segment(d, c, from, c->text.n, speaker);
}

enum asid_rc subtitles_parse(struct drafting *d, struct str text,
                             struct asid_err *err)
{
    struct reading r = {.d = d, .text = text, .after_blank = true};
    struct cue *cues;
    struct str line;
    size_t at = 0;

    r.last = STR("");
    read_header(&r, &at);
    if (r.vtt)
        d->draft->kind = "vtt";
    while (next_line(text, &at, &line)) {
        r.number++;
        take_line(&r, line, at);
    }
    if (r.n == 0 && d->draft->skipped > 0)
        return REJECT(err, "asr.sidecar", "%s", d->draft->skipped_why);
    if (r.n == 0 && !r.vtt)
        return REJECT(err, "asr.sidecar", "has no line with \"-->\"");
    cues = arena_array(d->a, r.n, sizeof *cues);
    for (size_t i = 0; i < r.n; i++) {
        struct str raw = {text.p + r.raw[i].from, r.raw[i].to - r.raw[i].from};

        cues[i].start = r.raw[i].start;
        cues[i].end = r.raw[i].end;
        cue_plain(d->a, raw, &cues[i]);
    }
    cues_unroll(d->a, cues, r.n);
    for (size_t i = 0; i < r.n; i++)
        if (!cues[i].gone)
            add_cue(d, &cues[i]);
    return ASID_OK;
}
