/* Files of other programs to drafts of transcripts. */
#include "asid/curate/asr.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "asid/base/utf8.h"
#include "asr_int.h"

const char *const asr_format_names[ASR_FORMATS] = {"srt", "vtt", "json"};

struct asr_segment *draft_add(struct drafting *d)
{
    struct asr_draft *draft = d->draft;
    struct asr_segment *s;

    if (draft->n == d->room) {
        size_t room = d->room ? d->room * 2 : 32;

        s = arena_array(d->a, room, sizeof *s);
        if (draft->n > 0)
            memcpy(s, draft->segments, draft->n * sizeof *s);
        draft->segments = s;
        d->room = room;
    }
    s = &draft->segments[draft->n++];
    *s = (struct asr_segment){.text = STR(""),
                              .speaker = STR(""),
                              .start = NAN,
                              .end = NAN,
                              .no_speech_prob = NAN,
                              .avg_logprob = NAN,
                              .compression_ratio = NAN};
    return s;
}

void draft_skip(struct drafting *d, const char *fmt, ...)
{
    char text[300];
    va_list list;

    if (d->draft->skipped++ > 0)
        return;
    va_start(list, fmt);
    (void)vsnprintf(text, sizeof text, fmt, list);
    va_end(list);
    d->draft->skipped_why = arena_strdup(d->a, text);
}

/* What no format may hold, said so that it can be helped. */
static enum asid_rc check_bytes(struct str text, struct asid_err *err)
{
    const char *nul;
    size_t good;

    if (utf16_is_marked(text))
        return REJECT(err, "asr.sidecar", "is UTF-16, not UTF-8");
    good = utf8_span(text.p, text.n);
    if (good < text.n)
        return REJECT(err, "asr.sidecar", "byte %zu is not UTF-8", good);
    nul = memchr(text.p, '\0', text.n);
    if (nul)
        return REJECT(err, "asr.sidecar", "byte %zu is U+0000",
                      (size_t)(nul - text.p));
    return ASID_OK;
}

enum asid_rc asr_parse(struct arena *a, enum asr_format format, struct str text,
                       double duration, struct asr_draft *draft,
                       struct asid_err *err)
{
    struct drafting d = {a, draft, 0};

    *draft = (struct asr_draft){.kind = asr_format_names[format],
                                .language = STR("")};
    if (text.n > ASR_MAX_FILE)
        return REJECT(err, "asr.sidecar", "has more than %d bytes",
                      (int)ASR_MAX_FILE);
    if (text.n > 0)
        TRY(check_bytes(text, err));
    text = utf8_unmarked(text);
    if (str_trim(text).n == 0)
        return ASID_OK;
    return format == ASR_JSON ? asr_json_parse(&d, text, duration, err)
                              : subtitles_parse(&d, text, err);
}
