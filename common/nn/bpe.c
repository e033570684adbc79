/* Cutting text into words and ids, and putting ids back into text. */
#include "asid/nn/bpe.h"

#include <stdlib.h>

#include "asid/base/utf8.h"
#include "bpe_int.h"

void bpe_ids_add(struct bpe_ids *ids, int32_t id)
{
    if (ids->n == ids->room) {
        size_t room = ids->room ? ids->room * 2 : 256;

        ids->id = mem_grow(ids->id, room * sizeof *ids->id);
        ids->room = room;
    }
    ids->id[ids->n++] = id;
}

void bpe_ids_release(struct bpe_ids *ids)
{
    free(ids->id);
    *ids = (struct bpe_ids){NULL, 0, 0};
}

size_t bpe_size(const struct bpe *bpe)
{
    return bpe->size;
}

void bpe_close(struct bpe *bpe)
{
    if (!bpe)
        return;
    if (bpe->pattern)
        pcre2_code_free(bpe->pattern);
    free(bpe->token);
    free(bpe->slot);
    free(bpe->merge);
    free(bpe->added);
    arena_release(&bpe->arena);
    free(bpe);
}

/* --- encoding ----------------------------------------------------------- */

/* The longest added token that the text starts with, or -1. The sorted list is
 * narrowed byte by byte to those that agree so far. */
static int32_t added_prefix(const struct bpe *bpe, struct str text)
{
    size_t from = 0, to = bpe->n_added;
    int32_t found = -1;

    for (size_t k = 0; k < text.n && from < to; k++) {
        unsigned char c = (unsigned char)text.p[k];
        size_t low = from, high = to;

        while (low < high) { /* first whose byte k is >= c */
            size_t mid = low + (high - low) / 2;
            struct str t = bpe->token[bpe->added[mid]].text;

            if (k >= t.n || (unsigned char)t.p[k] < c)
                low = mid + 1;
            else
                high = mid;
        }
        from = low;
        high = to;
        while (low < high) { /* first whose byte k is > c */
            size_t mid = low + (high - low) / 2;

            if ((unsigned char)bpe->token[bpe->added[mid]].text.p[k] <= c)
                low = mid + 1;
            else
                high = mid;
        }
        to = low;
        /* The shortest of those left comes first. */
        if (from < to && bpe->token[bpe->added[from]].text.n == k + 1)
            found = bpe->added[from];
    }
    return found;
}

static enum asid_rc encode_words(const struct bpe *bpe, struct str text,
                                 pcre2_match_data *match,
                                 pcre2_match_context *limits,
                                 struct bpe_ids *ids, struct asid_err *err)
{
    size_t at = 0;

    while (at < text.n) {
        size_t *span = pcre2_get_ovector_pointer(match);
        int rc =
            pcre2_match(bpe->pattern, (PCRE2_SPTR)text.p, text.n, at,
                        PCRE2_NO_UTF_CHECK | PCRE2_NOTEMPTY, match, limits);

        if (rc < 0 && rc != PCRE2_ERROR_NOMATCH)
            return FAIL(err,
                        "the pre-tokeniser pattern fails at byte %zu of "
                        "the text with error %d of pcre2",
                        at, rc);
        /* What lies between two matches is a word of its own. */
        if (rc < 0)
            span[0] = span[1] = text.n;
        if (span[0] < at || span[1] < span[0])
            return FAIL(err, "the pre-tokeniser pattern matches backwards");
        if (span[0] > at)
            TRY(bpe_word(bpe, (struct str){text.p + at, span[0] - at}, ids,
                         err));
        if (span[1] > span[0])
            TRY(bpe_word(bpe, (struct str){text.p + span[0], span[1] - span[0]},
                         ids, err));
        at = span[1];
    }
    return ASID_OK;
}

/* Text without added tokens. */
static enum asid_rc encode_piece(const struct bpe *bpe, struct str text,
                                 struct bpe_ids *ids, struct asid_err *err)
{
    enum { STEPS_MIN = 10000000, STEPS_PER_BYTE = 64 };
    enum asid_rc rc = ASID_OK;
    pcre2_match_data *match = NULL;
    pcre2_match_context *limits = NULL;
    char *space = NULL;

    if (text.n == 0)
        return ASID_OK;
    if (bpe->nfc) {
        rc = bpe_nfc(text, &text, &space, err);
        if (rc != ASID_OK)
            goto out;
    }
    match = pcre2_match_data_create_from_pattern(bpe->pattern, NULL);
    limits = pcre2_match_context_create(NULL);
    if (!match || !limits) {
        rc = FAIL(err, "out of memory");
        goto out;
    }
    /* The pattern comes from a file: one that explodes is stopped. */
    pcre2_set_match_limit(limits,
                          STEPS_MIN + (uint32_t)(text.n * STEPS_PER_BYTE));
    rc = encode_words(bpe, text, match, limits, ids, err);
out:
    if (match)
        pcre2_match_data_free(match);
    if (limits)
        pcre2_match_context_free(limits);
    free(space);
    return rc;
}

enum asid_rc bpe_encode(const struct bpe *bpe, struct str text, bool added,
                        struct bpe_ids *ids, struct asid_err *err)
{
    size_t valid = utf8_span(text.p, text.n), start = 0, at = 0;

    if (valid < text.n)
        return REJECT(err, "input.syntax", "the text is not UTF-8 at byte %zu",
                      valid);
    if (text.n > BPE_MAX_TEXT)
        return REJECT(err, "input.syntax",
                      "the text has %zu bytes, more than %d", text.n,
                      BPE_MAX_TEXT);
    while (added && at < text.n) {
        int32_t id = added_prefix(bpe, (struct str){text.p + at, text.n - at});

        if (id < 0) {
            at++;
            continue;
        }
        TRY(encode_piece(bpe, (struct str){text.p + start, at - start}, ids,
                         err));
        bpe_ids_add(ids, id);
        at += bpe->token[id].text.n;
        start = at;
    }
    return encode_piece(bpe, (struct str){text.p + start, text.n - start}, ids,
                        err);
}

int32_t bpe_added(const struct bpe *bpe, const char *text)
{
    struct str wanted = str_of(text);
    int32_t id = added_prefix(bpe, wanted);

    return id >= 0 && bpe->token[id].text.n == wanted.n ? id : -1;
}

/* --- decoding ----------------------------------------------------------- */

/* Length of the ill-formed sequence at p as Unicode counts replacements: the
 * longest start of a valid sequence, at least one byte. */
static size_t broken_length(const unsigned char *p, size_t n)
{
    unsigned char low = 0x80, high = 0xbf;
    size_t want, i;

    if (p[0] >= 0xc2 && p[0] <= 0xdf)
        want = 2;
    else if (p[0] >= 0xe0 && p[0] <= 0xef)
        want = 3;
    else if (p[0] >= 0xf0 && p[0] <= 0xf4)
        want = 4;
    else
        return 1;
    if (p[0] == 0xe0)
        low = 0xa0;
    else if (p[0] == 0xed)
        high = 0x9f;
    else if (p[0] == 0xf0)
        low = 0x90;
    else if (p[0] == 0xf4)
        high = 0x8f;
    for (i = 1; i < want && i < n; i++) {
        if (p[i] < low || p[i] > high)
            break;
        low = 0x80;
        high = 0xbf;
    }
    return i;
}

static void add_utf8(struct buf *text, struct str bytes)
{
    size_t at = 0;

    while (at < bytes.n) {
        size_t good = utf8_span(bytes.p + at, bytes.n - at);

        buf_add(text, bytes.p + at, good);
        at += good;
        if (at == bytes.n)
            break;
        buf_text(text, "\xef\xbf\xbd");
        at += broken_length((const unsigned char *)bytes.p + at, bytes.n - at);
    }
}

bool bpe_has_text(const struct bpe *bpe, int32_t id)
{
    return id >= 0 && (size_t)id < bpe->size &&
           (bpe->token[id].flags & BPE_HAS_TEXT);
}

void bpe_decode(const struct bpe *bpe, const int32_t *ids, size_t n,
                bool skip_special, struct buf *text)
{
    struct buf bytes;

    /* A character may be spread over several ids: bytes first. */
    buf_init(&bytes, text->cap);
    for (size_t i = 0; i < n; i++) {
        const struct bpe_token *t;

        if (!bpe_has_text(bpe, ids[i]))
            continue;
        t = &bpe->token[ids[i]];
        if (skip_special && (t->flags & BPE_SPECIAL))
            continue;
        buf_str(&bytes, t->text);
    }
    if (buf_failed(&bytes))
        text->failed = true;
    else
        add_utf8(text, buf_view(&bytes));
    buf_release(&bytes);
}
