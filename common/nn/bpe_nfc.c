/*
 * Unicode NFC over utf8proc.
 *
 * utf8proc's own decomposition sorts a run of combining marks by exchanging
 * neighbours, which takes a square of time on a long hostile run. So the code
 * points are decomposed one by one, the marks sorted here, and only the
 * composition, which is linear, is left to the library.
 */
#include "bpe_int.h"

#include <stdlib.h>
#include <utf8proc.h>

#include "asid/base/utf8.h"

/* Below U+0300 nothing combines and nothing decomposes under NFC. */
static bool is_plain(struct str text)
{
    for (size_t i = 0; i < text.n; i++)
        if ((unsigned char)text.p[i] >= 0xcc)
            return false;
    return true;
}

static unsigned combining_class(int32_t cp)
{
    return (unsigned)utf8proc_get_property(cp)->combining_class;
}

/* Stable order by class of the run of marks [from, to); other is as long. */
static void sort_marks(int32_t *cp, int32_t *other, size_t from, size_t to)
{
    size_t start[256 + 1] = {0};

    for (size_t i = from; i < to; i++)
        start[(combining_class(cp[i]) & 255) + 1]++;
    for (size_t c = 0; c < 256; c++)
        start[c + 1] += start[c];
    for (size_t i = from; i < to; i++)
        other[start[combining_class(cp[i]) & 255]++] = cp[i];
    memcpy(cp + from, other, (to - from) * sizeof *cp);
}

static void sort_all_marks(int32_t *cp, int32_t *other, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t end = i;

        while (end < n && combining_class(cp[end]) > 0)
            end++;
        if (end - i > 1)
            sort_marks(cp, other, i, end);
        i = end;
    }
}

/* Code points of the decomposed text; cp has room for what the first call,
 * with cp NULL, counted. */
static size_t decompose(struct str text, int32_t *cp)
{
    size_t n = 0, at = 0;
    int boundary = 0;

    while (at < text.n) {
        int32_t part[32];
        uint32_t c = 0;
        unsigned used = utf8_decode(text.p + at, text.n - at, &c);
        utf8proc_ssize_t got = utf8proc_decompose_char(
            (int32_t)c, part, 32, UTF8PROC_STABLE | UTF8PROC_COMPOSE,
            &boundary);

        BUG_IF(!used || got < 1 || got > 32); /* the caller checked the text */
        if (cp)
            memcpy(cp + n, part, (size_t)got * sizeof *cp);
        n += (size_t)got;
        at += used;
    }
    return n;
}

enum asid_rc bpe_nfc(struct str text, struct str *out, char **space,
                     struct asid_err *err)
{
    enum asid_rc rc = ASID_OK;
    void *points = NULL, *other = NULL, *bytes = NULL;
    utf8proc_ssize_t composed;
    size_t n, at = 0;

    if (is_plain(text)) {
        *out = text;
        return ASID_OK;
    }
    n = decompose(text, NULL);
    rc = mem_big(&points, n, sizeof(int32_t), err);
    if (rc != ASID_OK)
        goto out;
    rc = mem_big(&other, n, sizeof(int32_t), err);
    if (rc != ASID_OK)
        goto out;
    decompose(text, points);
    sort_all_marks(points, other, n);
    composed = utf8proc_normalize_utf32(points, (utf8proc_ssize_t)n,
                                        UTF8PROC_STABLE | UTF8PROC_COMPOSE);
    if (composed < 0) {
        rc = FAIL(err, "the text cannot be normalised: %s",
                  utf8proc_errmsg(composed));
        goto out;
    }
    rc = mem_big(&bytes, (size_t)composed + 1, 4, err);
    if (rc != ASID_OK)
        goto out;
    for (utf8proc_ssize_t i = 0; i < composed; i++)
        at += utf8_encode((uint32_t)((int32_t *)points)[i], (char *)bytes + at);
    *space = bytes;
    *out = (struct str){bytes, at};
out:
    free(points);
    free(other);
    return rc;
}
