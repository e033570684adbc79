/*
 * The tokenizer with a published vocabulary, which is too large for the tree:
 *
 *     bench_tokenizer DIR [CASES]
 *
 * loads DIR, checks CASES.inp (texts separated by a line) against CASES.out
 * (one line of ids each; default tests/vectors/tokenizer/qwen2-cases), and
 * prints load time and encoding speed as one JSON object. Exit status 1 when a
 * case differs.
 */
#include <stdio.h>
#include <stdlib.h>

#include "asid/base/clock.h"
#include "asid/base/file.h"
#include "asid/nn/bpe.h"

static const char SEPARATOR[] = "\n__ggml_vocab_test__\n";

/* Ids as the case file writes them: a blank before each. */
static bool same_line(const struct bpe_ids *ids, struct str line)
{
    struct buf b;
    bool same;

    buf_init(&b, 1 << 20);
    for (size_t i = 0; i < ids->n; i++)
        buf_printf(&b, " %d", ids->id[i]);
    same = str_eq(str_trim(buf_view(&b)), str_trim(line));
    buf_release(&b);
    return same;
}

static struct str next_part(struct str *text, const char *separator)
{
    const char *end = memmem(text->p, text->n, separator, strlen(separator));
    struct str part = {text->p, end ? (size_t)(end - text->p) : text->n};
    size_t used = part.n + (end ? strlen(separator) : 0);

    text->p += used;
    text->n -= used;
    return part;
}

static size_t count_wrong(const struct bpe *bpe, struct str in, struct str out,
                          size_t *cases)
{
    size_t wrong = 0;

    for (*cases = 0; out.n; ++*cases) {
        struct str text = next_part(&in, SEPARATOR);
        struct str want = next_part(&out, "\n");
        struct bpe_ids ids = {0};
        struct asid_err err;

        if (bpe_encode(bpe, text, true, &ids, &err) != ASID_OK ||
            !same_line(&ids, want)) {
            fprintf(stderr, "case %zu differs: " STR_FMT "\n", *cases,
                    STR_ARG(text));
            wrong++;
        }
        bpe_ids_release(&ids);
    }
    return wrong;
}

/* Megabytes per second over the text again and again. */
static double speed(const struct bpe *bpe, struct str text, double *per_token)
{
    enum { SECONDS = 1 };
    double start = clock_monotonic(), taken = 0;
    size_t bytes = 0, tokens = 0;

    while (taken < SECONDS) {
        struct bpe_ids ids = {0};
        struct asid_err err;

        if (bpe_encode(bpe, text, true, &ids, &err) != ASID_OK)
            break;
        bytes += text.n;
        tokens += ids.n;
        bpe_ids_release(&ids);
        taken = clock_monotonic() - start;
    }
    *per_token = tokens ? (double)bytes / (double)tokens : 0;
    return taken > 0 ? (double)bytes / taken / 1e6 : 0;
}

int main(int argc, char **argv)
{
    const char *name =
        argc > 2 ? argv[2] : "tests/vectors/tokenizer/qwen2-cases";
    struct arena a = ARENA_INIT;
    struct asid_err err;
    struct bpe *bpe;
    struct str in, out;
    double start = clock_monotonic(), load, mbs, per_token;
    size_t cases, wrong;

    if (argc < 2) {
        fprintf(stderr, "usage: bench_tokenizer DIR [CASES]\n");
        return 2;
    }
    if (bpe_open(argv[1], &bpe, &err) != ASID_OK ||
        file_slurp(&a, arena_printf(&a, "%s.inp", name), 1 << 24, &in, &err) !=
            ASID_OK ||
        file_slurp(&a, arena_printf(&a, "%s.out", name), 1 << 24, &out, &err) !=
            ASID_OK) {
        fprintf(stderr, "bench_tokenizer: %s\n", err.text);
        return 1;
    }
    load = clock_monotonic() - start;
    wrong = count_wrong(bpe, in, out, &cases);
    mbs = speed(bpe, in, &per_token);
    printf("{\"entries\":%zu,\"load_seconds\":%.3f,\"cases\":%zu,"
           "\"wrong\":%zu,\"megabytes_per_second\":%.2f,"
           "\"bytes_per_token\":%.2f}\n",
           bpe_size(bpe), load, cases, wrong, mbs, per_token);
    bpe_close(bpe);
    arena_release(&a);
    return wrong != 0;
}
