/*
 * Tokenizer files of anybody and text of anybody.
 *
 * The first byte chooses: 't' a tokenizer.json, 'v' a vocab.json, merges.txt
 * and tokenizer_config.json cut by zero bytes, each followed (after one more
 * zero byte) by text to encode with it; anything else is text for a small
 * built-in vocabulary, which must come back normalised but otherwise whole.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../../common/nn/bpe_int.h"
#include "asid/base/file.h"
#include "asid/base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char dir[] = "/tmp/asid-fuzz-XXXXXX";
static const char *const files[] = {"tokenizer.json", "vocab.json",
                                    "merges.txt", "tokenizer_config.json"};
enum { N_FILES = 4 };

static void write_file(const char *name, struct str text)
{
    struct arena a = ARENA_INIT;
    int fd = open(path_join(&a, dir, name), O_CREAT | O_WRONLY | O_TRUNC, 0600);

    if (fd < 0 || write(fd, text.p, text.n) != (ssize_t)text.n)
        abort();
    close(fd);
    arena_release(&a);
}

static void remove_files(void)
{
    struct arena a = ARENA_INIT;

    for (size_t i = 0; i < N_FILES; i++)
        unlink(path_join(&a, dir, files[i]));
    arena_release(&a);
}

static void clean_up(void)
{
    remove_files();
    rmdir(dir);
}

/* Up to the next zero byte. */
static struct str next_part(struct str *rest)
{
    const char *cut = rest->n ? memchr(rest->p, 0, rest->n) : NULL;
    struct str part = {rest->p, cut ? (size_t)(cut - rest->p) : rest->n};
    size_t used = part.n + (cut != NULL);

    rest->p += used;
    rest->n -= used;
    return part;
}

static void encode(const struct bpe *bpe, struct str text)
{
    struct bpe_ids ids = {0};
    struct asid_err err;
    struct buf out;
    enum asid_rc rc = bpe_encode(bpe, text, true, &ids, &err);

    BUG_IF(rc == ASID_OK && !utf8_valid(text));
    for (size_t i = 0; i < ids.n; i++)
        BUG_IF(ids.id[i] < 0 || (size_t)ids.id[i] >= bpe_size(bpe));
    buf_init(&out, 1 << 26);
    bpe_decode(bpe, ids.id, ids.n, false, &out);
    BUG_IF(!utf8_valid(buf_view(&out)));
    buf_release(&out);
    bpe_ids_release(&ids);
}

static void load(struct str rest, bool one_file)
{
    struct bpe *bpe = NULL;
    struct asid_err err;

    if (one_file)
        write_file(files[0], next_part(&rest));
    else
        for (size_t i = 1; i < N_FILES; i++)
            write_file(files[i], next_part(&rest));
    if (bpe_open(dir, &bpe, &err) == ASID_OK)
        encode(bpe, rest);
    else
        BUG_IF(err.rc != ASID_FAILED);
    bpe_close(bpe);
    remove_files();
}

/* All bytes and some merges. */
static struct bpe *small_tokenizer(void)
{
    static const char *const pairs[][2] = {
        {"t", "h"}, {"th", "e"},         {"a", "a"}, {"aa", "a"}, {"aa", "aa"},
        {"i", "n"}, {"\xc4\xa0", "the"}, {"e", "e"}, {"1", "2"}};
    struct bpe *bpe = mem_alloc(sizeof *bpe);
    struct asid_err err;
    int number;
    size_t at;
    int64_t id = 0;

    for (uint32_t byte = 0; byte < 256; byte++) {
        bool shown =
            (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte != 0xad);
        static uint32_t hidden;
        char spelling[4];
        unsigned n = utf8_encode(shown ? byte : 0x100 + hidden++, spelling);

        BUG_IF(bpe_add_base(bpe, (struct str){spelling, n}, id++, &err) !=
               ASID_OK);
    }
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        char both[32];
        int n = snprintf(both, sizeof both, "%s%s", pairs[i][0], pairs[i][1]);

        BUG_IF(bpe_add_base(bpe, (struct str){both, (size_t)n}, id++, &err) !=
               ASID_OK);
    }
    BUG_IF(bpe_reserve_merges(bpe, 16, &err) != ASID_OK);
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        BUG_IF(bpe_add_merge(bpe, str_of(pairs[i][0]), str_of(pairs[i][1]),
                             &err) != ASID_OK);
    bpe->nfc = true;
    bpe->pattern = pcre2_compile((PCRE2_SPTR) "\\p{L}+|\\p{N}|\\s+|[^\\s]",
                                 PCRE2_ZERO_TERMINATED, PCRE2_UTF | PCRE2_UCP,
                                 &number, &at, NULL);
    bpe_seal(bpe);
    return bpe;
}

static void round_trip(struct str text)
{
    static struct bpe *bpe;
    struct bpe_ids ids = {0};
    struct asid_err err;
    struct str normal = text;
    char *space = NULL;
    struct buf out;

    if (!bpe)
        bpe = small_tokenizer();
    if (bpe_encode(bpe, text, false, &ids, &err) != ASID_OK) {
        BUG_IF(utf8_valid(text) || err.rc != ASID_REJECT);
        bpe_ids_release(&ids);
        return;
    }
    BUG_IF(bpe_nfc(text, &normal, &space, &err) != ASID_OK);
    buf_init(&out, 1 << 26);
    bpe_decode(bpe, ids.id, ids.n, true, &out);
    BUG_IF(!str_eq(buf_view(&out), normal));
    buf_release(&out);
    free(space);
    bpe_ids_release(&ids);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool ready;
    struct str rest = {(const char *)data, size};

    if (!ready) {
        if (!mkdtemp(dir))
            abort();
        atexit(clean_up);
        ready = true;
    }
    if (size && (data[0] == 't' || data[0] == 'v'))
        load((struct str){rest.p + 1, rest.n - 1}, data[0] == 't');
    else
        round_trip(rest);
    return 0;
}
