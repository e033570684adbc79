/* Yes and no, as the first token of an answer. */
#include "words.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "asid/base/arena.h"

static bool spells(struct str text, const char *word)
{
    size_t n = strlen(word);

    while (text.n > 0 && *text.p == ' ')
        text = (struct str){text.p + 1, text.n - 1};
    if (text.n != n)
        return false;
    for (size_t i = 0; i < n; i++) {
        char c = text.p[i];

        if ((c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c) != word[i])
            return false;
    }
    return true;
}

static void add_id(struct word *w, int32_t id)
{
    for (size_t i = 0; i < w->n; i++)
        if (w->ids[i] == id)
            return;
    w->ids = mem_grow(w->ids, (w->n + 1) * sizeof *w->ids);
    w->ids[w->n++] = id;
}

/* Tokens that are the word, in any case, with or without a blank. */
static void find_spellings(const struct bpe *bpe, const char *word,
                           struct word *w)
{
    struct buf text;

    buf_init(&text, 1 << 16);
    for (size_t id = 0; id < bpe_size(bpe); id++) {
        int32_t token = (int32_t)id;

        buf_reset(&text);
        bpe_decode(bpe, &token, 1, true, &text);
        if (spells(buf_view(&text), word))
            add_id(w, token);
    }
    buf_release(&text);
}

/* A vocabulary without the word: how its spellings begin. */
static enum asid_rc find_beginnings(const struct bpe *bpe,
                                    const char *const spelling[4],
                                    struct word *w, struct asid_err *err)
{
    for (size_t i = 0; i < 4; i++) {
        struct bpe_ids ids = {NULL, 0, 0};
        enum asid_rc rc =
            bpe_encode(bpe, str_of(spelling[i]), false, &ids, err);

        if (rc == ASID_OK && ids.n)
            add_id(w, ids.id[0]);
        bpe_ids_release(&ids);
        TRY(rc);
    }
    return ASID_OK;
}

enum asid_rc words_find(const struct bpe *bpe, struct words *w,
                        struct asid_err *err)
{
    static const char *const yes[4] = {"Yes", "yes", " Yes", " yes"};
    static const char *const no[4] = {"No", "no", " No", " no"};

    find_spellings(bpe, "yes", &w->yes);
    find_spellings(bpe, "no", &w->no);
    if (w->yes.n == 0)
        TRY(find_beginnings(bpe, yes, &w->yes, err));
    if (w->no.n == 0)
        TRY(find_beginnings(bpe, no, &w->no, err));
    for (size_t i = 0; i < w->yes.n; i++)
        for (size_t k = 0; k < w->no.n; k++)
            if (w->yes.ids[i] == w->no.ids[k])
                return FAIL(err, "the tokenizer cannot tell yes from no by the "
                                 "first token");
    if (w->yes.n == 0 || w->no.n == 0)
        return FAIL(err, "the tokenizer has no tokens for yes and no");
    return ASID_OK;
}

/* Logarithm of the sum of the exponentials of some or all logits. */
static double log_sum(const float *logits, const int32_t *ids, size_t n)
{
    double top = -HUGE_VAL, sum = 0;

    for (size_t i = 0; i < n; i++)
        top = fmax(top, (double)logits[ids ? (size_t)ids[i] : i]);
    for (size_t i = 0; i < n; i++)
        sum += exp((double)logits[ids ? (size_t)ids[i] : i] - top);
    return top + log(sum);
}

enum asid_rc words_read(const struct words *w, const float *logits,
                        size_t vocab, double *p, double *mass,
                        struct asid_err *err)
{
    double all = log_sum(logits, NULL, vocab);
    double yes = log_sum(logits, w->yes.ids, w->yes.n);
    double no = log_sum(logits, w->no.ids, w->no.n);

    if (!isfinite(all) || !isfinite(yes) || !isfinite(no))
        return FAIL(err, "the model's scores of yes and no are no numbers");
    *p = 1 / (1 + exp(no - yes));
    *mass = exp(yes - all) + exp(no - all);
    return ASID_OK;
}

void words_release(struct words *w)
{
    free(w->yes.ids);
    free(w->no.ids);
}
