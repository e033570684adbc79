/* Texts of transcripts: tidied, and made comparable. */
#include "asid/base/utf8.h"
#include "asr_int.h"
#include "transcript_int.h"

/* --- tidying --------------------------------------------------------------- */

struct str draft_text(struct arena *a, struct str text)
{
    char *out = arena_bytes(a, text.n + 1);
    size_t n = 0;
    uint32_t cp = 0, last = 0;
    bool blank = false;

    for (size_t i = 0; i < text.n;) {
        unsigned used = utf8_decode(text.p + i, text.n - i, &cp);

        if (used == 0) {
            i++; /* the caller has checked; nothing to see */
            continue;
        }
        if (transcript_blank(cp)) {
            blank = blank || !transcript_nothing(cp);
        } else {
            if (blank && n > 0 &&
                !(transcript_unspaced(cp) && transcript_unspaced(last)))
                out[n++] = ' ';
            blank = false;
            memcpy(out + n, text.p + i, used);
            n += used;
            last = cp;
        }
        i += used;
    }
    out[n] = '\0';
    return (struct str){out, n};
}

void draft_speaker(struct asr_segment *s)
{
    enum { LONGEST = 64 };
    struct str t = s->text;
    size_t i = 1;

    if (s->speaker.n > 0 || t.n < 4 || t.p[0] != '[')
        return;
    while (i < t.n && i <= LONGEST && t.p[i] != ']' && t.p[i] != '[')
        i++;
    if (i < 2 || i + 1 >= t.n || t.p[i] != ']' || t.p[i + 1] != ':')
        return;
    s->speaker = str_trim((struct str){t.p + 1, i - 1});
    s->text = str_trim((struct str){t.p + i + 2, t.n - i - 2});
}

/* --- comparing ------------------------------------------------------------- */

struct fold_range {
    uint32_t first, last;
    int32_t add;
    uint32_t step; /* 1: all; 2: every second one, from first on */
};

/* Lower case of the letters that the languages of subtitles use (simple case
 * folding of Unicode 15, without the rare ones). */
static uint32_t lower(uint32_t cp)
{
    static const struct fold_range ranges[] = {
        {'A', 'Z', 32, 1},          {0xc0, 0xd6, 32, 1},
        {0xd8, 0xde, 32, 1},        {0x100, 0x12e, 1, 2},
        {0x130, 0x130, -199, 1},    {0x132, 0x136, 1, 2},
        {0x139, 0x147, 1, 2},       {0x14a, 0x176, 1, 2},
        {0x178, 0x178, -121, 1},    {0x179, 0x17d, 1, 2},
        {0x1a0, 0x1a0, 1, 1},       {0x1af, 0x1af, 1, 1},
        {0x218, 0x21a, 1, 2},       {0x386, 0x386, 38, 1},
        {0x388, 0x38a, 37, 1},      {0x38c, 0x38c, 64, 1},
        {0x38e, 0x38f, 63, 1},      {0x391, 0x3a1, 32, 1},
        {0x3a3, 0x3ab, 32, 1},      {0x3c2, 0x3c2, 1, 1},
        {0x400, 0x40f, 80, 1},      {0x410, 0x42f, 32, 1},
        {0x460, 0x480, 1, 2},       {0x48a, 0x4be, 1, 2},
        {0x4d0, 0x52e, 1, 2},       {0x531, 0x556, 48, 1},
        {0x1e00, 0x1e94, 1, 2},     {0x1ea0, 0x1efe, 1, 2},
        {0x2018, 0x2018, -8177, 1}, {0x2019, 0x2019, -8178, 1},
        {0xff21, 0xff3a, 32, 1},
    };

    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        const struct fold_range *r = &ranges[i];

        if (cp < r->first)
            break;
        if (cp <= r->last && (cp - r->first) % r->step == 0)
            return (uint32_t)((int32_t)cp + r->add);
    }
    return cp;
}

struct str asr_fold(struct arena *a, struct str text)
{
    /* A word that is cut off gets a blank, lower case is at most as long. */
    char *out = arena_bytes(a, 2 * text.n + 1);
    size_t n = 0, at = 0;
    struct str word;

    while (transcript_cut(text, &at, &word)) {
        struct str core = transcript_core(word);

        if (n > 0)
            out[n++] = ' ';
        for (size_t i = 0; i < core.n;) {
            uint32_t cp;
            unsigned used = utf8_decode(core.p + i, core.n - i, &cp);

            if (used == 0)
                break;
            n += utf8_encode(lower(cp), out + n);
            i += used;
        }
    }
    out[n] = '\0';
    return (struct str){out, n};
}
