/*
 * Folding of words (case, NFKC, apostrophes) and their stems.
 *
 * utf8proc sorts a run of combining marks by exchanging neighbours, a square
 * of time on a long hostile run; so words are folded in pieces of FOLD_MAX
 * code points.
 */
#include <libstemmer.h>
#include <utf8proc.h>

#include "asid/base/hash.h"
#include "asid/base/utf8.h"
#include "text_int.h"

enum {
    /* U+FDFA decomposes into 18 code points; nothing into more. */
    FOLDED_MAX = FOLD_MAX * 18,
    STEM_MAX = 48, /* bytes; longer words are names, noise or other scripts */
};

static bool is_apostrophe(uint32_t cp)
{
    return cp == 0x2019 || cp == 0x2018 || cp == 0x2bc || cp == 0xff07;
}

/* Decode at most FOLD_MAX code points from *at on. */
static size_t take_piece(struct str word, size_t *at, int32_t *cps)
{
    size_t n = 0;

    while (*at < word.n && n < FOLD_MAX) {
        uint32_t cp;
        unsigned used = utf8_decode(word.p + *at, word.n - *at, &cp);

        BUG_IF(used == 0);
        *at += used;
        cps[n++] = is_apostrophe(cp) ? '\'' : (int32_t)cp;
    }
    return n;
}

/* NFKC and case folding of a piece; cps gets the result. */
static size_t fold_piece(const int32_t *in, size_t n, int32_t *cps)
{
    const utf8proc_option_t how =
        UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD;
    size_t to = 0;
    int last = 0;
    utf8proc_ssize_t got;

    for (size_t i = 0; i < n; i++) {
        got = utf8proc_decompose_char(
            in[i], cps + to, (utf8proc_ssize_t)(FOLDED_MAX - to), how, &last);
        BUG_IF(got < 0 || (size_t)got > FOLDED_MAX - to);
        to += (size_t)got;
    }
    got = utf8proc_normalize_utf32(cps, (utf8proc_ssize_t)to,
                                   UTF8PROC_COMPOSE | UTF8PROC_STABLE);
    return got < 0 ? 0 : (size_t)got;
}

static bool is_ascii(struct str word)
{
    for (size_t i = 0; i < word.n; i++)
        if ((unsigned char)word.p[i] >= 0x80)
            return false;
    return true;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

void fold_add(struct buf *b, struct str word)
{
    int32_t in[FOLD_MAX], cps[FOLDED_MAX];
    char bytes[4];

    if (is_ascii(word)) {
        for (size_t i = 0; i < word.n; i++)
            buf_char(b, lower(word.p[i]));
        return;
    }
    for (size_t at = 0; at < word.n;) {
        size_t n = take_piece(word, &at, in);

        n = fold_piece(in, n, cps);
        for (size_t i = 0; i < n; i++)
            buf_add(b, bytes, utf8_encode((uint32_t)cps[i], bytes));
    }
}

uint64_t fold_hash(struct str word)
{
    int32_t in[FOLD_MAX], cps[FOLDED_MAX];
    uint64_t h = HASH_U64_BEGIN;
    char bytes[4];

    if (is_ascii(word)) {
        for (size_t i = 0; i < word.n; i++)
            h = hash_u64_byte(h, (unsigned char)lower(word.p[i]));
        return hash_u64_end(h);
    }
    for (size_t at = 0; at < word.n;) {
        size_t n = take_piece(word, &at, in);

        n = fold_piece(in, n, cps);
        for (size_t i = 0; i < n; i++) {
            unsigned used = utf8_encode((uint32_t)cps[i], bytes);

            for (unsigned k = 0; k < used; k++)
                h = hash_u64_byte(h, (unsigned char)bytes[k]);
        }
    }
    return hash_u64_end(h);
}

/* --- stems ---------------------------------------------------------------- */

uint64_t stem_of_number(int64_t value, bool ordinal)
{
    return lex_chain((uint64_t)value, ordinal ? 0x6f7264 : 0x6e756d);
}

/* A word of the Latin alphabet (below U+0250) that is short enough. */
static bool can_stem(struct str word)
{
    if (word.n == 0 || word.n > STEM_MAX)
        return false;
    for (size_t i = 0; i < word.n; i++)
        if ((unsigned char)word.p[i] > 0xc8)
            return false;
    return true;
}

/* "man's" and "dogs'" without the ending. */
static struct str without_genitive(struct str word)
{
    if (word.n > 2 && word.p[word.n - 2] == '\'' && word.p[word.n - 1] == 's')
        word.n -= 2;
    else if (word.n > 1 && word.p[word.n - 1] == '\'')
        word.n--;
    return word;
}

static uint64_t compute_stem(struct stemming *s, struct str word,
                             uint64_t folded)
{
    struct str text;
    uint64_t stem = folded;
    const struct lex *known;
    const sb_symbol *got;
    struct buf b;

    buf_init(&b, STEM_MAX * 32);
    fold_add(&b, word);
    text = without_genitive(buf_view(&b));
    known = text.n < b.n ? lex_find(s->rules, hash_u64(text)) : NULL;
    if (known && known->seen) {
        stem = known->stem;
    } else if (can_stem(text)) {
        if (!s->stemmer)
            s->stemmer = sb_stemmer_new("english", NULL);
        got = s->stemmer
                  ? sb_stemmer_stem(s->stemmer, (const sb_symbol *)text.p,
                                    (int)text.n)
                  : NULL;
        if (got)
            stem = hash_u64((struct str){
                (const char *)got, (size_t)sb_stemmer_length(s->stemmer)});
    } else if (text.n < b.n) {
        stem = hash_u64(text);
    }
    buf_release(&b);
    return stem;
}

static uint64_t synonym_of(const struct text_rules *r, uint64_t stem)
{
    for (size_t i = stem & r->synonym_mask; r->synonyms[i].from;
         i = (i + 1) & r->synonym_mask)
        if (r->synonyms[i].from == stem)
            return r->synonyms[i].to;
    return stem;
}

uint64_t stem_of(struct stemming *s, struct str word, uint64_t folded)
{
    struct stem_entry *e = &s->rules->stems[folded & (STEM_CACHE - 1)];
    uint64_t mixed = atomic_load_explicit(&e->mixed, memory_order_relaxed);
    uint64_t stem = atomic_load_explicit(&e->stem, memory_order_relaxed);

    if ((mixed ^ stem) == folded)
        return stem;
    if (word.n > STEM_MAX * 2)
        return folded;
    stem = synonym_of(s->rules, compute_stem(s, word, folded));
    atomic_store_explicit(&e->mixed, folded ^ stem, memory_order_relaxed);
    atomic_store_explicit(&e->stem, stem, memory_order_relaxed);
    return stem;
}

void stemming_end(struct stemming *s)
{
    if (s->stemmer)
        sb_stemmer_delete(s->stemmer);
    s->stemmer = NULL;
}
