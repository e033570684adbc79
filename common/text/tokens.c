/*
 * One pass over the bytes of a text: words, marks, line breaks.
 *
 * ASCII, which captions mostly are, goes through a table of classes; a word is
 * hashed while it is read. Everything else is decoded and asked of utf8proc.
 */
#include <utf8proc.h>

#include "asid/base/hash.h"
#include "asid/base/utf8.h"
#include "text_int.h"

enum class {
    C_OTHER,
    C_BLANK,
    C_BREAK,
    C_LETTER,
    C_DIGIT,
    C_COMMA,
    C_SEMICOLON,
    C_COLON,
    C_STOP,
    C_DASH,
    C_HYPHEN,
    C_OPEN,
    C_CLOSE,
    C_QUOTE,
    C_CJK,
};

static const uint8_t classes[128] = {
    [' '] = C_BLANK,         ['\t'] = C_BLANK, ['\r'] = C_BLANK,
    ['\v'] = C_BLANK,        ['\f'] = C_BLANK, ['\n'] = C_BREAK,
    ['0' ... '9'] = C_DIGIT, [','] = C_COMMA,  ['A' ... 'Z'] = C_LETTER,
    [';'] = C_SEMICOLON,     [':'] = C_COLON,  ['a' ... 'z'] = C_LETTER,
    ['.'] = C_STOP,          ['!'] = C_STOP,   ['?'] = C_STOP,
    ['-'] = C_HYPHEN,        ['('] = C_OPEN,   ['['] = C_OPEN,
    ['{'] = C_OPEN,          ['<'] = C_OPEN,   [')'] = C_CLOSE,
    [']'] = C_CLOSE,         ['}'] = C_CLOSE,  ['>'] = C_CLOSE,
    ['"'] = C_QUOTE,         ['\''] = C_QUOTE,
};

/* ASCII letters in lower case and digits; 0 for anything else. */
static const unsigned char folded[256] = {
    ['0'] = '0', ['1'] = '1', ['2'] = '2', ['3'] = '3', ['4'] = '4',
    ['5'] = '5', ['6'] = '6', ['7'] = '7', ['8'] = '8', ['9'] = '9',
    ['A'] = 'a', ['B'] = 'b', ['C'] = 'c', ['D'] = 'd', ['E'] = 'e',
    ['F'] = 'f', ['G'] = 'g', ['H'] = 'h', ['I'] = 'i', ['J'] = 'j',
    ['K'] = 'k', ['L'] = 'l', ['M'] = 'm', ['N'] = 'n', ['O'] = 'o',
    ['P'] = 'p', ['Q'] = 'q', ['R'] = 'r', ['S'] = 's', ['T'] = 't',
    ['U'] = 'u', ['V'] = 'v', ['W'] = 'w', ['X'] = 'x', ['Y'] = 'y',
    ['Z'] = 'z', ['a'] = 'a', ['b'] = 'b', ['c'] = 'c', ['d'] = 'd',
    ['e'] = 'e', ['f'] = 'f', ['g'] = 'g', ['h'] = 'h', ['i'] = 'i',
    ['j'] = 'j', ['k'] = 'k', ['l'] = 'l', ['m'] = 'm', ['n'] = 'n',
    ['o'] = 'o', ['p'] = 'p', ['q'] = 'q', ['r'] = 'r', ['s'] = 's',
    ['t'] = 't', ['u'] = 'u', ['v'] = 'v', ['w'] = 'w', ['x'] = 'x',
    ['y'] = 'y', ['z'] = 'z',
};

/* Marks beyond ASCII, by code point, sorted. */
struct wide_mark {
    uint32_t from, to;
    enum class class;
};
static const struct wide_mark wide_marks[] = {
    {0x00a0, 0x00a0, C_BLANK},     {0x00ab, 0x00ab, C_QUOTE},
    {0x00ad, 0x00ad, C_LETTER},    {0x00bb, 0x00bb, C_QUOTE},
    {0x055d, 0x055d, C_COMMA},     {0x0589, 0x0589, C_STOP},
    {0x060c, 0x060c, C_COMMA},     {0x061b, 0x061b, C_SEMICOLON},
    {0x061f, 0x061f, C_STOP},      {0x06d4, 0x06d4, C_STOP},
    {0x0964, 0x0965, C_STOP},      {0x2000, 0x200b, C_BLANK},
    {0x200c, 0x200d, C_LETTER},    {0x2010, 0x2011, C_HYPHEN},
    {0x2012, 0x2015, C_DASH},      {0x2018, 0x201f, C_QUOTE},
    {0x2026, 0x2026, C_STOP},      {0x2028, 0x2029, C_BREAK},
    {0x202f, 0x202f, C_BLANK},     {0x2039, 0x203a, C_QUOTE},
    {0x203c, 0x203d, C_STOP},      {0x2047, 0x2049, C_STOP},
    {0x205f, 0x205f, C_BLANK},     {0x2212, 0x2212, C_DASH},
    {0x3000, 0x3000, C_BLANK},     {0x3001, 0x3001, C_COMMA},
    {0x3002, 0x3002, C_STOP},      {0x3005, 0x3007, C_CJK},
    {0x3008, 0x3008, C_OPEN},      {0x3009, 0x3009, C_CLOSE},
    {0x300a, 0x300a, C_OPEN},      {0x300b, 0x300b, C_CLOSE},
    {0x300c, 0x300f, C_QUOTE},     {0x3010, 0x3010, C_OPEN},
    {0x3011, 0x3011, C_CLOSE},     {0x3014, 0x3014, C_OPEN},
    {0x3015, 0x3015, C_CLOSE},     {0x301c, 0x301c, C_DASH},
    {0x301d, 0x301f, C_QUOTE},     {0x3041, 0x309f, C_CJK},
    {0x30a0, 0x30fa, C_CJK},       {0x30fb, 0x30fb, C_OTHER},
    {0x30fc, 0x30ff, C_CJK},       {0x31f0, 0x31ff, C_CJK},
    {0x3400, 0x4dbf, C_CJK},       {0x4e00, 0x9fff, C_CJK},
    {0xf900, 0xfaff, C_CJK},       {0xfeff, 0xfeff, C_BLANK},
    {0xff01, 0xff01, C_STOP},      {0xff02, 0xff02, C_QUOTE},
    {0xff07, 0xff07, C_QUOTE},     {0xff08, 0xff08, C_OPEN},
    {0xff09, 0xff09, C_CLOSE},     {0xff0c, 0xff0c, C_COMMA},
    {0xff0e, 0xff0e, C_STOP},      {0xff1a, 0xff1a, C_COLON},
    {0xff1b, 0xff1b, C_SEMICOLON}, {0xff1f, 0xff1f, C_STOP},
    {0xff3b, 0xff3b, C_OPEN},      {0xff3d, 0xff3d, C_CLOSE},
    {0xff5e, 0xff5e, C_DASH},      {0xff61, 0xff61, C_STOP},
    {0xff62, 0xff63, C_QUOTE},     {0xff64, 0xff64, C_COMMA},
    {0xff66, 0xff9d, C_CJK},       {0x20000, 0x3ffff, C_CJK},
};

static enum class by_category(uint32_t cp) {
    int category = (int)utf8proc_category((utf8proc_int32_t)cp);

    /* Letters, marks and numbers come first. */
    if (category >= UTF8PROC_CATEGORY_LU &&
        category <= UTF8PROC_CATEGORY_NO) return C_LETTER;
    return category == UTF8PROC_CATEGORY_ZS ? C_BLANK : C_OTHER;
}

static enum class wide_class(uint32_t cp) {
    size_t low = 0, high = sizeof wide_marks / sizeof *wide_marks;

    while (low < high){size_t mid = low + (high - low) / 2;

                       if (cp < wide_marks[mid].from) high = mid;
                       else if (cp > wide_marks[mid].to) low = mid + 1;
                       else return wide_marks[mid].class;}
return by_category(cp);
}

/* Where the pass stands. */
struct lexing {
    struct scan *s;
    const char *p;
    size_t n, at;
    bool glued;    /* no blank since the last token */
    bool hyphen;   /* a hyphen since the last token */
    bool wide;     /* the word being read has other than ASCII */
    uint64_t hash; /* of the word being read */
};

/* The class of what begins at a byte; *used bytes, *cp its code point. */
static enum class look(const struct lexing *x, size_t at, unsigned *used,
                       uint32_t *cp) {
    unsigned char c;

    *used = 0; *cp = 0; if (at >= x->n) return C_BLANK;
    c = (unsigned char)x->p[at];
    if (c < 0x80){ *used = 1; *cp = c; return (enum class)classes[c];}
*used = utf8_decode(x->p + at, x->n - at, cp);
BUG_IF(*used == 0);
return wide_class(*cp);
}

static bool is_word_class(enum class c)
{
    return c == C_LETTER || c == C_DIGIT;
}

static enum class class_at(const struct lexing *x, size_t at) {
    uint32_t cp; unsigned used;

    return look(x, at, &used, &cp);
}

static bool digit_at(const struct lexing *x, size_t at)
{
    return at < x->n && x->p[at] >= '0' && x->p[at] <= '9';
}

static bool letter_at(const struct lexing *x, size_t at)
{
    return at < x->n && (unsigned char)x->p[at] < 0x80 &&
           classes[(unsigned char)x->p[at]] == C_LETTER;
}

static struct tok *add_tok(struct lexing *x, size_t at, size_t n,
                           enum tok_kind kind)
{
    struct scan *s = x->s;
    struct tok *k;

    s->toks = scan_grow(s, s->toks, s->n_toks, &s->toks_room, sizeof *k);
    k = &s->toks[s->n_toks++];
    *k = (struct tok){.at = (uint32_t)at,
                      .n = (uint32_t)n,
                      .kind = (uint8_t)kind,
                      .shape = x->glued ? SHAPE_GLUED : 0};
    if (x->hyphen)
        k->shape |= SHAPE_HYPHEN;
    x->hyphen = false;
    x->glued = true;
    return k;
}

/* --- words ---------------------------------------------------------------- */

/* "3.5", "0:12", "1,000": a mark between digits that belongs to the number. */
static bool joins_digits(const struct lexing *x, size_t at)
{
    char c = x->p[at];

    if (!digit_at(x, at - 1) || !digit_at(x, at + 1))
        return false;
    if (c != ',')
        return c == '.' || c == ':';
    return digit_at(x, at + 2) && digit_at(x, at + 3) && !digit_at(x, at + 4);
}

/* "e.g", "U.S.A": a full stop between single letters. */
static bool joins_initials(const struct lexing *x, size_t from, size_t at)
{
    return x->p[at] == '.' && letter_at(x, at - 1) && letter_at(x, at + 1) &&
           (at == from + 1 || x->p[at - 2] == '.') && !letter_at(x, at + 2) &&
           !digit_at(x, at + 2);
}

/* Bytes of an apostrophe inside a word ("man's", "don\u2019t"), or 0. */
static unsigned apostrophe(const struct lexing *x, size_t at)
{
    unsigned n = 0;

    if (x->p[at] == '\'')
        n = 1;
    else if (x->n - at > 3 && memcmp(x->p + at, "\xe2\x80\x99", 3) == 0)
        n = 3;
    return n && class_at(x, at + n) == C_LETTER ? n : 0;
}

/* The ASCII letters and digits that a word goes on with. */
static void read_plain(struct lexing *x)
{
    uint64_t hash = x->hash;
    size_t at = x->at;

    while (at < x->n) {
        unsigned char c = folded[(unsigned char)x->p[at]];

        if (c == 0)
            break;
        hash = hash_u64_byte(hash, c);
        at++;
    }
    x->hash = hash;
    x->at = at;
}

/* One step of a word that began at from; false at its end. */
static bool word_step(struct lexing *x, size_t from)
{
    unsigned char c = (unsigned char)x->p[x->at];
    enum class class;
    uint32_t cp;
    unsigned n;

    if (folded[c]) {
        read_plain(x);
        return true;
    }
    if (x->at == from)
        n = 0;
    else if ((n = apostrophe(x, x->at)) != 0) {
        x->hash = hash_u64_byte(x->hash, '\'');
        x->at += n;
        return true;
    }
    if (c < 0x80) {
        if (x->at == from ||
            !(joins_digits(x, x->at) || joins_initials(x, from, x->at)))
            return false;
        x->hash = hash_u64_byte(x->hash, c);
        x->at++;
        return true;
    }
    class = look(x, x->at, &n, &cp);
    if (!is_word_class(class))
        return false;
    x->wide = true;
    x->at += n;
    return true;
}

static uint8_t letter_shape(const struct lexing *x, size_t at)
{
    uint32_t cp;
    unsigned used;
    int category;

    if (x->p[at] >= 'A' && x->p[at] <= 'Z')
        return SHAPE_CAPITAL;
    if (digit_at(x, at))
        return SHAPE_DIGITS;
    if ((unsigned char)x->p[at] < 0x80)
        return 0;
    look(x, at, &used, &cp);
    category = (int)utf8proc_category((utf8proc_int32_t)cp);
    if (category == UTF8PROC_CATEGORY_LU || category == UTF8PROC_CATEGORY_LT)
        return SHAPE_CAPITAL;
    return category == UTF8PROC_CATEGORY_LL ? 0 : SHAPE_CASELESS;
}

/* The value of "12" and "1,000"; -1 for anything else. */
static int64_t whole_number(struct str w)
{
    int64_t value = 0;

    if (w.n > 18)
        return -1;
    for (size_t i = 0; i < w.n; i++) {
        if (w.p[i] >= '0' && w.p[i] <= '9')
            value = value * 10 + (w.p[i] - '0');
        else if (w.p[i] != ',')
            return -1;
    }
    return value;
}

static bool is_decimal(struct str w)
{
    unsigned points = 0;

    for (size_t i = 0; i < w.n; i++) {
        if (w.p[i] == '.')
            points++;
        else if ((w.p[i] < '0' || w.p[i] > '9') && w.p[i] != ',')
            return false;
    }
    return points <= 1;
}

static void give_number(struct tok *k, struct str w)
{
    k->value = -1;
    if (k->shape & SHAPE_DIGITS) {
        k->numeric = is_decimal(w);
        if (k->numeric)
            k->value = whole_number(w);
    } else if (k->lex && k->lex->flags & LEX_NUMBER) {
        k->numeric = true;
        k->value = k->lex->number;
    }
}

/* What a word is whose entry, if there is one, is known. */
static void settle_lex(struct lexing *x, struct tok *k)
{
    struct scan *s = x->s;
    struct str w = {x->p + k->at, k->n};

    give_number(k, w);
    if (s->spelling)
        return;
    if (k->numeric && k->value >= 0)
        k->stem = stem_of_number(k->value, false);
    else if (k->lex && k->lex->stem)
        k->stem = k->lex->stem;
    else if (k->shape & (SHAPE_CJK | SHAPE_DIGITS))
        k->stem = k->folded;
    else
        k->stem = stem_of(&s->stemming, w, k->folded);
}

static void settle_word(struct lexing *x, struct tok *k)
{
    k->lex = lex_find(x->s->rules, k->folded);
    settle_lex(x, k);
}

/* A word of the lexicon of up to eight letters that surely ends behind them;
 * false: it has to be read a byte at a time. */
static bool read_short(struct lexing *x)
{
    size_t from = x->at;
    const struct lex *lex;
    uint64_t letters;
    struct tok *k;
    unsigned char next;
    unsigned n;

    if (x->n - from <= sizeof letters)
        return false;
    letters = lex_short_read(x->p + from, &n);
    next = (unsigned char)x->p[from + n];
    /* Initials ("e.g") are single letters. */
    if (n == 0 || next >= 0x80 || folded[next] || next == '\'' ||
        (n == 1 && next != ' '))
        return false;
    lex = lex_short_find(x->s->rules, letters);
    if (!lex)
        return false;
    x->at += n;
    k = add_tok(x, from, n, TOK_WORD);
    k->shape |= letter_shape(x, from);
    k->folded = lex->key;
    k->lex = lex;
    settle_lex(x, k);
    return true;
}

static void read_word(struct lexing *x)
{
    size_t from = x->at;
    uint8_t shape;
    struct tok *k;

    if (read_short(x))
        return;
    shape = letter_shape(x, from);
    x->hash = HASH_U64_BEGIN;
    x->wide = false;
    while (x->at < x->n && word_step(x, from))
        ;
    k = add_tok(x, from, x->at - from, TOK_WORD);
    k->shape |= shape;
    k->folded = x->wide ? fold_hash((struct str){x->p + from, k->n})
                        : hash_u64_end(x->hash);
    settle_word(x, k);
}

static void read_cjk(struct lexing *x, unsigned used, uint32_t cp)
{
    struct tok *k = add_tok(x, x->at, used, TOK_WORD);
    struct str w = {x->p + x->at, used};
    bool plain =
        (cp >= 0x4e00 && cp <= 0x9fff) || (cp >= 0x3041 && cp < 0x3097);

    k->shape |= SHAPE_CJK | SHAPE_CASELESS;
    k->folded = plain ? hash_u64(w) : fold_hash(w);
    settle_word(x, k);
    x->at += used;
}

/* --- marks ---------------------------------------------------------------- */

static void read_break(struct lexing *x)
{
    size_t from = x->at, end = x->at, lines = 0;
    uint32_t cp;
    unsigned used;

    for (;;) {
        enum class c = look(x, x->at, &used, &cp);

        if (used == 0 || (c != C_BREAK && c != C_BLANK))
            break;
        x->at += used;
        if (c == C_BREAK) {
            lines++;
            end = x->at;
        }
    }
    x->glued = false;
    add_tok(x, from, end - from, TOK_BREAK)->shape =
        lines > 1 ? SHAPE_BLANK : 0;
    x->glued = false;
}

static void read_stop(struct lexing *x)
{
    size_t from = x->at, dots = 0;
    bool other = false;
    struct tok *k;
    uint32_t cp;
    unsigned used;

    while (look(x, x->at, &used, &cp) == C_STOP) {
        dots += cp == '.';
        dots += cp == 0x2026 ? 3 : 0;
        other = other || (cp != '.' && cp != 0x2026);
        x->at += used;
    }
    look(x, from, &used, &cp);
    k = add_tok(x, from, x->at - from, TOK_STOP);
    k->cp = cp;
    if (dots > 1 && !other)
        k->shape |= SHAPE_ELLIPSIS;
}

/* What a letter, digit or closing mark before an opening quote would be. */
static bool opens_after(const struct lexing *x)
{
    const struct tok *last;

    if (!x->glued || x->s->n_toks == 0)
        return true;
    last = &x->s->toks[x->s->n_toks - 1];
    return last->kind == TOK_OPEN || last->kind == TOK_DASH ||
           last->kind == TOK_COLON || last->kind == TOK_COMMA ||
           (last->kind == TOK_QUOTE && !(last->side & QUOTE_CAN_CLOSE)) ||
           last->shape & SHAPE_CJK || x->hyphen;
}

static void read_quote(struct lexing *x, unsigned used, uint32_t cp)
{
    struct scan *s = x->s;
    enum class next = class_at(x, x->at + used);
    bool open = opens_after(x) && next != C_BLANK && next != C_BREAK;
    bool close = x->glued && s->n_toks > 0;
    struct tok *k = add_tok(x, x->at, used, TOK_QUOTE);

    k->cp = cp;
    k->side =
        (uint8_t)((open ? QUOTE_CAN_OPEN : 0) | (close ? QUOTE_CAN_CLOSE : 0));
    s->marks =
        scan_grow(s, s->marks, s->n_marks, &s->marks_room, sizeof *s->marks);
    s->marks[s->n_marks++] = (uint32_t)(s->n_toks - 1);
    x->at += used;
}

static void read_hyphen(struct lexing *x, unsigned used)
{
    struct scan *s = x->s;
    size_t from = x->at;
    enum class next;
    uint32_t cp;
    unsigned more;

    x->at += used;
    while (look(x, x->at, &more, &cp) == C_HYPHEN)
        x->at += more;
    next = class_at(x, x->at);
    if (x->at - from == used && x->glued && is_word_class(next) &&
        s->n_toks > 0 && s->toks[s->n_toks - 1].kind == TOK_WORD &&
        !(s->toks[s->n_toks - 1].shape & SHAPE_DIGITS && digit_at(x, x->at))) {
        x->hyphen = true;
        return;
    }
    add_tok(x, from, x->at - from, TOK_DASH);
}

static void read_mark(struct lexing *x, enum class c, unsigned used,
                      uint32_t cp)
{
    static const uint8_t kinds[] = {
        [C_COMMA] = TOK_COMMA, [C_SEMICOLON] = TOK_SEMICOLON,
        [C_COLON] = TOK_COLON, [C_DASH] = TOK_DASH,
        [C_OPEN] = TOK_OPEN,   [C_CLOSE] = TOK_CLOSE,
    };
    enum tok_kind kind = TOK_OTHER;

    if (c == C_COMMA || c == C_SEMICOLON || c == C_COLON || c == C_DASH ||
        c == C_OPEN || c == C_CLOSE)
        kind = (enum tok_kind)kinds[c];
    add_tok(x, x->at, used, kind)->cp = cp;
    x->at += used;
}

static void step(struct lexing *x)
{
    uint32_t cp;
    unsigned used;
    enum class c = look(x, x->at, &used, &cp);

    switch (c) {
    case C_BLANK:
        x->glued = false;
        x->at += used;
        break;
    case C_BREAK:
        read_break(x);
        break;
    case C_LETTER:
    case C_DIGIT:
        read_word(x);
        break;
    case C_CJK:
        read_cjk(x, used, cp);
        break;
    case C_STOP:
        read_stop(x);
        break;
    case C_HYPHEN:
        read_hyphen(x, used);
        break;
    case C_QUOTE:
        read_quote(x, used, cp);
        break;
    case C_OTHER:
    case C_COMMA:
    case C_SEMICOLON:
    case C_COLON:
    case C_DASH:
    case C_OPEN:
    case C_CLOSE:
        read_mark(x, c, used, cp);
        break;
    }
}

/* --- the pass -------------------------------------------------------------- */

void scan_tokens(struct scan *s)
{
    struct lexing x = {.s = s, .p = s->t->text.p, .n = s->t->text.n};

    if (x.n > TEXT_MAX)
        x.n = utf8_span(x.p, TEXT_MAX);
    s->toks_room = x.n / 4 + 16;
    s->toks = arena_list(s->arena, s->toks_room, sizeof *s->toks);
    while (x.at < x.n) {
        unsigned char c = (unsigned char)x.p[x.at];

        if (c == ' ') {
            x.glued = false;
            x.at++;
        } else if (folded[c]) {
            read_word(&x);
        } else {
            step(&x);
        }
    }
    scan_numbers(s);
}
