/*
 * Merging the bytes of one word.
 *
 * Of all neighbours that have a merge, the pair of the lowest rank is merged
 * first, the leftmost of equals, until none is left. Nearly all words have a
 * few bytes and are scanned again after every merge; a long run (a page of
 * letters without a blank) goes through a heap, so that hostile text costs
 * n log n. Both give the same ids.
 */
#include "bpe_int.h"

#include <stdlib.h>

enum { SHORT_WORD = 48 };

/* Ids of the single bytes. */
static enum asid_rc byte_ids(const struct bpe *bpe, struct str word,
                             int32_t *id, struct asid_err *err)
{
    for (size_t i = 0; i < word.n; i++) {
        unsigned char byte = (unsigned char)word.p[i];

        id[i] = bpe->byte_id[byte];
        if (id[i] < 0)
            return FAIL(err, "the vocabulary has no entry for byte 0x%02x",
                        byte);
    }
    return ASID_OK;
}

static size_t merge_by_scan(const struct bpe *bpe, int32_t *id, size_t n)
{
    int32_t rank[SHORT_WORD], merged[SHORT_WORD];

    for (size_t i = 0; i + 1 < n; i++) {
        const struct bpe_merge *m = bpe_find_merge(bpe, id[i], id[i + 1]);

        rank[i] = m ? m->rank : INT32_MAX;
        merged[i] = m ? m->id : -1;
    }
    while (n > 1) {
        size_t best = 0;

        for (size_t i = 1; i + 1 < n; i++)
            if (rank[i] < rank[best])
                best = i;
        if (rank[best] == INT32_MAX)
            break;
        id[best] = merged[best];
        n--;
        for (size_t i = best + 1; i < n; i++) {
            id[i] = id[i + 1];
            rank[i] = i + 1 < n ? rank[i + 1] : INT32_MAX;
            merged[i] = i + 1 < n ? merged[i + 1] : -1;
        }
        for (size_t i = best ? best - 1 : 0; i <= best && i + 1 < n; i++) {
            const struct bpe_merge *m = bpe_find_merge(bpe, id[i], id[i + 1]);

            rank[i] = m ? m->rank : INT32_MAX;
            merged[i] = m ? m->id : -1;
        }
    }
    return n;
}

/* A symbol of a long word, in a list by byte position. */
struct symbol {
    int32_t id; /* -1: merged into the one before */
    uint32_t prev, next;
};

/* A merge that was possible when it was noted; stale when a side changed. */
struct candidate {
    int32_t rank;
    uint32_t at;
    int32_t left, right, id;
};

struct heap {
    struct candidate *c;
    size_t n;
};

static bool before(const struct candidate *a, const struct candidate *b)
{
    return a->rank != b->rank ? a->rank < b->rank : a->at < b->at;
}

static void heap_push(struct heap *h, struct candidate c)
{
    size_t i = h->n++;

    while (i && before(&c, &h->c[(i - 1) / 2])) {
        h->c[i] = h->c[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    h->c[i] = c;
}

static struct candidate heap_pop(struct heap *h)
{
    struct candidate top = h->c[0], last = h->c[--h->n];
    size_t i = 0;

    for (;;) {
        size_t child = 2 * i + 1;

        if (child >= h->n)
            break;
        if (child + 1 < h->n && before(&h->c[child + 1], &h->c[child]))
            child++;
        if (!before(&h->c[child], &last))
            break;
        h->c[i] = h->c[child];
        i = child;
    }
    h->c[i] = last;
    return top;
}

static void note(const struct bpe *bpe, struct heap *h, const struct symbol *s,
                 uint32_t left, uint32_t right)
{
    const struct bpe_merge *m = bpe_find_merge(bpe, s[left].id, s[right].id);

    if (m)
        heap_push(h, (struct candidate){m->rank, left, s[left].id, s[right].id,
                                        m->id});
}

static void merge_by_heap(const struct bpe *bpe, struct heap *h,
                          struct symbol *s, uint32_t n)
{
    for (uint32_t i = 0; i + 1 < n; i++)
        note(bpe, h, s, i, i + 1);
    while (h->n) {
        struct candidate c = heap_pop(h);
        uint32_t right = s[c.at].next;

        if (s[c.at].id != c.left || right >= n || s[right].id != c.right)
            continue;
        s[c.at].id = c.id;
        s[c.at].next = s[right].next;
        s[right].id = -1;
        if (s[right].next < n)
            s[s[right].next].prev = c.at;
        if (s[c.at].prev < n)
            note(bpe, h, s, s[c.at].prev, c.at);
        if (s[c.at].next < n)
            note(bpe, h, s, c.at, s[c.at].next);
    }
}

static enum asid_rc long_word(const struct bpe *bpe, int32_t *id, size_t *count,
                              struct asid_err *err)
{
    enum asid_rc rc = ASID_OK;
    uint32_t n = (uint32_t)*count;
    void *symbols = NULL, *candidates = NULL;
    struct symbol *s;
    struct heap h = {NULL, 0};

    /* n - 1 candidates at first; each of at most n - 1 merges notes two. */
    rc = mem_big(&symbols, n, sizeof *s, err);
    if (rc != ASID_OK)
        goto out;
    rc = mem_big(&candidates, (size_t)n * 3, sizeof *h.c, err);
    if (rc != ASID_OK)
        goto out;
    s = symbols;
    h.c = candidates;
    for (uint32_t i = 0; i < n; i++) /* the one before the first is past n */
        s[i] = (struct symbol){id[i], i - 1, i + 1};
    merge_by_heap(bpe, &h, s, n);
    *count = 0;
    for (uint32_t i = 0; i < n; i = s[i].next)
        id[(*count)++] = s[i].id;
out:
    free(symbols);
    free(candidates);
    return rc;
}

enum asid_rc bpe_word(const struct bpe *bpe, struct str word,
                      struct bpe_ids *ids, struct asid_err *err)
{
    enum asid_rc rc = ASID_OK;
    int32_t space[SHORT_WORD];
    void *big = NULL;
    int32_t *id = space;
    size_t n = word.n;

    if (n > SHORT_WORD) {
        rc = mem_big(&big, n, sizeof *id, err);
        if (rc != ASID_OK)
            goto out;
        id = big;
    }
    rc = byte_ids(bpe, word, id, err);
    if (rc != ASID_OK)
        goto out;
    if (n <= SHORT_WORD)
        n = merge_by_scan(bpe, id, n);
    else
        rc = long_word(bpe, id, &n, err);
    for (size_t i = 0; rc == ASID_OK && i < n; i++)
        bpe_ids_add(ids, id[i]);
out:
    free(big);
    return rc;
}
