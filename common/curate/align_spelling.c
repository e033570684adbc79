/*
 * Words that are said alike and spelled in several ways: contractions, signs
 * beside numbers, a few spellings of everyday speech.
 */
#include <string.h>

#include "align_int.h"

/* --- contractions ------------------------------------------------------------ */

struct spelling {
    const char *word, *full;
};

/* Words that are two when spoken with care, without their apostrophes; sorted,
 * as the list after it. */
static const struct spelling spellings[] = {
    {"alright", "all right"}, {"cannot", "can not"}, {"coz", "because"},
    {"cuz", "because"},       {"dr", "doctor"},      {"dunno", "do not know"},
    {"gimme", "give me"},     {"gonna", "going to"}, {"gotta", "got to"},
    {"im", "i am"},           {"ive", "i have"},     {"kinda", "kind of"},
    {"lemme", "let me"},      {"lets", "let us"},    {"mr", "mister"},
    {"ok", "okay"},           {"sorta", "sort of"},  {"theyre", "they are"},
    {"theyve", "they have"},  {"wanna", "want to"},  {"weve", "we have"},
    {"whatre", "what are"},   {"yall", "you all"},   {"youre", "you are"},
    {"youve", "you have"},
};

/* Auxiliaries before "n't"; three are not spelled as they are alone. */
static const struct spelling negated[] = {
    {"are", "are"},   {"ca", "can"},    {"could", "could"},   {"did", "did"},
    {"do", "do"},     {"does", "does"}, {"had", "had"},       {"has", "has"},
    {"have", "have"}, {"is", "is"},     {"might", "might"},   {"must", "must"},
    {"need", "need"}, {"sha", "shall"}, {"should", "should"}, {"was", "was"},
    {"were", "were"}, {"wo", "will"},   {"would", "would"},
};

static const char *spelled(const struct spelling *list, size_t n,
                           struct str word)
{
    size_t lo = 0, hi = n;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        int order = str_cmp(str_of(list[mid].word), word);

        if (order == 0)
            return list[mid].full;
        if (order < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return NULL;
}

#define SPELLED(list, word)                                                    \
 spelled(list, sizeof(list) / sizeof((list)[0]), (word))

/* Length of the apostrophe at p: ' or U+2019, the typographic one. */
static size_t apostrophe(const char *p, size_t n)
{
    if (n >= 1 && p[0] == '\'')
        return 1;
    return n >= 3 && memcmp(p, "\xe2\x80\x99", 3) == 0 ? 3 : 0;
}

/* The letters after the last apostrophe inside a word ("re" of "you're"), if
 * they are few; n 0 otherwise. *before gets the bytes before it. */
static struct str clitic(struct str word, size_t *before)
{
    for (size_t back = 1; back <= 4 && back < word.n; back++) {
        size_t at = word.n - back, n;

        for (n = 3; n > 0; n--) {
            if (at >= n && apostrophe(word.p + at - n, n) == n) {
                *before = at - n;
                return (struct str){word.p + at, back};
            }
        }
    }
    return (struct str){"", 0};
}

static bool same_letters(struct str word, const char *lower)
{
    size_t n = strlen(lower);

    for (size_t i = 0; i < word.n && word.n == n; i++)
        if ((word.p[i] | 0x20) != lower[i])
            return false;
    return word.n == n;
}

/* Folded words without their apostrophes. */
static struct str bare(struct arena *a, struct str folded)
{
    char *p;
    size_t n = 0;

    if (!memchr(folded.p, '\'', folded.n) &&
        !memchr(folded.p, '\xe2', folded.n))
        return folded;
    p = arena_bytes(a, folded.n);
    for (size_t i = 0; i < folded.n;) {
        size_t skip = apostrophe(folded.p + i, folded.n - i);

        if (skip == 0)
            p[n++] = folded.p[i++];
        i += skip;
    }
    return (struct str){p, n};
}

static const struct clitics {
    const char *spelling, *full;
    enum align_alt alt;
} clitics[] = {
    {"s", "is", ALT_S},      {"d", "would", ALT_D},    {"m", "am", ALT_NONE},
    {"re", "are", ALT_NONE}, {"ve", "have", ALT_NONE}, {"ll", "will", ALT_NONE},
};

/* "can't", "you're", "it's": two pieces. The second keeps the whole word as its
 * source, because half of it cannot be written down. */
static bool add_contraction(struct align_maker *m, struct str word,
                            struct str source, struct span at)
{
    size_t before = 0;
    struct str end = {"", 0}, stem = word;

    if (memchr(source.p, '\'', source.n) || memchr(source.p, '\xe2', source.n))
        end = clitic(source, &before);

    if (word.n > 2 && word.p[word.n - 1] == 't' && word.p[word.n - 2] == 'n') {
        const char *full;

        stem.n -= 2;
        full = SPELLED(negated, stem);
        if (full) {
            (void)align_add_piece(m, str_of(full), at, ALT_NONE);
            align_add_piece(m, STR("not"), at, ALT_NONE)->inside = true;
            return true;
        }
    }
    for (size_t i = 0; i < sizeof clitics / sizeof clitics[0]; i++) {
        size_t n = strlen(clitics[i].spelling);

        if (end.n != n || !same_letters(end, clitics[i].spelling) ||
            word.n <= n)
            continue;
        stem = (struct str){word.p, word.n - n};
        (void)align_add_piece(m, stem, at, ALT_NONE);
        align_add_piece(m, str_of(clitics[i].full), at, clitics[i].alt)
            ->inside = true;
        return true;
    }
    return false;
}

/* "one" is rather a word than a number ("every one", "no one"), and other words
 * that mean 1 ("single") are not said for it. */
static struct str one(struct arena *a, struct str folded, struct str source)
{
    char *p;

    if (!str_is(folded, "1"))
        return folded;
    if (source.p[0] == '1')
        return STR("one");
    p = arena_bytes(a, source.n);
    for (size_t i = 0; i < source.n; i++)
        p[i] = (char)(source.p[i] | 0x20);
    return (struct str){p, source.n};
}

/* "1st" to "3rd"; folding leaves them, because words and numbers are one from
 * four on. */
static struct str ordinal(struct str word)
{
    if (str_is(word, "1st"))
        return STR("first");
    if (str_is(word, "2nd"))
        return STR("second");
    return str_is(word, "3rd") ? STR("third") : word;
}

/* What is said for a sign before or behind a number, NULL if there is none. */
static const char *sign_of(struct str text, struct span number, bool one)
{
    static const struct sign {
        const char *sign, *many, *one;
        bool before;
    } signs[] = {
        {"$", "dollars", "dollar", true},
        {"\xe2\x82\xac", "euros", "euro", true},
        {"\xc2\xa3", "pounds", "pound", true},
        {"%", "percent", "percent", false},
        {"\xe2\x82\xac", "euros", "euro", false},
    };
    struct str before = {text.p, number.at};
    struct str after = {text.p + number.at + number.n,
                        text.n - number.at - number.n};

    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++)
        if (signs[i].before ? str_ends(before, signs[i].sign)
                            : str_starts(after, signs[i].sign))
            return one ? signs[i].one : signs[i].many;
    return NULL;
}

/* "goin'": the apostrophe stands for a g. */
static bool drops_g(struct str word, struct str source, struct str text,
                    struct span at)
{
    size_t end = at.at + at.n;

    if (word.n < 4 || word.p[word.n - 2] != 'i' || word.p[word.n - 1] != 'n')
        return false;
    return source.p[source.n - 1] != 'n' ||
           apostrophe(text.p + end, text.n - end) > 0;
}

/* One folded word as its pieces. */
void align_add_word(struct align_maker *m, const struct similar_word *w,
                    struct str text)
{
    struct str source = span_of(text, w->at);
    struct str word = one(m->a, bare(m->a, w->folded), source);
    const char *full;

    if (word.n == 0)
        return;
    if (word.p[0] >= '0' && word.p[0] <= '9')
        word = ordinal(word);
    full = SPELLED(spellings, word);
    if (full) {
        (void)align_add_piece(m, str_of(full), w->at, ALT_NONE);
        return;
    }
    if (add_contraction(m, word, source, w->at))
        return;
    (void)align_add_piece(m, word, w->at, ALT_NONE);
    if (drops_g(word, source, text, w->at)) {
        (void)align_add_letters(m, STR("g"));
        m->to.piece[m->to.n_pieces - 1].n++;
    }
    if (source.p[0] < '0' || source.p[0] > '9')
        return;
    full = sign_of(text, w->at, str_is(word, "one"));
    if (full) {
        struct align_piece *sign =
            align_add_piece(m, str_of(full), w->at, ALT_NONE);

        sign->inside = true;
    }
}
