/*
 * Words of a transcript as they are written.
 *
 * Only what tells words apart is known here; captions are taken apart by
 * text_analyse(), which knows much more and keeps less of the spelling.
 */
#include "asid/base/utf8.h"
#include "transcript_int.h"

struct range {
    uint32_t first, last;
};

/* In a sorted table, by halves. */
static bool in_ranges(const struct range *table, size_t n, uint32_t cp)
{
    size_t low = 0;

    while (n > 0) {
        size_t half = n / 2;

        if (cp > table[low + half].last) {
            low += half + 1;
            n -= half + 1;
        } else if (cp < table[low + half].first) {
            n = half;
        } else {
            return true;
        }
    }
    return false;
}
#define IN(table, cp) in_ranges(table, sizeof(table) / sizeof *(table), cp)

/* What a character is to the cutting of words. */
enum kind { WORD, BLANK, MARK };

/* Of ASCII, which most transcripts are; the tables below say the same. */
static const unsigned char ascii_kinds[128] = {
    [0x00 ... 0x20] = BLANK, ['!' ... '/'] = MARK, [':' ... '@'] = MARK,
    ['[' ... '`'] = MARK,    ['{' ... '~'] = MARK, [0x7f] = BLANK,
};

bool transcript_blank(uint32_t cp)
{
    static const struct range blanks[] = {
        {0x00, 0x20},     {0x7f, 0xa0},     {0x1680, 0x1680},
        {0x2000, 0x200b}, {0x2028, 0x2029}, {0x202f, 0x202f},
        {0x205f, 0x2060}, {0x3000, 0x3000}, {0xfeff, 0xfeff}};

    return IN(blanks, cp);
}

bool transcript_nothing(uint32_t cp)
{
    return cp == 0x200b || cp == 0x2060 || cp == 0xfeff;
}

/* Punctuation and symbols beyond ASCII (Unicode 15, categories P and S of the
 * scripts that subtitles are written in). */
static bool is_mark(uint32_t cp)
{
    static const struct range marks[] = {
        {0x21, 0x2f},       {0x3a, 0x40},     {0x5b, 0x60},
        {0x7b, 0x7e},       {0xa1, 0xa9},     {0xab, 0xb1},
        {0xb4, 0xb4},       {0xb6, 0xb8},     {0xbb, 0xbb},
        {0xbf, 0xbf},       {0xd7, 0xd7},     {0xf7, 0xf7},
        {0x2c2, 0x2c5},     {0x55a, 0x55f},   {0x589, 0x58a},
        {0x5be, 0x5be},     {0x5c0, 0x5c0},   {0x5c3, 0x5c3},
        {0x5f3, 0x5f4},     {0x60c, 0x60d},   {0x61b, 0x61f},
        {0x66a, 0x66d},     {0x6d4, 0x6d4},   {0x964, 0x965},
        {0xe2f, 0xe2f},     {0xe5a, 0xe5b},   {0x104a, 0x104f},
        {0x1361, 0x1368},   {0x17d4, 0x17da}, {0x200c, 0x206f},
        {0x20a0, 0x20cf},   {0x2100, 0x214f}, {0x2190, 0x245f},
        {0x2500, 0x2bff},   {0x2e00, 0x2e7f}, {0x3001, 0x3004},
        {0x3008, 0x3020},   {0x3030, 0x3030}, {0x303d, 0x303d},
        {0x30a0, 0x30a0},   {0x30fb, 0x30fb}, {0xfe00, 0xfe6f},
        {0xff01, 0xff0f},   {0xff1a, 0xff20}, {0xff3b, 0xff40},
        {0xff5b, 0xff65},   {0xffe0, 0xffff}, {0x1f000, 0x1faff},
        {0xe0000, 0xe01ef},
    };

    return IN(marks, cp);
}

/* Written without blanks between words. Hangul has blanks; the South-East Asian
 * scripts need a dictionary and stay whole. */
bool transcript_unspaced(uint32_t cp)
{
    static const struct range scripts[] = {
        {0x2e80, 0x2fdf}, {0x3005, 0x3007},   {0x3021, 0x302f},
        {0x3031, 0x303c}, {0x3041, 0x309f},   {0x30a1, 0x30fa},
        {0x30fc, 0x312f}, {0x31a0, 0x31bf},   {0x31f0, 0x31ff},
        {0x3400, 0x4dbf}, {0x4e00, 0x9fff},   {0xf900, 0xfaff},
        {0xff66, 0xff9f}, {0x1b000, 0x1b16f}, {0x20000, 0x3ffff},
    };

    return IN(scripts, cp);
}

/* What belongs to the word after it. */
static bool opens(uint32_t cp)
{
    static const uint32_t marks[] = {
        0xab,   0xbf,   0xa1,   0x2018, 0x201c, 0x3008, 0x300a, 0x300c, 0x300e,
        0x3010, 0x3014, 0x3016, 0x3018, 0xff08, 0xff3b, 0xff5b, 0xff5f, 0xff62};

    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (marks[i] == cp)
            return true;
    return false;
}

/* The code point at `at` and its length; a stray byte counts as a mark. */
static unsigned look(struct str text, size_t at, uint32_t *cp)
{
    unsigned n = utf8_decode(text.p + at, text.n - at, cp);

    if (n == 0) {
        *cp = 0xfffd;
        return 1;
    }
    return n;
}

/* The kind of the character at `at`, and its length. */
static inline enum kind kind_at(struct str text, size_t at, unsigned *n)
{
    unsigned char c = (unsigned char)text.p[at];
    uint32_t cp;

    *n = 1;
    if (c < 0x80)
        return (enum kind)ascii_kinds[c];
    *n = look(text, at, &cp);
    return transcript_blank(cp) ? BLANK : is_mark(cp) ? MARK : WORD;
}

/* Past the characters of a kind. */
static size_t skip(struct str text, size_t at, enum kind kind)
{
    unsigned n;

    while (at < text.n && kind_at(text, at, &n) == kind)
        at += n;
    return at;
}

/* Past the punctuation after an unspaced character, up to what opens. */
static size_t skip_closing(struct str text, size_t at)
{
    uint32_t cp;

    while (at < text.n) {
        unsigned n = look(text, at, &cp);

        if (!is_mark(cp) || opens(cp))
            break;
        at += n;
    }
    return at;
}

/* Past a run of a spaced script: to a blank, an unspaced character or a bracket
 * of its scripts. */
static size_t skip_run(struct str text, size_t at)
{
    uint32_t cp;

    while (at < text.n) {
        unsigned n;

        if (kind_at(text, at, &n) == BLANK)
            break;
        if (n > 1) {
            (void)look(text, at, &cp);
            if (transcript_unspaced(cp) || (opens(cp) && cp >= 0x3000))
                break;
        }
        at += n;
    }
    return at;
}

/* Past one unspaced character with its voicing mark, if that stands apart. */
static size_t skip_one(struct str text, size_t at)
{
    uint32_t cp;
    unsigned n;

    at += look(text, at, &cp);
    if (at >= text.n)
        return at;
    n = look(text, at, &cp);
    return cp == 0x3099 || cp == 0x309a ? at + n : at;
}

bool transcript_cut(struct str text, size_t *at, struct str *word)
{
    uint32_t cp;
    size_t from, i = *at;

    do {
        unsigned n;

        from = i = skip(text, i, BLANK);
        i = skip(text, i, MARK);
        if (i < text.n && kind_at(text, i, &n) == WORD)
            break;
    } while (i < text.n);
    *at = i;
    if (i >= text.n)
        return false;
    (void)look(text, i, &cp);
    if (transcript_unspaced(cp))
        i = skip_closing(text, skip_one(text, i));
    else
        i = skip_run(text, i);
    *at = i;
    *word = (struct str){text.p + from, i - from};
    return true;
}

struct str transcript_core(struct str word)
{
    size_t from = 0, end = 0;

    for (size_t i = 0; i < word.n;) {
        unsigned n;

        if (kind_at(word, i, &n) == WORD) {
            if (end == 0)
                from = i;
            end = i + n;
        }
        i += n;
    }
    return (struct str){word.p + from, end - from};
}

size_t transcript_weight(struct str word)
{
    size_t count = 0;
    uint32_t cp;

    for (size_t i = 0; i < word.n; i += look(word, i, &cp))
        count++;
    return count ? count : 1;
}
